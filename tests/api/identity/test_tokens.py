"""Access tokens that somebody made up, altered, or carried where they do not belong."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from string import ascii_letters, digits
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.identity.door import ADDRESSES, WRONG, problem, settled_in, sign_in
from tests.api.world import Caller, World, said, settled
from timebank.identity import sessions
from timebank.identity.limits import attempts
from timebank.identity.security_log import Visit
from timebank.vault.invitation_codes import invitation_code, invitation_of
from timebank.vault.rotation import rotate

ALPHABET = ascii_letters + digits + "-_"


async def refused(world: World, token: str) -> None:
    """The token lets nobody in, and the answer says how to come in."""
    response = await world.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401, response.text
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == "application/problem+json"


def encoded(data: bytes) -> str:
    """Base64url without padding, as JWTs are written."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(part: str) -> Any:
    """What a part of a JWT says."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def made(header: dict[str, Any], claims: dict[str, Any], key: bytes | None, digest: str = "sha256") -> str:
    """A JWT put together by hand, which says what no library would sign; without a key it is not signed."""
    signed = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(hmac.digest(key, signed.encode(), digest)) if key is not None else ''}"


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token."""
    header, claims, _ = token.split(".")
    return decoded(header), decoded(claims)


def own_key(world: World) -> bytes:
    """What the service signs with."""
    return world.services.people.keyring.current.signing


async def opened(world: World, volunteer_id: str) -> sessions.Tokens:
    """The tokens of a new session."""
    visit = Visit(world.services.ledger.clock(), "", "test")
    return await world.services.sign_in.let_in(world.bank_id, volunteer_id, visit, "test")


ATTACKERS: dict[str, PrivateKeyTypes] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


async def test_made_by_hand_as_it_should_be_it_is_good(world: World) -> None:
    """A token that the tests put together like the service's own is let in: what follows fails for its own reason."""
    header, claims = parts(world.volunteer.token)
    assert header == {"alg": "HS256", "typ": "at+jwt", "kid": world.services.people.keyring.current.key_id}
    assert set(claims) == {"iss", "aud", "sub", "bank", "sid", "iat", "exp"}
    await Caller(world.http, "", made(header, claims, own_key(world))).get("/v1/me")


class TestAlgorithms:
    """Tokens are signed with HS256 and our own key, or they are nothing."""

    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 0, []])
    async def test_without_a_signature(self, world: World, alg: Any) -> None:
        """A token that says it needs no signature is refused, whatever it carries instead of one."""
        header, claims = parts(world.volunteer.token)
        await refused(world, made(header | {"alg": alg}, claims, None))
        await refused(world, made(header | {"alg": alg}, claims, own_key(world)))
        await refused(world, made(header | {"alg": alg}, claims, b""))
        header.pop("alg")
        await refused(world, made(header, claims, None))

    @pytest.mark.parametrize("key", [b"", b"\x00" * 32, b"secret", b"timebank", b"k" * 32])
    async def test_with_another_key(self, world: World, key: bytes) -> None:
        """A signature with an empty, a likely or any other key is refused."""
        await refused(world, made(*parts(world.volunteer.token), key))

    async def test_with_what_else_is_known_of_the_key(self, world: World) -> None:
        """Neither the key's name nor its check value, which are no secrets, sign anything."""
        key = world.services.people.keyring.current
        for known in (key.key_id, key.check_value):
            await refused(world, made(*parts(world.volunteer.token), known.encode()))

    @pytest.mark.parametrize("alg", ATTACKERS)
    async def test_with_an_attackers_pair_of_keys(self, world: World, alg: str) -> None:
        """Other algorithms are refused, also where the public key comes along in the header."""
        header, claims = parts(world.volunteer.token)
        extra = {"typ": "at+jwt", "kid": header["kid"]}
        await refused(world, jwt.encode(claims, ATTACKERS[alg], algorithm=alg, headers=extra))  # type: ignore[arg-type]

    @pytest.mark.parametrize("alg", ATTACKERS)
    async def test_with_a_public_key_taken_for_the_secret(self, world: World, alg: str) -> None:
        """A public key's PEM is no HMAC key of ours, under whichever algorithm's name."""
        public = ATTACKERS[alg].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        header, claims = parts(world.volunteer.token)
        for name in ("HS256", alg):
            await refused(world, made(header | {"alg": name}, claims, public))

    @pytest.mark.parametrize(("alg", "digest"), [("HS384", "sha384"), ("HS512", "sha512"), ("hs256", "sha256")])
    async def test_with_the_right_key_otherwise_used(self, world: World, alg: str, digest: str) -> None:
        """Even with our key no other algorithm is good, nor another spelling of ours."""
        header, claims = parts(world.volunteer.token)
        await refused(world, made(header | {"alg": alg}, claims, own_key(world), digest))


class TestClaims:
    """A token of ours, for us, in force; signed with the right key it still has to say so."""

    @pytest.mark.parametrize(
        "aud", ["other", "", None, ["timebank"], ["timebank", "other"], {"timebank": 1}, "Timebank"]
    )
    async def test_for_another_audience(self, world: World, aud: Any) -> None:
        """The audience is this service alone: neither another, nor several."""
        header, claims = parts(world.volunteer.token)
        await refused(world, made(header, claims | {"aud": aud}, own_key(world)))

    @pytest.mark.parametrize(
        "iss", ["https://evil.example", "", None, ["http://127.0.0.1:8000"], "http://127.0.0.1:8000/"]
    )
    async def test_from_another_issuer(self, world: World, iss: Any) -> None:
        """The issuer is this service, letter by letter."""
        header, claims = parts(world.volunteer.token)
        await refused(world, made(header, claims | {"iss": iss}, own_key(world)))

    @pytest.mark.parametrize("claim", ["iss", "aud", "sub", "bank", "sid", "iat", "exp"])
    async def test_with_a_claim_missing(self, world: World, claim: str) -> None:
        """No claim can be left out."""
        header, claims = parts(world.volunteer.token)
        claims.pop(claim)
        await refused(world, made(header, claims, own_key(world)))

    async def test_out_of_time(self, world: World) -> None:
        """Expired, not yet good, or issued in the future: refused; so are times that are none."""
        header, claims = parts(world.volunteer.token)
        now = int(time.time())
        for wrong in (
            {"exp": now - 1},
            {"exp": 0},
            {"exp": -1},
            {"exp": str(now - 1)},
            {"exp": "never"},
            {"exp": None},
            {"exp": [now + 600]},
            {"nbf": now + 600},
            {"nbf": "never"},
            {"iat": now + 600},
            {"iat": "now"},
        ):
            await refused(world, made(header, claims | wrong, own_key(world)))

    @pytest.mark.parametrize("claim", ["sub", "bank", "sid"])
    @pytest.mark.parametrize("value", [None, 1, "", [], {}, "' or 1=1 --", "x" * 5000])
    async def test_with_claims_of_another_kind(self, world: World, claim: str, value: Any) -> None:
        """Who, where and which session are plain texts of ours."""
        header, claims = parts(world.volunteer.token)
        await refused(world, made(header, claims | {claim: value}, own_key(world)))

    async def test_whose_session_is_another(self, world: World) -> None:
        """Volunteer, bank and session belong together: one of them swapped for another's and it is refused."""
        header, own = parts(world.volunteer.token)
        _, others = parts(world.administrator.token)
        for swapped in ({"sub": others["sub"]}, {"sid": others["sid"]}, {"bank": str(uuid4())}):
            await refused(world, made(header, own | swapped, own_key(world)))
        await refused(world, made(header, others | {"bank": str(uuid4())}, own_key(world)))

    async def test_whose_bank_is_another(self, own_world: World) -> None:
        """A token does not carry from one bank into the other, though both are served here."""
        other = World(own_world.app, own_world.http)
        await other.settle()
        header, claims = parts(own_world.administrator.token)
        _, others = parts(other.administrator.token)
        for swapped in ({"bank": str(other.bank_id)}, {"bank": str(other.bank_id), "sub": others["sub"]}):
            await refused(own_world, made(header, claims | swapped, own_key(own_world)))


class TestHeaders:
    """A header says algorithm, type and key, and nothing that would tell the service where to find another key."""

    @pytest.mark.parametrize("typ", ["JWT", "jwt", "at+JWT", "", None, 1, ["at+jwt"], "application/at+jwt"])
    async def test_of_another_type(self, world: World, typ: Any) -> None:
        """Other kinds of tokens are no access tokens (RFC 9068)."""
        header, claims = parts(world.volunteer.token)
        await refused(world, made(header | {"typ": typ}, claims, own_key(world)))

    @pytest.mark.parametrize("name", ["typ", "kid"])
    async def test_with_a_parameter_missing(self, world: World, name: str) -> None:
        """Type and key have to be said."""
        header, claims = parts(world.volunteer.token)
        header.pop(name)
        await refused(world, made(header, claims, own_key(world)))

    @pytest.mark.parametrize(
        "kid",
        [
            "",
            "unknown",
            "../../../../dev/null",
            "/dev/null",
            "x' union select 'secret' --",
            "k|id",
            "\x00",
            "密钥",
            "k" * 20_000,
            None,
            0,
            True,
            [],
            {},
            ["k1"],
        ],
    )
    async def test_of_another_key(self, world: World, kid: Any) -> None:
        """A key is found by its name in the key file, and nowhere else; whatever else it is called, there is none."""
        header, claims = parts(world.volunteer.token)
        for key in (own_key(world), b""):
            await refused(world, made(header | {"kid": kid}, claims, key))

    @pytest.mark.parametrize(
        "extra",
        [
            {"jku": "https://evil.example/keys"},
            {"x5u": "https://evil.example/certificate"},
            {"x5c": ["MII="]},
            {"x5t": "x"},
            {"jwk": {"kty": "oct", "k": encoded(b"k" * 32)}},
            {"crit": []},
            {"crit": ["exp"]},
            {"b64": False, "crit": ["b64"]},
            {"zip": "DEF"},
            {"cty": "JWT"},
        ],
        ids=lambda extra: "+".join(extra),
    )
    async def test_with_anything_more(self, world: World, extra: dict[str, Any]) -> None:
        """A header with more in it is refused, even if all else is right."""
        header, claims = parts(world.volunteer.token)
        await refused(world, made(header | extra, claims, own_key(world)))
        await refused(world, made(header | extra, claims, b"k" * 32))

    async def test_that_is_no_json_object(self, world: World) -> None:
        """What is no token at all is refused like a wrong one."""
        _, claims, signature = world.volunteer.token.split(".")
        for header in (b"", b"[]", b"null", b"1", b'"x"', b"{", b"\xff", b'{"alg":"HS256"' + b"," * 10):
            await refused(world, f"{encoded(header)}.{claims}.{signature}")
        for token in (".", "..", "...", "a.b.c", "....", "%00", "e30.e30.", "e30.e30.e30"):
            await refused(world, token)


class TestAltered:
    """A token is good as it was given, and in no other way."""

    async def test_signature_taken_away(self, world: World) -> None:
        """Without its signature, with half of it, or with another's, a token is nothing."""
        header, claims, signature = world.volunteer.token.split(".")
        other = world.administrator.token.split(".")[2]
        for wrong in ("", signature[:22], signature[:-1], other, signature[::-1], signature + signature, "A" * 43):
            await refused(world, f"{header}.{claims}.{wrong}")
        await refused(world, f"{header}.{claims}")
        await refused(world, f"{header}..{signature}")

    async def test_parts_of_two_tokens(self, world: World) -> None:
        """What one token says is not good under the signature of another."""
        header, _, signature = world.volunteer.token.split(".")
        await refused(world, f"{header}.{world.administrator.token.split('.')[1]}.{signature}")

    async def test_any_character(self, world: World) -> None:
        """Whichever character is put in another's place, the token is refused."""
        token = world.volunteer.token
        assert (await world.http.get("/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200
        for index, character in enumerate(token):
            other = ALPHABET[(ALPHABET.find(character) + 32) % 64] if character != "." else "_"
            await refused(world, token[:index] + other + token[index + 1 :])

    @given(data=st.data())
    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def test_what_is_said(self, world: World, data: st.DataObject) -> None:
        """No bytes in place of header or claims are believed, under whatever signature there was."""
        header, claims, signature = world.volunteer.token.split(".")
        where = data.draw(st.sampled_from([0, 1, 2]))
        found = [header, claims, signature]
        found[where] = encoded(data.draw(st.binary(max_size=64)))
        assert world.services.sign_in.sessions.claims(".".join(found)) is None

    @given(st.text(max_size=200))
    def test_any_text(self, world: World, text: str) -> None:
        """Whatever text somebody carries, it is no token, and no error."""
        assert world.services.sign_in.sessions.claims(text) is None


class TestElsewhere:
    """Each kind of credential is good for its own purpose, while it lasts."""

    async def test_of_a_session_that_was_ended(self, world: World) -> None:
        """An access token whose session is over is refused, though its own time is not."""
        somebody = await world.somebody()
        tokens = await opened(world, somebody.id)
        path = f"/v1/sessions/{tokens.session_id}"
        assert said(await somebody.ask("DELETE", path), 200) == {"done": True}
        await refused(world, tokens.access_token)
        await somebody.get("/v1/me")

    async def test_a_refresh_token_gives_no_access(self, world: World) -> None:
        """A refresh token is no access token, and the other way round."""
        tokens = await opened(world, world.volunteer.id)
        await refused(world, tokens.refresh_token)
        for wrong in (tokens.access_token, tokens.access_token[-43:], tokens.session_id):
            response = await world.http.post("/v1/sessions/refresh", json={"refresh_token": wrong})
            assert response.status_code in {400, 401}
        await Caller(world.http, world.volunteer.id, tokens.access_token).get("/v1/me")

    async def test_in_another_place_of_the_request(self, world: World) -> None:
        """A token counts in its header only: not in the address, a cookie, or under another scheme."""
        token = world.volunteer.token
        asked: list[dict[str, Any]] = [
            {"params": {"access_token": token}},
            {"headers": {"Cookie": f"access_token={token}"}},
            {"headers": {"Authorization": f"Basic {token}"}},
            {"headers": {"Authorization": token}},
            {"headers": {"Authorization": f"Bearer  {token}"}},
            {"headers": {"Authorization": f"Bearer {token} x"}},
            {"headers": {"Authorization": f"Bearer {token},{token}"}},
        ]
        for options in asked:
            response: httpx.Response = await world.http.get("/v1/me", **options)
            assert response.status_code == 401, options

    async def test_keys_that_are_nearly_right(self, world: World) -> None:
        """An API key with any character changed is refused, and so is one made of two."""
        key = world.organisation.token
        other = (await world.program(world.garden)).token
        assert len(key) == len(other) == 3 + 32 + 1 + 43
        for index, character in enumerate(key):
            await refused(world, key[:index] + ("0" if character != "0" else "1") + key[index + 1 :])
        await refused(world, key[:35] + other[35:])
        await refused(world, other[:35] + key[35:])
        for wrong in (key[:-1], key + "A", key.upper(), key[3:], f"tb_{key}", key[:36], f"tb_{'0' * 32}_{'A' * 43}"):
            await refused(world, wrong)

    async def test_what_is_kept_of_a_key_opens_nothing(self, world: World) -> None:
        """Whoever reads the hash of a key in the database cannot act with it."""
        key = world.organisation.token
        hashed = hashlib.sha256(key[36:].encode()).hexdigest()
        row = await world.services.pool.fetchrow("select * from api_key where key_id = $1", f"key_{key[3:35]}")
        assert row["secret_hash"] == hashed
        for wrong in (f"{key[:36]}{hashed}", f"{key[:36]}{hashed[:43]}"):
            await refused(world, wrong)


async def test_who_is_known_somewhere_is_known_after_a_rotation(url: str, tmp_path: Path) -> None:
    """However often keys are changed: else strangers would keep everybody out. An invitation is void: it lets in."""
    async with settled(url, key_file=str(tmp_path / "keys.json"), trusted_proxies="127.0.0.1") as world:
        somebody, keyring = await settled_in(world), world.services.people.keyring
        home = next(ADDRESSES)
        said(await sign_in(world, somebody.number, address=home), 201)
        device = "select count(*) from security_event where kind = 'new-device' and actor = $1"
        seen = await world.services.pool.fetchval(device, somebody.id)
        code = invitation_code(keyring, "inv_1")
        kinds = {"address": home, "login": somebody.number}
        before = {kind: keyring.current.index(kind, value) for kind, value in kinds.items()}
        lasts = keyring.lasting("address", home)
        for _ in range(2):
            await rotate(world.services.people, world.services.pool, lambda *_: None)
            for _ in range(attempts.FAILURES_OF_A_LOGIN):
                await sign_in(world, somebody.number, WRONG, address=next(ADDRESSES))
            assert problem(await sign_in(world, somebody.number, address=next(ADDRESSES)))[0] == 429
            said(await sign_in(world, somebody.number, address=home), 201)
            assert invitation_of(keyring, code) is None
        assert await world.services.pool.fetchval(device, somebody.id) == seen, "it is no news"
        assert keyring.lasting("address", home) == lasts != before["address"]
        assert attempts.Attempts(world.services.pool, keyring).login(somebody.number) != before["login"]


async def test_who_was_known_before_hashes_lasted_is_known_still(url: str) -> None:
    """An address that was written down under the key of then, by a version from before, lets its owner in."""
    async with settled(url, trusted_proxies="127.0.0.1") as world:
        somebody, keyring, home = await settled_in(world), world.services.people.keyring, next(ADDRESSES)
        said(await sign_in(world, somebody.number, address=home), 201)
        hashes = keyring.lasting("address", home), keyring.current.index("address", home)
        moved = "update sign_in_attempt set address = $2 where address = $1"
        assert await world.services.pool.execute(moved, *hashes) == "UPDATE 1"
        for _ in range(attempts.FAILURES_OF_A_LOGIN):
            await sign_in(world, somebody.number, WRONG, address=next(ADDRESSES))
        assert problem(await sign_in(world, somebody.number, address=next(ADDRESSES)))[0] == 429
        said(await sign_in(world, somebody.number, address=home), 201)


async def test_keys_of_the_service_are_changed(url: str, tmp_path: Path) -> None:
    """After a rotation tokens are signed with the new key and those of the old are over; refresh tokens go on."""
    async with settled(url, key_file=str(tmp_path / "keys.json")) as world:
        tokens = await opened(world, world.volunteer.id)
        before = parts(tokens.access_token)[0]["kid"]
        old_key = own_key(world)
        await rotate(world.services.people, world.services.pool, lambda *_: None)
        response = await world.http.post("/v1/sessions/refresh", json={"refresh_token": tokens.refresh_token})
        after = said(response, 201)["access_token"]
        header, claims = parts(after)
        assert header["kid"] == world.services.people.keyring.current.key_id != before
        await Caller(world.http, world.volunteer.id, after).get("/v1/me")
        await refused(world, tokens.access_token)
        await refused(world, made(header, claims, old_key))
        await refused(world, made(header | {"kid": before}, claims, old_key))
        await refused(world, made(header | {"kid": before}, claims, own_key(world)))

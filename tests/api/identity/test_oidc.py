import asyncio
import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from structlog.testing import capture_logs

from tests.api.conftest import kept
from tests.api.world import Caller, World, said, settled
from tests.helpers.provider import CLIENT_ID, CLIENT_SECRET, Provider, new_key, provider_running
from timebank.identity import oidc
from timebank.identity.limits.throttle import Rate
from timebank.runtime.settings import Settings, SettingsError, from_environ

SETTINGS = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET, "public_url": "http://test"}


@pytest.fixture(scope="module")
def module_provider() -> Iterator[Provider]:
    """A provider for all tests here."""
    with provider_running() as provider:
        yield provider


@pytest.fixture(scope="module")
async def module_world(module_url: str, module_provider: Provider) -> AsyncIterator[World]:
    """A bank in which people sign in by the provider too, for all tests here."""
    async with kept(settled(module_url, oidc_issuer=module_provider.issuer, **SETTINGS)) as world:
        yield world


@pytest.fixture
def provider(module_provider: Provider) -> Provider:
    """The provider, well-behaved, with an account that nobody has linked."""
    module_provider.behave()
    return module_provider


@pytest.fixture
def world(module_world: World, provider: Provider) -> World:
    """The bank, in a browser that has no cookies, and after an hour in which the provider was not asked."""
    module_world.http.cookies.clear()
    forget_keys(module_world)
    return module_world


def forget_keys(world: World) -> None:
    """Let an hour go by in which the provider was not asked."""
    assert world.services.oidc
    world.services.oidc._known = world.services.oidc._keys = None


class Outcome(NamedTuple):
    """What a browser that came back was answered, and what the service logged about it."""

    response: httpx.Response
    reasons: str


async def at_the_provider(location: str) -> dict[str, str]:
    """What the provider sends a browser back with."""
    async with httpx.AsyncClient() as browser:
        response = await browser.get(location)
    back = response.headers["location"]
    assert back.startswith("http://test/v1/oidc/callback?")
    return dict(parse_qsl(urlsplit(back).query))


async def begun(world: World) -> dict[str, str]:
    """What the provider sends a browser back with that went there to sign in."""
    response = await world.http.get("/v1/oidc/start")
    assert response.status_code == 303, response.text
    return await at_the_provider(response.headers["location"])


async def finished(world: World, **back: str) -> Outcome:
    """What is answered when the browser comes back."""
    with capture_logs() as logs:
        response = await world.http.get("/v1/oidc/callback", params=back)
    return Outcome(response, "; ".join(f"{log['error']} {log['reason']}" for log in logs if "error" in log))


async def signed_in(world: World) -> Outcome:
    """What is answered to somebody who signs in by the provider."""
    return await finished(world, **await begun(world))


async def linked(world: World, caller: Caller) -> Outcome:
    """What is answered to somebody who links the provider's account with themselves."""
    return await finished(world, **await at_the_provider(await linking(world, caller)))


async def linking(world: World, caller: Caller) -> str:
    """Where somebody is sent who wants to link an account, having proved who they are."""
    location: str = (await caller.post("/v1/me/oidc", expect=200))["location"]
    return location


def refused(outcome: Outcome, reason: str = "") -> None:
    """The provider was not believed, and for this reason."""
    assert outcome.response.status_code == 401, outcome.response.text
    assert outcome.response.json()["type"] == "/problems/provider-refused"
    assert reason in outcome.reasons


async def security_log(world: World) -> list[dict[str, Any]]:
    """What the security log says, latest first."""
    page = await world.administrator.get("/v1/audit/security")
    items: list[dict[str, Any]] = page["items"]
    return items


class TestSigningIn:
    """Whoever has linked an account at the provider signs in by it, in the browser where they began."""

    async def test_a_linked_account_signs_in(self, world: World, provider: Provider) -> None:
        """Who has linked an account is let in by it, with tokens like those for a password."""
        somebody = await world.somebody("陈静")
        outcome = await linked(world, somebody)
        assert said(outcome.response, 200) == {"volunteer_id": somebody.id, "issuer": provider.issuer}
        answer = said((await signed_in(world)).response, 200)
        assert answer["volunteer_id"] == somebody.id
        me = await Caller(world.http, somebody.id, answer["access_token"]).get("/v1/me")
        assert me["volunteer"]["volunteer_id"] == somebody.id
        assert said(await world.http.post("/v1/sessions/refresh", json={"refresh_token": answer["refresh_token"]}))

    async def test_both_are_in_the_security_log(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Linking and signing in are in the security log, and so is who was refused, with the reason."""
        assert world.services.oidc
        monkeypatch.setattr(world.services.oidc, "_refused", Rate(60))
        somebody = await world.somebody()
        assert (await signed_in(world)).response.status_code == 403
        await linked(world, somebody)
        await signed_in(world)
        others = {"people-read", "new-device"}
        latest = [event for event in await security_log(world) if event["kind"] not in others][:3]
        assert [(event["kind"], event["actor"]) for event in latest] == [
            ("signed-in", somebody.id),
            ("identity-linked", somebody.id),
            ("sign-in-refused", None),
        ]
        assert latest[0]["detail"] == {"how": "oidc", "device": "python-httpx"}
        assert latest[2]["detail"] == {"how": "oidc", "why": "identity-not-linked"}

    async def test_strangers_do_not_fill_the_security_log(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who comes back for nothing again and again is refused each time, and written down some times a minute."""
        assert world.services.oidc
        monkeypatch.setattr(world.services.oidc, "_refused", Rate(2))
        before = sum(each["kind"] == "sign-in-refused" for each in await security_log(world))
        for _ in range(5):
            back = await begun(world)
            refused(await finished(world, state=back["state"], error="access_denied"))
        after = sum(each["kind"] == "sign-in-refused" for each in await security_log(world))
        assert after - before == 2

    async def test_strangers_do_not_begin_without_end(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each sign-in that is begun is kept for a while: an address begins so many a minute, and people link."""
        assert world.services.oidc
        monkeypatch.setattr(world.services.oidc, "_begun", Rate(2))
        begun_now = [(await world.http.get("/v1/oidc/start")).status_code for _ in range(3)]
        assert begun_now == [303, 303, 429]
        world.http.cookies.clear()
        await linked(world, await world.somebody())

    async def test_an_account_that_is_not_linked_is_refused(self, world: World) -> None:
        """Nobody becomes a volunteer by having an account at the provider."""
        problem = said((await signed_in(world)).response, 403)
        assert problem["type"] == "/problems/identity-not-linked"

    async def test_the_cookie_is_for_the_way_back_only(self, world: World) -> None:
        """The cookie cannot be read by scripts, goes to these addresses only, and is gone afterwards."""
        response = await world.http.get("/v1/oidc/start")
        cookie = response.headers["set-cookie"]
        assert cookie.startswith("timebank_oidc=")
        assert {"HttpOnly", "SameSite=lax", "Path=/v1/oidc", "Max-Age=600"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        await linked(world, await world.somebody())
        assert (await signed_in(world)).response.is_success
        assert not world.http.cookies

    async def test_signing_in_needs_the_browser_it_was_begun_in(self, world: World) -> None:
        """A state that comes without its cookie, or to the cookie of another sign-in, is refused; and stays good."""
        await linked(world, await world.somebody())
        back = await begun(world)
        cookie = world.http.cookies["timebank_oidc"]
        world.http.cookies.clear()
        refused(await finished(world, **back))
        refused(await finished(world, code=back["code"]))
        await begun(world)
        refused(await finished(world, **back))
        refused(await finished(world, **(back | {"state": "错"})))
        world.http.cookies.clear()
        headers = {"Cookie": f"timebank_oidc={cookie}"}
        assert (await world.http.get("/v1/oidc/callback", params=back, headers=headers)).status_code == 200

    async def test_a_state_is_good_once(self, world: World) -> None:
        """Who comes back a second time with the same state is refused, even with its cookie."""
        await linked(world, await world.somebody())
        back = await begun(world)
        cookie = {"Cookie": f"timebank_oidc={world.http.cookies['timebank_oidc']}"}
        assert (await finished(world, **back)).response.is_success
        again = await world.http.get("/v1/oidc/callback", params=back, headers=cookie)
        assert again.status_code == 401

    async def test_of_two_at_once_one_is_let_in(self, world: World) -> None:
        """The same way back taken twice at the same time lets in once."""
        await linked(world, await world.somebody())
        back = await begun(world)
        answers = await asyncio.gather(*(world.http.get("/v1/oidc/callback", params=back) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]

    async def test_a_sign_in_that_took_too_long_is_over(self, world: World) -> None:
        """After ten minutes the way back is closed."""
        await linked(world, await world.somebody())
        back = await begun(world)
        await world.services.pool.execute("update oidc_login set expires_at = expires_at - interval '10 minutes'")
        refused(await finished(world, **back))
        query = "select count(*) from oidc_login where state_hash = sha256($1)"
        assert await world.services.pool.fetchval(query, back["state"].encode()) == 0

    async def test_who_is_refused_by_the_provider_is_refused_here(self, world: World, provider: Provider) -> None:
        """An error of the provider's, or no code, ends the sign-in, and nothing more is asked."""
        await linked(world, await world.somebody())
        provider.asked.clear()
        for changes in ({"error": "access_denied"}, {"code": ""}):
            refused(await finished(world, **(await begun(world) | changes)))
        assert "/token" not in dict(provider.asked)

    async def test_what_else_a_provider_says_is_ignored(self, world: World, provider: Provider) -> None:
        """Providers send more back than they have to (RFC 6749, section 4.1.2): whoever is let in is in."""
        somebody = await world.somebody()
        await linked(world, somebody)
        sent: list[dict[str, str]] = [
            {"session_state": "f2a1", "iss": provider.issuer},
            {"scope": "openid", "authuser": "0", "prompt": "none", "hd": "example.org"},
        ]
        for more in sent:
            answer = said((await finished(world, **(await begun(world) | more))).response, 200)
            assert answer["volunteer_id"] == somebody.id
        of_no = {"error": "access_denied", "error_description": "cancelled", "error_uri": "https://example.org/"}
        refused(await finished(world, **(await begun(world) | of_no)))

    async def test_another_issuer_is_not_believed(self, world: World, provider: Provider) -> None:
        """A provider that says who it is (RFC 9207) has to be the one that was asked, and else is asked for nothing."""
        await linked(world, await world.somebody())
        provider.asked.clear()
        for issuer in ("https://attacker.example", f"{provider.issuer}/", ""):
            refused(await finished(world, **(await begun(world) | {"iss": issuer})))
        assert "/token" not in dict(provider.asked)

    async def test_the_bank_has_to_be_one(self, world: World) -> None:
        """A bank that does not exist lets nobody in, and a misspelt one is said so."""
        response = await world.http.get("/v1/oidc/start", params={"bank_id": str(uuid4())})
        assert response.status_code == 401
        assert (await world.http.get("/v1/oidc/start", params={"bank_id": "my bank"})).status_code == 400

    async def test_the_verifier_goes_with_the_code(self, world: World, provider: Provider) -> None:
        """The provider is given an S256 challenge with the request, and what it was made of with the code."""
        await linked(world, await world.somebody())
        asked = dict(provider.asked)["/authorize"]
        assert (asked["response_type"], asked["scope"], asked["code_challenge_method"]) == ("code", "openid", "S256")
        verifier = dict(provider.asked)["/token"]["code_verifier"]
        assert len(verifier) >= 43
        assert verifier not in asked.values()

    async def test_a_code_without_its_verifier_is_worth_nothing(self, world: World) -> None:
        """With another verifier than that of the challenge the provider gives no token."""
        back = await begun(world)
        await world.services.pool.execute("update oidc_login set verifier = repeat('x', 64)")
        refused(await finished(world, **back), "/token answered 400")


class TestLinking:
    """An account at the provider belongs to one volunteer, as long as they are one."""

    async def test_only_people_link_accounts(self, world: World) -> None:
        """Strangers and programs cannot link anything."""
        assert (await world.http.post("/v1/me/oidc")).status_code == 401
        assert (await world.organisation.ask("POST", "/v1/me/oidc")).status_code == 403

    async def test_linking_takes_proof(self, world: World) -> None:
        """An access token alone links nothing: it is good for ten minutes, an account for good."""
        somebody = await world.somebody()
        long_ago = "update session set proved_at = now() - interval '1 day' where volunteer_id = $1"
        await world.services.pool.execute(long_ago, somebody.id)
        assert (await somebody.post("/v1/me/oidc", expect=401))["type"] == "/problems/proof-needed"

    async def test_an_account_can_be_unlinked(self, world: World) -> None:
        """Who unlinks their account is shown no account any more, and cannot sign in by it; once is enough."""
        somebody = await world.somebody()
        await linked(world, somebody)
        assert len((await somebody.get("/v1/me/data"))["linked_accounts"]) == 1
        assert said(await somebody.ask("DELETE", "/v1/me/oidc")) == {"done": True}
        assert said(await somebody.ask("DELETE", "/v1/me/oidc")) == {"done": False}
        assert (await somebody.get("/v1/me/data"))["linked_accounts"] == []
        assert (await signed_in(world)).response.status_code == 403

    async def test_an_account_belongs_to_one_volunteer(self, world: World) -> None:
        """An account that somebody has cannot be linked by somebody else; linking it again oneself changes nothing."""
        first, second = await world.somebody(), await world.somebody()
        assert (await linked(world, first)).response.is_success
        assert (await linked(world, first)).response.is_success
        problem = said((await linked(world, second)).response, 409)
        assert problem["type"] == "/problems/identity-taken"
        assert said((await signed_in(world)).response)["volunteer_id"] == first.id

    async def test_linking_lets_nobody_in(self, world: World) -> None:
        """Whoever comes back from linking gets no tokens."""
        outcome = await linked(world, await world.somebody())
        assert set(said(outcome.response)) == {"volunteer_id", "issuer"}

    async def test_erasing_a_volunteer_unlinks(self, world: World, provider: Provider) -> None:
        """Who is erased can no longer sign in by the provider, and their account there is forgotten."""
        somebody = await world.somebody()
        await linked(world, somebody)
        await world.administrator.post(f"/v1/volunteers/{somebody.id}/erase", expect=200)
        assert (await signed_in(world)).response.status_code == 403
        query = "select count(*) from oidc_identity where volunteer_id = $1"
        assert await world.services.pool.fetchval(query, somebody.id) == 0
        assert (await linked(world, await world.somebody())).response.is_success
        # Even if it came back, as from a backup of that table alone.
        back = "update oidc_identity set volunteer_id = $1 where subject = $2"
        await world.services.pool.execute(back, somebody.id, provider.subject)
        assert (await signed_in(world)).response.status_code == 403

    @pytest.mark.parametrize("end", ["/v1/sessions/all", "/v1/volunteers/{id}/sessions"])
    async def test_a_linking_ends_with_the_sessions(self, world: World, end: str) -> None:
        """Who began to link an account with a copied token is not helped by it once sessions were ended."""
        somebody = await world.somebody()
        back = await at_the_provider(await linking(world, somebody))
        by = world.administrator if "{id}" in end else somebody
        said(await by.ask("DELETE", end.format(id=somebody.id)))
        refused(await finished(world, **back))
        query = "select count(*) from oidc_identity where volunteer_id = $1"
        assert await world.services.pool.fetchval(query, somebody.id) == 0

    async def test_a_linking_ends_with_the_sessions_while_the_provider_is_asked(
        self, world: World, provider: Provider
    ) -> None:
        """Sessions that end while the provider is asked who it is end the linking too: it is not written any more."""
        somebody, asked, answered = await world.somebody(), threading.Event(), threading.Event()
        back = await at_the_provider(await linking(world, somebody))

        def slowly(claims: dict[str, Any]) -> str:
            asked.set()
            assert answered.wait(20), "the sessions are not ended"
            return provider.signed(claims)

        provider.sign = slowly
        coming = asyncio.create_task(finished(world, **back))
        assert await asyncio.to_thread(asked.wait, 20)
        said(await somebody.ask("DELETE", "/v1/sessions/all"))
        answered.set()
        refused(await coming)
        query = "select count(*) from oidc_identity where volunteer_id = $1"
        assert await world.services.pool.fetchval(query, somebody.id) == 0

    async def test_a_password_chosen_by_a_code_unlinks(self, world: World) -> None:
        """Whoever gets back into their account by a code is rid of accounts that somebody else linked with it."""
        somebody = await world.somebody()
        await linked(world, somebody)
        made = await world.administrator.post(f"/v1/volunteers/{somebody.id}/codes", expect=201)
        chosen = {"one_time_code": made["one_time_code"], "password": "bai hua yuan 42"}
        assert said(await world.http.post("/v1/passwords", json=chosen), 201)
        assert (await signed_in(world)).response.status_code == 403
        theirs = [each["kind"] for each in await security_log(world) if each["actor"] == somebody.id]
        assert "identity-unlinked" in theirs

    async def test_unlinking_ends_other_sessions(self, world: World) -> None:
        """Whoever came in by an account is out once it is unlinked; who unlinks it stays in."""
        somebody = await world.somebody()
        await linked(world, somebody)
        tokens = said((await signed_in(world)).response, 200)
        said(await somebody.ask("DELETE", "/v1/me/oidc"))
        assert (await Caller(world.http, somebody.id, tokens["access_token"]).ask("GET", "/v1/me")).status_code == 401
        assert (await somebody.ask("GET", "/v1/me")).status_code == 200

    async def test_who_is_erased_while_linking_is_not_linked(self, world: World) -> None:
        """A linking that an erasure overtakes comes to nothing, at the latest when it is to be written."""
        somebody = await world.somebody()
        back = await at_the_provider(await linking(world, somebody))
        query = "select bank_id, state_hash, nonce, verifier, expires_at, volunteer_id from oidc_login"
        (row,) = [row for row in await world.services.pool.fetch(query) if row["volunteer_id"] == somebody.id]
        await world.administrator.post(f"/v1/volunteers/{somebody.id}/erase", expect=200)
        put = "insert into oidc_login (bank_id, state_hash, nonce, verifier, expires_at, volunteer_id)"
        await world.services.pool.execute(f"{put} values ($1, $2, $3, $4, $5, $6)", *row)
        assert (await finished(world, **back)).response.status_code == 403
        query = "select count(*) from oidc_identity where volunteer_id = $1"
        assert await world.services.pool.fetchval(query, somebody.id) == 0


def unsigned(_provider: Provider, claims: dict[str, Any]) -> str:
    """A token that nobody signed."""
    return jwt.encode(claims, None, algorithm="none", headers={"kid": "first"})


def by_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """A token with a code of authentication whose secret is the public key, which everybody knows."""
    secret = provider.keys["first"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = [{"alg": "HS256", "kid": "first"}, claims]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in parts)
    code = base64.urlsafe_b64encode(hmac.digest(secret, signed, hashlib.sha256)).rstrip(b"=")
    return (signed + b"." + code).decode()


def by_stranger(_provider: Provider, claims: dict[str, Any]) -> str:
    """A token by somebody else's key under the name of the provider's."""
    return jwt.encode(claims, new_key(), algorithm="RS256", headers={"kid": "first"})


def by_own_key(_provider: Provider, claims: dict[str, Any]) -> str:
    """A token that brings along the key to check it with."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "first", "jwk": own})


def by_unknown_key(provider: Provider, claims: dict[str, Any]) -> str:
    """A token by a key that the provider does not publish."""
    return provider.signed(claims, "unpublished")


def in_another_algorithm(provider: Provider, claims: dict[str, Any]) -> str:
    """A token by the right key, in an algorithm that is not on the list."""
    return jwt.encode(claims, provider.keys["first"], algorithm="RS512", headers={"kid": "first"})


def changed(provider: Provider, claims: dict[str, Any]) -> str:
    """A token that was changed after it had been signed."""
    header, _, signature = provider.signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "another"}).encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}"


WRONG_CLAIMS = [
    ({"nonce": "another"}, "'nonce'"),
    ({"nonce": None}, "'nonce'"),
    ({"aud": "another"}, "'aud'"),
    ({"aud": ["another", "and another"]}, "'aud'"),
    ({"aud": None}, "'aud'"),
    ({"aud": [CLIENT_ID, "another"]}, "'azp'"),
    ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "'azp'"),
    ({"azp": "another"}, "'azp'"),
    ({"iss": "https://another.example"}, "'iss'"),
    ({"iss": None}, "'iss'"),
    ({"exp": lambda now: now - 61}, "expired"),
    ({"exp": None}, "'exp'"),
    ({"exp": "tomorrow"}, "'exp'"),
    ({"iat": lambda now: now + 120}, "issued in the future"),
    ({"iat": None}, "'iat'"),
    ({"nbf": lambda now: now + 120}, "not yet valid"),
    ({"sub": None}, "'sub'"),
    ({"sub": ""}, "'sub'"),
    ({"sub": "x" * 256}, "length <= 255"),
    ({"sub": "null\x00"}, "matching regex"),
    ({"at_hash": "of another token"}, "'at_hash'"),
]


class TestIdTokens:
    """Only an ID token by the provider, for this service, for this sign-in and of this moment is believed."""

    @pytest.mark.parametrize(
        ("changes", "reason"),
        WRONG_CLAIMS,
        ids=[f"{n}-{'-'.join(changes)}" for n, (changes, _) in enumerate(WRONG_CLAIMS)],
    )
    async def test_wrong_claims_are_refused(
        self, world: World, provider: Provider, changes: dict[str, Any], reason: str
    ) -> None:
        """A token that is not what was asked for is refused, and for that reason; without it its bearer is let in."""
        await linked(world, await world.somebody())
        now = int(time.time())
        provider.claims = {name: value(now) if callable(value) else value for name, value in changes.items()}
        refused(await signed_in(world), reason)
        provider.claims = {}
        assert (await signed_in(world)).response.is_success

    @pytest.mark.parametrize(
        ("sign", "reason"),
        [
            (unsigned, "UnsupportedAlgorithmError"),
            (by_public_key, "UnsupportedAlgorithmError"),
            (in_another_algorithm, "UnsupportedAlgorithmError"),
            (by_stranger, "BadSignatureError"),
            (by_own_key, "key"),
            (by_unknown_key, "InvalidKeyIdError"),
            (changed, "BadSignatureError"),
            (lambda _provider, _claims: "no token", "DecodeError"),
        ],
    )
    async def test_wrong_signatures_are_refused(self, world: World, provider: Provider, sign: Any, reason: str) -> None:
        """A token that the provider did not sign, in an algorithm allowed and with a key of its own, is refused."""
        await linked(world, await world.somebody())
        provider.sign = lambda claims: sign(provider, claims)
        refused(await signed_in(world), reason)

    async def test_several_audiences_and_a_slow_clock_are_fine(self, world: World, provider: Provider) -> None:
        """A token may be for others too if it was issued to this service, and clocks may differ by a minute."""
        await linked(world, await world.somebody())
        now = int(time.time())
        provider.claims = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID, "exp": now - 30, "iat": now + 30}
        assert (await signed_in(world)).response.is_success

    async def test_elliptic_curves_are_fine(self, world: World, provider: Provider) -> None:
        """A provider may sign with ES256; an RSA key under an elliptic curve's name is none."""
        await linked(world, await world.somebody())
        key = ec.generate_private_key(ec.SECP256R1())
        public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "curve"}
        provider.answers["/keys"] = 200, {}, json.dumps({"keys": [public]}).encode()
        forget_keys(world)
        provider.sign = lambda claims: jwt.encode(claims, key, algorithm="ES256", headers={"kid": "curve"})
        assert (await signed_in(world)).response.is_success
        provider.sign = lambda claims: jwt.encode(claims, new_key(), algorithm="RS256", headers={"kid": "curve"})
        refused(await signed_in(world), "key")

    async def test_new_keys_are_looked_for_once_a_minute(
        self, world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A key that is new is looked for at the provider, but not more than once a minute."""
        await linked(world, await world.somebody())
        monkeypatch.setitem(provider.keys, "second", new_key())
        provider.sign = lambda claims: provider.signed(claims, "second")
        for _ in range(3):
            refused(await signed_in(world), "InvalidKeyIdError")
        assert [path for path, _ in provider.asked].count("/keys") == 1
        monkeypatch.setattr(oidc, "REFETCH_SECONDS", 0.0)
        assert (await signed_in(world)).response.is_success
        monkeypatch.setattr(oidc, "REFETCH_SECONDS", 60.0)
        assert (await signed_in(world)).response.is_success
        assert [path for path, _ in provider.asked].count("/keys") == 2


class TestProviders:
    """The provider is asked where it was said to be, for a short time, and for little."""

    async def test_documents_are_kept(self, world: World, provider: Provider) -> None:
        """The discovery document and the keys are fetched once, for all who sign in."""
        await linked(world, await world.somebody())
        await signed_in(world)
        paths = [path for path, _ in provider.asked]
        assert paths.count("/.well-known/openid-configuration") == paths.count("/keys") == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": "https://another.example"},
            {"token_endpoint": "http://192.0.2.1/token"},
            {"jwks_uri": "file:///etc/passwd"},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"jwks_uri": None},
        ],
    )
    async def test_a_wrong_discovery_document_is_refused(
        self, world: World, provider: Provider, changes: dict[str, Any]
    ) -> None:
        """A document of another issuer, or with addresses that cannot be trusted, is not used."""
        provider.answers[oidc._DOCUMENT] = 200, {}, json.dumps(provider._discovery() | changes).encode()
        refused(Outcome(await world.http.get("/v1/oidc/start"), ""))
        assert [path for path, _ in provider.asked] == [oidc._DOCUMENT]
        del provider.answers[oidc._DOCUMENT]
        assert (await world.http.get("/v1/oidc/start")).status_code == 303

    @pytest.mark.parametrize("path", [oidc._DOCUMENT, "/keys", "/token"])
    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            ((302, {"Location": "/elsewhere"}, b""), "answered 302"),
            ((200, {}, b" " * 1_000_001), "more than 1000000 bytes"),
            ((200, {}, b"<html>"), "DecodeError"),
            ((200, {}, b"[]"), "ValidationError"),
            ((500, {}, b"{}"), "answered 500"),
        ],
        ids=["redirect", "too large", "no JSON", "no object", "error"],
    )
    async def test_wrong_answers_are_refused(
        self, world: World, provider: Provider, path: str, answer: tuple[int, dict[str, str], bytes], reason: str
    ) -> None:
        """Redirects are not followed, large answers not read, and what is no answer is not taken for one."""
        await linked(world, await world.somebody())
        back = await begun(world)
        forget_keys(world)
        provider.answers[path] = answer
        refused(await finished(world, **back), reason)
        assert "/elsewhere" not in dict(provider.asked)

    async def test_the_secret_goes_where_the_provider_wants_it(self, world: World, provider: Provider) -> None:
        """A provider that wants the client's secret in the form is given it there, others in the header only."""
        await linked(world, await world.somebody())
        assert "client_secret" not in dict(provider.asked)["/token"]
        document = provider._discovery() | {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        provider.answers[oidc._DOCUMENT] = 200, {}, json.dumps(document).encode()
        forget_keys(world)
        assert (await signed_in(world)).response.is_success
        assert dict(provider.asked)["/token"]["client_secret"] == CLIENT_SECRET

    async def test_a_slow_provider_is_not_waited_for(
        self, world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A provider that does not answer in time is given up on."""
        await linked(world, await world.somebody())
        monkeypatch.setattr(oidc, "PATIENCE_SECONDS", 0.1)
        provider.sign = lambda claims: time.sleep(0.3) or provider.signed(claims)  # type: ignore[func-returns-value]
        refused(await signed_in(world), "TimeoutError")

    async def test_nothing_secret_is_logged(self, world: World, provider: Provider) -> None:
        """Neither codes nor tokens nor secrets are in what is logged of a refusal."""
        await linked(world, await world.somebody())
        tokens: list[str] = []
        provider.claims = {"nonce": "another"}
        provider.sign = lambda claims: tokens.append(provider.signed(claims)) or tokens[-1]  # type: ignore[func-returns-value]
        back = await begun(world)
        with capture_logs() as logs:
            await world.http.get("/v1/oidc/callback", params=back)
        said_to_log = repr(logs)
        assert "'nonce'" in said_to_log
        asked = dict(provider.asked)["/token"]
        assert not [s for s in (*tokens, back["code"], back["state"], asked["code_verifier"]) if s in said_to_log]


class TestSettings:
    """What cannot work is said when the service starts."""

    @pytest.mark.parametrize(
        ("issuer", "reason"),
        [
            ("http://provider.example", "https"),
            ("https://", "https"),
            ("provider.example", "https"),
            ("https://[", "https"),
            ("http://127.0.0.1.example:80", "https"),
            ("http://localhost@provider.example", "https"),
        ],
    )
    def test_an_issuer_is_an_https_address(self, issuer: str, reason: str) -> None:
        """A provider that is not asked by https, unless it is on this machine, is refused."""
        with pytest.raises(SettingsError, match=f"TIMEBANK_OIDC_ISSUER.*{reason}"):
            from_environ({"TIMEBANK_OIDC_ISSUER": issuer, "TIMEBANK_OIDC_CLIENT_ID": CLIENT_ID})

    def test_a_provider_has_to_know_the_service(self) -> None:
        """Without the name under which the provider knows the service nobody can sign in."""
        with pytest.raises(SettingsError, match="TIMEBANK_OIDC_CLIENT_ID"):
            from_environ({"TIMEBANK_OIDC_ISSUER": "https://provider.example"})

    def test_the_extra_has_to_be_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the extra a provider cannot be set; without a provider it is not missed."""
        monkeypatch.setitem(sys.modules, "authlib", None)
        given = {"TIMEBANK_OIDC_ISSUER": "https://provider.example", "TIMEBANK_OIDC_CLIENT_ID": CLIENT_ID}
        with pytest.raises(SettingsError, match=r"install timebank\[oidc\]"):
            from_environ(given)
        assert from_environ({}).provider is None

    async def test_the_service_does_not_start_without_the_extra(
        self, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same is said to whoever starts the service in another way."""
        monkeypatch.setitem(sys.modules, "authlib", None)
        with pytest.raises(SettingsError, match=r"install timebank\[oidc\]"):
            async with settled(url, oidc_issuer="https://provider.example", **SETTINGS):
                pass

    async def test_without_a_provider_there_is_nothing_to_sign_in_by(self, own_world: World) -> None:
        """Where no provider is set, its addresses do not exist."""
        assert own_world.services.oidc is None
        assert (await own_world.http.get("/v1/oidc/start")).status_code == 404
        assert (await own_world.volunteer.ask("POST", "/v1/me/oidc")).status_code == 404

    async def test_behind_https_the_cookie_is_secure(self, url: str, provider: Provider) -> None:
        """Where the service is reached by https, at a path perhaps, no other site of the domain can set the cookie."""
        settings = SETTINGS | {"public_url": "https://bank.example/time/"}
        async with settled(url, oidc_issuer=provider.issuer, **settings) as world:
            cookie = (await world.http.get("/v1/oidc/start")).headers["set-cookie"]
            state = cookie.partition("=")[2].partition(";")[0]
            back = {"state": state, "error": "access_denied"}
            for planted in (f"timebank_oidc={state}", f"\xa0__Host-timebank_oidc={state}"):
                sent = {"Cookie": planted.encode("latin-1")}
                told = await world.http.get("/v1/oidc/callback", params=back, headers=sent)
                assert "not begun in this browser" in told.json()["detail"]
            sent = {"Cookie": f"__Host-timebank_oidc={state}".encode()}
            told = await world.http.get("/v1/oidc/callback", params=back, headers=sent)
            assert "did not let you in" in told.json()["detail"]
        assert cookie.startswith("__Host-timebank_oidc=")
        assert {"Secure", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert Settings(**settings).issuer == "https://bank.example/time"

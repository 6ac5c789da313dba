"""Signing in by OpenID Connect: the authorization-code flow, with PKCE, state and nonce, at the one provider there is.

Authlib does the protocol. It comes with the extra `oidc`, so it is imported only where a provider is set. Nothing that
the provider says is believed before its ID token has been checked, and of that only who it is about.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Annotated, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog

from timebank.db.commits import writing
from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.identity.failures import AccessFailure, IdentityNotLinked, IdentityTaken, ProviderRefused
from timebank.identity.limits.alone import account
from timebank.identity.limits.throttle import Rate, TooManyRequestsError, wide
from timebank.identity.security_log import SecurityLog, Visit
from timebank.identity.tracing import carry

SQL = load_statements("timebank.identity", "oidc.sql")

ALGORITHMS = ["RS256", "ES256"]
LOGIN_SECONDS = 600
LEEWAY_SECONDS = 60
KEEP_SECONDS = 3600.0
REFETCH_SECONDS = 60.0
PATIENCE_SECONDS = 10.0
LARGEST_ANSWER = 1_000_000
BEGUN_A_MINUTE = 300
"""So many sign-ins a minute are begun from one address (of IPv6, one network of 48 bits): each is kept for a while."""

NOTED_A_MINUTE = 20
"""So often a minute it is written down of one address that somebody came back for nothing: any stranger can do that."""

NOT_BEGUN = "this was not begun in this browser, was done before, or took too long"

_DOCUMENT = "/.well-known/openid-configuration"

T = TypeVar("T")

log = structlog.get_logger(__name__)


class ProviderError(Exception):
    """The provider does not answer as it should; says why, for the log."""


class Provider(NamedTuple):
    """The OpenID provider by which people may sign in, and under which name it knows this service."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


class Beginning(NamedTuple):
    """Where to send a browser, and the state that it is to keep meanwhile."""

    location: str
    state: str


class Ending(NamedTuple):
    """Who came back from the provider: to sign in, or to link the account there with themselves."""

    bank_id: UUID
    volunteer_id: str
    is_linking: bool


class _Metadata(msgspec.Struct, frozen=True):
    """What is used of the discovery document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Keys(msgspec.Struct, frozen=True):
    """The provider's keys (RFC 7517)."""

    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True):
    """What a code is exchanged for."""

    id_token: str
    access_token: str | None = None


_Subject = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*$")]


class OpenIdProvider:
    """Sends people to the provider, and finds out who they are when they come back."""

    def __init__(self, pool: Pool, log: SecurityLog, provider: Provider) -> None:
        self._pool = pool
        self._log = log
        self.issuer = provider.issuer
        self._client_id = provider.client_id
        self._redirect_uri = provider.redirect_uri
        self._client = _client_class()(
            client_id=provider.client_id,
            client_secret=provider.client_secret or None,
            scope="openid",
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            follow_redirects=False,
            timeout=PATIENCE_SECONDS,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            event_hooks={"request": [carry]},
        )
        self._known: tuple[float, _Metadata] | None = None
        self._keys: tuple[float, Any] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._begun, self._refused = Rate(per_minute=BEGUN_A_MINUTE), Rate(per_minute=NOTED_A_MINUTE)

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._client.aclose()

    async def begin(self, bank_id: UUID, volunteer_id: str | None, visit: Visit) -> Beginning:
        """Begin a sign-in, or the linking of an account with a volunteer. Raises `TooManyRequestsError`."""
        if wait := self._begun.wait(volunteer_id or wide(visit.address), time.monotonic()):
            raise TooManyRequestsError(wait)
        state, nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        with _theirs():
            endpoint = (await self._metadata()).authorization_endpoint
            location, _ = self._client.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        until = visit.at + timedelta(seconds=LOGIN_SECONDS)
        async with writing(self._pool) as connection:
            await connection.execute(SQL["begin"], _hash(state), bank_id, volunteer_id, nonce, verifier, until)
        return Beginning(location, state)

    async def finish(
        self, kept: str, state: str, code: str | None, error: str | None, visit: Visit, *, issuer: str | None = None
    ) -> Ending:
        """End what was begun: `kept` is the state that the browser kept, the rest is what the provider sent with it.

        An `issuer` that it says has to be the one that is set (RFC 9207).
        """
        row, held = None, hashlib.sha256(_hash(state)).digest()
        if hmac.compare_digest(kept.encode(), state.encode()):
            async with writing(self._pool) as connection:
                row = await connection.fetchrow(SQL["use"], _hash(state), visit.at, held)
        if row is None or not row["is_in_time"]:
            raise ProviderRefused(why=NOT_BEGUN)
        bank_id, volunteer_id = row["bank_id"], row["volunteer_id"]
        try:
            if issuer not in (None, self.issuer):
                raise ProviderRefused(why="another provider answered than was asked")
            subject = await self._who(code, error, row["nonce"], row["verifier"], visit.at)
            if volunteer_id:
                await self._link(bank_id, subject, volunteer_id, held, visit)
                return Ending(bank_id, volunteer_id, is_linking=True)
            return Ending(bank_id, await self._whose(bank_id, subject), is_linking=False)
        except AccessFailure as failure:
            if self._refused.wait(wide(visit.address), visit.at.timestamp()) == 0:
                await self._log.record(
                    bank_id, "sign-in-refused", visit, subject=volunteer_id, how="oidc", why=failure.kind
                )
            raise

    async def linked(self, bank_id: UUID, volunteer_id: str) -> list[str]:
        """The accounts at the provider that a volunteer can sign in by, by their subjects there."""
        return [row["subject"] for row in await self._pool.fetch(SQL["linked"], bank_id, self.issuer, volunteer_id)]

    async def unlink(self, bank_id: UUID, volunteer_id: str, visit: Visit) -> bool:
        """Forget the accounts by which a volunteer signs in, and linkings that were begun; says if there were any."""
        async with writing(self._pool) as connection, connection.transaction():
            await connection.execute(SQL["stop_linking"], bank_id, volunteer_id)
            forgotten = await connection.fetch(SQL["unlink"], bank_id, self.issuer, volunteer_id)
            if forgotten:
                await self._log.record(bank_id, "identity-unlinked", visit, actor=volunteer_id, to=connection)
        return bool(forgotten)

    async def _whose(self, bank_id: UUID, subject: str) -> str:
        volunteer_id: str | None = await self._pool.fetchval(SQL["whose"], bank_id, self.issuer, subject)
        if volunteer_id is None:
            raise IdentityNotLinked
        return volunteer_id

    async def _link(self, bank_id: UUID, subject: str, volunteer_id: str, held: bytes, visit: Visit) -> None:
        """Link an account, unless the volunteer was erased, or their sessions ended, while the provider was asked."""
        async with account(self._pool, volunteer_id) as connection:
            if not await connection.fetchval(SQL["hold"], bank_id, volunteer_id):
                raise IdentityNotLinked
            if not await connection.fetchval(SQL["go_on"], held):
                raise ProviderRefused(why=NOT_BEGUN)
            owner = await connection.fetchval(SQL["link"], bank_id, self.issuer, subject, volunteer_id)
            if owner != volunteer_id:
                raise IdentityTaken
            await self._log.record(
                bank_id, "identity-linked", visit, actor=volunteer_id, to=connection, issuer=self.issuer
            )

    # What the provider is asked

    async def _who(self, code: str | None, error: str | None, nonce: str, verifier: str, at: datetime) -> str:
        """Whom the provider means, by the subject of its ID token."""
        if error or not code:
            log.info("the OpenID provider did not let somebody in", reason=(error or "no code")[:100])
            raise ProviderRefused(why="the provider did not let you in")
        with _theirs():
            return await self._checked(await self._exchanged(code, verifier), nonce, at)

    async def _exchanged(self, code: str, verifier: str) -> _Tokens:
        metadata = await self._metadata()
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        method = self._client.token_endpoint_auth_method
        if method != "none" and method not in metadata.token_endpoint_auth_methods_supported:
            method = "client_secret_post"
        return await self._ask(
            "POST", metadata.token_endpoint, _Tokens, auth=self._client.client_auth(method), data=said
        )

    async def _checked(self, tokens: _Tokens, nonce: str, at: datetime) -> str:
        """The subject of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""
        jwt, errors = import_module("joserfc.jwt"), import_module("joserfc.errors")
        try:
            token = jwt.decode(tokens.id_token, await self._signing_keys(), algorithms=ALGORITHMS)
        except errors.InvalidKeyIdError:
            token = jwt.decode(tokens.id_token, await self._signing_keys(anew=True), algorithms=ALGORITHMS)
        asked = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._client_id},
            "sub": {"essential": True},
        }
        given = {"nonce": nonce, "client_id": self._client_id, "access_token": tokens.access_token}
        claims = import_module("authlib.oidc.core").CodeIDToken(token.claims, token.header, asked, given)
        claims.validate(now=int(at.timestamp()), leeway=LEEWAY_SECONDS)
        return msgspec.convert(claims["sub"], _Subject)

    async def _metadata(self) -> _Metadata:
        """The discovery document, kept for an hour."""
        if self._known is None or _age(self._known) > KEEP_SECONDS:
            metadata = await self._ask("GET", self.issuer.rstrip("/") + _DOCUMENT, _Metadata)
            if metadata.issuer != self.issuer:
                msg = f"the discovery document is of {metadata.issuer}, not of {self.issuer}"
                raise ProviderError(msg)
            for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
                if not is_safe_provider(url, self.issuer):
                    msg = f"{url} is no https address"
                    raise ProviderError(msg)
            self._known = time.monotonic(), metadata
        return self._known[1]

    async def _signing_keys(self, *, anew: bool = False) -> Any:
        """The provider's keys, kept for an hour; fetched `anew`, where one is not among them, once a minute at most."""
        async with self._one_at_a_time:
            if self._keys is None or _age(self._keys) > (REFETCH_SECONDS if anew else KEEP_SECONDS):
                keys = await self._ask("GET", (await self._metadata()).jwks_uri, _Keys)
                self._keys = time.monotonic(), _usable(keys)
            return self._keys[1]

    async def _ask(self, method: str, url: str, kind: type[T], auth: Any = None, **options: Any) -> T:
        """An answer of the provider's, if it comes in time, from where it was looked for, and is not too large."""
        asking = self._client.stream(method, url, withhold_token=True, auth=auth, **options)
        body = bytearray()
        async with asyncio.timeout(PATIENCE_SECONDS), asking as response:
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST_ANSWER:
                    msg = f"{url} answered with more than {LARGEST_ANSWER} bytes"
                    raise ProviderError(msg)
        if response.status_code != 200:
            msg = f"{url} answered {response.status_code}"
            raise ProviderError(msg)
        return msgspec.json.decode(body, type=kind)


@contextlib.asynccontextmanager
async def open_id_provider(
    provider: Provider | None, pool: Pool, security_log: SecurityLog
) -> AsyncIterator[OpenIdProvider | None]:
    """The provider that is set, if any. Raises `SettingsError` if it cannot be, or the extra is not installed."""
    if provider is None:
        yield None
        return
    client = OpenIdProvider(pool, security_log, provider)
    try:
        yield client
    finally:
        await client.close()


@contextlib.contextmanager
def _theirs() -> Iterator[None]:
    """Whatever goes wrong in here is the provider's: answers can be bad in more ways than there are names for."""
    try:
        yield
    except Exception as error:
        log.warning("the OpenID provider is not believed", error=type(error).__name__, reason=str(error))
        raise ProviderRefused(why="the provider did not answer as it should") from None


def is_safe_provider(url: str, issuer: str) -> bool:
    """Whether an OpenID provider can be asked at an address: by https, or all on this very machine, as tests do."""
    try:
        parts, scheme = urlsplit(url), urlsplit(issuer).scheme
    except ValueError:
        return False
    is_here = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    is_plain = bool(parts.hostname) and not parts.fragment and parts.username is None
    return is_plain and parts.scheme == scheme and (parts.scheme == "https" or is_here)


def _usable(published: _Keys) -> Any:
    """Those of the keys that the algorithms allowed can use; others are none of ours (RFC 7517, section 5)."""
    jwk = import_module("joserfc.jwk")
    kinds = {("RSA", None), ("EC", "P-256")}
    keys = [
        key for key in published.keys if (key.get("kty"), key.get("crv")) in kinds and key.get("use", "sig") == "sig"
    ]
    return jwk.KeySet([jwk.import_key(key) for key in keys])


def _client_class() -> Any:
    return import_module("authlib.integrations.httpx_client").AsyncOAuth2Client


def _age(kept: tuple[float, Any]) -> float:
    return time.monotonic() - kept[0]


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()

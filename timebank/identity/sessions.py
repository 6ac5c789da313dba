"""Sessions: a short-lived access token (JWT, RFC 9068), and a rotating refresh token (RFC 9700, 4.14.2) to get more.

A refresh token is good once. If one comes a second time, it has been copied: the session ends for whoever holds it.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

import jwt
import msgspec
from uuid_utils import uuid7

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.identity.failures import RefreshNotValid
from timebank.vault.keyring import Keyring

SQL = load_statements("timebank.identity", "sessions.sql")

CHANNEL = "timebank_access"
"""Where ends of sessions, and changes of authority, are told to all processes, by the id they concern."""

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "timebank"
ACCESS_SECONDS = 10 * 60
SESSION_DAYS = 30
LEEWAY_SECONDS = 30
"""How far the clocks of two machines may be apart; when a token is over is checked to the second nevertheless."""


_Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]+$(?!\n)")]


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What an access token says."""

    iss: str
    aud: str
    sub: _Id
    bank: UUID
    sid: _Id
    iat: int
    exp: Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever signed in gets."""

    session_id: str
    access_token: str
    expires_in: int
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105  # the kind of token, not one


class Reused(NamedTuple):
    """A refresh token came a second time: its session has been ended."""

    session_id: str


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A session in force."""

    session_id: str
    started_at: datetime
    expires_at: datetime


class Sessions:
    """Opens, prolongs and ends sessions."""

    def __init__(self, pool: Pool, keyring: Keyring, issuer: str) -> None:
        self._pool = pool
        self._keyring = keyring
        self._issuer = issuer

    async def open(self, connection: Connection, bank_id: UUID, volunteer_id: str, at: datetime) -> Tokens:
        """A new session, in the transaction that is open on the connection."""
        session_id = f"ses_{uuid7().hex}"
        until = at + timedelta(days=SESSION_DAYS)
        await connection.execute(SQL["open"], session_id, bank_id, volunteer_id, at, until)
        return await self._tokens(connection, bank_id, volunteer_id, session_id, at)

    async def refresh(
        self, connection: Connection, refresh_token: str, at: datetime
    ) -> "tuple[UUID, str, Tokens | Reused]":
        """New tokens for a refresh token: bank, volunteer and tokens; instead of tokens, that it had been used before.

        Raises `RefreshNotValid` for one that nobody was given, and where the session is over. All of it is part of the
        transaction that is open on the connection.
        """
        if not await connection.fetchval(SQL["hold"], _hash(refresh_token)):
            raise RefreshNotValid
        row = await connection.fetchrow(SQL["use_refresh"], _hash(refresh_token), at)
        if row is None or not (row["was_used"] or row["is_open"]):
            raise RefreshNotValid
        bank_id, volunteer_id, session_id = row["bank_id"], row["volunteer_id"], row["session_id"]
        if row["was_used"]:
            await self.end(connection, bank_id, volunteer_id, at, only=session_id)
            return bank_id, volunteer_id, Reused(session_id)
        return bank_id, volunteer_id, await self._tokens(connection, bank_id, volunteer_id, session_id, at)

    async def end(
        self,
        connection: Connection,
        bank_id: UUID,
        volunteer_id: str,
        at: datetime,
        *,
        only: str | None = None,
        but: str | None = None,
    ) -> list[str]:
        """End a volunteer's sessions (one only, or all but one), everywhere and at once; says which there were.

        It takes effect with the transaction that is open on the connection.
        """
        ended: list[str] = await connection.fetchval(SQL["end"], bank_id, volunteer_id, at, CHANNEL, only, but)
        return ended

    async def of(self, bank_id: UUID, volunteer_id: str, at: datetime) -> list[SessionView]:
        """A volunteer's sessions."""
        return [SessionView(**row) for row in await self._pool.fetch(SQL["of"], bank_id, volunteer_id, at)]

    async def _tokens(
        self, connection: Connection, bank_id: UUID, volunteer_id: str, session_id: str, at: datetime
    ) -> Tokens:
        refresh_token = secrets.token_urlsafe(32)
        await connection.execute(SQL["give_refresh"], _hash(refresh_token), session_id, at)
        return Tokens(
            session_id=session_id,
            access_token=self.access_token(bank_id, volunteer_id, session_id, at),
            expires_in=ACCESS_SECONDS,
            refresh_token=refresh_token,
        )

    def access_token(
        self, bank_id: UUID, volunteer_id: str, session_id: str, at: datetime, seconds: int = ACCESS_SECONDS
    ) -> str:
        """A signed access token of a session."""
        issued = int(at.timestamp())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": volunteer_id,
            "bank": str(bank_id),
            "sid": session_id,
            "iat": issued,
            "exp": issued + seconds,
        }
        key = self._keyring.current
        return jwt.encode(claims, key.signing, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": key.key_id})

    def claims(self, access_token: str) -> Claims | None:
        """What a token says, if it is one of ours and in force: of our algorithm, type, key, issuer and audience."""
        try:
            header = jwt.get_unverified_header(access_token)
            key = self._keyring.find(header.get("kid", ""))
            if key is None or header.get("typ") != TYPE or header.keys() - {"alg", "typ", "kid"}:
                return None
            said = jwt.decode(
                access_token,
                key.signing,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "aud", "iss", "sub"], "strict_aud": True},
            )
            return msgspec.convert(said, Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError, TypeError, ValueError):
            return None


def is_over(claims: Claims, now: datetime) -> bool:
    """Whether the time of a token is over."""
    return now >= datetime.fromtimestamp(claims.exp, UTC)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Sessions: a short-lived access token (JWT, RFC 9068), and a rotating refresh token (RFC 9700, 4.14.2) to get more.

A refresh token is good once. If one comes a second time, it has been copied: the session ends for whoever holds it.
Only whoever did not get the answer may ask again: soon, a few times, from the same address and device, and as long as
nothing that was given for the token has been used. Of what was given then, the first that is used makes others copies.
"""

import contextlib
import hashlib
import math
import secrets
import time
from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import asyncpg
import jwt
import msgspec
from uuid_utils import uuid7

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.identity.failures import ProofNeeded, RefreshNotValid, TooManyAttempts
from timebank.identity.limits.throttle import Rate
from timebank.identity.security_log import Visit
from timebank.vault.keyring import Keyring

SQL = load_statements("timebank.identity", "sessions.sql")

CHANNEL = "timebank_access"
"""Where ends of sessions, and changes of authority, are told to all processes, by the id they concern."""

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "timebank"
ACCESS_SECONDS = 10 * 60
SESSION_DAYS = 30
REPEAT_SECONDS = 30
"""So long after a refresh it can be asked for again, by whoever did not get the answer."""
REPEATS = 8
"""So often: a browser that opens several pages at once asks each process of the service."""
PROVED_MINUTES = 5
"""So long after somebody proved who they are they may do what others must not do with a stolen token."""
MOST_SESSIONS = 100
"""So many sessions somebody has at once; one more ends the oldest."""
REFRESHES_A_MINUTE, REFRESHES_OF_ONE = 20, 60
"""So often a minute a session is prolonged, and all of one person's together: every token that was given is known until
the session is over."""
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
    """A session in force, on which device, and whether it was last used from the address that one has now."""

    session_id: str
    started_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    device: str
    is_current: bool
    same_address: bool


class Sessions:
    """Opens, prolongs and ends sessions."""

    def __init__(self, pool: Pool, keyring: Keyring, issuer: str) -> None:
        self._pool = pool
        self._keyring = keyring
        self._issuer = issuer
        self._noted = Rate(per_minute=1)
        self._refreshed = Rate(per_minute=REFRESHES_A_MINUTE)
        self._refreshed_of_one = Rate(per_minute=REFRESHES_OF_ONE)

    async def open(
        self, connection: Connection, bank_id: UUID, volunteer_id: str, visit: Visit, *, proved: bool
    ) -> Tokens:
        """A new session, in the transaction that is open on the connection; `proved` if they just said their secret."""
        session_id, at = f"ses_{uuid7().hex}", visit.at
        until, address = at + timedelta(days=SESSION_DAYS), self._address(visit)
        proved_at = at if proved else None
        await connection.execute(
            SQL["open"], session_id, bank_id, volunteer_id, at, until, visit.device, address, proved_at
        )
        await connection.execute(SQL["make_room"], bank_id, volunteer_id, at, CHANNEL, MOST_SESSIONS)
        return await self._tokens(connection, bank_id, volunteer_id, session_id, at)

    async def is_familiar(self, connection: Connection, bank_id: UUID, volunteer_id: str, visit: Visit) -> bool:
        """Whether somebody signed in with this device from this address, in a session that is, or was lately."""
        if not visit.address:
            return True
        here = self._keyring.lasting_or_before("address", visit.address)
        return bool(await connection.fetchval(SQL["is_familiar"], bank_id, volunteer_id, visit.device, here))

    async def refresh(
        self, connection: Connection, refresh_token: str, visit: Visit
    ) -> "tuple[UUID, str, Tokens | Reused]":
        """New tokens for a refresh token: bank, volunteer and tokens; instead of tokens, that it had been used before.

        Raises `RefreshNotValid` for one that nobody was given, and where the session is over, or `TooManyAttempts`. All
        of it is part of the transaction that is open on the connection.
        """
        given = _hash(refresh_token)
        if not await connection.fetchval(SQL["hold"], given):
            raise RefreshNotValid
        await connection.execute(SQL["hold_session"], given)
        row = await connection.fetchrow(SQL["refresh"], given, visit.at)
        if row is None or not row["is_open"]:
            raise RefreshNotValid
        bank_id, volunteer_id, session_id = row["bank_id"], row["volunteer_id"], row["session_id"]
        if row["used_at"] and not self._is_repeat(row, visit):
            await self.end(connection, bank_id, volunteer_id, visit.at, only=session_id)
            return bank_id, volunteer_id, Reused(session_id)
        at = visit.at.timestamp()
        whose = f"half-way {volunteer_id}" if row["is_half_way"] else volunteer_id
        wait = self._refreshed.wait(session_id, at) or self._refreshed_of_one.wait(whose, at)
        if wait:
            raise TooManyAttempts(seconds=math.ceil(wait))
        if not row["used_at"]:
            await connection.execute(SQL["use_refresh"], given, visit.at, self._places(visit)[0])
        return bank_id, volunteer_id, await self._tokens(connection, bank_id, volunteer_id, session_id, visit.at, given)

    def _is_repeat(self, row: Any, visit: Visit) -> bool:
        """Whether a used token comes again because its answer was lost, or several pages asked, and was not copied."""
        is_soon = visit.at - row["used_at"] <= timedelta(seconds=REPEAT_SECONDS)
        is_unused = row["given"] <= REPEATS and not row["is_given_used"]
        return bool(is_soon and is_unused and row["place"] in self._places(visit))

    def _places(self, visit: Visit) -> list[str]:
        """Whence somebody comes, and with what, as keyed hashes; the current key's first."""
        return self._keyring.indexes("place", f"{visit.address} {visit.device}")

    def _address(self, visit: Visit) -> str | None:
        return self._keyring.lasting("address", visit.address) if visit.address else None

    def is_to_be_noted(self, session_id: str) -> bool:
        """Whether it is a minute since the use of a session was noted, by this process; it counts as noted then."""
        return self._noted.wait(session_id, time.monotonic()) == 0

    async def used(self, session_id: str, visit: Visit) -> None:
        """Note that a session is being used, when, on which device and whence; where nothing can be written, not."""
        with contextlib.suppress(asyncpg.ReadOnlySQLTransactionError):
            await self._pool.execute(SQL["used"], session_id, visit.at, visit.device, self._address(visit))

    async def prove(self, connection: Connection, session_id: str, visit: Visit) -> None:
        """Whoever has the session has just proved who they are. It is looked up each time, so all processes know.

        Where they did is familiar from now on, in place of where the session was opened.
        """
        await connection.execute(SQL["prove"], session_id, visit.at, visit.device, self._address(visit))

    async def must_be_proved(self, session_id: str, at: datetime) -> None:
        """Refuse what is done only soon after one has proved who one is. Raises `ProofNeeded`."""
        if not await self.is_proved(self._pool, session_id, at):
            raise ProofNeeded(minutes=PROVED_MINUTES)

    async def is_proved(self, connection: "Connection | Pool", session_id: str, at: datetime) -> bool:
        """Whether somebody has proved lately, in this session, who they are."""
        return bool(await connection.fetchval(SQL["is_proved"], session_id, at - timedelta(minutes=PROVED_MINUTES)))

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

    async def of(self, bank_id: UUID, volunteer_id: str, visit: Visit, current: str = "") -> list[SessionView]:
        """A volunteer's sessions, as they see them in the `current` one."""
        here = self._keyring.lasting_or_before("address", visit.address) if visit.address else []
        return [
            SessionView(
                session_id=row["session_id"],
                started_at=row["started_at"],
                expires_at=row["expires_at"],
                last_used_at=row["used_at"],
                device=row["device"],
                is_current=row["session_id"] == current,
                same_address=row["address"] in here,
            )
            for row in await self._pool.fetch(SQL["of"], bank_id, volunteer_id, visit.at)
        ]

    async def _tokens(
        self,
        connection: Connection,
        bank_id: UUID,
        volunteer_id: str,
        session_id: str,
        at: datetime,
        parent: bytes | None = None,
    ) -> Tokens:
        refresh_token = secrets.token_urlsafe(32)
        await connection.execute(SQL["give_refresh"], _hash(refresh_token), session_id, at, parent)
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


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

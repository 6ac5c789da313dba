"""A second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for whoever lost it.

The secret is sealed for its volunteer. A code is good once. Guessing is slowed down: for all addresses together from
which nobody has signed in to the account before, so that their owner is not held up by others.
"""

import base64
import hmac
import math
import re
import secrets as chance
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.credit.redemption_codes import code_hash, written
from timebank.domain.people.refusals import VolunteerIsErased
from timebank.domain.text import normal
from timebank.identity.failures import (
    NotForYourself,
    SecondFactorCodeWrong,
    SecondFactorMissing,
    SecondFactorNeeded,
    SecondFactorRefused,
    TooManyAttempts,
)
from timebank.identity.limits.alone import account, entering
from timebank.identity.limits.attempts import Attempts
from timebank.identity.limits.throttle import Rate, wide
from timebank.identity.principals import tell
from timebank.identity.security_log import SecurityLog, Visit
from timebank.vault.people import People
from timebank.vault.secrets import Secrets

SQL = load_statements("timebank.identity", "second_factor.sql")

KIND, BEGUN = "second-factor", "second-factor-begun"
SECRET_BYTES = 20
STEP_SECONDS, DIGITS = 30, 6
RECOVERY_CODES = 10
TRIES_A_MINUTE = 10
"""So many codes a minute are compared with a secret that is being set; and recovery codes, from one address."""

_CODE = re.compile(r"[0-9]{6}")


class _Factor(msgspec.Struct, frozen=True):
    """What is sealed: the secret, since when, hashes of the recovery codes left, and the last step that was used."""

    secret: bytes
    since: datetime
    recovery: tuple[str, ...] = ()
    step: int = 0


class Enrolment(NamedTuple):
    """What an authenticator is to be told: the secret in base 32, and the same in an address that can be scanned."""

    secret: str
    uri: str


class SecondFactors:
    """Sets second factors, asks for them, and takes them away."""

    def __init__(
        self, pool: Pool, people: People, attempts: Attempts, log: SecurityLog, forget: Callable[[str], None]
    ) -> None:
        self._pool = pool
        self._people = people
        self._secrets = Secrets(people.keyring)
        self._attempts = attempts
        self._log = log
        self._forget = forget
        self._tries = Rate(per_minute=TRIES_A_MINUTE)

    async def state(self, bank_id: UUID, volunteer_id: str) -> tuple[datetime, int] | None:
        """Since when somebody has a second factor, and how many recovery codes are left; None if they have none."""
        factor = await self._of(self._pool, bank_id, volunteer_id, KIND)
        return (factor.since, len(factor.recovery)) if factor else None

    async def begin(self, bank_id: UUID, volunteer_id: str, at: datetime) -> Enrolment:
        """Make a secret for somebody's authenticator. Nothing changes until a code of it has been said."""
        secret = chance.token_bytes(SECRET_BYTES)
        async with account(self._pool, volunteer_id) as connection:
            await self._hold(connection, bank_id, volunteer_id)
            await self._keep(connection, bank_id, volunteer_id, BEGUN, _Factor(secret, at))
        row = await self._pool.fetchrow(SQL["account"], bank_id, volunteer_id)
        uri = _totp(secret).get_provisioning_uri(row["number"] if row else volunteer_id, row["name"] if row else None)
        return Enrolment(base64.b32encode(secret).decode(), uri)

    async def confirm(self, bank_id: UUID, volunteer_id: str, session_id: str, code: str, visit: Visit) -> list[str]:
        """Set the second factor that was begun, by a code of it; the recovery codes, which are told only now.

        In all other sessions than this one it has to be said before anything else: somebody else may be in one of them,
        who has proved who they are by the password alone.

        Raises `SecondFactorMissing` where none was begun, `SecondFactorCodeWrong`, or `TooManyAttempts`; and
        `SecondFactorNeeded` where the session has ended meanwhile, or another second factor was set elsewhere.
        """
        self._count_try(volunteer_id, visit)
        codes = [written(chance.randbits(60)) for _ in range(RECOVERY_CODES)]
        async with account(self._pool, volunteer_id) as connection:
            await self._hold(connection, bank_id, volunteer_id)
            if not await connection.fetchval(SQL["may_set"], session_id, KIND):
                raise SecondFactorNeeded
            begun = await self._of(connection, bank_id, volunteer_id, BEGUN)
            if begun is None:
                raise SecondFactorMissing
            step = _step_of(begun, normal(code), visit.at)
            if step is None:
                raise SecondFactorCodeWrong
            await self._secrets.drop(connection, bank_id, volunteer_id, [BEGUN])
            factor = _Factor(begun.secret, visit.at, tuple(code_hash(each) for each in codes), step)
            await self._keep(connection, bank_id, volunteer_id, KIND, factor)
            await connection.execute(SQL["ask_elsewhere"], bank_id, volunteer_id, session_id)
            await self._log.record(bank_id, "second-factor-set", visit, actor=volunteer_id, to=connection)
            await tell(connection, volunteer_id)
        self._forget(volunteer_id)
        return codes

    async def is_set(self, connection: Connection, bank_id: UUID, volunteer_id: str) -> bool:
        """Whether somebody has a second factor, as the transaction that is open on the connection sees it."""
        return await self._of(connection, bank_id, volunteer_id, KIND) is not None

    async def must_be_said(self, connection: Connection, bank_id: UUID, volunteer_id: str, *, said: bool) -> None:
        """Refuse where a second factor was set while all else was looked at. Raises `SecondFactorNeeded`."""
        if not said and await self.is_set(connection, bank_id, volunteer_id):
            raise SecondFactorNeeded

    async def check(self, bank_id: UUID, volunteer_id: str, given: str | None, visit: Visit) -> bool:
        """Ask for the second factor; says whether there is one, and then it was given rightly.

        Raises `SecondFactorNeeded`, `SecondFactorRefused`, or `TooManyAttempts`.
        """
        if await self._of(self._pool, bank_id, volunteer_id, KIND) is None:
            return False
        if given is None:
            raise SecondFactorNeeded
        given = normal(given)
        counted = f"{KIND} {volunteer_id}", await self._place(bank_id, volunteer_id, visit)
        if _is_code(given):
            await self._attempts.begin(bank_id, *counted, visit.at)
        else:
            self._count_try(f"{volunteer_id} {wide(visit.address)}", visit)
        async with account(self._pool, entering(volunteer_id)) as connection:
            await self._hold(connection, bank_id, volunteer_id)
            before = await self._of(connection, bank_id, volunteer_id, KIND)
            after = _used(before, given, visit.at) if before else None
            if before and after:
                await self._keep(connection, bank_id, volunteer_id, KIND, after)
                await self._attempts.succeeded(connection, bank_id, *counted, volunteer_id, visit.at)
                if len(after.recovery) < len(before.recovery):
                    await self._log.record(bank_id, "recovery-code-used", visit, actor=volunteer_id, to=connection)
        if after is None:
            await self._attempts.failed(bank_id, *counted, volunteer_id)
            await self._log.record(bank_id, "second-factor-refused", visit, subject=volunteer_id)
            raise SecondFactorRefused
        return True

    def _count_try(self, who: str, visit: Visit) -> None:
        """Count one more code that is compared. Raises `TooManyAttempts`."""
        wait = self._tries.wait(who, visit.at.timestamp())
        if wait:
            raise TooManyAttempts(seconds=math.ceil(wait))

    async def _place(self, bank_id: UUID, volunteer_id: str, visit: Visit) -> str:
        """Where wrong codes are counted: all addresses that are not known to the account are one."""
        known = await self._attempts.known(bank_id, volunteer_id, visit.address, visit.at, [volunteer_id])
        return visit.address if known else KIND

    async def remove(self, bank_id: UUID, volunteer_id: str, by: str, role: str, visit: Visit) -> None:
        """Take away somebody's second factor, one's own or (in an office) another's. Raises `SecondFactorMissing`."""
        is_own = volunteer_id == by
        async with account(self._pool, entering(volunteer_id)) as connection:
            if not await self._secrets.drop(connection, bank_id, volunteer_id, [KIND, BEGUN]):
                raise SecondFactorMissing
            told = {"actor": by} if is_own else {"actor": by, "subject": volunteer_id, "as": role}
            kind = "second-factor-removed" if is_own else "second-factor-reset"
            await self._log.record(bank_id, kind, visit, to=connection, **told)  # type: ignore[arg-type]
            await tell(connection, volunteer_id)
        self._forget(volunteer_id)

    async def reset(self, bank_id: UUID, volunteer_id: str, by: str, role: str, visit: Visit) -> None:
        """Take away the second factor of somebody who lost it. Raises `NotForYourself` or `SecondFactorMissing`."""
        if volunteer_id == by:
            raise NotForYourself
        await self.remove(bank_id, volunteer_id, by, role, visit)

    async def _of(self, connection: "Connection | Pool", bank_id: UUID, volunteer_id: str, kind: str) -> _Factor | None:
        found = await self._secrets.get(connection, bank_id, volunteer_id, kind)
        return msgspec.json.decode(found, type=_Factor) if found else None

    async def _keep(self, connection: Connection, bank_id: UUID, volunteer_id: str, kind: str, factor: _Factor) -> None:
        await self._secrets.put(connection, bank_id, volunteer_id, kind, msgspec.json.encode(factor))

    async def _hold(self, connection: Connection, bank_id: UUID, volunteer_id: str) -> None:
        """One at a time: a code that comes twice at once is good once."""
        if not await self._people.hold(connection, bank_id, volunteer_id, alone=True):
            raise VolunteerIsErased(volunteer_id=volunteer_id)


def _totp(secret: bytes) -> TOTP:
    # What all authenticators can do; HMAC does not need more of its hash.
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303


def _is_code(given: str) -> bool:
    """Whether it looks like a code of an authenticator, and not like a recovery code."""
    return _CODE.fullmatch(given.replace(" ", "")) is not None


def _step_of(factor: _Factor, given: str, at: datetime) -> int | None:
    """Of which step a code is, one step early or late at the most, and none that was used; None if it is wrong."""
    said, now, totp = given.replace(" ", "").encode(), int(at.timestamp()) // STEP_SECONDS, _totp(factor.secret)
    for step in (now - 1, now, now + 1):
        if step > factor.step and hmac.compare_digest(totp.generate(step * STEP_SECONDS), said):
            return step
    return None


def _used(factor: _Factor, given: str, at: datetime) -> _Factor | None:
    """What is kept after a code, of the authenticator or for recovery, was used; None if it is wrong."""
    if _is_code(given):
        step = _step_of(factor, given, at)
        return msgspec.structs.replace(factor, step=step) if step else None
    left = tuple(each for each in factor.recovery if not hmac.compare_digest(each, code_hash(given)))
    return msgspec.structs.replace(factor, recovery=left) if len(left) < len(factor.recovery) else None

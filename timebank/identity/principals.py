"""Principals: who a request comes from, and what the facts say about them. Found by an access token or an API key.

A principal that was found is remembered for some seconds; whatever changes what it may do is told to all processes
(NOTIFY, sent by the very transaction), which forget it at once. A process that cannot listen remembers nothing.
"""

import contextlib
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.acting import Acting, Office
from timebank.domain.facts.organisations import (
    ApiKeyReplaced,
    ApiKeyRevoked,
    AppointmentEnded,
    AppointmentMade,
    MembershipEnded,
    MembershipRoleChanged,
    OrganisationReinstated,
    OrganisationSuspended,
    Permission,
)
from timebank.domain.facts.people import RegistrationsMerged, VolunteerErased, VolunteerReinstated, VolunteerSuspended
from timebank.domain.identifiers import ActorId, VolunteerId
from timebank.domain.kernel import Fact
from timebank.identity.sessions import CHANNEL, Sessions
from timebank.ledger.codec import Recorded, decode

SQL = load_statements("timebank.identity", "principals.sql")

REMEMBER_SECONDS = 30.0
REMEMBER = 10_000
EVERYBODY = "*"

_KEY = re.compile(r"tb_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


class Held(msgspec.Struct, frozen=True, array_like=True):
    """An office that somebody holds, for a term."""

    office: Office
    valid_from: date | None
    valid_until: date | None
    appointment_id: str
    node_id: str | None = None

    def in_force(self, on: date) -> bool:
        """Whether it is held on a day."""
        return (self.valid_from or on) <= on <= (self.valid_until or on)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, in which bank: a volunteer with the offices they hold, or an organisation's program with a key."""

    bank_id: UUID
    timezone: str
    kind: Literal["volunteer", "program"]
    actor: ActorId
    credential: str
    expires_at: datetime | None
    is_suspended: bool = False
    offices: tuple[Held, ...] = ()
    permissions: tuple[Permission, ...] = ()
    is_of_member: bool = False
    """Whether a member of the organisation issued the key, and no office of the bank."""
    factor_due: datetime | None = None
    """When an administrator without a second factor has to have one; None for all others."""
    lacks_factor: bool = False
    """Whether that moment has come: their office is not usable then."""
    owes_factor: bool = False
    """Whether they have a second factor that was not asked for when they signed in: it has to be said first."""
    earlier_ids: tuple[VolunteerId, ...] = ()
    """Registrations that were merged with that of whoever asks, or of whom they act for: what is on them is theirs."""
    acting: Acting
    acting_also: tuple[Acting, ...] = ()
    """The further ways they can act in what they ask for: where `acting` is not enough, these are tried in order."""

    def local(self, moment: datetime) -> datetime:
        """A moment in the bank's local time."""
        return moment.astimezone(ZoneInfo(self.timezone))

    @property
    def person_id(self) -> VolunteerId | None:
        """Whose matters these are in person: whoever acts, or whom they act for; nobody's, where it is a program."""
        return self.acting.on_behalf_of or self.acting.volunteer_id

    @property
    def turn_of(self) -> str:
        """Whose turn it is where people take turns; with a key it is that of the member who issued it, and knows it.

        What offices issued is each organisation's own.
        """
        return self.acting.key_issued_by if self.acting.key_issued_by and self.is_of_member else self.actor

    @property
    def role(self) -> str:
        """In what they act: an office, `volunteer`, `proxy` or `organisation`."""
        return self.acting.authority


class Principals:
    """Finds out who somebody is by what they carry."""

    def __init__(
        self, pool: Pool, sessions: Sessions, is_listening: Callable[[], bool], factor_grace_days: int = 0
    ) -> None:
        self._pool = pool
        self._factor_grace_days = factor_grace_days
        self._sessions = sessions
        self._is_listening = is_listening
        self._known: dict[str, tuple[float, Principal]] = {}
        self._changes = 0

    async def find(self, carried: str, now: datetime) -> Principal | None:
        """Whose access token or API key it is; None if it is nobody's, or not any more."""
        known = self._known.get(carried)
        principal = known[1] if known and known[0] > time.monotonic() and self._is_listening() else None
        if principal is None:
            changes = self._changes
            principal = await (
                self._by_key(carried, now) if carried.startswith("tb_") else self._by_token(carried, now)
            )
            if principal and changes == self._changes and self._is_listening():
                self._remember(carried, principal)
        if principal is None or (principal.expires_at and principal.expires_at <= now):
            return None
        return _as_of(principal, now)

    async def again(self, carried: str, before: Principal, now: datetime) -> Principal | None:
        """What somebody may do by now who was let in `before`; None if their session, or key, is not in force any more.

        A token may have ended meanwhile: what it let in goes on for as long as the session does.
        """
        found = await self.find(carried, now)
        if found or before.kind == "program":
            return found
        found = await self._of_session(before.bank_id, before.actor, before.credential, before.expires_at, now)
        return _as_of(found, now) if found else None

    def forget(self, subject: str) -> None:
        """What somebody may do has changed (`*`: anybody): look again."""
        if subject == EVERYBODY:
            self.forget_all()
        self._changes += 1
        gone = [carried for carried, (_, each) in self._known.items() if subject in _resting_on(each)]
        for carried in gone:
            del self._known[carried]

    async def merged_with(self, bank_id: UUID, volunteer_id: str) -> tuple[VolunteerId, ...]:
        """The registrations that were merged with somebody's."""
        return _merged_with(volunteer_id, await self._pool.fetchval(SQL["merges"], bank_id, volunteer_id) or ())

    async def forget_everywhere(self) -> None:
        """Have all processes look everybody up again."""
        await self._pool.execute(SQL["tell"], CHANNEL, EVERYBODY)

    def forget_all(self) -> None:
        """Something may have been missed: look everybody up again."""
        self._changes += 1
        self._known.clear()

    def take_in(self, _bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Forget whom facts concern that this process has just recorded, without waiting to be told."""
        for subject in _concerned(fact for _, fact in recorded):
            self.forget(subject)

    def _remember(self, carried: str, principal: Principal) -> None:
        if len(self._known) >= REMEMBER:
            self._known.clear()
        self._known[carried] = time.monotonic() + REMEMBER_SECONDS, principal

    async def _by_token(self, token: str, now: datetime) -> Principal | None:
        claims = self._sessions.claims(token)
        if claims is None:
            return None
        expires_at = datetime.fromtimestamp(claims.exp, now.tzinfo)
        return await self._of_session(claims.bank, ActorId(claims.sub), claims.sid, expires_at, now)

    async def _of_session(
        self, bank_id: UUID, actor: ActorId, session_id: str, expires_at: datetime | None, now: datetime
    ) -> Principal | None:
        row = await self._pool.fetchrow(SQL["by_session"], session_id, bank_id, actor, now)
        if row is None:
            return None
        offices = msgspec.json.decode(row["offices"], type=list[Held])
        return Principal(
            bank_id=bank_id,
            timezone=row["timezone"],
            kind="volunteer",
            actor=actor,
            credential=session_id,
            expires_at=expires_at,
            is_suspended=row["is_suspended"],
            offices=() if row["is_suspended"] else tuple(offices),
            factor_due=self._factor_due(row["factor_asked_since"]),
            owes_factor=row["owes_factor"],
            earlier_ids=_merged_with(actor, row["merges"]),
            acting=Acting(actor, "volunteer"),
        )

    def _factor_due(self, asked_since: datetime | None) -> datetime | None:
        if asked_since is None or not self._factor_grace_days:
            return None
        return asked_since + timedelta(days=self._factor_grace_days)

    async def _by_key(self, key: str, now: datetime) -> Principal | None:
        found = _KEY.fullmatch(key)
        if found is None:
            return None
        row = await self._pool.fetchrow(SQL["by_key"], f"key_{found[1]}", now)
        if row is None or not hmac.compare_digest(row["secret_hash"], secret_hash(found[2])):
            return None
        return Principal(
            bank_id=row["bank_id"],
            timezone=row["timezone"],
            kind="program",
            actor=ActorId(row["organisation_id"]),
            credential=row["key_id"],
            expires_at=row["expires_at"],
            permissions=tuple(row["permissions"]),
            is_of_member=row["issued_as"] == "volunteer",
            acting=Acting(ActorId(row["organisation_id"]), "organisation", key_issued_by=ActorId(row["issued_by"])),
        )

    async def key_used(self, principal: Principal, at: datetime) -> bool:
        """Note that a key is used, where that can be written; says whether it is the first time this hour."""
        with contextlib.suppress(asyncpg.ReadOnlySQLTransactionError):
            return bool(await self._pool.fetchval(SQL["key_used"], principal.bank_id, principal.credential, at))
        return False


async def last_used(pool: Pool, bank_id: UUID, key_ids: Sequence[str]) -> dict[str, datetime]:
    """When API keys were last used; those that never were are left out."""
    rows = await pool.fetch(SQL["last_used"], bank_id, key_ids)
    return {row["key_id"]: row["last_used_at"] for row in rows}


def _merged_with(volunteer_id: str, merges: Iterable[bytes]) -> tuple[VolunteerId, ...]:
    """What was merged with a registration, by the facts that say so; one that is damaged keeps nobody out."""
    found: set[VolunteerId] = set()
    for data in merges:
        with contextlib.suppress(msgspec.MsgspecError):
            fact = decode(RegistrationsMerged.TOPIC, data)
            if isinstance(fact, RegistrationsMerged) and fact.kept_id == volunteer_id:
                found |= {fact.merged_id, *fact.earlier_ids}
    return tuple(sorted(found))


def _resting_on(principal: Principal) -> tuple[str | None, ...]:
    """Whose changes change what a principal may do: their own, of their session or key, and of whoever issued that."""
    return principal.actor, principal.credential, principal.acting.key_issued_by


def _as_of(principal: Principal, now: datetime) -> Principal:
    """What somebody may do at a moment: an administrator who has not set a second factor in time has no office."""
    if not principal.factor_due or principal.factor_due > now:
        return principal
    offices = tuple(held for held in principal.offices if held.office != "administrator")
    return msgspec.structs.replace(principal, offices=offices, lacks_factor=True)


async def tell(connection: Connection, subject: str) -> None:
    """Tell all processes, with the commit, that what somebody may do has changed."""
    await connection.execute(SQL["tell"], CHANNEL, subject)


async def tell_changes(connection: Connection, _bank_id: UUID, recorded: Sequence[Recorded]) -> None:
    """Tell all processes, with the commit, whose authority the facts that are being appended change."""
    for subject in sorted(_concerned(fact for _, fact in recorded)):
        await tell(connection, subject)


def _concerned(facts: Iterable[Fact]) -> set[str]:
    return {str(each) for fact in facts for name in _CONCERNED.get(type(fact), ()) if (each := getattr(fact, name))}


_CONCERNED: dict[type[Fact], tuple[str, ...]] = {
    AppointmentMade: ("volunteer_id",),
    AppointmentEnded: ("volunteer_id",),
    RegistrationsMerged: ("merged_id", "kept_id"),
    VolunteerErased: ("volunteer_id",),
    VolunteerSuspended: ("volunteer_id",),
    VolunteerReinstated: ("volunteer_id",),
    MembershipEnded: ("volunteer_id",),
    MembershipRoleChanged: ("volunteer_id",),
    OrganisationSuspended: ("organisation_id",),
    OrganisationReinstated: ("organisation_id",),
    ApiKeyReplaced: ("key_id",),
    ApiKeyRevoked: ("key_id",),
}
"""Facts that change what somebody may do, and the fields that say whom they concern."""


def secret_hash(secret: str) -> str:
    """What is kept of an API key's secret. A fast hash is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def api_key(key_id: str, secret: str) -> str:
    """An API key as its program carries it."""
    return f"tb_{key_id.removeprefix('key_')}_{secret}"

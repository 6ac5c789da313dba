"""Notices: what others did on somebody's account, and what was done there that they would know as their own doing.

Codes, proxies, offices, records, resets and ended sessions, passwords, second factors, and devices from which somebody
signed in for the first time: from the log and from the security log, in one list. Whoever took an account over, or an
administrator who helped them to, is seen in it by its owner, and by auditors.
"""

from datetime import datetime
from heapq import merge
from itertools import islice
from typing import NamedTuple, Self
from uuid import UUID

import msgspec

from timebank.db.commits import writing
from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.identity.limits.alone import alone
from timebank.identity.security_log import SecurityEvent, SecurityLog
from timebank.projections.supervision import notices
from timebank.projections.supervision.notices import ByOthers

SQL = load_statements("timebank.access", "notices.sql")

LATEST = 2**53
COUNTED = 100


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened: of which kind, who did it, by which right (`authority`) and on whose behalf.

    A fact has its `position` in the log, an entry of the security log its `number`; `detail` is what they say.
    """

    at: datetime
    kind: str
    by: str | None
    by_name: str | None = None
    authority: str | None = None
    on_behalf_of: str | None = None
    position: int | None = None
    number: int | None = None
    detail: msgspec.Raw


class Reached(NamedTuple):
    """A place in the list of notices: a position of the log, and a number of the security log."""

    position: int
    number: int

    @classmethod
    def parsed(cls, text: str) -> Self:
        """From a cursor. Raises `ValueError`."""
        position, _, number = text.partition("-")
        return cls(int(position), int(number))

    def __str__(self) -> str:
        return f"{self.position}-{self.number}"


NOTHING, EVERYTHING = Reached(0, 0), Reached(LATEST, LATEST)


async def page(
    pool: Pool,
    log: SecurityLog,
    bank_id: UUID,
    volunteer_id: str,
    *,
    before: Reached = EVERYTHING,
    after: Reached = NOTHING,
    limit: int,
) -> list[Notice]:
    """What happened on an account, latest first."""
    facts = await notices.page(pool, bank_id, volunteer_id, before=before.position, after=after.position, limit=limit)
    entries = await log.notices(bank_id, volunteer_id, before=before.number, after=after.number, limit=limit)
    # Each log stays in its own order, in which its cursor goes on, even where a moment came before an earlier one.
    told = (_of_fact(each, volunteer_id) for each in facts)
    found = merge(told, map(_of_entry, entries), key=lambda each: each.at, reverse=True)
    return list(islice(found, limit))


def reached(seen: list[Notice], before: Reached) -> Reached:
    """The place in the list after these notices, which were read from `before` on."""
    positions = [each.position for each in seen if each.position is not None]
    numbers = [each.number for each in seen if each.number is not None]
    return Reached(min([*positions, before.position]), min([*numbers, before.number]))


def newest(seen: list[Notice], read: Reached) -> Reached:
    """The place up to which somebody has read who has seen these notices, and had `read` before."""
    positions = (each.position for each in seen if each.position is not None)
    numbers = (each.number for each in seen if each.number is not None)
    return Reached(max(positions, default=read.position), max(numbers, default=read.number))


async def read_so_far(pool: Pool, bank_id: UUID, volunteer_id: str) -> Reached:
    """The place in the list of notices up to which somebody has read."""
    row = await pool.fetchrow(SQL["read_so_far"], bank_id, volunteer_id)
    return Reached(*row) if row else NOTHING


async def unread(pool: Pool, log: SecurityLog, bank_id: UUID, volunteer_id: str) -> int:
    """How much somebody has not read yet; what is more than `COUNTED` is not counted."""
    read = await read_so_far(pool, bank_id, volunteer_id)
    return len(await page(pool, log, bank_id, volunteer_id, after=read, limit=COUNTED))


async def mark_read(pool: Pool, log: SecurityLog, bank_id: UUID, volunteer_id: str, up_to: Reached) -> Reached:
    """Note up to where somebody has read, and say up to where that is now.

    It never goes back, nor beyond what has happened.
    """
    facts = await notices.page(pool, bank_id, volunteer_id, before=up_to.position + 1, after=0, limit=1)
    entries = await log.notices(bank_id, volunteer_id, before=up_to.number + 1, after=0, limit=1)
    seen = newest([*(_of_fact(each, volunteer_id) for each in facts), *map(_of_entry, entries)], NOTHING)
    async with alone(pool, f"notices {volunteer_id}"), writing(pool) as connection:
        await connection.execute(SQL["mark_read"], bank_id, volunteer_id, *seen)
    return seen


def _of_fact(fact: ByOthers, volunteer_id: str) -> Notice:
    """A fact as somebody is told of it: of a proxy of somebody else they are told whose act it was, and no more."""
    is_of_a_stranger = fact.on_behalf_of not in (None, volunteer_id)
    return Notice(
        at=fact.recorded_at,
        kind=fact.topic,
        by=fact.on_behalf_of if is_of_a_stranger else fact.actor,
        authority="volunteer" if is_of_a_stranger else fact.authority,
        on_behalf_of=None if is_of_a_stranger else fact.on_behalf_of,
        position=fact.position,
        detail=msgspec.Raw(fact.data),
    )


def _of_entry(entry: SecurityEvent) -> Notice:
    return Notice(at=entry.recorded_at, kind=entry.kind, by=entry.actor, number=entry.number, detail=entry.detail)

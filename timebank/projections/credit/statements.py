"""What happened on an account, and why is on it what is on it? Told from the log itself, so never behind it.

An answer starts at the latest checkpoint of the account (`statement_checkpoints`), and reads the few facts after it.
Where there is no checkpoint yet, it reads more facts, and is the same.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.credit.accounts import POSTED
from timebank.domain.credit.causes import Running
from timebank.domain.credit.statements import Entry, Holdings, Line, Teller, holdings, put_right, referred_to
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceVoided,
)
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Fact
from timebank.ledger.codec import decode

Source: TypeAlias = "Pool | Connection"

SQL = load_statements("timebank.projections.credit", "statements.sql")

STRETCH: Final = 250
"""How many facts are read and decoded before other work is given way to."""

CHECKPOINTS: Final = "statement_checkpoints"
CHECKPOINTS_VERSION: Final = 2

_DATED: Final = (ServiceConfirmed, ServiceCorrected, ServiceVoided)
"""The facts that are about another day than the one on which they are recorded."""


async def entries(
    source: Source,
    bank_id: UUID,
    volunteer_id: str,
    after: int,
    until: int,
    *,
    kinds: Iterable[type[Fact]] = POSTED,
    zone: tzinfo = UTC,
    at_once: int | None = None,
) -> AsyncIterator[list[Entry]]:
    """The facts that move credit of a volunteer, after a position up to another, some at a time."""
    topics, size = [kind.TOPIC for kind in kinds], at_once or STRETCH
    while after < until:
        rows = await source.fetch(SQL["entries"], bank_id, volunteer_id, topics, after, until, size)
        if theirs := [row for row in rows if row["is_theirs"]]:
            yield [
                Entry(row["position"], row["recorded_at"].astimezone(zone), decode(row["topic"], row["data"]))
                for row in theirs
            ]
        if len(rows) < size:
            return
        after = rows[-1]["position"]


async def earlier(source: Source, bank_id: UUID, found: list[Entry]) -> list[Fact]:
    """What the lines of some entries need to know from before them: what was logged, credited or reserved."""
    # Of entries that follow each other the later ones learn from the earlier; only what was logged is in none of them.
    before = found[0].position - 1
    wanted = [
        (tag, kind.TOPIC, entry.position if kind in (ServiceLogged, ServiceAmended) else before)
        for entry in found
        for tag, kind in referred_to(entry.fact)
    ]
    if not wanted:
        return []
    rows = await source.fetch(SQL["earlier"], bank_id, *map(list, zip(*wanted, strict=True)))
    return [decode(row["topic"], row["data"]) for row in rows]


async def standing(pool: Pool, bank_id: UUID, volunteer_id: str, until: int) -> Running:
    """What was on an account after a position of the log."""
    row = await pool.fetchrow(SQL["checkpoint"], bank_id, volunteer_id, until, CHECKPOINTS, CHECKPOINTS_VERSION)
    running, after = from_checkpoint(volunteer_id, row)
    async for found in entries(pool, bank_id, volunteer_id, after, until):
        running.recall(await earlier(pool, bank_id, found))
        for entry in found:
            running.take(entry.fact)
    return running


def from_checkpoint(volunteer_id: str, row: Any) -> tuple[Running, int]:
    """What is on an account at a checkpoint, and its position; without one, at the beginning."""
    holder = VolunteerId(volunteer_id)
    if row is None or row["position"] is None:
        return Running(holder), 0
    return Running(holder, msgspec.json.decode(row["accounts"]), msgspec.json.decode(row["causes"])), row["position"]


async def lines(
    pool: Pool,
    bank_id: UUID,
    teller: Teller,
    after: int,
    until: int,
    zone: tzinfo,
    at_once: int | None = None,
) -> AsyncIterator[list[Line]]:
    """The lines after a position, up to another, some at a time; the teller knows what is on the account there."""
    async for found in entries(pool, bank_id, teller.running.holder, after, until, zone=zone, at_once=at_once):
        teller.recall(await earlier(pool, bank_id, found))
        yield [line for line in map(teller.tell, found) if line]


async def first_lines(
    pool: Pool, bank_id: UUID, teller: Teller, after: int, until: int, zone: tzinfo, limit: int
) -> list[Line]:
    """The first of these lines, as many as are wanted."""
    told: list[Line] = []
    async for more in lines(pool, bank_id, teller, after, until, zone, min(limit, STRETCH)):
        told += more
        if len(told) >= limit:
            break
    return told[:limit]


async def last_before(pool: Pool, bank_id: UUID, day: date, zone: tzinfo, head: int) -> int:
    """The last position that was recorded before a local day began."""
    if day.year <= 1 or day.year >= 9999:
        return 0 if day.year <= 1 else head
    began = datetime.combine(day, time(), zone)
    return min(head, await pool.fetchval(SQL["position_before"], bank_id, began) or 0)


async def at_end_of(
    pool: Pool, bank_id: UUID, volunteer_id: str, day: date, zone: tzinfo, head: int
) -> tuple[Holdings, Holdings]:
    """What somebody had at the end of a local day: as the log said then, and as it is known today."""
    end = await last_before(pool, bank_id, following(day), zone, head)
    running = await standing(pool, bank_id, volunteer_id, end)
    effective = Counter(running.accounts)
    # What was recorded by then was about that day or earlier ones: nobody serves in the future.
    async for found in entries(pool, bank_id, volunteer_id, end, head, kinds=_DATED):
        _add(effective, put_right((entry.fact for entry in found), running.holder, day))
    return holdings(running.accounts), holdings(effective)


def following(day: date) -> date:
    """The next day; of the last that there is, itself."""
    return day if day == date.max else day + timedelta(days=1)


def _add(accounts: Counter[Any], more: Mapping[Any, int]) -> None:
    # Not `+=`, which drops what is not above zero.
    accounts.update(more)

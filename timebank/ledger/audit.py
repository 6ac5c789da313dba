"""Checking the log itself: no gap, no row changed, nothing that cannot be read, every tag where it belongs."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from timebank.db.connections import Connection, Pool
from timebank.db.moments import as_of_one_moment, held
from timebank.db.sql import load_statements
from timebank.domain.facts.bank import BankOpened
from timebank.ledger.codec import Event, decode, leaf
from timebank.ledger.store import NOTHING_YET, Tip

SQL = load_statements("timebank.ledger", "audit.sql")

BATCH_EVENTS = 5_000


class Finding(NamedTuple):
    """Something that is not as it must be, and where; of a remark the log is sound, and somebody has to look at it."""

    position: int
    what: str
    is_remark: bool = False


async def check_log(
    pool: Pool,
    bank_id: UUID,
    progress: Callable[[int, int], None] = lambda done, total: None,
    saw: Callable[[int, bytes], None] = lambda position, made: None,
    *,
    since: int = 0,
) -> AsyncIterator[Finding]:
    """Go through a bank's log, or what is after `since`, as of one moment, and yield what is wrong with it.

    `saw` is told each position, and the leaf as it is made anew of the row.
    """
    async with as_of_one_moment(pool) as connection:
        async with held(connection, "event_tag"):
            tags_amiss = await connection.fetch(SQL["tags_amiss"], bank_id, since)
        tip = Tip(*(await connection.fetchrow(SQL["tip"], bank_id) or NOTHING_YET))
        position, recorded_at, event_id = min(since, tip.position), None, None
        if since and (before := await connection.fetchrow(SQL["before"], bank_id, position)):
            recorded_at, event_id = before
        while rows := await connection.fetch(SQL["stretch"], bank_id, position, BATCH_EVENTS):
            for row in rows:
                if row["position"] != position + 1:
                    yield Finding(position + 1, f"events are missing up to position {row['position'] - 1}")
                at, event = row["recorded_at"], _event(row)
                if at is None:
                    yield Finding(row["position"], "the time at which it was recorded cannot be read")
                elif recorded_at and at < recorded_at:
                    yield Finding(row["position"], "recorded before the event that precedes it")
                made = leaf(bank_id, row["position"], at, event) if at else bytes(32)
                saw(row["position"], made)
                for finding in _amiss(row["position"], event, is_sealed=made == row["leaf"]):
                    yield finding
                position, recorded_at, event_id = row["position"], at or recorded_at, row["event_id"]
            progress(position, tip.position)
        if position != tip.position:
            yield Finding(position, f"the log ends here, but its head is said to be {tip.position}")
        elif event_id != tip.event_id:
            yield Finding(position, f"the log ends with this event, but its head is said to be {tip.event_id}")
        for finding in await _bank_amiss(connection, bank_id):
            yield finding
        for row in tags_amiss:
            yield Finding(row["position"], f"tag {row['tag']} is {row['what']}")


async def _bank_amiss(connection: Connection, bank_id: UUID) -> list[Finding]:
    """Where the bank's days are those of another zone, or its name is another, than the fact says that opened it."""
    row = await connection.fetchrow(SQL["opened"], bank_id, BankOpened.TOPIC)
    found: list[Finding] = []
    with suppress(ValueError, KeyError):  # that it cannot be read is said where it is read
        fact = decode(row["topic"], row["data"]) if row else None
        for field, called in {"timezone": "time zone", "name": "name"}.items():
            if row and getattr(fact, field) != row[field]:
                what = f"the bank's {called} is {row[field]} now, and not that of this fact"
                found.append(Finding(row["position"], what))
    return found


def _event(row: Any) -> Event:
    return Event(
        row["event_id"],
        row["topic"],
        row["data"],
        tuple(row["tags"]),
        row["actor"],
        row["authority"],
        row["request_id"],
        row["command_id"],
        row["on_behalf_of"],
    )


def _amiss(position: int, event: Event, *, is_sealed: bool) -> Iterator[Finding]:
    if not is_sealed:
        yield Finding(position, "the row is not the one that was sealed: its hash differs")
    try:
        fact = decode(event.topic, event.data)
        tags = fact.tags()
    except (ValueError, KeyError, AttributeError) as error:
        yield Finding(position, f"the fact cannot be read: {error}")
        return
    if set(tags) != set(event.tags):
        yield Finding(position, "the tags are not those of the fact")
    for name in fact.misnamed():
        yield Finding(position, f"its {name} is {getattr(fact, name)}, an identifier of another kind", is_remark=True)

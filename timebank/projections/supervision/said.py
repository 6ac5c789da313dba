"""What did the log say of something at a moment? The last that was said of each of its fields, from facts alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.vocabulary import FACTS

SQL = load_statements("timebank.projections.supervision", "said.sql")

STRETCH = 500
"""How many facts are read before others get their turn."""

PREVIOUS = "previous_"
"""What a field begins with that says what was so before the fact."""

RESTATING = ("-amended", "-corrected", "-changed")
"""How topics end of facts that say all of something anew: what they leave out is empty from then on."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the log said of something: the last of each field, the topic of the last fact, and where that is."""

    about: str
    topic: str
    position: int
    recorded_at: datetime
    facts: int
    data: dict[str, Any]


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a field said before a fact and after it; null where it said nothing."""

    before: Any
    after: Any


async def said_of(pool: Pool, bank_id: UUID, about: str, until: int) -> Said | None:
    """What is said of something up to a position; None if nothing is."""
    return next(iter(await _read(pool, SQL["of"], bank_id, about, until, list(FACTS))), None)


async def said_beside(pool: Pool, bank_id: UUID, about: str, until: int, topics: Iterable[str]) -> list[Said]:
    """What is said of all that has to do with something, by facts of some topics: its memberships, say."""
    return await _read(pool, SQL["beside"], bank_id, about, until, list(topics))


async def _read(pool: Pool, statement: str, bank_id: UUID, about: str, until: int, topics: Sequence[str]) -> list[Said]:
    """What some facts say; of very many some at a time, so that others get their turn."""
    found: dict[str, Said] = {}
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        async for row in connection.cursor(statement, bank_id, about, until, topics, prefetch=STRETCH):
            _add(row, found)
    return list(found.values())


async def facts_by_topic(pool: Pool, bank_id: UUID, until: int) -> dict[str, int]:
    """How many facts of each topic there are up to a position."""
    return {row["topic"]: row["facts"] for row in await pool.fetch(SQL["by_topic"], bank_id, until)}


def changes(before: Said | None, after: Said) -> dict[str, FieldChange]:
    """What a fact changed, field by field."""
    was, is_now = (before.data if before else {}), after.data
    return {
        field: FieldChange(before=was.get(field), after=is_now.get(field))
        for field in sorted(was.keys() | is_now.keys())
        if was.get(field) != is_now.get(field)
    }


def _emptied(topic: str, new: Mapping[str, Any]) -> set[str]:
    """What a fact leaves empty by not naming it: of what it would name, or says what it was before."""
    previous = {k.removeprefix(PREVIOUS) for k in new if k.startswith(PREVIOUS)}
    return (previous | (_restated(topic) if topic.endswith(RESTATING) else set())) - new.keys()


@cache
def _restated(topic: str) -> set[str]:
    """The fields that facts of a topic always say, but for those that are said only where they change."""
    fields = set(FACTS[topic].__struct_fields__)
    return {name for name in fields if not name.startswith(PREVIOUS) and f"{PREVIOUS}{name}" not in fields}


def _add(row: Any, found: dict[str, Said]) -> None:
    """Add what a fact says to what was found by what it is about; that stays in the order in which it came first."""
    about, new = row["about"], msgspec.json.decode(row["data"])
    before = found.get(about)
    gone = _emptied(row["topic"], new)
    said = (before.data if before else {}) | {k: v for k, v in new.items() if not k.startswith(PREVIOUS)}
    found[about] = Said(
        about=about,
        topic=row["topic"],
        position=row["position"],
        recorded_at=row["recorded_at"],
        facts=(before.facts if before else 0) + 1,
        data={k: v for k, v in said.items() if k not in gone},
    )

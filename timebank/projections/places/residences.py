"""Who lives, or works, at a place, and how many; who of them agreed to be asked when help is needed."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.people import ConsentGiven, ConsentWithdrawn
from timebank.projections.machinery.periods import month_end
from timebank.projections.machinery.projection import Step

SQL = load_statements("timebank.projections.places", "residences.sql")

STEPS = (Step(SQL["agree"], (ConsentGiven, ConsentWithdrawn)),)
"""What becomes of whom one may ask; where people live is written with their hours (`hours.py`)."""


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """Who lives, or works, at a node from a day on."""

    volunteer_id: str
    node_id: str
    from_day: date
    tie: str


class ResidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody lives, or works, from a day on; no node is nowhere the bank knows of."""

    from_day: date
    node_id: str | None
    tie: str


async def people(pool: Pool, bank_id: UUID, day: date, node_id: str, after: str, limit: int) -> list[Resident]:
    """Who lives or works at a node, or below it, on a day, node by node; after one of them (`place_of`)."""
    at, _, volunteer_id = after.partition("/")
    rows = await pool.fetch(SQL["people"], bank_id, day, node_id, at, volunteer_id, limit)
    return [Resident(**row) for row in rows]


def place_of(resident: Resident) -> str:
    """Where somebody stands in the list of who lives or works at a node or below it."""
    return f"{resident.node_id}/{resident.volunteer_id}"


async def is_willing(pool: Pool, bank_id: UUID, volunteer_id: str) -> bool:
    """Whether somebody agreed to be asked when help is needed."""
    return bool(await pool.fetchval(SQL["is_willing"], bank_id, volunteer_id))


async def willing(pool: Pool, bank_id: UUID, day: date, node_id: str, limit: int) -> list[str]:
    """Who lives or works at a node, or below it, and agreed to be asked."""
    rows = await pool.fetch(SQL["willing_at"], bank_id, day, node_id, limit)
    return [row["volunteer_id"] for row in rows]


async def count_people(pool: Pool, bank_id: UUID, day: date, node_id: str, *, all_of_them: bool) -> int:
    """How many live or work at a node, or below it, on a day; all, or those who count where there have to be many."""
    return int(await pool.fetchval(SQL["count_people"], bank_id, day, node_id, all_of_them))


async def crowd(
    pool: Pool, bank_id: UUID, first: date, last: date, node_ids: Sequence[str], at_most: int
) -> dict[str, int]:
    """How many live or work at each of some nodes, or below it, when they are fewest, counted no further than so many.

    Looked at are the last day, and the end of each month between two days in which service counts there.
    """
    rows = await pool.fetch(SQL["crowd"], bank_id, first, last, node_ids, at_most)
    return {row["node_id"]: row["people"] for row in rows}


async def beside(
    pool: Pool, bank_id: UUID, first: date, last: date, node_id: str, at_most: int
) -> dict[tuple[date, date], int]:
    """How many live or work at a node itself, and at none below it, counted no further than so many, by the month.

    Those months between two days in which service counts there; of the whole bank those who live nowhere.
    """
    rows = await pool.fetch(SQL["beside"], bank_id, node_id, first, last, at_most)
    return {(max(row["month"], first), min(month_end(row["month"]), last)): row["people"] for row in rows}


async def lives_at(pool: Pool, bank_id: UUID, volunteer_id: str) -> list[ResidenceView]:
    """Where somebody has lived, and lives."""
    return [ResidenceView(**row) for row in await pool.fetch(SQL["lives_at"], bank_id, volunteer_id)]

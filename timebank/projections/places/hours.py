"""How much did those who lived at a place, or below it, serve?

It is kept by day and by month for each place, and stays where it is when they move. From whom it is hidden, where few
people are, is decided where it is asked (`api/places/hours.py`).
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.places import ResidenceSet
from timebank.domain.facts.service import ServiceConfirmed, ServiceCorrected, ServiceVoided
from timebank.projections.machinery.periods import month_end, parts_of, period_of
from timebank.projections.machinery.projection import Step

SQL = load_statements("timebank.projections.places", "hours.sql")

STEPS = (
    Step(SQL["move"], (ResidenceSet,)),
    Step(SQL["serve"], (ServiceConfirmed, ServiceCorrected, ServiceVoided)),
)
"""What moving and serving come to: also who lives where, since what they have served moves with them."""

WHOLE_BANK = ""
"""Stands for all places, and for people who live at none, where minutes are kept by place."""


class PlaceMinutes(msgspec.Struct, frozen=True):
    """Service minutes of those who lived at a node, or below it, when they served."""

    node_id: str
    minutes: int


async def months_served(
    pool: Pool, bank_id: UUID, node_ids: Sequence[str], first: date, last: date
) -> list[tuple[date, date]]:
    """The months within a span in which service counts at one of some nodes: their first and last days."""
    rows = await pool.fetch(SQL["months_served"], bank_id, node_ids, first, last)
    return [(max(row["month"], first), min(month_end(row["month"]), last)) for row in rows]


async def minutes_of(pool: Pool, bank_id: UUID, node_id: str, first: date, last: date) -> int:
    """Minutes served between two days, both included, by those who lived at a node then, or by all."""
    return int(await pool.fetchval(SQL["minutes_of"], bank_id, node_id, first, last))


async def minutes_at_level(
    pool: Pool, bank_id: UUID, level: str, first: date, last: date, after: str | None, limit: int
) -> tuple[int, Sequence[PlaceMinutes]]:
    """Minutes of all nodes of a level together, and of each, after one of them (`rank_of`).

    Of a month or a year they are kept, and those with most come first. Between other days the nodes come as they were
    opened, those without any too. Raises `ValueError` where it is after nothing.
    """
    minutes, _, node_id = (after or "").partition("/")
    at = (min(int(minutes), _MOST), node_id) if after else (None, "")
    period = period_of(first, last)
    if period:
        rows = await pool.fetch(SQL["in_order"], bank_id, level, period, *at, limit)
    else:
        since, until, days = parts_of(first, last)
        outside = [day for day, _ in days], [day for _, day in days]
        rows = await pool.fetch(SQL["between"], bank_id, level, since, until, *outside, node_id, limit)
    found = [PlaceMinutes(**row) for row in rows]
    whole = sum(each.minutes for each in found if not each.node_id)
    return whole, [each for each in found if each.node_id]


def rank_of(place: PlaceMinutes) -> str:
    """Where a node is among those of its level, most first."""
    return f"{place.minutes}/{place.node_id}"


_MOST = 2**62


async def minutes_below(pool: Pool, bank_id: UUID, node_id: str, first: date, last: date) -> Sequence[PlaceMinutes]:
    """Minutes of each node that was directly below another, or at the top, when they were served, most first."""
    return [PlaceMinutes(**row) for row in await pool.fetch(SQL["minutes_below"], bank_id, node_id, first, last)]

"""Which places are there, who leads them, who lives there, and how much did they serve?"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.people import ConsentGiven, ConsentWithdrawn
from timebank.domain.facts.places import NodeClosed, NodeMerged, NodeMoved, NodeOpened, NodeRenamed, ResidenceSet
from timebank.domain.facts.service import ServiceConfirmed, ServiceCorrected, ServiceVoided
from timebank.projections.machinery.periods import month_end, parts_of, period_of
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.places", "nodes.sql")

PROJECTION = SetProjection(
    name="places",
    version=2,
    tables=("node", "node_name", "node_stand", "residence", "place_day", "place_total", "willing"),
    steps=(
        Step(SQL["open"], (NodeOpened,)),
        Step(SQL["name"], (NodeOpened, NodeRenamed)),
        Step(SQL["stand"], (NodeOpened, NodeMoved, NodeMerged)),
        Step(SQL["stand_until"], (NodeMoved, NodeMerged)),
        Step(SQL["close"], (NodeClosed,)),
        Step(SQL["agree"], (ConsentGiven, ConsentWithdrawn)),
        Step(SQL["move"], (ResidenceSet,)),
        Step(SQL["serve"], (ServiceConfirmed, ServiceCorrected, ServiceVoided)),
    ),
)

_OF_THE_TREE = (NodeOpened, NodeRenamed, NodeMoved, NodeMerged, NodeClosed)

LOOKED_AT = 10
"""How many nodes are looked at for each vacant one that is asked for."""

WHOLE_BANK = ""
"""Stands for all places, and for people who live at none, where minutes are kept by place."""


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A node as it is on a day; `into_id` is what it has become a part of."""

    node_id: str
    level: str
    depth: int
    name: str
    parent_id: str | None
    into_id: str | None
    from_day: date
    until_day: date | None


class LeaderView(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads a node, how they came to it, with which duties and until when."""

    appointment_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    source: str | None
    duties: list[str]
    valid_from: date | None
    valid_until: date | None
    delegated_from: str | None


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


class PlaceMinutes(msgspec.Struct, frozen=True):
    """Service minutes of those who lived at a node, or below it, when they served."""

    node_id: str
    minutes: int


async def one(pool: Pool, bank_id: UUID, day: date, node_id: str) -> NodeView | None:
    """One node, as it is on a day."""
    row = await pool.fetchrow(SQL["one"], bank_id, day, node_id)
    return NodeView(**row) if row else None


async def names_of(pool: Pool, bank_id: UUID, node_ids: Sequence[str]) -> dict[str, str]:
    """What nodes are called last, by their ids."""
    rows = await pool.fetch(SQL["names_of"], bank_id, node_ids)
    return {row["node_id"]: row["name"] for row in rows}


async def below(pool: Pool, bank_id: UUID, day: date, node_id: str, after: str, limit: int) -> list[NodeView]:
    """What is directly below a node on a day; with no node, what is at the top."""
    return [NodeView(**row) for row in await pool.fetch(SQL["below"], bank_id, day, node_id, after, limit)]


async def every(pool: Pool, bank_id: UUID, day: date, after: str, limit: int) -> list[NodeView]:
    """All nodes that are there on a day, in the order in which they were opened."""
    return [NodeView(**row) for row in await pool.fetch(SQL["every"], bank_id, day, after, limit)]


async def changes(pool: Pool, bank_id: UUID, after: int) -> tuple[int, int]:
    """How many facts have changed the tree after a position, and the position of the last; by the log itself."""
    (row,) = await pool.fetch(SQL["changes"], bank_id, after, [fact.TOPIC for fact in _OF_THE_TREE])
    return row["facts"], row["last"]


async def vacant(
    pool: Pool, bank_id: UUID, day: date, level: str, after: str, limit: int
) -> tuple[list[NodeView], str | None]:
    """Nodes of a level that nobody leads on a day, and the node after which to go on, if there may be more.

    However few are vacant, no more than so many nodes are looked at: so there may be fewer than asked for, or none.
    """
    looked_at, asked = LOOKED_AT * limit, (bank_id, day, level, after)
    found = [NodeView(**row) for row in await pool.fetch(SQL["vacant"], *asked, looked_at, limit + 1)]
    if len(found) > limit:
        return found[:limit], found[limit - 1].node_id
    return found, await pool.fetchval(SQL["last_looked_at"], *asked, looked_at - 1)


async def leaders(pool: Pool, bank_id: UUID, day: date, node_id: str) -> list[LeaderView]:
    """Who leads a node on a day."""
    return [LeaderView(**row) for row in await pool.fetch(SQL["leaders"], bank_id, day, node_id)]


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


async def count_people(pool: Pool, bank_id: UUID, day: date, node_id: str) -> int:
    """How many live or work at a node, or below it, on a day."""
    return int(await pool.fetchval(SQL["count_people"], bank_id, day, node_id))


async def crowd(
    pool: Pool, bank_id: UUID, first: date, last: date, node_ids: Sequence[str], at_most: int
) -> dict[str, int]:
    """How many live or work at each of some nodes, or below it, when they are fewest, counted no further than so many.

    Looked at are the last day, and the end of each month between two days in which service counts there.
    """
    rows = await pool.fetch(SQL["crowd"], bank_id, first, last, node_ids, at_most)
    return {row["node_id"]: row["people"] for row in rows}


async def months_served(
    pool: Pool, bank_id: UUID, node_ids: Sequence[str], first: date, last: date
) -> list[tuple[date, date]]:
    """The months within a span in which service counts at one of some nodes: their first and last days."""
    rows = await pool.fetch(SQL["months_served"], bank_id, node_ids, first, last)
    return [(max(row["month"], first), min(month_end(row["month"]), last)) for row in rows]


async def chain(pool: Pool, bank_id: UUID, day: date, node_id: str) -> list[str]:
    """A node and all above it on a day, upwards."""
    return [row["node_id"] for row in await pool.fetch(SQL["chain"], bank_id, day, node_id)]


async def lives_at(pool: Pool, bank_id: UUID, volunteer_id: str) -> list[ResidenceView]:
    """Where somebody has lived, and lives."""
    return [ResidenceView(**row) for row in await pool.fetch(SQL["lives_at"], bank_id, volunteer_id)]


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
    """Minutes of each node that was directly below another when they were served, most first."""
    return [PlaceMinutes(**row) for row in await pool.fetch(SQL["minutes_below"], bank_id, node_id, first, last)]

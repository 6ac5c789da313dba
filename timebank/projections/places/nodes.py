"""Which places are there? A tree with days: what a place was called, and what it was below, when.

The read model of places is one, of four files: who lives there (`residences`), who leads them (`leaders`) and how much
was served there (`hours`) are asked beside this one.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.places import NodeClosed, NodeMerged, NodeMoved, NodeOpened, NodeRenamed
from timebank.projections.machinery.projection import SetProjection, Step
from timebank.projections.places import hours, residences

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
        *residences.STEPS,
        *hours.STEPS,
    ),
)

_OF_THE_TREE = (NodeOpened, NodeRenamed, NodeMoved, NodeMerged, NodeClosed)

LOOKED_AT = 10
"""How many nodes are looked at for each vacant one that is asked for."""


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


async def chain(pool: Pool, bank_id: UUID, day: date, node_id: str) -> list[str]:
    """A node and all above it on a day, upwards."""
    return [row["node_id"] for row in await pool.fetch(SQL["chain"], bank_id, day, node_id)]


async def stood_below(pool: Pool, bank_id: UUID, first: date, last: date, node_id: str) -> list[tuple[str, str]]:
    """A node and all above it, each with what it was below at some time between two days; nothing is above the top."""
    rows = await pool.fetch(SQL["stood_below"], bank_id, node_id, first, last)
    return [(row["node_id"], row["above"]) for row in rows]

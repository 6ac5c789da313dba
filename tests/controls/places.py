"""A canned tree of places: a community with an area, two courts in it, and a building in each."""

from datetime import date
from typing import Any

from tests.controls.people import WANG
from timebank.domain.facts.places import NodeOpened, ResidenceSet
from timebank.domain.identifiers import NodeId, VolunteerId

TOWN, AREA, EAST, WEST = NodeId("nod_town"), NodeId("nod_area"), NodeId("nod_east"), NodeId("nod_west")
EAST_1, WEST_1 = NodeId("nod_east_1"), NodeId("nod_west_1")
LEVELS = ("社区", "片区", "楼院", "楼栋", "单元")
NEW_YEAR = date(2026, 1, 1)


def opened(node_id: NodeId, depth: int, parent_id: NodeId | None = None, **changes: Any) -> NodeOpened:
    """A node was opened on New Year."""
    said: dict[str, Any] = {
        "node_id": node_id,
        "parent_id": parent_id,
        "level": LEVELS[depth],
        "depth": depth,
        "name": node_id.removeprefix("nod_"),
        "from_day": NEW_YEAR,
    }
    return NodeOpened(**(said | changes))


TREE = {
    TOWN: opened(TOWN, 0),
    AREA: opened(AREA, 1, TOWN),
    EAST: opened(EAST, 2, AREA),
    WEST: opened(WEST, 2, AREA),
    EAST_1: opened(EAST_1, 3, EAST),
    WEST_1: opened(WEST_1, 3, WEST),
}


def nodes(*wanted: NodeId) -> tuple[NodeOpened, ...]:
    """Some of the nodes, or all of them, were opened."""
    return tuple(TREE[each] for each in wanted or TREE)


def lives(node_id: NodeId | None, volunteer_id: VolunteerId = WANG, **changes: Any) -> ResidenceSet:
    """Somebody lives at a node since New Year."""
    said: dict[str, Any] = {"volunteer_id": volunteer_id, "node_id": node_id, "from_day": NEW_YEAR}
    return ResidenceSet(**(said | changes))

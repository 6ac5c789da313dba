"""Facts about places: the tree of nodes (社区—片区—楼院—楼栋—单元, or other levels), and where people live or work.

Changes of the tree hold from a day on that has not begun when they are made, so that what was counted stays true.
"""

from datetime import date
from typing import Literal

from timebank.domain.identifiers import NodeId, VolunteerId
from timebank.domain.kernel import Fact


class NodeOpened(Fact, frozen=True, kw_only=True):
    """There is a node from a day on, below another or at the top. `depth` counts levels from there, 0 being the top."""

    TOPIC = "node-opened"
    SAYS = "A place was opened"
    node_id: NodeId
    parent_id: NodeId | None = None
    level: str
    depth: int
    name: str
    from_day: date


class NodeRenamed(Fact, frozen=True, kw_only=True):
    """The node is called otherwise from a day on."""

    TOPIC = "node-renamed"
    SAYS = "A place was renamed"
    node_id: NodeId
    parent_id: NodeId | None = None
    name: str
    from_day: date


class NodeMoved(Fact, frozen=True, kw_only=True):
    """From a day on the node, and all below it, is below another."""

    TOPIC = "node-moved"
    SAYS = "A place was moved below another"
    node_id: NodeId
    parent_id: NodeId
    previous_parent_id: NodeId | None = None
    name: str
    from_day: date


class NodeMerged(Fact, frozen=True, kw_only=True):
    """From a day on the node is a part of another: its people and whatever is below it are the other's."""

    TOPIC = "node-merged"
    SAYS = "A place was merged into another"
    node_id: NodeId
    into_id: NodeId
    parent_id: NodeId | None = None
    from_day: date


class NodeClosed(Fact, frozen=True, kw_only=True):
    """The node is there until a day (included), and not after it."""

    TOPIC = "node-closed"
    SAYS = "A place was closed"
    node_id: NodeId
    parent_id: NodeId | None = None
    until_day: date


Tie = Literal["lives", "works"]
"""Whether somebody lives at a node, or works there and lives elsewhere."""


class ResidenceSet(Fact, frozen=True, kw_only=True):
    """From a day on somebody lives (or works) at a node; without one, nowhere the bank knows of.

    The door is no part of it: that is personal. `noted_on` is the day on which it was said, where they themselves, or a
    leader, said it of days before.
    """

    TOPIC = "residence-set"
    SAYS = "Where somebody lives or works was noted"
    SAYS_TO_THEM = "Where you live or work was noted"
    volunteer_id: VolunteerId
    node_id: NodeId | None = None
    previous_node_id: NodeId | None = None
    from_day: date
    tie: Tie = "lives"
    noted_on: date | None = None

"""Refusals about places."""

from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound


class NodeUnknown(NotFound):
    """There is no node {node_id} in this bank."""

    field = "node_id"


class NotWithinYourNode(Forbidden):
    """This is outside the node that you lead."""


class NodeNotOpen(Conflict):
    """Node {node_id} is not open on {day}: it is opened later, closed, or a part of another."""

    field = "node_id"


class NodeNameTaken(Conflict):
    """There is another {name} below the same node."""

    field = "name"


class NodeHasPeople(Conflict):
    """There are {people} people and {nodes} nodes at node {node_id}: they have to move first, or it is merged."""


class LevelUnknown(Invalid):
    """{level} is none of the bank's levels: {levels}."""

    field = "level"


class LevelNotBelow(Invalid):
    """A node is below one of a higher level; one of the first level is at the top."""

    field = "parent_id"


class LevelsDiffer(Invalid):
    """Only nodes of one level, and two of them, can be merged."""

    field = "into_id"


class NodeChangeNotAhead(Invalid):
    """The tree is changed from a day on that has not begun, and after its last change ({last_day})."""

    field = "from_day"

    def __init__(self, *, field: str, last_day: str) -> None:
        super().__init__(last_day=last_day)
        self.field = field


class FromDayTooFarAhead(Invalid):
    """That somebody moves can be said {days} days before it at the earliest."""

    field = "from_day"


class FromDayBeforeLast(Invalid):
    """Where somebody lives is known from {from_day} on already: this can only be for a later day."""

    field = "from_day"


class DoorNeedsNode(Invalid):
    """A door is that of a building or unit: say of which."""

    field = "door"

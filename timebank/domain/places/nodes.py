"""Nodes: the tree of places, dated. Depth is data: the rule book names the levels, from the top down.

A child's level is always deeper than its parent's, so there is no circle on any day. The tree is changed ahead, so what
was counted by place stays as it is.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from timebank.domain.acting import Acting, must_govern
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.places import NodeClosed, NodeMerged, NodeMoved, NodeOpened, NodeRenamed, ResidenceSet
from timebank.domain.identifiers import NodeId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.places.refusals import (
    LevelNotBelow,
    LevelsDiffer,
    LevelUnknown,
    NodeChangeNotAhead,
    NodeHasPeople,
    NodeNameTaken,
    NodeNotOpen,
    NodeUnknown,
    NotWithinYourNode,
)
from timebank.domain.text import Line

DAY = timedelta(days=1)
_LAST_DAY = date.max - DAY


class Stand(NamedTuple):
    """Where a node is from a day on: below which other, or a part of which."""

    from_day: date
    parent_id: NodeId | None
    into_id: NodeId | None = None


class Node(Memory):
    """One node: where it is on which days, and what is at it: nodes below, nodes that became a part of it, people."""

    depth = -1
    name = ""
    until_day: date | None = None
    last_day: date | None = None

    def __init__(self, node_id: NodeId) -> None:
        super().__init__(node_id)
        self.node_id = node_id
        self.stands: dict[date, Stand] = {}
        self.children: dict[NodeId, str] = {}
        self.parts: set[NodeId] = set()
        self.people: set[VolunteerId] = set()

    @event(NodeOpened)
    def _(self, fact: NodeOpened) -> None:
        if fact.node_id != self.node_id:
            self.children[fact.node_id] = fact.name
            return
        self.depth, self.name = fact.depth, fact.name
        self._stand(Stand(fact.from_day, fact.parent_id))

    @event(NodeRenamed)
    def _(self, fact: NodeRenamed) -> None:
        if fact.node_id != self.node_id:
            self.children[fact.node_id] = fact.name
            return
        self.name, self.last_day = fact.name, fact.from_day

    @event(NodeMoved)
    def _(self, fact: NodeMoved) -> None:
        if fact.node_id == self.node_id:
            self._stand(Stand(fact.from_day, fact.parent_id))
        elif fact.parent_id == self.node_id:
            self.children[fact.node_id] = fact.name
        else:
            self.children.pop(fact.node_id, None)

    @event(NodeMerged)
    def _(self, fact: NodeMerged) -> None:
        if fact.node_id == self.node_id:
            self._stand(Stand(fact.from_day, fact.parent_id, fact.into_id))
        elif fact.into_id == self.node_id:
            self.parts.add(fact.node_id)
        else:
            self.children.pop(fact.node_id, None)

    @event(NodeClosed)
    def _(self, fact: NodeClosed) -> None:
        if fact.node_id == self.node_id:
            self.until_day = self.last_day = fact.until_day
        else:
            self.children.pop(fact.node_id, None)

    @event(ResidenceSet)
    def _(self, fact: ResidenceSet) -> None:
        if fact.node_id == self.node_id:
            self.people.add(fact.volunteer_id)
        else:
            self.people.discard(fact.volunteer_id)

    def _stand(self, stand: Stand) -> None:
        self.stands[stand.from_day] = stand
        self.last_day = stand.from_day

    @property
    def is_known(self) -> bool:
        """Whether there ever was such a node."""
        return self.depth >= 0

    def on(self, day: date) -> Stand | None:
        """Where it is on a day; None before it was opened."""
        return max((each for each in self.stands.values() if each.from_day <= day), default=None)

    @property
    def latest(self) -> Stand:
        """Where it is in the end, as far as that is known."""
        return max(self.stands.values())

    def above(self, day: date) -> NodeId | None:
        """The node it is a part of on a day, or that it is below."""
        stand = self.on(day) or (min(self.stands.values()) if self.stands else None)
        return (stand.into_id or stand.parent_id) if stand else None

    def must_exist(self) -> None:
        """Refuse for a node nobody knows."""
        if not self.is_known:
            raise NodeUnknown(node_id=self.node_id)

    def must_be_open(self, day: date) -> None:
        """Refuse for a node that is not there, or not any more, or a part of another, from a day on."""
        self.must_exist()
        is_over = self.latest.into_id is not None or (self.until_day is not None and self.until_day < day)
        if is_over or self.on(day) is None:
            raise NodeNotOpen(node_id=self.node_id, day=day.isoformat())

    def must_change_ahead(self, day: date, today: date, field: str = "from_day") -> None:
        """Refuse a change for a day that has begun, or before one that is to come already."""
        if day <= today or (self.last_day is not None and day <= self.last_day):
            raise NodeChangeNotAhead(field=field, last_day=(self.last_day or today).isoformat())

    def must_have_no(self, name: str, besides: NodeId | None = None) -> None:
        """Refuse a second node of one name below this one."""
        if any(each == name for node_id, each in self.children.items() if node_id != besides):
            raise NodeNameTaken(name=name)


def chain(known: Known, node_id: NodeId, day: date) -> Iterator[NodeId]:
    """The node, what it is a part of, and all above it on a day, upwards; up to where they are known."""
    above: NodeId | None = node_id
    while above is not None:
        yield above
        above = known(Node, above).above(day) if known.has(Node, above) else None


def memories_of(known: Known, node_id: NodeId, day: date) -> list[Key]:
    """The memories of a node and of all above it; as more of them are known, the next can be named."""
    return [about(Node, each) for each in chain(known, node_id, day)]


def must_be_within(known: Known, by: Acting, node_id: NodeId, day: date) -> None:
    """Refuse whoever leads a node for what is not at it, or below it, on a day. Raises `NotWithinYourNode`."""
    if by.authority == "node-leader" and by.node_id not in set(chain(known, node_id, day)):
        raise NotWithinYourNode


class OpenNode(Command, frozen=True, kw_only=True):
    """Open a node, below another or at the top."""

    node_id: NodeId
    parent_id: NodeId | None = None
    level: Line
    name: Line
    from_day: date

    def needs(self) -> Sequence[Key]:
        above = (about(Node, self.parent_id),) if self.parent_id else ()
        return about(RuleBook), *above

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        levels = known(RuleBook).on(self.at.date()).rules.place_levels
        if self.level not in levels:
            raise LevelUnknown(level=self.level, levels=", ".join(levels))
        depth = levels.index(self.level)
        if self.parent_id:
            parent = known(Node, self.parent_id)
            parent.must_be_open(self.from_day)
            parent.must_have_no(self.name)
            if parent.depth >= depth:
                raise LevelNotBelow
        elif depth:
            raise LevelNotBelow
        yield NodeOpened(
            node_id=self.node_id,
            parent_id=self.parent_id,
            level=self.level,
            depth=depth,
            name=self.name,
            from_day=self.from_day,
        )


class _OnNode(Command, frozen=True, kw_only=True):
    """What the changes of a node have in common."""

    node_id: NodeId

    def needs(self) -> Sequence[Key]:
        return (about(Node, self.node_id),)

    def also_needs(self, known: Known) -> Sequence[Key]:
        node = known(Node, self.node_id)
        parent_id = node.latest.parent_id if node.is_known else None
        return (about(Node, parent_id),) if parent_id else ()

    def changed(self, known: Known, day: date, field: str = "from_day") -> Node:
        """The node, which has to be there, and is changed from a day on that has not begun."""
        must_govern(self.by)
        node = known(Node, self.node_id)
        node.must_exist()
        node.must_change_ahead(day, self.at.date(), field)
        node.must_be_open(day)
        return node


class RenameNode(_OnNode, frozen=True, kw_only=True):
    """Call a node otherwise from a day on."""

    name: Line
    from_day: date

    def decide(self, known: Known) -> Iterator[Fact]:
        node = self.changed(known, self.from_day)
        parent_id = node.latest.parent_id
        if parent_id:
            known(Node, parent_id).must_have_no(self.name, besides=self.node_id)
        yield NodeRenamed(node_id=self.node_id, parent_id=parent_id, name=self.name, from_day=self.from_day)


class MoveNode(_OnNode, frozen=True, kw_only=True):
    """Have a node, with all below it, below another from a day on."""

    parent_id: NodeId
    from_day: date

    def needs(self) -> Sequence[Key]:
        return about(Node, self.node_id), about(Node, self.parent_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        node, parent = self.changed(known, self.from_day), known(Node, self.parent_id)
        parent.must_be_open(self.from_day)
        parent.must_have_no(node.name, besides=self.node_id)
        if parent.depth >= node.depth:
            raise LevelNotBelow
        yield NodeMoved(
            node_id=self.node_id,
            parent_id=self.parent_id,
            previous_parent_id=node.latest.parent_id,
            name=node.name,
            from_day=self.from_day,
        )


class MergeNode(_OnNode, frozen=True, kw_only=True):
    """Make a node a part of another of its level from a day on."""

    into_id: NodeId
    from_day: date

    def needs(self) -> Sequence[Key]:
        return about(Node, self.node_id), about(Node, self.into_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        node, into = self.changed(known, self.from_day), known(Node, self.into_id)
        into.must_be_open(self.from_day)
        if self.node_id == self.into_id or node.depth != into.depth:
            raise LevelsDiffer
        yield NodeMerged(
            node_id=self.node_id, into_id=self.into_id, parent_id=node.latest.parent_id, from_day=self.from_day
        )


class CloseNode(_OnNode, frozen=True, kw_only=True):
    """Close a node at the end of a day; nothing may be at it any more."""

    until_day: date

    def also_needs(self, known: Known) -> Sequence[Key]:
        return [about(Node, each) for each in _parts(known, self.node_id)]

    def decide(self, known: Known) -> Iterator[Fact]:
        node = self.changed(known, min(self.until_day, _LAST_DAY) + DAY, "until_day")
        parts = [known(Node, each) for each in _parts(known, self.node_id)]
        people, nodes = sum(len(each.people) for each in parts), sum(len(each.children) for each in parts)
        if people or nodes:
            raise NodeHasPeople(node_id=self.node_id, people=people, nodes=nodes)
        yield NodeClosed(node_id=self.node_id, parent_id=node.latest.parent_id, until_day=self.until_day)


def _parts(known: Known, node_id: NodeId) -> Iterator[NodeId]:
    """The node and all that became parts of it, as far as they are known."""
    left = [node_id]
    while left:
        yield (each := left.pop())
        if known.has(Node, each):
            left += sorted(known(Node, each).parts, reverse=True)

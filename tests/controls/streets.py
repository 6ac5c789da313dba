"""Streets: an endless supply of commands about places, by a chance of their own; some of them are refused."""

from datetime import date, datetime, timedelta
from random import Random

from tests.controls.people import ADMINISTRATOR, NOON
from tests.controls.places import LEVELS, NEW_YEAR
from timebank.domain.identifiers import NodeId, VolunteerId
from timebank.domain.kernel import Command
from timebank.domain.places.nodes import CloseNode, MergeNode, MoveNode, OpenNode, RenameNode
from timebank.domain.places.residences import SetResidence


class Streets:
    """Two communities at first; nodes are opened, moved, merged and closed, and people move about."""

    def __init__(self, seed: int, people: list[VolunteerId]) -> None:
        self.random = Random(seed)
        self.people = people
        self.nodes: dict[NodeId, int] = {}

    def found(self) -> list[Command]:
        """Communities, courts and buildings; everybody lives somewhere, but one."""
        opened = [self._open(depth) for depth in (0, 0, 1, 2, 2, 2, 3, 3, 3, 3)]
        return opened + [self._settle(NOON, each, NEW_YEAR) for each in self.people[1:]]

    def next(self, at: datetime = NOON) -> Command:
        """One more."""
        makers = (self._settle, self._move, self._merge, self._rename, self._close)
        (make,) = self.random.choices(makers, weights=(6, 2, 1, 1, 1))
        if self.random.random() < 0.15:
            return self._open(self.random.randint(1, 3), at)
        return make(at)

    def _node(self) -> NodeId:
        return self.random.choice(list(self.nodes))

    def _ahead(self, at: datetime) -> date:
        return at.date() + timedelta(days=self.random.choice((1, 1, 2, 9)))

    def _open(self, depth: int, at: datetime = NOON) -> Command:
        above = [each for each, their in self.nodes.items() if their < depth]
        node_id = NodeId(f"nod_{len(self.nodes):03}")
        self.nodes[node_id] = depth
        parent_id = self.random.choice(above) if depth else None
        said = {"level": LEVELS[depth], "name": node_id, "from_day": NEW_YEAR}
        return OpenNode(by=ADMINISTRATOR, at=at, node_id=node_id, parent_id=parent_id, **said)  # type: ignore[arg-type]

    def _settle(self, at: datetime, who: VolunteerId | None = None, since: date | None = None) -> Command:
        since = since or at.date() - timedelta(days=self.random.choice((-3, 0, 1, 5, 30)))
        node_id = self._node() if self.random.random() < 0.9 else None
        who = who or self.random.choice(self.people)
        return SetResidence(by=ADMINISTRATOR, at=at, volunteer_id=who, node_id=node_id, from_day=since)

    def _move(self, at: datetime) -> Command:
        node_id, parent_id, from_day = self._node(), self._node(), self._ahead(at)
        return MoveNode(by=ADMINISTRATOR, at=at, node_id=node_id, parent_id=parent_id, from_day=from_day)

    def _merge(self, at: datetime) -> Command:
        node_id = self._node()
        same = [each for each, depth in self.nodes.items() if depth == self.nodes[node_id]]
        into_id, from_day = self.random.choice(same), self._ahead(at)
        return MergeNode(by=ADMINISTRATOR, at=at, node_id=node_id, into_id=into_id, from_day=from_day)

    def _rename(self, at: datetime) -> Command:
        name = f"name {self.random.randint(0, 99)}"
        return RenameNode(by=ADMINISTRATOR, at=at, node_id=self._node(), name=name, from_day=self._ahead(at))

    def _close(self, at: datetime) -> Command:
        return CloseNode(by=ADMINISTRATOR, at=at, node_id=self._node(), until_day=self._ahead(at))

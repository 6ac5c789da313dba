from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.controls import ADMINISTRATOR, LI, NOON, OFFICE, WANG, ZHAO, acting, adopted
from tests.controls.places import AREA, EAST, EAST_1, NEW_YEAR, TOWN, WEST, WEST_1, lives, nodes, opened
from tests.given import given
from timebank.domain.facts.places import NodeClosed, NodeMerged, NodeMoved, NodeRenamed
from timebank.domain.identifiers import NodeId
from timebank.domain.kernel import Known, about
from timebank.domain.places.nodes import CloseNode, MergeNode, MoveNode, Node, OpenNode, RenameNode
from timebank.domain.places.refusals import (
    LevelNotBelow,
    LevelsDiffer,
    LevelUnknown,
    NodeChangeNotAhead,
    NodeHasPeople,
    NodeNameTaken,
    NodeNotOpen,
    NodeUnknown,
)
from timebank.domain.refusals import OfficeMissing

TODAY = NOON.date()
TOMORROW = TODAY + timedelta(days=1)
NEW = NodeId("nod_new")


def opening(**changes: Any) -> OpenNode:
    """A third court is to be opened in the area."""
    said: dict[str, Any] = {"node_id": NEW, "parent_id": AREA, "level": "楼院", "name": "north", "from_day": NEW_YEAR}
    return OpenNode(**(OFFICE | said | changes))


class TestOpening:
    """Nodes are opened below nodes of higher levels."""

    def test_is_below_a_higher_level(self) -> None:
        """A node of a level is opened below one of a higher level, which need not be the next."""
        given(*nodes(AREA)).when(opening()).then(opened(NEW, 2, AREA, name="north"))
        assert given(*nodes(AREA)).when(opening(level="单元")).fact.depth == 4

    def test_the_first_level_is_at_the_top(self) -> None:
        """What is of the first level is below nothing, and what is of another is below something."""
        given().when(opening(parent_id=None, level="社区")).then(opened(NEW, 0, name="north"))
        given().when(opening(parent_id=None)).then_refused(LevelNotBelow)

    @pytest.mark.parametrize("level", ["社区", "片区"])
    def test_is_not_below_its_own_level(self, level: str) -> None:
        """A node is not below one of its own level, or of a lower one: so there is never a circle."""
        given(*nodes(AREA)).when(opening(level=level)).then_refused(LevelNotBelow)

    def test_depth_is_data(self) -> None:
        """The rule book says which levels there are; elsewhere there are four."""
        four = adopted(place_levels=("街道", "社区", "小组", "单元"))
        assert given(four).when(opening(parent_id=None, level="街道")).fact.depth == 0
        given(four).when(opening(parent_id=None)).then_refused(LevelUnknown, level="楼院")

    def test_names_are_told_apart(self) -> None:
        """Two nodes below the same one have two names."""
        given(*nodes(AREA, EAST)).when(opening(name=" east")).then_refused(NodeNameTaken, name="east")

    def test_is_below_what_is_there(self) -> None:
        """Nothing is opened below a node that is unknown, opened later, or closed by then."""
        given().when(opening()).then_refused(NodeUnknown, node_id=AREA)
        late = opening(from_day=NEW_YEAR - timedelta(days=1))
        given(*nodes(AREA)).when(late).then_refused(NodeNotOpen, node_id=AREA)
        closed = NodeClosed(node_id=AREA, parent_id=TOWN, until_day=TODAY)
        given(*nodes(AREA), closed).when(opening(from_day=TOMORROW)).then_refused(NodeNotOpen)

    def test_is_for_administrators(self) -> None:
        """Nobody else changes the tree."""
        given(*nodes(AREA)).when(opening(by=acting(WANG))).then_refused(OfficeMissing)


CHANGES: list[Any] = [
    pytest.param(lambda day: RenameNode(**OFFICE, node_id=EAST, name="sunrise", from_day=day), (), id="renamed"),
    pytest.param(lambda day: MoveNode(**OFFICE, node_id=EAST, parent_id=TOWN, from_day=day), (TOWN,), id="moved"),
    pytest.param(lambda day: MergeNode(**OFFICE, node_id=EAST, into_id=WEST, from_day=day), (WEST,), id="merged"),
]


@pytest.mark.parametrize(("change", "other"), CHANGES)
class TestChanging:
    """Whatever changes the tree."""

    def test_is_ahead(self, change: Any, other: tuple[NodeId, ...]) -> None:
        """The tree is changed from a day on that has not begun, so that what was counted stays true."""
        given(*nodes(AREA, EAST, *other)).when(change(TODAY)).then_refused(NodeChangeNotAhead)

    def test_comes_after_the_last_change(self, change: Any, other: tuple[NodeId, ...]) -> None:
        """Changes of a node follow each other."""
        later = TOMORROW + timedelta(days=7)
        moved = NodeMoved(node_id=EAST, parent_id=AREA, previous_parent_id=AREA, name="east", from_day=later)
        given(*nodes(AREA, EAST, *other), moved).when(change(later)).then_refused(NodeChangeNotAhead)

    def test_is_of_what_is_there(self, change: Any, other: tuple[NodeId, ...]) -> None:
        """What is unknown, or was merged, is changed no more."""
        given(*nodes(*other) if other else ()).when(change(TOMORROW)).then_refused(NodeUnknown, node_id=EAST)
        merged = NodeMerged(node_id=EAST, into_id=WEST, parent_id=AREA, from_day=TODAY)
        given(*nodes(AREA, EAST, *other), merged).when(change(TOMORROW)).then_refused(NodeNotOpen, node_id=EAST)


def test_a_node_is_renamed() -> None:
    """A node is called otherwise, but not as another below the same one."""
    what = given(*nodes(AREA, EAST, WEST))
    rename = RenameNode(**OFFICE, node_id=EAST, name="sunrise", from_day=TOMORROW)
    what.when(rename).then(NodeRenamed(node_id=EAST, parent_id=AREA, name="sunrise", from_day=TOMORROW))
    taken = RenameNode(**OFFICE, node_id=EAST, name="west", from_day=TOMORROW)
    what.when(taken).then_refused(NodeNameTaken)


def test_a_node_is_moved() -> None:
    """A node is moved below another of a higher level, where no other has its name."""
    what = given(*nodes(EAST, EAST_1, WEST, WEST_1), opened(NEW, 3, WEST, name="east_1"))
    move = MoveNode(**OFFICE, node_id=WEST_1, parent_id=EAST, from_day=TOMORROW)
    then = NodeMoved(node_id=WEST_1, parent_id=EAST, previous_parent_id=WEST, name="west_1", from_day=TOMORROW)
    what.when(move).then(then)
    taken = MoveNode(**OFFICE, node_id=EAST_1, parent_id=WEST, from_day=TOMORROW)
    given(*nodes(EAST, EAST_1, WEST), opened(NEW, 3, WEST, name="east_1")).when(taken).then_refused(NodeNameTaken)
    upside_down = MoveNode(**OFFICE, node_id=EAST, parent_id=WEST_1, from_day=TOMORROW)
    given(*nodes(AREA, EAST, WEST_1)).when(upside_down).then_refused(LevelNotBelow)


def test_nodes_are_merged() -> None:
    """A node becomes a part of another of its level, and of no other."""
    merge = MergeNode(**OFFICE, node_id=EAST, into_id=WEST, from_day=TOMORROW)
    then = NodeMerged(node_id=EAST, into_id=WEST, parent_id=AREA, from_day=TOMORROW)
    given(*nodes(AREA, EAST, WEST)).when(merge).then(then)
    for into_id in (AREA, EAST):
        merge = MergeNode(**OFFICE, node_id=EAST, into_id=into_id, from_day=TOMORROW)
        given(*nodes(AREA, EAST)).when(merge).then_refused(LevelsDiffer)


class TestClosing:
    """A node is closed when nothing is at it any more."""

    CLOSE = CloseNode(by=ADMINISTRATOR, at=NOON, node_id=EAST_1, until_day=TODAY)

    def test_is_empty(self) -> None:
        """An empty node is closed at the end of today at the earliest."""
        then = NodeClosed(node_id=EAST_1, parent_id=EAST, until_day=TODAY)
        given(*nodes(EAST_1)).when(self.CLOSE).then(then)
        early = CloseNode(by=ADMINISTRATOR, at=NOON, node_id=EAST_1, until_day=date(2026, 11, 19))
        given(*nodes(EAST_1)).when(early).then_refused(NodeChangeNotAhead)
        given(*nodes(EAST_1), then).when(self.CLOSE).then_refused(NodeNotOpen)

    def test_has_no_people(self) -> None:
        """People who live there keep it open, until they live elsewhere."""
        home = lives(EAST_1)
        given(*nodes(EAST_1), home).when(self.CLOSE).then_refused(NodeHasPeople, people=1, nodes=0)
        away = lives(WEST_1, previous_node_id=EAST_1, from_day=TODAY)
        given(*nodes(EAST_1), home, away).when(self.CLOSE).fact  # noqa: B018

    def test_has_no_nodes(self) -> None:
        """What is below it keeps it open, until that is moved, merged or closed."""
        close = CloseNode(by=ADMINISTRATOR, at=NOON, node_id=EAST, until_day=TOMORROW)
        given(*nodes(EAST, EAST_1)).when(close).then_refused(NodeHasPeople, people=0, nodes=1)
        for gone in (
            NodeMoved(node_id=EAST_1, parent_id=WEST, previous_parent_id=EAST, name="east_1", from_day=TOMORROW),
            NodeMerged(node_id=EAST_1, into_id=WEST_1, parent_id=EAST, from_day=TOMORROW),
            NodeClosed(node_id=EAST_1, parent_id=EAST, until_day=TOMORROW),
        ):
            given(*nodes(EAST, EAST_1), gone).when(close).fact  # noqa: B018

    def test_nobody_lives_at_what_became_a_part_of_it(self) -> None:
        """Who lived at a node that was merged into it lives at it, however far that goes."""
        parts = (
            NodeMerged(node_id=WEST_1, into_id=EAST_1, parent_id=WEST, from_day=TODAY),
            NodeMerged(node_id=NEW, into_id=WEST_1, parent_id=WEST, from_day=TODAY),
        )
        tree = (*nodes(EAST_1, WEST_1), opened(NEW, 3, WEST))
        given(*tree, *parts, lives(NEW, LI), lives(WEST_1, ZHAO)).when(self.CLOSE).then_refused(NodeHasPeople, people=2)

    def test_a_long_line_of_mergers_is_followed_to_its_end(self) -> None:
        """However many nodes were merged one into the other, it is asked who lives at each of them."""
        line = [EAST_1, *(NodeId(f"nod_{n}") for n in range(1_500))]
        held = {about(Node, each): Node(each) for each in line}
        for part, into in pairwise(reversed(line)):
            held[about(Node, into)].remember(NodeMerged(node_id=part, into_id=into, parent_id=EAST, from_day=TODAY))
        assert self.CLOSE.also_needs(Known(held)) == [about(Node, each) for each in line]

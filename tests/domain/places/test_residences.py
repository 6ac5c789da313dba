from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from tests.controls import ADMINISTRATOR, LIN, NOON, WANG, ZHAO, acting, appointed, on_behalf, proxy, registered
from tests.controls.places import AREA, EAST, EAST_1, NEW_YEAR, WEST, WEST_1, lives, nodes
from tests.given import given
from timebank.domain.acting import Acting
from timebank.domain.authority import authorised
from timebank.domain.facts.organisations import AppointmentMade
from timebank.domain.facts.people import PersonalDataChanged, VolunteerErased
from timebank.domain.facts.places import NodeMoved, ResidenceSet
from timebank.domain.identifiers import ActorId, NodeId
from timebank.domain.leaving import EraseVolunteer, LeaveBank
from timebank.domain.people.refusals import VolunteerIsErased, VolunteerUnknown
from timebank.domain.places.refusals import (
    DoorNeedsNode,
    FromDayBeforeLast,
    FromDayTooFarAhead,
    NodeNotOpen,
    NodeUnknown,
    NotWithinYourNode,
)
from timebank.domain.places.residences import SetResidence
from timebank.domain.refusals import NothingChanges, NotYourOwn, OfficeMissing

TODAY = NOON.date()


def leading(node_id: NodeId) -> Acting:
    """Lin, acting as the leader of a node."""
    return Acting(ActorId(LIN), "node-leader", node_id=node_id)


def leads(node_id: NodeId, **changes: Any) -> AppointmentMade:
    """Lin was appointed to lead a node."""
    return appointed("node-leader", LIN, node_id=node_id, **changes)


REGISTERED_BY_LIN = msgspec.structs.replace(registered(), registered_by=ActorId(LIN))


def settling(by: Acting = ADMINISTRATOR, **changes: Any) -> SetResidence:
    """Wang is to live in the east since New Year."""
    said: dict[str, Any] = {"volunteer_id": WANG, "node_id": EAST_1, "from_day": NEW_YEAR}
    return SetResidence(by=by, at=NOON, **(said | changes))


def test_somebody_lives_somewhere_from_a_day_on() -> None:
    """The first residence may be from long ago; the next tells where they lived before."""
    given(registered(), *nodes(EAST_1)).when(settling()).then(lives(EAST_1))
    moving = settling(node_id=WEST_1, from_day=TODAY, tie="works")
    then = lives(WEST_1, previous_node_id=EAST_1, from_day=TODAY, tie="works")
    given(registered(), *nodes(EAST_1, WEST_1), lives(EAST_1)).when(moving).then(then)


@pytest.mark.parametrize("by", [ADMINISTRATOR, acting(WANG), leading(EAST)])
def test_of_days_before_it_is_told_when_that_was_noted(by: Acting) -> None:
    """Where they themselves or a leader say it of days that are over, the fact has the day; of offices it has none."""
    what = given(REGISTERED_BY_LIN, *nodes(EAST_1, EAST, AREA))
    yesterday = TODAY - timedelta(days=1)
    assert what.when(settling(by, from_day=yesterday)).fact.noted_on == (None if by == ADMINISTRATOR else TODAY)
    assert what.when(settling(by, from_day=TODAY)).fact.noted_on is None


def test_nobody_moves_in_a_far_year() -> None:
    """What is said for a day far ahead, by mistake or not, would keep anybody from saying where they live till then."""
    soon, late = TODAY + timedelta(days=92), TODAY + timedelta(days=93)
    what = given(registered(), *nodes(EAST_1))
    what.when(settling(from_day=soon)).then(lives(EAST_1, from_day=soon))
    for by in (ADMINISTRATOR, acting(WANG)):
        what.when(settling(by, from_day=late)).then_refused(FromDayTooFarAhead, days=92)
        what.when(settling(by, from_day=date.max)).then_refused(FromDayTooFarAhead)


def test_a_door_is_told_by_no_fact() -> None:
    """That the door is another is told, not which; it is kept beside the log, and none is where none is said."""
    changed = PersonalDataChanged(volunteer_id=WANG, fields=("door",))
    given(registered(), *nodes(EAST_1)).when(settling(door="302室")).then(changed, lives(EAST_1))
    there = given(registered(), *nodes(EAST_1), lives(EAST_1))
    there.when(settling(door="302室")).then(changed)
    there.when(settling()).then_refused(NothingChanges)
    there.when(settling(door="302室", is_same_door=True)).then_refused(NothingChanges)
    given(registered(), *nodes(EAST_1)).when(settling(door="302室", is_same_door=True)).then(lives(EAST_1))
    there.when(settling(node_id=None, door="302室", from_day=TODAY)).then_refused(DoorNeedsNode)
    assert [settling(door=each).personal().door for each in ("302室", None)] == ["302室", ""]


def test_residences_follow_each_other() -> None:
    """Where somebody lives is not said for a day before the last; for the same day it is put right."""
    since = lives(EAST_1, from_day=TODAY)
    what = given(registered(), *nodes(EAST_1, WEST_1), since)
    early = settling(node_id=WEST_1, from_day=TODAY - timedelta(days=1))
    what.when(early).then_refused(FromDayBeforeLast, from_day=TODAY.isoformat())
    assert what.when(settling(node_id=WEST_1, from_day=TODAY)).fact.previous_node_id == EAST_1


def test_is_where_there_is_something() -> None:
    """Nobody lives at a node that is unknown, or not open yet."""
    given(registered()).when(settling()).then_refused(NodeUnknown)
    early = settling(from_day=NEW_YEAR - timedelta(days=1))
    given(registered(), *nodes(EAST_1)).when(early).then_refused(NodeNotOpen)


def test_of_somebody_there_is() -> None:
    """Nobody unknown or erased lives anywhere, and the same again changes nothing."""
    given(*nodes(EAST_1)).when(settling()).then_refused(VolunteerUnknown)
    erased = VolunteerErased(volunteer_id=WANG)
    given(registered(), erased, *nodes(EAST_1)).when(settling()).then_refused(VolunteerIsErased)
    given(registered(), *nodes(EAST_1), lives(EAST_1)).when(settling()).then_refused(NothingChanges)


def test_people_say_it_themselves() -> None:
    """People say where they live, and so does their proxy for personal data; strangers do not."""
    what = registered(), *nodes(EAST_1)
    given(*what).when(settling(acting(WANG))).then(lives(EAST_1, noted_on=TODAY))
    given(*what).when(settling(acting(ZHAO))).then_refused(NotYourOwn)
    facts = given(*what, registered(ZHAO), proxy()).when(authorised(settling(on_behalf()))).outcome
    assert isinstance(facts, tuple)
    assert isinstance(facts[0], ResidenceSet)


class TestLeader:
    """Whoever leads a node acts at it and below it, and nowhere else."""

    @pytest.mark.parametrize("led", [EAST_1, EAST, AREA])
    def test_acts_on_their_subtree(self, led: NodeId) -> None:
        """A leader says where people live within their node, however far below."""
        what = REGISTERED_BY_LIN, registered(LIN), *nodes(EAST_1, EAST, AREA), leads(led)
        given(*what).when(authorised(settling(leading(led)))).then(lives(EAST_1, noted_on=TODAY))

    def test_brings_nobody_into_it(self) -> None:
        """Of a stranger, of whom no place is known, or not any more, no leader says it, and so sees no name."""
        moved_away = lives(EAST_1), lives(None, previous_node_id=EAST_1, from_day=TODAY)
        here = settling(leading(EAST), from_day=TODAY), nodes(EAST_1, EAST, AREA)
        nowhere = settling(leading(EAST), node_id=None, from_day=TODAY, tie="works"), ()
        for command, tree in (here, nowhere):
            for stranger in ((registered(),), (REGISTERED_BY_LIN, *moved_away)):
                what = given(*stranger, registered(LIN), *tree, leads(EAST))
                what.when(authorised(command)).then_refused(NotWithinYourNode)

    def test_acts_nowhere_else(self) -> None:
        """Neither to another node nor away from one; and not in an office that they do not hold."""
        tree = registered(), registered(LIN), *nodes(EAST_1, EAST, AREA)
        given(*tree, leads(WEST)).when(authorised(settling(leading(WEST)))).then_refused(NotWithinYourNode)
        away = authorised(settling(leading(EAST), node_id=EAST_1, from_day=TODAY))
        west = nodes(WEST, WEST_1)
        given(*tree, *west, leads(EAST), lives(WEST_1)).when(away).then_refused(NotWithinYourNode)
        ended = leads(EAST, valid_until=TODAY - timedelta(days=1))
        given(*tree, ended).when(authorised(settling(leading(EAST)))).then_refused(OfficeMissing)

    def test_follows_the_tree(self) -> None:
        """A node that is moved elsewhere today is not theirs any more; one that is moved tomorrow still is."""
        for moves_on, is_theirs in ((TODAY, False), (TODAY + timedelta(days=1), True)):
            moved = NodeMoved(node_id=EAST_1, parent_id=WEST, previous_parent_id=EAST, name="east_1", from_day=moves_on)
            tree = nodes(EAST_1, EAST, AREA) if is_theirs else nodes(EAST_1, WEST, AREA)
            what = given(REGISTERED_BY_LIN, registered(LIN), *tree, moved, leads(EAST))
            decided = what.when(authorised(settling(leading(EAST))))
            assert isinstance(decided.outcome, NotWithinYourNode) != is_theirs


@pytest.mark.parametrize("kind", [LeaveBank, EraseVolunteer])
def test_who_goes_lives_nowhere_the_bank_knows_of(kind: Any) -> None:
    """Whoever leaves or is erased lives nowhere from the next day on; what they served stays where it was counted."""
    outcome = given(registered(), lives(EAST_1)).when(kind(by=acting(WANG), at=NOON, volunteer_id=WANG)).outcome
    assert isinstance(outcome, tuple)
    assert outcome[0] == lives(None, previous_node_id=EAST_1, from_day=date(2026, 11, 21))

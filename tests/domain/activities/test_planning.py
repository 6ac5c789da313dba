from datetime import timedelta
from typing import Any

import pytest

from tests.controls import (
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    ZHAO,
    acting,
    adopted,
    at,
    member,
    registered,
    standing,
)
from tests.controls.activities import ELEVEN, NINE, SWEEPING, came, plan, published, signed_up
from tests.controls.places import EAST, nodes
from tests.given import given
from timebank.domain.activities.activities import (
    CancelActivity,
    ChangeActivity,
    PlanActivity,
    PublishActivity,
)
from timebank.domain.activities.refusals import (
    ActivityInThePast,
    ActivityNotOpen,
    ActivityUnknown,
    LeaderNotMember,
    SeatsTaken,
)
from timebank.domain.credit.refusals import ActivityNotListed, CategoryNotListed
from timebank.domain.facts.activities import (
    ActivityCancelled,
    ActivityChanged,
    SignUpMovedUp,
)
from timebank.domain.facts.places import NodeClosed
from timebank.domain.organisations.refusals import RoleMissing
from timebank.domain.places.refusals import NodeNotOpen, NodeUnknown
from timebank.domain.refusals import NothingChanges

LED = (*standing(), *member(ZHAO, "member")[1:])
EIGHT = at(20, 8)
IDS: dict[str, Any] = {"activity_id": SWEEPING, "organisation_id": GARDEN}


def do(kind: Any, by: Any = GARDENERS_PROGRAM, **said: Any) -> Any:
    """Something the garden does with its activity at eight."""
    return kind(**({"by": by, "at": EIGHT, "activity_id": SWEEPING} | said))


def planning(by: Any = GARDENERS_PROGRAM, **changes: Any) -> PlanActivity:
    """The garden plans it at eight."""
    return PlanActivity(by=by, at=EIGHT, **IDS, plan=plan(**changes))


class TestPlanning:
    """An organisation plans an activity."""

    def test_is_planned_and_published(self) -> None:
        """It is planned, then published: two facts, so that nobody sees a draft."""
        planned, shown = published()
        given(*LED).when(planning()).then(planned)
        given(*standing(), planned).when(do(PublishActivity)).then(shown)
        given(*standing(), planned, shown).when(do(PublishActivity)).then_refused(ActivityNotOpen, status="published")

    def test_by_whoever_logs_for_it(self) -> None:
        """A recorder plans it; a plain member does not, and to strangers it does not exist."""
        for role, is_theirs in (("recorder", True), ("member", False)):
            who = member(LI, role)  # type: ignore[arg-type]
            outcome = given(*LED, *who).when(planning(acting(LI))).outcome
            assert isinstance(outcome, RoleMissing) != is_theirs
        by_stranger = do(PublishActivity, acting(LI))
        given(*standing(), published()[0], registered(LI)).when(by_stranger).then_refused(ActivityUnknown)

    @pytest.mark.parametrize(
        "times",
        [
            {"starts_at": at(20, 6), "ends_at": EIGHT},
            {"starts_at": ELEVEN, "ends_at": NINE},
            {"starts_at": NINE, "ends_at": NINE + timedelta(hours=25)},
        ],
    )
    def test_is_to_come_and_of_a_day(self, times: dict[str, Any]) -> None:
        """An activity is not over when it is planned, ends after it starts, and takes a day at the most."""
        given(*LED).when(planning(**times)).then_refused(ActivityInThePast)

    def test_goes_by_the_banks_lists(self) -> None:
        """Its name and category are the bank's, in their one form, as on a record."""
        lists = adopted(categories=("公益慈善",), activities=("楼道清扫",))
        assert given(*LED, lists).when(planning(category=" 公益慈善")).fact.plan.category == "公益慈善"
        given(*LED, lists).when(planning(category="公益")).then_refused(CategoryNotListed, nearest="公益慈善")
        given(*LED, lists).when(planning(name="清扫")).then_refused(ActivityNotListed, nearest="楼道清扫")

    def test_is_led_by_a_member_at_a_place_there_is(self) -> None:
        """Its leader is a member, and its place, if one is said, is open on that day."""
        given(*standing()).when(planning()).then_refused(LeaderNotMember)
        today = EIGHT.date()
        assert given(*standing(), *member(ZHAO, "member", valid_until=today)[1:]).when(planning()).fact
        over = member(ZHAO, "member", valid_until=today - timedelta(days=1))[1:]
        given(*standing(), *over).when(planning()).then_refused(LeaderNotMember)
        given(*LED).when(planning(node_id=EAST)).then_refused(NodeUnknown)
        assert given(*LED, *nodes(EAST)).when(planning(node_id=EAST)).fact.plan.node_id == EAST
        closed = NodeClosed(node_id=EAST, until_day=EIGHT.date() - timedelta(days=1))
        given(*LED, *nodes(EAST), closed).when(planning(node_id=EAST)).then_refused(NodeNotOpen)


class TestChanging:
    """An activity is changed until somebody is there."""

    def test_is_changed(self) -> None:
        """It is otherwise from then on; the same again changes nothing."""
        change = do(ChangeActivity, plan=plan(place="四号楼"))
        given(*LED, *published()).when(change).then(ActivityChanged(**IDS, plan=plan(place="四号楼")))
        given(*LED, *published()).when(do(ChangeActivity, plan=plan())).then_refused(NothingChanges)

    def test_seats_go_to_those_who_waited_longest(self) -> None:
        """With one seat more the first of those who wait has one; there are never fewer than have signed up."""
        waiting = [signed_up(each, is_waiting=True) for each in (LI, ZHAO)]
        what = given(*LED, *published(seats=1), signed_up(), *waiting)
        more = do(ChangeActivity, plan=plan(seats=2))
        what.when(more).then(ActivityChanged(**IDS, plan=plan(seats=2)), SignUpMovedUp(**IDS, volunteer_id=LI))
        unlimited = what.when(do(ChangeActivity, plan=plan())).outcome
        assert isinstance(unlimited, tuple)
        assert [each.volunteer_id for each in unlimited[1:]] == [LI, ZHAO]  # type: ignore[attr-defined]
        fewer = do(ChangeActivity, plan=plan(seats=1, place="四号楼"))
        given(*LED, *published(), signed_up(), signed_up(LI)).when(fewer).then_refused(SeatsTaken, taken=2)

    def test_is_cancelled(self) -> None:
        """It is cancelled with a reason, once, and not when somebody is there."""
        cancel = do(CancelActivity, reason="暴雨")
        gone = ActivityCancelled(**IDS, reason="暴雨")
        given(*standing(), *published()).when(cancel).then(gone)
        given(*standing(), *published(), gone).when(cancel).then_refused(ActivityNotOpen, status="cancelled")
        running = *published(), signed_up(), came()
        given(*standing(), *running).when(cancel).then_refused(ActivityNotOpen, status="running")
        change = do(ChangeActivity, plan=plan(seats=3))
        given(*LED, *running).when(change).then_refused(ActivityNotOpen, status="running")

    def test_is_there(self) -> None:
        """What nobody planned is neither published nor cancelled."""
        given().when(do(PublishActivity)).then_refused(ActivityUnknown)
        given().when(do(CancelActivity, reason="暴雨")).then_refused(ActivityUnknown)

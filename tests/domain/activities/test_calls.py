from datetime import date
from typing import Any

from tests.controls import (
    ADMINISTRATOR,
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
from tests.controls.activities import SWEEPING, published
from tests.controls.places import EAST, nodes
from tests.given import given
from timebank.domain.activities.calls import CallUp
from timebank.domain.activities.refusals import ActivityNotOpen, ActivityUnknown, TooManyCalled, TooManyCallUps
from timebank.domain.facts.activities import CallMade
from timebank.domain.organisations.refusals import RoleMissing
from timebank.domain.places.refusals import NodeUnknown


def calling(by: Any = GARDENERS_PROGRAM, **said: Any) -> CallUp:
    """The garden asks for help in the east court."""
    asked: dict[str, Any] = {"activity_id": SWEEPING, "node_id": EAST, "skill": " 护理", "reason": "暴雨转移"}
    return CallUp(**({"by": by, "at": at(20, 9)} | asked | said))


def called(by: Any = GARDENERS_PROGRAM, **said: Any) -> CallMade:
    """It did."""
    asked: dict[str, Any] = {"activity_id": SWEEPING, "organisation_id": GARDEN, "called_by": by.actor, "node_id": EAST}
    told = {"skill": "护理", "reason": "暴雨转移", "people": 100, "local_date": date(2026, 11, 20)}
    return CallMade(**(asked | told | said))


def test_people_are_called_to_an_activity() -> None:
    """A coordinator, or the organisation's program, asks those of a place, with a skill in its one form."""
    for by, has_right in ((GARDENERS_PROGRAM, ()), (acting(LI), member(LI, "coordinator"))):
        what = *standing(), *has_right, *published(), *nodes(EAST)
        assert given(*what).when(calling(by).checked()).fact == called(by)
        assert given(*what).when(calling(by, people=20).checked()).fact == called(by, people=20)


def test_only_by_those_who_manage_people() -> None:
    """Whoever records, or leads the activity as a member, sees no phones of people who belong to nobody of theirs."""
    for who, role in ((LI, "recorder"), (LI, "verifier"), (ZHAO, "member")):
        what = *standing(), *member(who, role), *published(), *nodes(EAST)
        given(*what).when(calling(acting(who)).checked()).then_refused(RoleMissing)


def test_so_many_and_so_often_a_day() -> None:
    """The rule book says how many are called at once, and how often a day an organisation calls; not administrators."""
    rules = adopted(called_at_once=30, call_ups_per_day=2)
    what = *standing(), rules, *published(), *nodes(EAST)
    assert given(*what).when(calling().checked()).fact.people == 30
    given(*what).when(calling(people=31)).then_refused(TooManyCalled, most=30)
    once, before = called(people=30), called(people=30, local_date=date(2026, 11, 19))
    assert given(*what, before, before, once).when(calling(people=5)).fact.people == 5
    given(*what, before, once, once).when(calling(people=5)).then_refused(TooManyCallUps, most=2)
    assert given(*what, once, once).when(calling(ADMINISTRATOR, people=5)).fact.people == 5
    unlimited = called(people=None, local_date=None)
    assert given(*what, unlimited, unlimited).when(calling(people=5)).fact.people == 5


def test_not_by_anybody_and_not_anywhere() -> None:
    """A stranger calls nobody, nor is anybody called to a place or an activity there is not."""
    what = *standing(), *published(), *nodes(EAST)
    given(*what, registered(LI)).when(calling(acting(LI))).then_refused(ActivityUnknown)
    given(*standing(), *published()).when(calling()).then_refused(NodeUnknown)
    given(*standing(), published()[0], *nodes(EAST)).when(calling()).then_refused(ActivityNotOpen)

from typing import Any

from tests.controls import GARDEN, GARDENERS_PROGRAM, LI, ZHAO, acting, at, member, registered, standing
from tests.controls.activities import SWEEPING, published
from tests.controls.places import EAST, nodes
from tests.given import given
from timebank.domain.activities.calls import CallUp
from timebank.domain.activities.refusals import ActivityNotOpen, ActivityUnknown
from timebank.domain.facts.activities import CallMade
from timebank.domain.places.refusals import NodeUnknown


def calling(by: Any = GARDENERS_PROGRAM) -> CallUp:
    """The garden asks for help in the east court."""
    return CallUp(by=by, at=at(20, 9), activity_id=SWEEPING, node_id=EAST, skill=" 护理", reason="暴雨转移")


def test_people_are_called_to_an_activity() -> None:
    """Whoever organises or leads it asks those of a place, with a skill in its one form."""
    for by, has_right in ((GARDENERS_PROGRAM, ()), (acting(ZHAO), member(ZHAO, "member"))):
        then = CallMade(
            activity_id=SWEEPING,
            organisation_id=GARDEN,
            called_by=by.actor,
            node_id=EAST,
            skill="护理",
            reason="暴雨转移",
        )
        what = *standing(), *has_right, *published(), *nodes(EAST)
        assert given(*what).when(calling(by).checked()).fact == then


def test_not_by_anybody_and_not_anywhere() -> None:
    """A stranger calls nobody, nor is anybody called to a place or an activity there is not."""
    what = *standing(), *published(), *nodes(EAST)
    given(*what, registered(LI)).when(calling(acting(LI))).then_refused(ActivityUnknown)
    given(*standing(), *published()).when(calling()).then_refused(NodeUnknown)
    given(*standing(), published()[0], *nodes(EAST)).when(calling()).then_refused(ActivityNotOpen)

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.controls import ADMINISTRATOR, LIN, NOON, WANG, acting, appointed, in_office, registered
from tests.controls.places import AREA, EAST, EAST_1, WEST, nodes
from tests.domain.places.test_residences import leading, leads
from tests.given import given
from timebank.domain.acting import Acting
from timebank.domain.authority import authorised
from timebank.domain.identifiers import AppointmentId
from timebank.domain.organisations.refusals import AppointmentAlreadyHeld, NotWithinYourOffice
from timebank.domain.people.refusals import VolunteerUnknown
from timebank.domain.places.leaders import AppointLeader
from timebank.domain.places.refusals import NodeUnknown, NotWithinYourNode
from timebank.domain.refusals import OfficeMissing, TermEndsBeforeItStarts

TODAY = NOON.date()
DAY = timedelta(days=1)
MADE = AppointmentId("app_wang_node-leader")


def appointing(by: Acting = ADMINISTRATOR, **changes: Any) -> AppointLeader:
    """Wang is to lead the east court, as the neighbours recommended."""
    said: dict[str, Any] = {
        "appointment_id": MADE,
        "volunteer_id": WANG,
        "node_id": EAST,
        "source": "recommended",
        "duties": ("每周走访",),
    }
    return AppointLeader(by=by, at=NOON, **(said | changes))


def test_somebody_leads_a_node() -> None:
    """An administrator appoints somebody to a node, with duties and term."""
    term = {"valid_from": TODAY, "valid_until": TODAY + 365 * DAY}
    then = appointed(
        "node-leader", WANG, appointment_id=MADE, node_id=EAST, source="recommended", duties=("每周走访",), **term
    )
    given(registered(), *nodes(EAST)).when(appointing(**term)).then(then)


def test_once() -> None:
    """Nobody leads a node twice at a time; they may lead another."""
    held = appointed("node-leader", WANG, node_id=EAST)
    given(registered(), *nodes(EAST), held).when(appointing()).then_refused(AppointmentAlreadyHeld)
    elsewhere = appointed("node-leader", WANG, node_id=WEST)
    given(registered(), *nodes(EAST), elsewhere).when(appointing()).fact  # noqa: B018
    before = appointed("node-leader", WANG, node_id=EAST, valid_until=TODAY - DAY)
    given(registered(), *nodes(EAST), before).when(appointing(valid_from=TODAY)).fact  # noqa: B018


def test_of_people_and_nodes_there_are() -> None:
    """Whoever leads is a volunteer, the node is there, and the term is not over."""
    given(*nodes(EAST)).when(appointing()).then_refused(VolunteerUnknown)
    given(registered()).when(appointing()).then_refused(NodeUnknown)
    over = appointing(valid_until=TODAY - DAY)
    given(registered(), *nodes(EAST)).when(over).then_refused(TermEndsBeforeItStarts)
    given(registered(), *nodes(EAST)).when(appointing(acting(LIN))).then_refused(OfficeMissing)


@pytest.mark.parametrize("until", [None, TODAY + 2 * DAY])
def test_no_administrator_leads_beyond_their_term(until: date | None) -> None:
    """Who gives themselves a place to lead has it for no longer than their office."""
    by, right = in_office("administrator", LIN), appointed("administrator", LIN, valid_until=TODAY + DAY)
    oneself = appointing(by, volunteer_id=LIN, valid_until=until)
    given(registered(LIN), *nodes(EAST), right).when(oneself).then_refused(NotWithinYourOffice)
    within = replace(oneself, valid_until=TODAY + DAY)
    assert given(registered(LIN), *nodes(EAST), right).when(within).fact.valid_until == TODAY + DAY


class TestDeputies:
    """Who leads a node appoints deputies at it and below it, within their own term."""

    @pytest.mark.parametrize("node_id", [EAST, EAST_1])
    def test_within_their_node(self, node_id: Any) -> None:
        """A deputy's appointment is a part of the leader's."""
        led = leads(EAST, valid_until=TODAY + 9 * DAY)
        what = registered(), registered(LIN), *nodes(AREA, EAST, EAST_1)[: 2 if node_id == EAST else 3], led
        deputy = appointing(leading(EAST), node_id=node_id, valid_until=TODAY + 9 * DAY)
        assert given(*what).when(authorised(deputy)).fact.delegated_from == led.appointment_id

    def test_nowhere_else(self) -> None:
        """Nobody is appointed above, beside, beyond the term, by a deputy, or by oneself."""
        people, tree = (registered(), registered(LIN)), nodes(AREA, EAST)
        for led, refusal in (
            (leads(WEST), NotWithinYourNode),
            (leads(EAST, valid_until=TODAY), NotWithinYourOffice),
            (leads(EAST, delegated_from=AppointmentId("app_x")), NotWithinYourOffice),
        ):
            deputy = authorised(appointing(leading(led.node_id), valid_until=TODAY + DAY))  # type: ignore[arg-type]
            given(*people, *tree, led).when(deputy).then_refused(refusal)
        oneself = authorised(appointing(leading(EAST), volunteer_id=LIN))
        given(registered(LIN), *tree, leads(EAST)).when(oneself).then_refused(NotWithinYourOffice)

from typing import Any

import pytest
from msgspec.structs import replace

from tests.controls import ADMINISTRATOR, CLINIC, GARDEN, GARDENERS_PROGRAM, NOON, WANG, acting, in_office, on_behalf
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import (
    OrganisationApproved,
    OrganisationRegistered,
    OrganisationReinstated,
    OrganisationSuspended,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.organisations import (
    ApproveOrganisation,
    RegisterOrganisation,
    ReinstateOrganisation,
    SuspendOrganisation,
)
from timebank.domain.organisations.refusals import (
    OfficialCodeTaken,
    OrganisationNotApproved,
    OrganisationNotRegistered,
    OrganisationNotSuspended,
    OrganisationUnknown,
)
from timebank.domain.refusals import OfficeMissing

CODE = "91420100MA4K00001X"
FIELDS: dict[str, Any] = {"organisation_id": GARDEN, "name": "百花园物业", "kind": "property-company"}
REGISTER = RegisterOrganisation(by=ADMINISTRATOR, at=NOON, **FIELDS)
APPROVE = ApproveOrganisation(by=ADMINISTRATOR, at=NOON, organisation_id=GARDEN)
SUSPEND = SuspendOrganisation(by=ADMINISTRATOR, at=NOON, organisation_id=GARDEN, reason="虚报活动")
REINSTATE = ReinstateOrganisation(by=ADMINISTRATOR, at=NOON, organisation_id=GARDEN, reason="整改完成")

REGISTERED = OrganisationRegistered(**FIELDS)
APPROVED = OrganisationApproved(organisation_id=GARDEN)
SUSPENDED = OrganisationSuspended(organisation_id=GARDEN, reason="虚报活动")
REINSTATED = OrganisationReinstated(organisation_id=GARDEN, reason="整改完成")


class TestRegisterOrganisation:
    """Taking a body into the register."""

    def test_takes_it_into_the_register(self) -> None:
        """A body is registered by name and kind."""
        given().when(REGISTER).then(REGISTERED)

    def test_keeps_the_official_code(self) -> None:
        """An official code nobody has is kept."""
        command = RegisterOrganisation(by=ADMINISTRATOR, at=NOON, code=CODE, **FIELDS)
        given().when(command).then(OrganisationRegistered(code=CODE, **FIELDS))

    def test_refused_when_the_code_is_taken(self) -> None:
        """An official code belongs to one organisation of the bank."""
        other = OrganisationRegistered(**(FIELDS | {"organisation_id": CLINIC}), code=CODE)
        command = RegisterOrganisation(by=ADMINISTRATOR, at=NOON, code=CODE, **FIELDS)
        given(other).when(command).then_refused(OfficialCodeTaken, code=CODE)

    def test_many_may_have_no_code(self) -> None:
        """Having no code is nothing two organisations could share."""
        book = Book(OrganisationRegistered(**(FIELDS | {"organisation_id": CLINIC})))
        assert book.do(REGISTER) == REGISTERED

    def test_another_code_is_free(self) -> None:
        """One organisation's code does not stand in the way of another code."""
        book = Book(OrganisationRegistered(**(FIELDS | {"organisation_id": CLINIC}), code="51420100MJH000002Y"))
        command = RegisterOrganisation(by=ADMINISTRATOR, at=NOON, code=CODE, **FIELDS)
        assert book.do(command).code == CODE


class TestApproveOrganisation:
    """Letting an organisation act."""

    def test_lets_it_log_service(self) -> None:
        """A registered organisation is approved."""
        given(REGISTERED).when(APPROVE).then(APPROVED)

    def test_refused_for_what_nobody_knows(self) -> None:
        """What is not registered cannot be approved."""
        given().when(APPROVE).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize(
        ("history", "status"),
        [
            ((REGISTERED, APPROVED), "approved"),
            ((REGISTERED, APPROVED, SUSPENDED), "suspended"),
            ((REGISTERED, APPROVED, SUSPENDED, REINSTATED), "approved"),
        ],
    )
    def test_refused_after_it_was_approved_once(self, history: Any, status: str) -> None:
        """Approval happens once; it is no way around a suspension either."""
        given(*history).when(APPROVE).then_refused(OrganisationNotRegistered, organisation_id=GARDEN, status=status)


class TestSuspendOrganisation:
    """Stopping an organisation for now."""

    def test_suspends_for_a_reason(self) -> None:
        """An approved organisation is suspended, and the reason is kept."""
        given(REGISTERED, APPROVED).when(SUSPEND).then(SUSPENDED)

    def test_refused_for_what_nobody_knows(self) -> None:
        """What is not registered cannot be suspended."""
        given().when(SUSPEND).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize(
        ("history", "status"), [((REGISTERED,), "registered"), ((REGISTERED, APPROVED, SUSPENDED), "suspended")]
    )
    def test_refused_unless_approved(self, history: Any, status: str) -> None:
        """Only who may act can be stopped."""
        given(*history).when(SUSPEND).then_refused(OrganisationNotApproved, organisation_id=GARDEN, status=status)

    def test_possible_again_after_reinstatement(self) -> None:
        """An organisation that was reinstated can be suspended anew."""
        given(REGISTERED, APPROVED, SUSPENDED, REINSTATED).when(SUSPEND).then(SUSPENDED)


class TestReinstateOrganisation:
    """Ending an organisation's suspension."""

    def test_ends_the_suspension(self) -> None:
        """A suspended organisation is reinstated, and the reason is kept."""
        given(REGISTERED, APPROVED, SUSPENDED).when(REINSTATE).then(REINSTATED)

    def test_refused_for_what_nobody_knows(self) -> None:
        """What is not registered cannot be reinstated."""
        given().when(REINSTATE).then_refused(OrganisationUnknown, organisation_id=GARDEN)

    @pytest.mark.parametrize(
        ("history", "status"),
        [
            ((REGISTERED,), "registered"),
            ((REGISTERED, APPROVED), "approved"),
            ((REGISTERED, APPROVED, SUSPENDED, REINSTATED), "approved"),
        ],
    )
    def test_refused_unless_suspended(self, history: Any, status: str) -> None:
        """Only a suspension can be ended, and once; it is no second way to be approved."""
        given(*history).when(REINSTATE).then_refused(OrganisationNotSuspended, organisation_id=GARDEN, status=status)


class TestWhoDecides:
    """Those who decide for the whole bank."""

    @pytest.mark.parametrize(
        "by",
        [
            acting(WANG),
            on_behalf(),
            GARDENERS_PROGRAM,
            in_office("auditor"),
            in_office("node-leader"),
        ],
        ids=lambda by: by.authority,
    )
    @pytest.mark.parametrize("command", [REGISTER, APPROVE, SUSPEND, REINSTATE], ids=lambda each: type(each).__name__)
    def test_refused_for_everybody_else(self, command: Command, by: Acting) -> None:
        """Which organisations take part is for administrators, and strangers learn nothing by trying."""
        given().when(replace(command, by=by)).then_refused(OfficeMissing, office="administrator")

    def test_done_in_office(self) -> None:
        """A volunteer who is administrator decides about organisations."""
        by = in_office("administrator")
        given().when(replace(REGISTER, by=by)).then(REGISTERED)
        given(REGISTERED).when(replace(APPROVE, by=by)).then(APPROVED)
        given(REGISTERED, APPROVED).when(replace(SUSPEND, by=by)).then(SUSPENDED)
        given(REGISTERED, APPROVED, SUSPENDED).when(replace(REINSTATE, by=by)).then(REINSTATED)

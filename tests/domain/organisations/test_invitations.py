from datetime import timedelta
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    WANG,
    acting,
    in_office,
    member,
    registered,
    standing,
)
from tests.given import given
from timebank.domain.facts.organisations import InvitationMade, InvitationWithdrawn, OrganisationRegistered
from timebank.domain.identifiers import InvitationId, OrganisationId
from timebank.domain.organisations.invitations import MakeInvitation, WithdrawInvitation
from timebank.domain.organisations.refusals import (
    InvitationNotGood,
    InvitationUnknown,
    OrganisationNotApproved,
    OrganisationUnknown,
    RoleMissing,
)
from timebank.domain.refusals import TermEndsBeforeItStarts

INVITATION = InvitationId("inv_1")
MADE = InvitationMade(
    invitation_id=INVITATION, organisation_id=GARDEN, made_by=ADMINISTRATOR.actor, people=20, until_day=NOON.date()
)
TAKEN_BACK = InvitationWithdrawn(invitation_id=INVITATION, organisation_id=GARDEN, withdrawn_by=ADMINISTRATOR.actor)


def inviting(**changes: Any) -> MakeInvitation:
    """The garden invites twenty people, today."""
    said: dict[str, Any] = {"invitation_id": INVITATION, "organisation_id": GARDEN, "people": 20}
    return MakeInvitation(**({"by": ADMINISTRATOR, "at": NOON, "until_day": NOON.date()} | said | changes))


def taking_back(**changes: Any) -> WithdrawInvitation:
    """It takes the invitation back."""
    said: dict[str, Any] = {"by": ADMINISTRATOR, "at": NOON, "invitation_id": INVITATION, "organisation_id": GARDEN}
    return WithdrawInvitation(**(said | changes))


def test_an_organisation_invites() -> None:
    """An administrator, its program, or its coordinator invites people until a day that is to come; no other member."""
    given(*standing()).when(inviting()).then(MADE)
    assert given(*standing()).when(inviting(by=GARDENERS_PROGRAM)).fact.made_by == GARDENERS_PROGRAM.actor
    coordinator, recorder = member(WANG, role="coordinator"), member(WANG, role="recorder")
    assert given(*standing(), registered(), *coordinator).when(inviting(by=acting(WANG))).fact.people == 20
    given(*standing(), registered(), *recorder).when(inviting(by=acting(WANG))).then_refused(RoleMissing)
    given(*standing(), registered()).when(inviting(by=acting(WANG))).then_refused(OrganisationUnknown)
    over = inviting(until_day=NOON.date() - timedelta(days=1))
    given(*standing()).when(over).then_refused(TermEndsBeforeItStarts)


def test_it_has_to_be_approved() -> None:
    """An organisation that waits, or that nobody knows, invites nobody."""
    (only_registered, _) = standing()
    assert isinstance(only_registered, OrganisationRegistered)
    given(only_registered).when(inviting()).then_refused(OrganisationNotApproved)
    given().when(inviting()).then_refused(OrganisationUnknown)


def test_an_invitation_is_taken_back_once() -> None:
    """It is taken back by whoever may invite, and by nobody of another organisation."""
    given(MADE).when(taking_back()).then(TAKEN_BACK)
    given(MADE, TAKEN_BACK).when(taking_back()).then_refused(InvitationNotGood)
    given().when(taking_back()).then_refused(InvitationUnknown)
    given(MADE).when(taking_back(organisation_id=OrganisationId("org_2"))).then_refused(InvitationUnknown)


@pytest.mark.parametrize("by", [acting(LI), in_office("auditor")])
def test_not_everybody_takes_it_back(by: Any) -> None:
    """To those who have nothing to do with the organisation it does not exist."""
    given(MADE).when(taking_back(by=by)).then_refused(OrganisationUnknown)

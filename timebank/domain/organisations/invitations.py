"""Invitations to register: an organisation has so many people come, until a day. Whoever has the code may use it."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from msgspec import Meta

from timebank.domain.facts.organisations import InvitationMade, InvitationWithdrawn
from timebank.domain.facts.people import VolunteerRegistered
from timebank.domain.identifiers import InvitationId, OrganisationId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import MANAGES_MEMBERS, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import InvitationNotGood, InvitationUnknown
from timebank.domain.refusals import TermEndsBeforeItStarts

Invited = Annotated[int, Meta(ge=1, le=1_000)]


class Invitation(Memory):
    """One invitation, and how many have come by it."""

    made: InvitationMade | None = None
    is_withdrawn = False
    used = 0

    def __init__(self, invitation_id: InvitationId) -> None:
        super().__init__(invitation_id)
        self.invitation_id = invitation_id

    @event(InvitationMade)
    def _(self, fact: InvitationMade) -> None:
        self.made = fact

    @event(InvitationWithdrawn)
    def _(self) -> None:
        self.is_withdrawn = True

    @event(VolunteerRegistered)
    def _(self) -> None:
        self.used += 1

    def must_be_good(self, today: date) -> InvitationMade:
        """What was made. Refuses one that nobody made, that is over or taken back, or by which all have come."""
        made = self.made
        if made is None or self.is_withdrawn or today > made.until_day or self.used >= made.people:
            raise InvitationNotGood
        return made


class MakeInvitation(Command, frozen=True, kw_only=True):
    """Invite people to register themselves, for an organisation."""

    invitation_id: InvitationId
    organisation_id: OrganisationId
    people: Invited
    until_day: date

    def needs(self) -> Sequence[Key]:
        return about(Organisation, self.organisation_id), *right_of(self.by, self.organisation_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), known)
        organisation.must_be_approved()
        if self.until_day < self.at.date():
            raise TermEndsBeforeItStarts
        yield InvitationMade(
            invitation_id=self.invitation_id,
            organisation_id=self.organisation_id,
            made_by=self.by.actor,
            people=self.people,
            until_day=self.until_day,
        )


class WithdrawInvitation(Command, frozen=True, kw_only=True):
    """Have nobody register by an invitation any more."""

    invitation_id: InvitationId
    organisation_id: OrganisationId

    def needs(self) -> Sequence[Key]:
        return about(Invitation, self.invitation_id), *right_of(self.by, self.organisation_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        invitation = known(Invitation, self.invitation_id)
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), known)
        if invitation.made is None or invitation.made.organisation_id != self.organisation_id:
            raise InvitationUnknown(invitation_id=self.invitation_id)
        if invitation.is_withdrawn:
            raise InvitationNotGood
        yield InvitationWithdrawn(
            invitation_id=self.invitation_id, organisation_id=self.organisation_id, withdrawn_by=self.by.actor
        )

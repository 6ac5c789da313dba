"""Proposals: service that a volunteer says they did, until its organisation takes it up as its record, or declines."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar, Self

from timebank.domain.credit.categories import must_be_listed
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.proposals import ProposalDeclined, ProposalTakenUp, ProposalWithdrawn, ServiceProposed
from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import ActorId, OrganisationId, ProposalId, RecordId, TeamId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, Moment, about, event
from timebank.domain.organisations.memberships import LOGS_SERVICE, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.organisations.rosters import Team, memories_of_team
from timebank.domain.people.volunteers import Volunteer, is_one_of, memories_of_eyes
from timebank.domain.refusals import NotYourOwn
from timebank.domain.service.days import ServiceDay, day_of, memories_of_days
from timebank.domain.service.records import LogService
from timebank.domain.service.refusals import (
    ProposalNotOpen,
    ProposalUnknown,
    ServiceInTheFuture,
    WitnessIsBeneficiary,
)
from timebank.domain.service.times import local_days, served_minutes
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_believable


class Proposal(Memory):
    """One proposal, and what has become of it."""

    status = "unknown"
    said: ServiceProposed

    def __init__(self, proposal_id: ProposalId) -> None:
        super().__init__(proposal_id)

    @event(ServiceProposed)
    def _(self, fact: ServiceProposed) -> None:
        self.status, self.said = "proposed", fact

    @event(ProposalTakenUp)
    def _(self) -> None:
        self.status = "taken up"

    @event(ProposalDeclined)
    def _(self) -> None:
        self.status = "declined"

    @event(ProposalWithdrawn)
    def _(self) -> None:
        self.status = "withdrawn"

    def must_be_open(self) -> None:
        """Refuse for a proposal that was decided on, or taken back."""
        if self.status != "proposed":
            raise ProposalNotOpen(status=self.status)


class ProposeService(Command, frozen=True, kw_only=True):
    """Say that one served for an organisation, when, who saw it, and in the name of which of its teams."""

    proposal_id: ProposalId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    activity: Line
    category: Line
    started_at: Moment
    ended_at: Moment
    minutes: int | None = None
    place: Line | None = None
    content: Text | None = None
    witness_id: ActorId | None = None
    team_id: TeamId | None = None

    def checked(self) -> Self:
        must_be_believable(started_at=self.started_at, ended_at=self.ended_at)
        return super().checked()

    def needs(self) -> Sequence[Key]:
        return (
            about(Organisation, self.organisation_id),
            about(Volunteer, self.volunteer_id),
            about(RuleBook),
            *(about(ServiceDay, self.volunteer_id, day) for day in self.local_days),
            *((about(Volunteer, VolunteerId(self.witness_id)), *memories_of_eyes(self.by)) if self.witness_id else ()),
            *memories_of_team(self.team_id),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        return memories_of_days(known, self.volunteer_id, self.local_days)

    @property
    def local_days(self) -> list[date]:
        """The days on which it was."""
        return local_days(self.started_at, self.ended_at, self.at.tzinfo)

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Organisation, self.organisation_id).must_be_approved()
        known(Volunteer, self.volunteer_id).must_be_active()
        if self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        if self.witness_id:
            known(Volunteer, VolunteerId(self.witness_id)).must_exist()
            if is_one_of(known, VolunteerId(self.witness_id), {self.volunteer_id, *self.by.eyes}):
                raise WitnessIsBeneficiary
        minutes = served_minutes(self.started_at, self.ended_at, self.minutes)
        if self.ended_at > self.at:
            raise ServiceInTheFuture
        first_day = min(self.local_days)
        must_be_listed(known(RuleBook).on(first_day).rules, category=self.category, activity=self.activity)
        if self.team_id:
            known(Team, self.team_id).must_have_been(self.organisation_id, first_day)
        for day in self.local_days:
            day_of(known, self.volunteer_id, day).must_not_repeat(self.organisation_id, self.started_at, self.ended_at)
        yield ServiceProposed(
            proposal_id=self.proposal_id,
            volunteer_id=self.volunteer_id,
            organisation_id=self.organisation_id,
            proposed_by=self.by.actor,
            activity=self.activity,
            category=self.category,
            started_at=self.started_at,
            ended_at=self.ended_at,
            minutes=minutes,
            place=self.place,
            content=self.content,
            witness_id=self.witness_id,
            team_id=self.team_id,
        )


class _OnProposal(Command, frozen=True, kw_only=True):
    """What the decisions on a proposal have in common: whoever logs for its organisation decides."""

    proposal_id: ProposalId

    def needs(self) -> Sequence[Key]:
        return (about(Proposal, self.proposal_id),)

    def also_needs(self, known: Known) -> Sequence[Key]:
        proposal = known(Proposal, self.proposal_id)
        if proposal.status == "unknown":
            return ()
        organisation_id = proposal.said.organisation_id
        return about(Organisation, organisation_id), *right_of(self.by, organisation_id)

    def open_proposal(self, known: Known) -> ServiceProposed:
        """What was proposed. Refuses whoever has no right to decide on it; to strangers it does not exist."""
        proposal = known(Proposal, self.proposal_id)
        if proposal.status == "unknown":
            raise ProposalUnknown(proposal_id=self.proposal_id)
        try:
            must_act_for(proposal.said.organisation_id, self.by, LOGS_SERVICE, self.at.date(), known)
        except OrganisationUnknown:
            raise ProposalUnknown(proposal_id=self.proposal_id) from None
        known(Organisation, proposal.said.organisation_id).must_be_approved()
        proposal.must_be_open()
        return proposal.said


class TakeUpProposal(_OnProposal, frozen=True, kw_only=True):
    """Make a proposal a record of the organisation's; somebody else than whoever takes it up confirms it."""

    record_id: RecordId
    capacity: Capacity = "resident"

    def log(self, said: ServiceProposed) -> LogService:
        """The record as the organisation logs it."""
        return LogService(
            by=self.by,
            at=self.at,
            record_id=self.record_id,
            volunteer_id=said.volunteer_id,
            organisation_id=said.organisation_id,
            activity=said.activity,
            category=said.category,
            capacity=self.capacity,
            started_at=said.started_at,
            ended_at=said.ended_at,
            minutes=said.minutes,
            place=said.place,
            content=said.content,
            team_id=said.team_id,
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        proposal = known(Proposal, self.proposal_id)
        if proposal.status == "unknown":
            return ()
        log = self.log(proposal.said)
        return *log.needs(), *log.also_needs(known)

    def decide(self, known: Known) -> Iterator[Fact]:
        said = self.open_proposal(known)
        yield from self.log(said).decide(known)
        yield ProposalTakenUp(
            proposal_id=self.proposal_id,
            volunteer_id=said.volunteer_id,
            organisation_id=said.organisation_id,
            record_id=self.record_id,
            taken_up_by=self.by.actor,
        )


class DeclineProposal(_OnProposal, frozen=True, kw_only=True):
    """Say that the organisation does not make it its record, and why."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        said = self.open_proposal(known)
        yield ProposalDeclined(
            proposal_id=self.proposal_id,
            volunteer_id=said.volunteer_id,
            organisation_id=said.organisation_id,
            declined_by=self.by.actor,
            reason=self.reason,
        )


class WithdrawProposal(Command, frozen=True, kw_only=True):
    """Take back what one has proposed."""

    proxy_scope: ClassVar[str | None] = None

    proposal_id: ProposalId

    def needs(self) -> Sequence[Key]:
        return (about(Proposal, self.proposal_id),)

    def decide(self, known: Known) -> Iterator[Fact]:
        proposal = known(Proposal, self.proposal_id)
        if proposal.status == "unknown" or self.by.own_id != proposal.said.volunteer_id:
            raise ProposalUnknown(proposal_id=self.proposal_id)
        proposal.must_be_open()
        said = proposal.said
        yield ProposalWithdrawn(
            proposal_id=self.proposal_id, volunteer_id=said.volunteer_id, organisation_id=said.organisation_id
        )

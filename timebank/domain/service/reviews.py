"""Reviews: how a record stands, and what the decisions on one have in common: where to look, and who may decide."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.organisations import Role
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
    ServiceWithdrawn,
    team_after,
)
from timebank.domain.identifiers import ActorId, OrganisationId, RecordId, TeamId
from timebank.domain.kernel import Command, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import VERIFIES_SERVICE, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.organisations.rosters import Team, memories_of_team
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.service.capacities import memories_of_duty
from timebank.domain.service.crediting import memories_of_credit
from timebank.domain.service.descriptions import Described, memories_of_charge
from timebank.domain.service.refusals import (
    OutsideTheActivity,
    RecordNotConfirmed,
    RecordNotPending,
    RecordUnknown,
    VerifierIsBeneficiary,
)

NO_TEAM = TeamId("")
"""What a record is told to be of where it is to be of no team; None is as before."""


class ServiceRecord(Memory):
    """One record, as it now stands."""

    status = "unknown"
    logged: Described
    recorder_eyes: frozenset[str] = frozenset()
    recorded_minutes = 0
    activity_span: tuple[datetime, datetime] | None = None
    leader_was_there: bool | None = None
    team_id: TeamId | None = None
    original_days: tuple[date, ...]
    minutes_by_day: dict[date, int]
    credited_minutes = 0

    def __init__(self, record_id: RecordId) -> None:
        super().__init__(record_id)
        self.record_id = record_id

    @event(ServiceLogged)
    def _(self, fact: ServiceLogged) -> None:
        self.status, self.logged, self.team_id = "logged", fact, fact.team_id
        self.activity_span, self.leader_was_there = fact.activity_span, fact.leader_was_there
        self.recorder_eyes = frozenset(filter(None, (fact.recorder_id, fact.key_issued_by, *fact.entered_by)))
        self.original_days, self.minutes_by_day = tuple(fact.minutes_by_day), fact.minutes_by_day
        self.recorded_minutes = self.minutes

    @event(ServiceAmended)
    def _(self, fact: ServiceAmended) -> None:
        self.status, self.logged, self.team_id = "logged", fact, team_after(fact, self.team_id)
        self.recorder_eyes |= {each for each in (fact.amended_by, fact.key_issued_by) if each}
        self.original_days, self.minutes_by_day = tuple(fact.minutes_by_day), fact.minutes_by_day
        self.recorded_minutes = self.minutes

    @event(ServiceWithdrawn)
    def _(self) -> None:
        self.status = "withdrawn"

    @event(ServiceConfirmed)
    def _(self, minutes_by_day: dict[date, int], credited_minutes: int) -> None:
        self.status, self.minutes_by_day, self.credited_minutes = "confirmed", minutes_by_day, credited_minutes

    @event(ServiceRejected)
    def _(self) -> None:
        self.status = "rejected"

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        self.status, self.logged, self.team_id = "corrected", fact, team_after(fact, self.team_id)
        self.minutes_by_day, self.credited_minutes = fact.minutes_by_day, fact.credited_minutes

    @event(ServiceVoided)
    def _(self) -> None:
        self.status = "voided"

    @property
    def minutes(self) -> int:
        """The minutes logged, confirmed or corrected to."""
        return sum(self.minutes_by_day.values())

    def must_be_pending(self) -> None:
        """Refuse for a record that was decided on."""
        if self.status != "logged":
            raise RecordNotPending(record_id=self.record_id, status=self.status)

    def must_be_within(self, started_at: datetime, ended_at: datetime) -> None:
        """Refuse times outside the activity that the record came of, if it came of one."""
        if self.activity_span and not self.activity_span[0] <= started_at < ended_at <= self.activity_span[1]:
            raise OutsideTheActivity

    def another_team(self, known: Known, said: TeamId | None, day: date) -> dict[str, Any]:
        """What a fact says of the team that the record is in the name of then, where it is another one, or none.

        Refuses a team that the organisation did not have on the day.
        """
        after = self.team_id if said is None else said or None
        is_same = after == self.team_id
        if after and not (is_same and day == self.logged.local_date):
            known(Team, after).must_have_been(self.logged.organisation_id, day)
        return {} if is_same else {"team_id": after, "previous_team_id": self.team_id}

    def must_be_confirmed(self) -> None:
        """Refuse for a record that was not confirmed, or is void."""
        if self.status not in {"confirmed", "corrected"}:
            raise RecordNotConfirmed(record_id=self.record_id, status=self.status)


class Review(Command, frozen=True, kw_only=True):
    """What the decisions on a record have in common: where to look, and who may decide."""

    record_id: RecordId

    def needs(self) -> Sequence[Key]:
        return (about(ServiceRecord, self.record_id),)

    def also_needs(self, known: Known) -> Sequence[Key]:
        record = known(ServiceRecord, self.record_id)
        if record.status == "unknown":
            return ()
        logged = record.logged
        return (
            about(Organisation, self.acts_for(record)),
            about(RuleBook),
            *memories_of_credit(known, logged.volunteer_id, self.days(record)),
            *memories_of_charge(logged.organisation_id, self.person_in_charge),
            *memories_of_duty(known, logged.volunteer_id),
            *memories_of_team(record.team_id),
            *memories_of_team(self.team),
            *right_of(self.by, self.acts_for(record)),
            *memories_of_benefit(self.by, logged.volunteer_id, known),
        )

    def acts_for(self, record: ServiceRecord) -> OrganisationId:
        """The organisation for which it is decided: the record's own."""
        return record.logged.organisation_id

    @property
    def person_in_charge(self) -> ActorId | None:
        """Who is said to have been in charge, where that is said anew."""
        return None

    @property
    def team(self) -> TeamId | None:
        """The team in whose name it was, where that is said anew."""
        return None

    def days(self, record: ServiceRecord) -> Sequence[date]:
        """The local days whose other records matter to this decision."""
        return ()

    def roles(self, known: Known) -> tuple[Role, ...]:
        """The roles in which members may decide so."""
        return VERIFIES_SERVICE

    def must_not_be_own(self) -> None:
        """Refuse somebody whose own service the record is about."""
        raise VerifierIsBeneficiary

    def decided_on(self, known: Known) -> ServiceRecord:
        """The record. Refuses whoever has no right to decide on it; to strangers it does not exist."""
        record = known(ServiceRecord, self.record_id)
        if record.status == "unknown":
            raise RecordUnknown(record_id=self.record_id)
        organisation_id = self.acts_for(record)
        try:
            must_act_for(organisation_id, self.by, self.roles(known), self.at.date(), known)
        except OrganisationUnknown:
            raise RecordUnknown(record_id=self.record_id) from None
        if benefits(known, self.by, record.logged.volunteer_id, self.at.date()):
            self.must_not_be_own()
        known(Organisation, organisation_id).must_be_approved()
        return record

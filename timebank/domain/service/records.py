"""Records of service: what was done, by whom, from when until when, and what has become of the record since.

A record holds what the Measures for Recording Volunteer Service (志愿服务记录与证明出具办法, 2021, art. 7) ask for.
It is logged, then confirmed or rejected (`reviews.py`; or, before, amended or withdrawn: `amending.py`); a confirmed
one can be corrected or voided. Nothing is deleted.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Self

from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.service import (
    Capacity,
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
    ServiceWithdrawn,
    team_after,
)
from timebank.domain.identifiers import ActorId, OrganisationId, RecordId, TeamId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, Moment, about, event
from timebank.domain.organisations.employments import Employments
from timebank.domain.organisations.memberships import LOGS_SERVICE, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.rosters import Team, memories_of_team
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.people.volunteers import Volunteer, registrations_of
from timebank.domain.service.capacities import duty_of, memories_of_duty, must_be_in_capacity
from timebank.domain.service.days import ServiceDay, day_of, memories_of_days
from timebank.domain.service.descriptions import (
    SAID,
    Described,
    Programmes,
    description_of,
    digest_of,
    memories_of_charge,
    must_be_sayable,
)
from timebank.domain.service.refusals import (
    OutsideTheActivity,
    RecordAmended,
    RecorderIsBeneficiary,
    RecordNotConfirmed,
    RecordNotPending,
    ServiceInTheFuture,
)
from timebank.domain.service.times import is_late, local_days, minutes_by_day, served_minutes
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_believable

NO_TEAM = TeamId("")
"""What a record is told to be of where it is to be of no team; None is as before."""


class ServiceRecord(Memory):
    """One record, as it now stands."""

    status = "unknown"
    logged: Described
    recorded: Described
    recorder_eyes: frozenset[str] = frozenset()
    recorded_minutes = 0
    activity_span: tuple[datetime, datetime] | None = None
    leader_was_there: bool | None = None
    team_id: TeamId | None = None
    is_subsidised = False
    original_days: tuple[date, ...]
    minutes_by_day: dict[date, int]
    credited_minutes = 0
    most_credited_minutes = 0

    def __init__(self, record_id: RecordId) -> None:
        super().__init__(record_id)
        self.record_id = record_id

    @event(ServiceLogged)
    def _(self, fact: ServiceLogged) -> None:
        self.status, self.logged, self.recorded, self.team_id = "logged", fact, fact, fact.team_id
        self.activity_span, self.leader_was_there = fact.activity_span, fact.leader_was_there
        self.is_subsidised = fact.is_subsidised
        self.recorder_eyes = frozenset(filter(None, (fact.recorder_id, fact.key_issued_by, *fact.entered_by)))
        self.original_days, self.minutes_by_day = tuple(fact.minutes_by_day), fact.minutes_by_day
        self.recorded_minutes = self.minutes

    @event(ServiceAmended)
    def _(self, fact: ServiceAmended) -> None:
        self.status, self.logged, self.recorded = "logged", fact, fact
        self.team_id = team_after(fact, self.team_id)
        self._mark(fact)
        self.recorder_eyes |= {each for each in (fact.amended_by, fact.key_issued_by) if each}
        self.original_days, self.minutes_by_day = tuple(fact.minutes_by_day), fact.minutes_by_day
        self.recorded_minutes = self.minutes

    @event(ServiceWithdrawn)
    def _(self) -> None:
        self.status = "withdrawn"

    @event(ServiceConfirmed)
    def _(self, minutes_by_day: dict[date, int], credited_minutes: int) -> None:
        self.status, self.minutes_by_day, self.credited_minutes = "confirmed", minutes_by_day, credited_minutes
        self.most_credited_minutes = credited_minutes

    @event(ServiceRejected)
    def _(self) -> None:
        self.status = "rejected"

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        self.status, self.logged, self.team_id = "corrected", fact, team_after(fact, self.team_id)
        self._mark(fact)
        self.minutes_by_day, self.credited_minutes = fact.minutes_by_day, fact.credited_minutes
        self.most_credited_minutes = max(self.most_credited_minutes, fact.credited_minutes)

    @event(ServiceVoided)
    def _(self) -> None:
        self.status = "voided"

    def _mark(self, fact: ServiceAmended | ServiceCorrected) -> None:
        """Take in whether there is an allowance now, where a fact says so."""
        if fact.is_subsidised is not None:
            self.is_subsidised = fact.is_subsidised

    @property
    def minutes(self) -> int:
        """The minutes logged, confirmed or corrected to."""
        return sum(self.minutes_by_day.values())

    @property
    def digest(self) -> str:
        """A digest of what it says now."""
        times = {"started_at": self.logged.started_at, "ended_at": self.logged.ended_at}
        return digest_of({**description_of(self.logged), **times, "minutes": self.minutes, "team_id": self.team_id})

    def must_be_as_seen(self, digest: str | None) -> None:
        """Refuse for a record that was amended since somebody has seen it."""
        if digest not in (None, self.digest):
            raise RecordAmended(record_id=self.record_id)

    def must_be_as_logged(self) -> None:
        """Refuse for a record that was ever amended."""
        if not isinstance(self.logged, ServiceLogged):
            raise RecordAmended(record_id=self.record_id)

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

    def another_mark(self, known: Known, day: date) -> dict[str, Any]:
        """What a fact says of an allowance for service on a day, where that is not as it was."""
        is_subsidised = duty_of(known, self.logged.volunteer_id).has_allowance(self.logged.organisation_id, day)
        return {} if is_subsidised == self.is_subsidised else {"is_subsidised": is_subsidised}

    def must_be_confirmed(self) -> None:
        """Refuse for a record that was not confirmed, or is void."""
        if self.status not in {"confirmed", "corrected"}:
            raise RecordNotConfirmed(record_id=self.record_id, status=self.status)


class LogService(Command, frozen=True, kw_only=True):
    """Log service for somebody. `minutes` is the whole time between start and end unless it was less."""

    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    activity: Line
    category: Line
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: int | None = None
    place: Line | None = None
    content: Text | None = None
    programmes: Programmes = ()
    person_in_charge_id: ActorId | None = None
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
            about(Employments, self.volunteer_id),
            *memories_of_charge(self.organisation_id, self.person_in_charge_id),
            *right_of(self.by, self.organisation_id),
            *memories_of_team(self.team_id),
            *memories_of_benefit(self.by, self.volunteer_id),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        if registrations_of(known, self.volunteer_id) == (self.volunteer_id,):
            return ()  # with one registration, all is named from the start
        return [
            *memories_of_days(known, self.volunteer_id, self.local_days),
            *memories_of_duty(known, self.volunteer_id),
        ]

    @property
    def local_days(self) -> list[date]:
        """The days on which it was."""
        return local_days(self.started_at, self.ended_at, self.at.tzinfo)

    @property
    def said(self) -> dict[str, Any]:
        """What the record is to say of the service."""
        return {name: getattr(self, name) for name in SAID}

    def must_be_theirs_to_log(self, known: Known) -> None:
        """Refuse whoever may not log for the organisation, and every organisation that may not have service logged."""
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        must_act_for(self.organisation_id, self.by, LOGS_SERVICE, self.at.date(), known)
        organisation.must_be_approved()

    def decide(self, known: Known) -> Iterator[Fact]:
        self.must_be_theirs_to_log(known)
        known(Volunteer, self.volunteer_id).must_be_active()
        if benefits(known, self.by, self.volunteer_id, self.at.date()):
            raise RecorderIsBeneficiary
        minutes = served_minutes(self.started_at, self.ended_at, self.minutes)
        if self.ended_at > self.at:
            raise ServiceInTheFuture
        shares = minutes_by_day(self.started_at, self.ended_at, minutes, self.at.tzinfo)
        first_day, said = min(shares), self.said
        must_be_sayable(known, self.organisation_id, said, None, first_day)
        if self.team_id:
            known(Team, self.team_id).must_have_been(self.organisation_id, first_day)
        times = self.started_at, self.ended_at
        must_be_in_capacity(known, self.volunteer_id, self.capacity, times, self.at.tzinfo)
        for day, share in shares.items():
            taken = day_of(known, self.volunteer_id, day)
            taken.must_not_repeat(self.organisation_id, self.started_at, self.ended_at)
            taken.must_have_room(share, self.organisation_id, besides=self.record_id)
        yield ServiceLogged(
            record_id=self.record_id,
            volunteer_id=self.volunteer_id,
            organisation_id=self.organisation_id,
            recorder_id=self.by.actor,
            started_at=self.started_at,
            ended_at=self.ended_at,
            minutes=minutes,
            minutes_by_day=shares,
            local_date=first_day,
            is_late=is_late(max(shares), self.at.date()),
            key_issued_by=self.by.key_issued_by,
            is_subsidised=duty_of(known, self.volunteer_id).has_allowance(self.organisation_id, first_day),
            team_id=self.team_id,
            **said,
        )

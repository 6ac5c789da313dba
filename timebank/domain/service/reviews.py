"""Reviews: a record is confirmed or rejected, corrected or voided; who may, and what it is worth then.

Whoever logged it does not confirm it (`_Crediting.must_not_be_recorder`), and nobody decides on their own service
(`Review.decided_on`).
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Self

from timebank.domain.credit.accounts import Balance
from timebank.domain.credit.policies import RuleBook, Work
from timebank.domain.facts.organisations import Role
from timebank.domain.facts.service import (
    Capacity,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceRejected,
    ServiceVoided,
)
from timebank.domain.identifiers import ActorId, OrganisationId, RecordId, TeamId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Moment, about
from timebank.domain.organisations.memberships import VERIFIES_SERVICE, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.organisations.rosters import memories_of_team
from timebank.domain.people.proxies import benefits, memories_of_benefit, memories_of_spending, persons, spends
from timebank.domain.people.volunteers import is_one_of
from timebank.domain.refusals import NothingChanges
from timebank.domain.service.capacities import duty_of, is_of_staff_off_duty, memories_of_duty, must_be_in_capacity
from timebank.domain.service.crediting import Service, account_of, credited, memories_of_credit
from timebank.domain.service.days import day_of
from timebank.domain.service.descriptions import (
    SAID,
    Described,
    Programmes,
    description,
    memories_of_charge,
    must_be_sayable,
)
from timebank.domain.service.records import ServiceRecord
from timebank.domain.service.refusals import (
    ColleagueConfirms,
    LeaderWasAbsent,
    MoreThanRecorded,
    RecorderIsBeneficiary,
    RecorderIsVerifier,
    RecordUnknown,
    ServiceInTheFuture,
    VerifierIsBeneficiary,
)
from timebank.domain.service.times import local_days, minutes_by_day, served_minutes
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_believable

OF_WORTH = ("activity", "category", "capacity")
"""What a record says, beside its times, by which the rules say what it is worth."""


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
            *(about(Organisation, each) for each in dict.fromkeys((logged.organisation_id, self.acts_for(record)))),
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
        for each in (record.logged.organisation_id, organisation_id):
            known(Organisation, each).must_be_approved()
        return record


class _Crediting(Review, frozen=True, kw_only=True):
    """What confirming and correcting have in common: service gets its credit, from somebody who did not log it."""

    def roles(self, known: Known) -> tuple[Role, ...]:
        return known(RuleBook).on(self.at.date()).rules.direct_confirm_roles

    def also_needs(self, known: Known) -> Sequence[Key]:
        record = known(ServiceRecord, self.record_id)
        needed = [*super().also_needs(known), *memories_of_recorders(record, known)]
        if record.status != "unknown" and (self.by.governs or self.acts_for(record) != record.logged.organisation_id):
            needed += (key for each in persons(self.by.eyes) for key in memories_of_duty(known, each))
        return needed

    def is_colleague(self, known: Known, logged: Described) -> bool:
        """Whether whoever looks is on the staff of the record's organisation, then or now, whoever they act for."""
        staffs = [duty_of(known, each) for each in persons(self.by.eyes)]
        days = logged.local_date, self.at.date()
        return any(each.works_for(logged.organisation_id, day) for each in staffs for day in days)

    def benefits_recorder(self, record: ServiceRecord, known: Known) -> bool:
        """Whether its recorder benefits by now: they turned out to be the same person, or became a proxy."""
        whose, recorders = record.logged.volunteer_id, record.recorder_eyes
        return is_one_of(known, whose, recorders) or spends(known, recorders, whose, self.at.date())

    def must_not_be_recorder(self, record: ServiceRecord, known: Known) -> None:
        """Refuse whoever logged the record."""
        if any(is_one_of(known, VolunteerId(each), self.by.eyes) for each in record.recorder_eyes):
            raise RecorderIsVerifier

    def must_not_be_more(self, record: ServiceRecord, minutes: int) -> None:
        """Refuse more than was recorded."""
        if minutes > record.recorded_minutes:
            raise MoreThanRecorded(recorded_minutes=record.recorded_minutes)


class ConfirmService(_Crediting, frozen=True, kw_only=True):
    """Confirm that the service took place; `minutes` if it was less than what was logged.

    Staff who served off duty are confirmed for another organisation than their own (`for_organisation_id`).
    `digest` is that of the record as whoever confirms has seen it: one that was amended since is refused. So is, with
    `only_as_logged`, one that was ever amended: for confirming many at once that nobody looks at by themselves.
    """

    digest: str | None = None
    only_as_logged: bool = False
    minutes: int | None = None
    reason: Text | None = None
    for_organisation_id: OrganisationId | None = None

    def acts_for(self, record: ServiceRecord) -> OrganisationId:
        return self.for_organisation_id or record.logged.organisation_id

    def must_be_theirs(self, known: Known, logged: Described) -> None:
        """Refuse colleagues of staff who served off duty, and for everybody else another organisation."""
        theirs, is_staff = logged.organisation_id, is_of_staff_off_duty(known, logged)
        if self.for_organisation_id not in (None, theirs) and not is_staff:
            raise RecordUnknown(record_id=self.record_id)
        is_for_theirs = self.for_organisation_id in (None, theirs) and not self.by.governs
        if is_staff and (is_for_theirs or self.is_colleague(known, logged)):
            raise ColleagueConfirms

    def days(self, record: ServiceRecord) -> Sequence[date]:
        return local_days(record.logged.started_at, record.logged.ended_at, self.at.tzinfo)

    def decide(self, known: Known) -> Iterator[Fact]:
        record = self.decided_on(known)
        record.must_be_pending()
        self.must_not_be_recorder(record, known)
        if self.benefits_recorder(record, known):
            raise RecorderIsBeneficiary
        record.must_be_as_seen(self.digest)
        if self.only_as_logged:
            record.must_be_as_logged()
        self.must_be_theirs(known, record.logged)
        if record.leader_was_there is False and not self.by.governs:
            raise LeaderWasAbsent
        logged = record.logged
        times = logged.started_at, logged.ended_at
        must_be_in_capacity(known, logged.volunteer_id, logged.capacity, times, self.at.tzinfo)
        minutes = served_minutes(
            logged.started_at, logged.ended_at, record.minutes if self.minutes is None else self.minutes
        )
        self.must_not_be_more(record, minutes)
        shares = minutes_by_day(logged.started_at, logged.ended_at, minutes, self.at.tzinfo)
        work = Work(logged.organisation_id, logged.activity, logged.category, logged.capacity, shares)
        yield ServiceConfirmed(
            record_id=self.record_id,
            volunteer_id=logged.volunteer_id,
            organisation_id=logged.organisation_id,
            decided_by=self.by.actor,
            reason=self.reason,
            **credited(known, Service(self.record_id, logged.volunteer_id, logged.started_at, logged.ended_at, work)),
        )


class RejectService(Review, frozen=True, kw_only=True):
    """Find that a logged record is not right."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        record = self.decided_on(known)
        record.must_be_pending()
        yield ServiceRejected(
            record_id=self.record_id,
            volunteer_id=record.logged.volunteer_id,
            organisation_id=record.logged.organisation_id,
            decided_by=self.by.actor,
            minutes_by_day=record.minutes_by_day,
            reason=self.reason,
        )


class CorrectService(_Crediting, frozen=True, kw_only=True):
    """Put right what was confirmed, so that it is no more; what is not given stays, but new times are taken whole.

    `NO_TEAM` for a team is none.
    """

    reason: Text
    activity: Line | None = None
    category: Line | None = None
    capacity: Capacity | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    minutes: int | None = None
    place: Line | None = None
    content: Text | None = None
    programmes: Programmes | None = None
    person_in_charge_id: ActorId | None = None
    team_id: TeamId | None = None

    @property
    def person_in_charge(self) -> ActorId | None:
        return self.person_in_charge_id

    @property
    def team(self) -> TeamId | None:
        return self.team_id

    def checked(self) -> Self:
        must_be_believable(started_at=self.started_at, ended_at=self.ended_at)
        return super().checked()

    def days(self, record: ServiceRecord) -> Sequence[date]:
        return local_days(*self.interval(record), self.at.tzinfo)

    def interval(self, record: ServiceRecord) -> tuple[datetime, datetime]:
        """Start and end as they will be."""
        return self.started_at or record.logged.started_at, self.ended_at or record.logged.ended_at

    def decide(self, known: Known) -> Iterator[Fact]:
        record = self.decided_on(known)
        record.must_be_confirmed()
        self.must_not_be_recorder(record, known)
        before, (started_at, ended_at) = record.logged, self.interval(record)
        same_times = (started_at, ended_at) == (before.started_at, before.ended_at)
        unsaid = record.minutes if same_times else None
        minutes = served_minutes(started_at, ended_at, unsaid if self.minutes is None else self.minutes)
        if ended_at > self.at:
            raise ServiceInTheFuture
        record.must_be_within(started_at, ended_at)
        shares = minutes_by_day(started_at, ended_at, minutes, self.at.tzinfo)
        said = description(self, before)
        must_be_sayable(known, before.organisation_id, said, before, min(shares))
        anew = record.another_team(known, self.team_id, min(shares)) | record.another_mark(known, min(shares))
        times = started_at, ended_at
        must_be_in_capacity(known, before.volunteer_id, said["capacity"], times, self.at.tzinfo)
        for day, share in shares.items():
            taken = day_of(known, before.volunteer_id, day)
            taken.must_have_room(share, before.organisation_id, besides=self.record_id)
        work = Work(before.organisation_id, said["activity"], said["category"], said["capacity"], shares)
        service = Service(self.record_id, before.volunteer_id, started_at, ended_at, work, record.credited_minutes)
        worth: dict[str, Any] = {**said, **credited(known, service)}
        is_as_said = _is_told(before, said, times, SAID)
        if is_as_said and minutes == record.minutes and not anew:
            raise NothingChanges
        self.must_not_raise(record, known, minutes, worth["credited_minutes"])
        self.must_not_be_more(record, minutes)
        if not (is_as_said and _is_told(record.recorded, said, times, OF_WORTH)):
            most = record.most_credited_minutes if is_as_said else record.credited_minutes
            self.must_not_be_worth_more(record, most, worth["credited_minutes"])
        yield ServiceCorrected(
            record_id=self.record_id,
            volunteer_id=before.volunteer_id,
            organisation_id=before.organisation_id,
            decided_by=self.by.actor,
            previous_capacity=before.capacity,
            previous_minutes=record.minutes,
            previous_minutes_by_day=record.minutes_by_day,
            previous_local_date=before.local_date,
            previous_credited_minutes=record.credited_minutes,
            started_at=started_at,
            ended_at=ended_at,
            original_days=record.original_days,
            reason=self.reason,
            account_id=_other_account(known, before.volunteer_id),
            **worth,
            **anew,
        )

    def must_not_be_worth_more(self, record: ServiceRecord, most: int, credited_minutes: int) -> None:
        """Refuse more credit for what is told anew than two people have seen, in however many steps."""
        if credited_minutes > most:
            raise MoreThanRecorded(recorded_minutes=record.recorded_minutes)

    def must_not_raise(self, record: ServiceRecord, known: Known, minutes: int, credited_minutes: int) -> None:
        """Refuse more than another organisation has confirmed of staff who served off duty.

        Also more of what somebody has recorded of themselves, as it turned out since, or of whom they spend for by now.
        """
        is_more = minutes > record.minutes or credited_minutes > record.credited_minutes
        if is_more and self.benefits_recorder(record, known):
            raise RecorderIsBeneficiary
        is_outsider = self.by.governs and not self.is_colleague(known, record.logged)
        if is_more and is_of_staff_off_duty(known, record.logged) and not is_outsider:
            raise ColleagueConfirms


class VoidService(Review, frozen=True, kw_only=True):
    """Withdraw a confirmed record. What of its credit was spent already becomes a debt."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        record = self.decided_on(known)
        record.must_be_confirmed()
        logged, account_id = record.logged, account_of(known, record.logged.volunteer_id)
        yield ServiceVoided(
            record_id=self.record_id,
            volunteer_id=logged.volunteer_id,
            organisation_id=logged.organisation_id,
            decided_by=self.by.actor,
            capacity=logged.capacity,
            minutes=record.minutes,
            minutes_by_day=record.minutes_by_day,
            local_date=logged.local_date,
            credited_minutes=record.credited_minutes,
            debt_change_minutes=known(Balance, account_id).debt_change(-record.credited_minutes),
            original_days=record.original_days,
            reason=self.reason,
            account_id=_other_account(known, logged.volunteer_id),
        )


def memories_of_recorders(record: ServiceRecord, known: Known) -> Sequence[Key]:
    """What has to be known to tell whether whoever recorded it benefits by now, under whichever of their numbers."""
    if record.status == "unknown":
        return ()
    return memories_of_spending(record.recorder_eyes, record.logged.volunteer_id, known)


def _is_told(fact: Described, said: dict[str, Any], times: tuple[datetime, datetime], names: Sequence[str]) -> bool:
    """Whether a fact tells the same of the service, in some fields, and the same times."""
    return times == (fact.started_at, fact.ended_at) and all(said[name] == getattr(fact, name) for name in names)


def _other_account(known: Known, volunteer_id: VolunteerId) -> VolunteerId | None:
    """Whose account the credit is on, where the registration was merged with another since."""
    account_id = account_of(known, volunteer_id)
    return account_id if account_id != volunteer_id else None

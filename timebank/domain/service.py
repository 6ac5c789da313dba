"""Service: what was done, by whom, from when until when, and what has become of the record of it.

A record holds what the Measures for Recording Volunteer Service (志愿服务记录与证明出具办法, 2021, art. 7) ask for.
It is logged, then confirmed or rejected; a confirmed one can be corrected or voided (`review.py`). Nothing is deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, NamedTuple

from msgspec import Meta

from timebank.domain.identifiers import ActorId, OrganisationId, RecordId, VolunteerId, day_tag
from timebank.domain.kernel import Command, Fact, Memory, Moment, event
from timebank.domain.memberships import LOGS_SERVICE, must_act_for, right_of
from timebank.domain.organisations import Organisation
from timebank.domain.policy import Capacity, DayCredit, RuleEffect, counts_as_volunteering
from timebank.domain.refusals import (
    DayIsFull,
    DuplicateRecord,
    EndsBeforeItStarts,
    LastsTooLong,
    OverlappingService,
    RecorderIsBeneficiary,
    ServiceInTheFuture,
    TooFewMinutes,
    TooManyMinutes,
    UnbelievableTime,
)
from timebank.domain.volunteers import Volunteer

MINUTES_A_DAY = 24 * 60
WORKING_DAYS_TO_LOG = 10
"""A record is to be made within ten working days of the activity (Measures, art. 11); after that it is marked late."""

ServiceMinutes = Annotated[int, Meta(ge=1, le=MINUTES_A_DAY)]


class ServiceLogged(Fact, frozen=True, kw_only=True):
    """An organisation says that a volunteer served for `minutes`; nobody has checked it yet.

    `minutes_by_day` divides the minutes among the local days they touch, `local_date` is the day they count for.
    """

    TOPIC = "service-logged"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    recorder_id: ActorId
    activity: str
    category: str
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: int
    minutes_by_day: dict[date, int]
    local_date: date
    is_late: bool = False
    place: str | None = None
    content: str | None = None
    programmes: tuple[str, ...] = ()


class ServiceConfirmed(Fact, frozen=True, kw_only=True):
    """`minutes` of real service were confirmed and became `credited_minutes`.

    That is what version `policy_version` of the rule book made of them: minutes and `rules_applied` sum to it, and so
    does `credited_by_day`, where it is not minute for minute. Where the volunteer had a debt, `debt_change_minutes`
    (negative) went to repaying it.
    """

    TOPIC = "service-confirmed"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    capacity: Capacity
    minutes: int
    minutes_by_day: dict[date, int]
    local_date: date
    credited_minutes: int
    debt_change_minutes: int = 0
    reason: str | None = None
    policy_version: int = 0
    rules_applied: tuple[RuleEffect, ...] = ()
    credited_by_day: dict[date, int] | None = None


class ServiceRejected(Fact, frozen=True, kw_only=True):
    """The record was found not to be right; it counts for nothing."""

    TOPIC = "service-rejected"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    minutes_by_day: dict[date, int]
    reason: str


class ServiceCorrected(Fact, frozen=True, kw_only=True):
    """A confirmed record was put right; the `previous_…` fields keep what it was, `original_days` what was logged."""

    TOPIC = "service-corrected"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    previous_capacity: Capacity
    previous_minutes: int
    previous_minutes_by_day: dict[date, int]
    previous_local_date: date
    previous_credited_minutes: int
    activity: str
    category: str
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: int
    minutes_by_day: dict[date, int]
    local_date: date
    credited_minutes: int
    debt_change_minutes: int = 0
    place: str | None = None
    content: str | None = None
    programmes: tuple[str, ...] = ()
    original_days: tuple[date, ...] = ()
    reason: str
    policy_version: int = 0
    rules_applied: tuple[RuleEffect, ...] = ()
    credited_by_day: dict[date, int] | None = None


def credited_by_day(fact: ServiceConfirmed | ServiceCorrected) -> Mapping[date, int]:
    """The credit by local day. Before there was a rule book, nothing was said of paid duty but that it had none."""
    if fact.credited_by_day is not None:
        return fact.credited_by_day
    return fact.minutes_by_day if counts_as_volunteering(fact.capacity) else {}


class ServiceVoided(Fact, frozen=True, kw_only=True):
    """A confirmed record was withdrawn, and with it `minutes` of service and `credited_minutes` of credit.

    What of the credit had been spent already became a debt: `debt_change_minutes`.
    """

    TOPIC = "service-voided"
    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    decided_by: ActorId
    capacity: Capacity
    minutes: int
    minutes_by_day: dict[date, int]
    local_date: date
    credited_minutes: int
    debt_change_minutes: int = 0
    original_days: tuple[date, ...] = ()
    reason: str


class ServiceRecord(Memory):
    """One record, as it now stands."""

    status = "unknown"
    logged: ServiceLogged | ServiceCorrected
    recorder_id: ActorId
    original_days: tuple[date, ...]
    minutes_by_day: dict[date, int]
    credited_minutes = 0

    @event(ServiceLogged)
    def _(self, fact: ServiceLogged) -> None:
        self.status, self.logged, self.recorder_id = "logged", fact, fact.recorder_id
        self.original_days, self.minutes_by_day = tuple(fact.minutes_by_day), fact.minutes_by_day

    @event(ServiceConfirmed)
    def _(self, minutes_by_day: dict[date, int], credited_minutes: int) -> None:
        self.status, self.minutes_by_day, self.credited_minutes = "confirmed", minutes_by_day, credited_minutes

    @event(ServiceRejected)
    def _(self) -> None:
        self.status = "rejected"

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        self.status, self.logged = "corrected", fact
        self.minutes_by_day, self.credited_minutes = fact.minutes_by_day, fact.credited_minutes

    @event(ServiceVoided)
    def _(self) -> None:
        self.status = "voided"

    @property
    def minutes(self) -> int:
        """The minutes logged, confirmed or corrected to."""
        return sum(self.minutes_by_day.values())


class DayEntry(NamedTuple):
    """What one record takes up of a day; times in UTC: local ones compare wrongly in the hour that comes twice."""

    organisation_id: OrganisationId
    started_at: datetime
    ended_at: datetime
    minutes: int
    is_confirmed: bool
    activity: str
    credited_minutes: int = 0


class ServiceDay(Memory):
    """What one volunteer did on one local day, for whichever organisation: pending and confirmed records.

    `claims` are what was logged for the day, whatever it was corrected to since: entered again it is a duplicate.
    """

    def __init__(self, volunteer_id: VolunteerId, day: date) -> None:
        super().__init__(day_tag(volunteer_id, day))
        self.day = day
        self.entries: dict[RecordId, DayEntry] = {}
        self.claims: dict[tuple[OrganisationId, datetime, datetime], RecordId] = {}

    @event(ServiceLogged)
    def _(self, fact: ServiceLogged) -> None:
        self._enter(fact, is_confirmed=False)
        self.claims[self.entries[fact.record_id][:3]] = fact.record_id

    @event(ServiceConfirmed)
    def _(self, fact: ServiceConfirmed) -> None:
        if fact.record_id in self.entries:
            self.entries[fact.record_id] = self.entries[fact.record_id]._replace(
                minutes=fact.minutes_by_day.get(self.day, 0),
                is_confirmed=True,
                credited_minutes=credited_by_day(fact).get(self.day, 0),
            )

    @event(ServiceRejected)
    def _(self, record_id: RecordId) -> None:
        self._forget(record_id)

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        self.entries.pop(fact.record_id, None)
        if self.day in fact.minutes_by_day:
            self._enter(fact, is_confirmed=True, credited_minutes=credited_by_day(fact).get(self.day, 0))

    @event(ServiceVoided)
    def _(self, record_id: RecordId) -> None:
        self._forget(record_id)

    def _enter(self, fact: ServiceLogged | ServiceCorrected, *, is_confirmed: bool, credited_minutes: int = 0) -> None:
        self.entries[fact.record_id] = DayEntry(
            fact.organisation_id,
            fact.started_at.astimezone(UTC),
            fact.ended_at.astimezone(UTC),
            fact.minutes_by_day[self.day],
            is_confirmed,
            fact.activity,
            credited_minutes,
        )

    def _forget(self, record_id: RecordId) -> None:
        self.entries.pop(record_id, None)
        self.claims = {claim: claimant for claim, claimant in self.claims.items() if claimant != record_id}

    def must_not_repeat(self, organisation_id: OrganisationId, started_at: datetime, ended_at: datetime) -> None:
        """Refuse what the same organisation has logged for the same time already."""
        claim = organisation_id, started_at.astimezone(UTC), ended_at.astimezone(UTC)
        known = self.claims | {entry[:3]: record_id for record_id, entry in self.entries.items()}
        if claim in known:
            raise DuplicateRecord(record_id=known[claim])

    def must_have_room(self, minutes: int, besides: RecordId) -> None:
        """Refuse more minutes than the day has."""
        taken = sum(entry.minutes for record_id, entry in self.entries.items() if record_id != besides)
        if taken + minutes > MINUTES_A_DAY:
            raise DayIsFull(minutes=taken + minutes, day=self.day.isoformat())

    def credit(self, organisation_id: OrganisationId, activity: str, besides: RecordId) -> DayCredit:
        """What the other records of the day were credited with, in all and for the same activity."""
        others = [entry for record_id, entry in self.entries.items() if record_id != besides]
        same = [entry for entry in others if (entry.organisation_id, entry.activity) == (organisation_id, activity)]
        return DayCredit(sum(entry.credited_minutes for entry in others), sum(entry.credited_minutes for entry in same))

    def must_not_overlap(self, started_at: datetime, ended_at: datetime, besides: RecordId) -> None:
        """Refuse time that lies within other confirmed service."""
        for record_id, entry in self.entries.items():
            overlaps = entry.started_at < ended_at.astimezone(UTC) and started_at.astimezone(UTC) < entry.ended_at
            if entry.is_confirmed and overlaps and record_id != besides:
                raise OverlappingService(record_id=record_id)


class LogService(Command, frozen=True, kw_only=True):
    """Log service for somebody. `minutes` is the whole time between start and end unless it was less."""

    record_id: RecordId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    activity: str
    category: str
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: int | None = None
    place: str | None = None
    content: str | None = None
    programmes: tuple[str, ...] = ()

    def needs(self) -> Sequence[Memory]:
        return (
            Organisation(self.organisation_id),
            Volunteer(self.volunteer_id),
            *days_touched(self.volunteer_id, self.started_at, self.ended_at, self.at.tzinfo),
            *right_of(self.by, self.organisation_id),
        )

    def decide(self, organisation: Organisation, volunteer: Volunteer, *others: Memory) -> Iterator[Fact]:
        days = [memory for memory in others if isinstance(memory, ServiceDay)]
        organisation.must_exist(self.organisation_id)
        must_act_for(self.organisation_id, self.by, LOGS_SERVICE, self.at.date(), others)
        organisation.must_be_approved(self.organisation_id)
        volunteer.must_be_active(self.volunteer_id)
        if self.by.volunteer_id == self.volunteer_id:
            raise RecorderIsBeneficiary
        minutes = served_minutes(self.started_at, self.ended_at, self.minutes)
        if self.ended_at > self.at:
            raise ServiceInTheFuture
        shares = minutes_by_day(self.started_at, self.ended_at, minutes, self.at.tzinfo)
        for day in days:
            day.must_not_repeat(self.organisation_id, self.started_at, self.ended_at)
            day.must_have_room(shares[day.day], besides=self.record_id)
        yield ServiceLogged(
            record_id=self.record_id,
            volunteer_id=self.volunteer_id,
            organisation_id=self.organisation_id,
            recorder_id=self.by.actor,
            activity=self.activity,
            category=self.category,
            capacity=self.capacity,
            started_at=self.started_at,
            ended_at=self.ended_at,
            minutes=minutes,
            minutes_by_day=shares,
            local_date=min(shares),
            is_late=working_days_between(max(shares), self.at.date()) > WORKING_DAYS_TO_LOG,
            place=self.place,
            content=self.content,
            programmes=self.programmes,
        )


def must_be_believable(**moments: datetime | None) -> None:
    """Refuse, by name, points in time that no service was ever at, and that calendars have no neighbours for."""
    for field, moment in moments.items():
        if moment is not None and not _FIRST <= moment < _LAST:
            raise UnbelievableTime(field=field)


_FIRST = datetime(1949, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


def served_minutes(started_at: datetime, ended_at: datetime, minutes: int | None) -> int:
    """The minutes claimed, or all there are; refuses an interval, or a claim, that cannot be."""
    interval = ended_at.astimezone(UTC) - started_at.astimezone(UTC)
    interval_minutes = interval // timedelta(minutes=1)
    if interval_minutes < 1:
        raise EndsBeforeItStarts
    if interval > timedelta(hours=24):
        raise LastsTooLong
    if minutes is not None and minutes < 1:
        raise TooFewMinutes
    if minutes is not None and minutes > interval_minutes:
        raise TooManyMinutes(minutes=minutes, interval_minutes=interval_minutes)
    return interval_minutes if minutes is None else minutes


def minutes_by_day(started_at: datetime, ended_at: datetime, minutes: int, zone: tzinfo | None) -> dict[date, int]:
    """How the minutes fall on local days, in proportion to the time spent there; the parts sum to the whole."""
    days = local_days(started_at, ended_at, zone)
    start, end = started_at.astimezone(UTC), ended_at.astimezone(UTC)
    shares: dict[date, int] = {}
    given = 0
    for day in days[:-1]:
        midnight = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
        # Where clocks are set back across midnight the same day may come twice, hence the bounds.
        reached = minutes * (min(max(midnight, start), end) - start) // (end - start)
        shares[day] = reached - given
        given = reached
    shares[days[-1]] = minutes - given
    return shares


def local_days(started_at: datetime, ended_at: datetime, zone: tzinfo | None) -> list[date]:
    """The local days an interval touches; only the first, where it is no interval that a record could cover."""
    first = started_at.astimezone(zone).date()
    start, end = started_at.astimezone(UTC), ended_at.astimezone(UTC)
    if not timedelta(0) < end - start <= timedelta(hours=24):
        return [first]
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    first, last = min(first, last), max(first, last)
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def days_touched(
    volunteer_id: VolunteerId, started_at: datetime, ended_at: datetime, zone: tzinfo | None
) -> tuple[ServiceDay, ...]:
    """The memories of the local days an interval touches."""
    return tuple(ServiceDay(volunteer_id, day) for day in local_days(started_at, ended_at, zone))


def working_days_between(first: date, last: date) -> int:
    """How many working days (Monday to Friday; holidays are not known here) come after `first`, up to `last`."""
    weeks, days = divmod(max((last - first).days, 0), 7)
    return weeks * 5 + sum((first.weekday() + 1 + day) % 7 < 5 for day in range(days))

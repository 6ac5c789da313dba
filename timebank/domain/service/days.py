"""One volunteer's local day: what they did on it, for whichever organisation; that it has room, and repeats nothing."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

from timebank.domain.credit.policies import DayCredit
from timebank.domain.credit.service_caps import Activity, Counted, kept, seen_after
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
    ServiceWithdrawn,
    credited_by_day,
)
from timebank.domain.identifiers import OrganisationId, RecordId, VolunteerId, day_tag
from timebank.domain.kernel import Key, Known, Memory, about, event
from timebank.domain.people.volunteers import Volunteer, registrations_of
from timebank.domain.service.refusals import DayIsFull, DuplicateRecord
from timebank.domain.service.times import MINUTES_A_DAY
from timebank.domain.text import normal


class DayEntry(NamedTuple):
    """What one record takes up of a day; times in UTC: local ones compare wrongly in the hour that comes twice."""

    organisation_id: OrganisationId
    started_at: datetime
    ended_at: datetime
    minutes: int
    is_confirmed: bool
    activity: str
    credited_minutes: int = 0


class KeptOfDay(NamedTuple):
    """What a record takes up of the caps of a day on which two people have seen it, and is not credited with there."""

    activity: Activity
    of_day: int
    of_activity: int


class ServiceDay(Memory):
    """What one volunteer did on one local day, for whichever organisation: pending and confirmed records.

    `claims` are what was logged for the day, whatever it was corrected to since: entered again it is a duplicate.
    `seen` is what records were confirmed as, and `kept` what they take up by it though they were moved.
    """

    def __init__(self, volunteer_id: VolunteerId, day: date) -> None:
        super().__init__(day_tag(volunteer_id, day))
        self.day = day
        self.entries: dict[RecordId, DayEntry] = {}
        self.claims: dict[tuple[OrganisationId, datetime, datetime], RecordId] = {}
        self.seen: dict[RecordId, Counted] = {}
        self.kept: dict[RecordId, KeptOfDay] = {}

    @event(ServiceLogged)
    def _(self, fact: ServiceLogged) -> None:
        self._enter(fact, is_confirmed=False)
        self.claims[self.entries[fact.record_id][:3]] = fact.record_id

    @event(ServiceAmended)
    def _(self, fact: ServiceAmended) -> None:
        self._forget(fact.record_id)
        if self.day in fact.minutes_by_day:
            self._enter(fact, is_confirmed=False)
            self.claims[self.entries[fact.record_id][:3]] = fact.record_id

    @event(ServiceWithdrawn)
    def _(self, record_id: RecordId) -> None:
        self._forget(record_id)

    @event(ServiceConfirmed)
    def _(self, fact: ServiceConfirmed) -> None:
        if fact.record_id in self.entries:
            entry, credited = self.entries[fact.record_id], credited_by_day(fact)
            self.entries[fact.record_id] = entry._replace(
                minutes=fact.minutes_by_day.get(self.day, 0),
                is_confirmed=True,
                credited_minutes=credited.get(self.day, 0),
            )
            self.seen[fact.record_id] = Counted((fact.organisation_id, entry.activity), credited)

    @event(ServiceRejected)
    def _(self, record_id: RecordId) -> None:
        self._forget(record_id)

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        self.entries.pop(fact.record_id, None)
        if self.day in fact.minutes_by_day:
            self._enter(fact, is_confirmed=True, credited_minutes=credited_by_day(fact).get(self.day, 0))
        self._keep(fact.record_id, Counted((fact.organisation_id, normal(fact.activity)), credited_by_day(fact)))

    @event(ServiceVoided)
    def _(self, record_id: RecordId) -> None:
        self._forget(record_id)

    def _enter(
        self, fact: ServiceLogged | ServiceAmended | ServiceCorrected, *, is_confirmed: bool, credited_minutes: int = 0
    ) -> None:
        self.entries[fact.record_id] = DayEntry(
            fact.organisation_id,
            fact.started_at.astimezone(UTC),
            fact.ended_at.astimezone(UTC),
            fact.minutes_by_day[self.day],
            is_confirmed,
            normal(fact.activity),
            credited_minutes,
        )

    def _keep(self, record_id: RecordId, now: Counted) -> None:
        self.kept.pop(record_id, None)
        seen = self.seen.get(record_id)
        if seen is None:
            return
        of_day, of_activity = (each.get(self.day, 0) for each in kept(seen, now))
        if of_day or of_activity:
            self.kept[record_id] = KeptOfDay(seen.activity, of_day, of_activity)
        self.seen[record_id] = seen_after(seen, now)

    def _forget(self, record_id: RecordId) -> None:
        for each in (self.entries, self.seen, self.kept):
            each.pop(record_id, None)
        self.claims = {claim: claimant for claim, claimant in self.claims.items() if claimant != record_id}

    def record_of(self, organisation_id: OrganisationId, started_at: datetime, ended_at: datetime) -> RecordId | None:
        """The record of an organisation for the same time, or for what was that time before it was corrected."""
        if not (self.entries or self.claims):
            return None
        claim = organisation_id, started_at.astimezone(UTC), ended_at.astimezone(UTC)
        found = [record_id for record_id, entry in self.entries.items() if entry[:3] == claim]
        return found[-1] if found else self.claims.get(claim)

    def must_not_repeat(
        self,
        organisation_id: OrganisationId,
        started_at: datetime,
        ended_at: datetime,
        besides: RecordId | None = None,
    ) -> None:
        """Refuse what the same organisation has logged for the same time already, in another record than `besides`."""
        record_id = self.record_of(organisation_id, started_at, ended_at)
        if record_id not in (None, besides):
            raise DuplicateRecord(record_id=record_id)

    def must_have_room(self, minutes: int, organisation_id: OrganisationId, besides: RecordId) -> None:
        """Refuse to log more minutes than the day has, beside what the organisation itself has logged.

        What others confirmed is not looked at: nobody learns by logging how long somebody served elsewhere.
        """
        self._must_fit(minutes, lambda each: each.organisation_id == organisation_id, besides)

    def must_have_room_beside_confirmed(self, minutes: int, besides: RecordId) -> None:
        """Refuse to confirm more minutes than the day has; what is merely logged keeps nothing out."""
        self._must_fit(minutes, lambda each: each.is_confirmed, besides)

    def _must_fit(self, minutes: int, takes: Callable[[DayEntry], bool], besides: RecordId) -> None:
        others = (entry for record_id, entry in self.entries.items() if record_id != besides)
        taken = sum(entry.minutes for entry in others if takes(entry))
        if taken + minutes > MINUTES_A_DAY:
            raise DayIsFull(minutes=taken + minutes, day=self.day.isoformat())

    def credit(self, organisation_id: OrganisationId, activity: str, besides: RecordId) -> DayCredit:
        """What the other records take up of the day, in all and for the same activity."""
        others = [entry for record_id, entry in self.entries.items() if record_id != besides]
        moved = [each for record_id, each in self.kept.items() if record_id != besides]
        wanted = organisation_id, normal(activity)
        same = sum(each.credited_minutes for each in others if (each.organisation_id, each.activity) == wanted)
        same += sum(each.of_activity for each in moved if each.activity == wanted)
        return DayCredit(sum(each.credited_minutes for each in others) + sum(each.of_day for each in moved), same)


def memories_of_days(known: Known, volunteer_id: VolunteerId, days: Iterable[date]) -> list[Key]:
    """The memories that `day_of` needs: of somebody's days, under whichever of their numbers they served."""
    people = registrations_of(known, volunteer_id)
    return [about(Volunteer, each) for each in dict.fromkeys((volunteer_id, *people))] + [
        about(ServiceDay, each, day) for day in days for each in people
    ]


def day_of(known: Known, volunteer_id: VolunteerId, day: date) -> ServiceDay:
    """One person's day. Where registrations were merged it is the days of all of them, in one."""
    people = registrations_of(known, volunteer_id)
    if len(people) == 1:
        return known(ServiceDay, volunteer_id, day)
    whole = ServiceDay(volunteer_id, day)
    for each in people:
        whole.entries |= known(ServiceDay, each, day).entries
        whole.claims |= known(ServiceDay, each, day).claims
        whole.kept |= known(ServiceDay, each, day).kept
    return whole

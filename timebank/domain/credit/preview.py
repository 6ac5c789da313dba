"""Preview: replays the history under draft rules, to see whose credit would change."""

from collections import defaultdict
from datetime import date
from heapq import nlargest
from typing import NamedTuple

from timebank.domain.credit.policies import DayCredit, Work, credit_for
from timebank.domain.credit.service_caps import Activity, Counted, kept, seen_after
from timebank.domain.facts.credit import Rules
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
from timebank.domain.identifiers import RecordId, VolunteerId
from timebank.domain.kernel import Fact

REPLAYED = (
    ServiceLogged,
    ServiceAmended,
    ServiceWithdrawn,
    ServiceConfirmed,
    ServiceRejected,
    ServiceCorrected,
    ServiceVoided,
)
"""The facts that a preview takes in, in the order of the log."""


class Change(NamedTuple):
    """What one person's credit is, and would be."""

    volunteer_id: VolunteerId
    minutes_before: int
    minutes_after: int


class Effects(NamedTuple):
    """What a draft would change: of so many people and records, how many; and the minutes of all of them.

    Those who would have more gain, those who would have less lose: `before + gained - lost` is `after`.
    """

    people: int
    people_changed: int
    records: int
    records_changed: int
    minutes_before: int
    minutes_gained: int
    minutes_lost: int
    minutes_after: int
    largest_changes: list[Change]


class Replay:
    """Takes in the facts of a log in order, and credits service from a day on as the draft says.

    It decides with the very function that confirming uses, so under the rules that were in force nothing changes.
    """

    def __init__(self, draft: Rules, effective_from: date) -> None:
        self.draft = draft
        self.effective_from = effective_from
        self.replayed = 0
        self._pending: dict[RecordId, tuple[Activity, str]] = {}
        self._shared: dict[Activity, Activity] = {}
        self._counted: dict[RecordId, Counted] = {}
        self._seen: dict[RecordId, Counted] = {}
        self._days: defaultdict[tuple[VolunteerId, date], int] = defaultdict(int)
        self._activities: defaultdict[tuple[VolunteerId, date, Activity], int] = defaultdict(int)
        self._before: defaultdict[VolunteerId, int] = defaultdict(int)
        self._after: defaultdict[VolunteerId, int] = defaultdict(int)
        self._changed: dict[RecordId, int] = {}
        self._records = 0
        self._is_capped = draft.cap_per_day_minutes is not None or draft.cap_per_activity_minutes is not None

    def take(self, fact: Fact) -> None:
        """Take in one more fact."""
        if isinstance(fact, ServiceLogged | ServiceAmended):
            self._pending[fact.record_id] = (fact.organisation_id, fact.activity), fact.category
        elif isinstance(fact, ServiceConfirmed):
            self.replayed += 1
            activity, category = self._pending.pop(fact.record_id)
            self._records += 1
            self._credit(fact, activity, category)
        elif isinstance(fact, ServiceCorrected):
            self._uncredit(fact.record_id, fact.volunteer_id, fact.previous_credited_minutes)
            self._credit(fact, (fact.organisation_id, fact.activity), fact.category)
        elif isinstance(fact, ServiceVoided):
            self._uncredit(fact.record_id, fact.volunteer_id, fact.credited_minutes)
            self._seen.pop(fact.record_id, None)
            self._records -= 1
        elif isinstance(fact, ServiceRejected | ServiceWithdrawn):
            self._pending.pop(fact.record_id, None)

    def effects(self, largest: int) -> Effects:
        """What the draft would change, with as many of the largest changes as are asked for."""
        changes = [
            Change(person, before, self._after[person])
            for person, before in self._before.items()
            if before != self._after[person]
        ]
        return Effects(
            people=len(self._before),
            people_changed=len(changes),
            records=self._records,
            records_changed=len(self._changed),
            minutes_before=sum(self._before.values()),
            minutes_gained=sum(max(change.minutes_after - change.minutes_before, 0) for change in changes),
            minutes_lost=sum(max(change.minutes_before - change.minutes_after, 0) for change in changes),
            minutes_after=sum(self._after.values()),
            largest_changes=nlargest(largest, changes, key=_size),
        )

    def _credit(self, fact: ServiceConfirmed | ServiceCorrected, activity: Activity, category: str) -> None:
        person = fact.volunteer_id
        activity = self._shared.setdefault(activity, activity)
        self._before[person] += fact.credited_minutes
        if fact.local_date < self.effective_from:
            self._after[person] += fact.credited_minutes
            if self._is_capped:
                self._count(fact.record_id, person, Counted(activity, credited_by_day(fact)))
            return
        work = Work(*activity, category, fact.capacity, fact.minutes_by_day)
        days = self._taken(person, work) if self._is_capped else {}
        credit = credit_for(self.draft, work, days, self._after[person])
        minutes = credit.minutes
        self._after[person] += minutes
        if minutes != fact.credited_minutes:
            self._changed[fact.record_id] = minutes
        if self._is_capped:
            self._count(fact.record_id, person, Counted(activity, credit.by_day))

    def _uncredit(self, record_id: RecordId, person: VolunteerId, credited_minutes: int) -> None:
        self._before[person] -= credited_minutes
        self._after[person] -= self._changed.pop(record_id, credited_minutes)
        counted = self._counted.pop(record_id, None)
        if counted:
            self._take_up(record_id, person, counted, -1)
            self._seen[record_id] = seen_after(self._seen.get(record_id, counted), counted)

    def _taken(self, person: VolunteerId, work: Work) -> dict[date, DayCredit]:
        activity = work.organisation_id, work.activity
        return {
            day: DayCredit(self._days[person, day], self._activities[person, day, activity])
            for day in work.minutes_by_day
        }

    def _count(self, record_id: RecordId, person: VolunteerId, counted: Counted) -> None:
        self._counted[record_id] = counted
        self._take_up(record_id, person, counted, 1)

    def _take_up(self, record_id: RecordId, person: VolunteerId, counted: Counted, sign: int) -> None:
        """Count what a record takes up of the caps, where it is and where it was, or (-1) count it no more."""
        for day, minutes in counted.by_day.items():
            self._days[person, day] += sign * minutes
            self._activities[person, day, counted.activity] += sign * minutes
        seen = self._seen.get(record_id)
        if seen:
            of_day, of_activity = kept(seen, counted)
            for day, minutes in of_day.items():
                self._days[person, day] += sign * minutes
            for day, minutes in of_activity.items():
                self._activities[person, day, seen.activity] += sign * minutes


def _size(change: Change) -> tuple[int, VolunteerId]:
    return abs(change.minutes_after - change.minutes_before), change.volunteer_id

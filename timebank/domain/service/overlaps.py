"""Overlaps: no two confirmed records of one person are of the same time, under whichever of their numbers.

`must_be_free` is asked when a record is to count, confirmed or corrected; `must_not_overlap` when two registrations are
to be one person's.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from timebank.domain.facts.proposals import ProposalDeclined, ProposalTakenUp, ProposalWithdrawn, ServiceProposed
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
    ServiceWithdrawn,
)
from timebank.domain.identifiers import ProposalId, RecordId, VolunteerId
from timebank.domain.kernel import Known, Memory, event
from timebank.domain.service.days import ServiceDay
from timebank.domain.service.refusals import OverlappingService, ProposalsWait, RecordsOverlap, RecordsWait


def must_be_free(day: ServiceDay, started_at: datetime, ended_at: datetime, besides: RecordId) -> None:
    """Refuse time that lies within other confirmed service of the day than that of the record `besides`."""
    for record_id, entry in day.entries.items():
        overlaps = entry.started_at < ended_at.astimezone(UTC) and started_at.astimezone(UTC) < entry.ended_at
        if entry.is_confirmed and overlaps and record_id != besides:
            raise OverlappingService(record_id=record_id)


class ServedTime(NamedTuple):
    """From when until when a record is; in UTC."""

    started_at: datetime
    ended_at: datetime


class ServedTimes(Memory):
    """When somebody served: by records that are confirmed, and by those that wait; and which self-reports wait."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id
        self.waiting: dict[RecordId, ServedTime] = {}
        self.confirmed: dict[RecordId, ServedTime] = {}
        self.proposed: set[ProposalId] = set()

    @event(ServiceProposed)
    def _(self, proposal_id: ProposalId) -> None:
        self.proposed.add(proposal_id)

    @event(ProposalTakenUp)
    def _(self, proposal_id: ProposalId) -> None:
        self.proposed.discard(proposal_id)

    @event(ProposalDeclined)
    def _(self, proposal_id: ProposalId) -> None:
        self.proposed.discard(proposal_id)

    @event(ProposalWithdrawn)
    def _(self, proposal_id: ProposalId) -> None:
        self.proposed.discard(proposal_id)

    @event(ServiceLogged)
    def _(self, fact: ServiceLogged) -> None:
        self.waiting[fact.record_id] = _time_of(fact)

    @event(ServiceAmended)
    def _(self, fact: ServiceAmended) -> None:
        self.waiting[fact.record_id] = _time_of(fact)

    @event(ServiceWithdrawn)
    def _(self, record_id: RecordId) -> None:
        self.waiting.pop(record_id, None)

    @event(ServiceRejected)
    def _(self, record_id: RecordId) -> None:
        self.waiting.pop(record_id, None)

    @event(ServiceConfirmed)
    def _(self, record_id: RecordId) -> None:
        if record_id in self.waiting:
            self.confirmed[record_id] = self.waiting.pop(record_id)

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        if fact.volunteer_id == self.volunteer_id:
            self.confirmed[fact.record_id] = _time_of(fact)

    @event(ServiceVoided)
    def _(self, record_id: RecordId) -> None:
        self.confirmed.pop(record_id, None)

    def must_be_decided(self) -> None:
        """Refuse as long as records wait, or self-reports: nobody could take these up afterwards."""
        if self.waiting:
            raise RecordsWait(volunteer_id=self.volunteer_id, records=len(self.waiting))
        if self.proposed:
            raise ProposalsWait(volunteer_id=self.volunteer_id, proposals=len(self.proposed))


def _time_of(fact: ServiceLogged | ServiceAmended | ServiceCorrected) -> ServedTime:
    return ServedTime(fact.started_at.astimezone(UTC), fact.ended_at.astimezone(UTC))


def must_not_overlap(known: Known, some: Iterable[VolunteerId], others: Iterable[VolunteerId]) -> None:
    """Refuse where confirmed records of some registrations are of the same time as records of others."""
    sides = [
        [(time, record_id, side) for each in people for record_id, time in known(ServedTimes, each).confirmed.items()]
        for side, people in enumerate((some, others))
    ]
    # Within a side nothing overlaps: so where anything does, two that follow each other do.
    for (before, first, _), (after, second, _) in pairwise(sorted(sides[0] + sides[1])):
        if after.started_at < before.ended_at:
            raise RecordsOverlap(record_id=first, other_id=second)

"""Amending: what an organisation does with a record that nobody has decided on: mending it, or taking it back."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Self

from timebank.domain.facts.organisations import Role
from timebank.domain.facts.service import Capacity, ServiceAmended, ServiceCorrected, ServiceWithdrawn
from timebank.domain.identifiers import ActorId, TeamId
from timebank.domain.kernel import Fact, Known, Moment
from timebank.domain.organisations.memberships import LOGS_SERVICE
from timebank.domain.refusals import NothingChanges
from timebank.domain.service.capacities import must_be_in_capacity
from timebank.domain.service.days import day_of
from timebank.domain.service.descriptions import Described, Programmes, description, must_be_sayable
from timebank.domain.service.records import ServiceRecord
from timebank.domain.service.refusals import RecorderIsBeneficiary, ServiceInTheFuture
from timebank.domain.service.reviews import Review
from timebank.domain.service.times import is_late, local_days, minutes_by_day, served_minutes
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_believable


class _Recording(Review, frozen=True, kw_only=True):
    """What amending and withdrawing have in common: whoever may log may do it, as long as the record waits."""

    def roles(self, known: Known) -> tuple[Role, ...]:
        return LOGS_SERVICE

    def must_not_be_own(self) -> None:
        raise RecorderIsBeneficiary

    def waiting(self, known: Known) -> ServiceRecord:
        """The record. Refuses one that does not wait to be confirmed any more."""
        record = self.decided_on(known)
        record.must_be_pending()
        return record


class AmendService(_Recording, frozen=True, kw_only=True):
    """Change a record that is not confirmed yet. What is not given stays, but new times without `minutes` count whole.

    `NO_TEAM` for a team is none.
    """

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
    reason: Text | None = None

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
        return local_days(*self.interval(record.logged), self.at.tzinfo)

    def interval(self, before: Described) -> tuple[datetime, datetime]:
        """Start and end of the record once it is amended."""
        return self.started_at or before.started_at, self.ended_at or before.ended_at

    def decide(self, known: Known) -> Iterator[Fact]:
        record = self.waiting(known)
        before, (started_at, ended_at) = record.logged, self.interval(record.logged)
        same_times = (started_at, ended_at) == (before.started_at, before.ended_at)
        unsaid = record.minutes if same_times else None
        minutes = served_minutes(started_at, ended_at, unsaid if self.minutes is None else self.minutes)
        if ended_at > self.at:
            raise ServiceInTheFuture
        record.must_be_within(started_at, ended_at)
        said, shares = description(self, before), minutes_by_day(started_at, ended_at, minutes, self.at.tzinfo)
        is_as_said = same_times and all(said[name] == getattr(before, name) for name in said)
        anew = record.another_team(known, self.team_id, min(shares)) | record.another_mark(known, min(shares))
        if is_as_said and minutes == record.minutes and not anew:
            raise NothingChanges
        must_be_sayable(known, before.organisation_id, said, before, min(shares))
        times = started_at, ended_at
        must_be_in_capacity(known, before.volunteer_id, said["capacity"], times, self.at.tzinfo)
        for day, share in shares.items():
            taken = day_of(known, before.volunteer_id, day)
            taken.must_not_repeat(before.organisation_id, started_at, ended_at, besides=self.record_id)
            taken.must_have_room(share, before.organisation_id, besides=self.record_id)
        yield ServiceAmended(
            record_id=self.record_id,
            volunteer_id=before.volunteer_id,
            organisation_id=before.organisation_id,
            amended_by=self.by.actor,
            previous_minutes_by_day=record.minutes_by_day,
            started_at=started_at,
            ended_at=ended_at,
            minutes=minutes,
            minutes_by_day=shares,
            local_date=min(shares),
            is_late=self.is_late(record, shares),
            key_issued_by=self.by.key_issued_by,
            reason=self.reason,
            **said,
            **anew,
        )

    def is_late(self, record: ServiceRecord, days: Collection[date]) -> bool:
        """Whether it is late: as it was entered, if the days are the same; for other days it is entered now."""
        assert not isinstance(record.logged, ServiceCorrected), "what waits was not corrected"
        if set(days) == set(record.minutes_by_day):
            return record.logged.is_late
        return is_late(max(days), self.at.date())


class WithdrawService(_Recording, frozen=True, kw_only=True):
    """Take back a record that waits."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        record = self.waiting(known)
        yield ServiceWithdrawn(
            record_id=self.record_id,
            volunteer_id=record.logged.volunteer_id,
            organisation_id=record.logged.organisation_id,
            withdrawn_by=self.by.actor,
            minutes_by_day=record.minutes_by_day,
            reason=self.reason,
        )

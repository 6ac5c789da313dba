"""Review: confirming, rejecting, correcting and voiding service records. Whoever logged a record never confirms it."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from timebank.domain.accounts import Balance
from timebank.domain.identifiers import RecordId
from timebank.domain.kernel import Command, Fact, Memory, Moment
from timebank.domain.memberships import VERIFIES_SERVICE, Role, must_act_for, right_of
from timebank.domain.organisations import Organisation
from timebank.domain.policy import Capacity, Credit, RuleBook, Rules, Version, Work, credit_for
from timebank.domain.refusals import (
    NothingChanges,
    OrganisationUnknown,
    RecorderIsVerifier,
    RecordNotConfirmed,
    RecordNotPending,
    RecordUnknown,
    RoleMissing,
    ServiceInTheFuture,
    VerifierIsBeneficiary,
)
from timebank.domain.service import (
    LogService,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceDay,
    ServiceRecord,
    ServiceRejected,
    ServiceVoided,
    days_touched,
    minutes_by_day,
    served_minutes,
)
from timebank.domain.volunteers import Volunteer


class _Review(Command, frozen=True, kw_only=True):
    """What the decisions on a record have in common: where to look, and who may decide."""

    record_id: RecordId

    def needs(self) -> Sequence[Memory]:
        return (ServiceRecord(self.record_id),)

    def also_needs(self, record: ServiceRecord) -> Sequence[Memory]:
        if record.status == "unknown":
            return ()
        logged = record.logged
        return (
            Organisation(logged.organisation_id),
            Balance(logged.volunteer_id),
            RuleBook(),
            *self.days(record),
            *right_of(self.by, logged.organisation_id),
        )

    def days(self, record: ServiceRecord) -> tuple[ServiceDay, ...]:
        """The days whose other records matter to this decision."""
        return ()

    def roles(self, others: Sequence[Memory]) -> tuple[Role, ...]:
        """The roles in which members may decide so."""
        return VERIFIES_SERVICE

    def must_be_allowed(self, record: ServiceRecord, others: Sequence[Memory]) -> None:
        """Refuse a record nobody knows, and whoever has no right to decide on it; to strangers it does not exist."""
        if record.status == "unknown":
            raise RecordUnknown(record_id=self.record_id)
        organisation_id = record.logged.organisation_id
        try:
            must_act_for(organisation_id, self.by, self.roles(others), self.at.date(), others)
        except OrganisationUnknown:
            raise RecordUnknown(record_id=self.record_id) from None
        if self.by.volunteer_id == record.logged.volunteer_id:
            raise VerifierIsBeneficiary
        for memory in others:
            if isinstance(memory, Organisation):
                memory.must_be_approved(organisation_id)

    def must_be_pending(self, record: ServiceRecord) -> None:
        if record.status != "logged":
            raise RecordNotPending(record_id=self.record_id, status=record.status)

    def must_be_confirmed(self, record: ServiceRecord) -> None:
        if record.status not in {"confirmed", "corrected"}:
            raise RecordNotConfirmed(record_id=self.record_id, status=record.status)

    def must_not_be_recorder(self, record: ServiceRecord) -> None:
        if self.by.actor == record.recorder_id:
            raise RecorderIsVerifier


class ConfirmService(_Review, frozen=True, kw_only=True):
    """Confirm that the service took place; `minutes` if it was less, or more, than what was logged."""

    minutes: int | None = None
    reason: str | None = None

    def days(self, record: ServiceRecord) -> tuple[ServiceDay, ...]:
        logged = record.logged
        return days_touched(logged.volunteer_id, logged.started_at, logged.ended_at, self.at.tzinfo)

    def roles(self, others: Sequence[Memory]) -> tuple[Role, ...]:
        return rule_book_in(others).on(self.at.date()).rules.direct_confirm_roles

    def decide(self, record: ServiceRecord, *others: Memory) -> Iterator[Fact]:
        self.must_be_allowed(record, others)
        self.must_be_pending(record)
        self.must_not_be_recorder(record)
        logged = record.logged
        given = record.minutes if self.minutes is None else self.minutes
        minutes = served_minutes(logged.started_at, logged.ended_at, given)
        shares = minutes_by_day(logged.started_at, logged.ended_at, minutes, self.at.tzinfo)
        must_fit(self.record_id, logged.started_at, logged.ended_at, shares, others)
        version = rule_book_in(others).on(min(shares))
        work = Work(logged.organisation_id, logged.activity, logged.category, logged.capacity, shares)
        credit = credit_in(others, version.rules, work, self.record_id)
        yield ServiceConfirmed(
            record_id=self.record_id,
            volunteer_id=logged.volunteer_id,
            organisation_id=logged.organisation_id,
            decided_by=self.by.actor,
            capacity=logged.capacity,
            minutes=minutes,
            minutes_by_day=shares,
            local_date=min(shares),
            credited_minutes=credit.minutes,
            debt_change_minutes=balance_in(others).debt_change(credit.minutes),
            reason=self.reason,
            **_as_decided(version, credit, shares),
        )


class RejectService(_Review, frozen=True, kw_only=True):
    """Find that a logged record is not right."""

    reason: str

    def decide(self, record: ServiceRecord, *others: Memory) -> Iterator[Fact]:
        self.must_be_allowed(record, others)
        self.must_be_pending(record)
        yield ServiceRejected(
            record_id=self.record_id,
            volunteer_id=record.logged.volunteer_id,
            organisation_id=record.logged.organisation_id,
            decided_by=self.by.actor,
            minutes_by_day=record.minutes_by_day,
            reason=self.reason,
        )


class CorrectService(_Review, frozen=True, kw_only=True):
    """Put a confirmed record right; what is not given stays, but new times without `minutes` are taken whole."""

    reason: str
    activity: str | None = None
    category: str | None = None
    capacity: Capacity | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    minutes: int | None = None
    place: str | None = None
    content: str | None = None
    programmes: tuple[str, ...] | None = None

    def days(self, record: ServiceRecord) -> tuple[ServiceDay, ...]:
        started_at, ended_at = self.interval(record)
        return days_touched(record.logged.volunteer_id, started_at, ended_at, self.at.tzinfo)

    def roles(self, others: Sequence[Memory]) -> tuple[Role, ...]:
        return rule_book_in(others).on(self.at.date()).rules.direct_confirm_roles

    def interval(self, record: ServiceRecord) -> tuple[datetime, datetime]:
        """Start and end as they will be."""
        return self.started_at or record.logged.started_at, self.ended_at or record.logged.ended_at

    def decide(self, record: ServiceRecord, *others: Memory) -> Iterator[Fact]:
        self.must_be_allowed(record, others)
        self.must_be_confirmed(record)
        self.must_not_be_recorder(record)
        before = record.logged
        started_at, ended_at = self.interval(record)
        same_times = (started_at, ended_at) == (before.started_at, before.ended_at)
        unsaid = record.minutes if same_times else None
        minutes = served_minutes(started_at, ended_at, unsaid if self.minutes is None else self.minutes)
        if ended_at > self.at:
            raise ServiceInTheFuture
        shares = minutes_by_day(started_at, ended_at, minutes, self.at.tzinfo)
        must_fit(self.record_id, started_at, ended_at, shares, others)
        described = self.description(before)
        if same_times and minutes == record.minutes and all(described[k] == getattr(before, k) for k in described):
            raise NothingChanges
        version = rule_book_in(others).on(min(shares))
        work = Work(before.organisation_id, described["activity"], described["category"], described["capacity"], shares)
        credit = credit_in(others, version.rules, work, self.record_id, record.credited_minutes)
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
            minutes=minutes,
            minutes_by_day=shares,
            local_date=min(shares),
            credited_minutes=credit.minutes,
            debt_change_minutes=balance_in(others).debt_change(credit.minutes - record.credited_minutes),
            original_days=record.original_days,
            reason=self.reason,
            **described,
            **_as_decided(version, credit, shares),
        )

    def description(self, before: Any) -> dict[str, Any]:
        """What the record says, as it will be."""
        names = ("activity", "category", "capacity", "place", "content", "programmes")
        given = msgspec.structs.asdict(self)
        return {name: getattr(before, name) if given[name] is None else given[name] for name in names}


class VoidService(_Review, frozen=True, kw_only=True):
    """Withdraw a confirmed record. What of its credit was spent already becomes a debt."""

    reason: str

    def decide(self, record: ServiceRecord, *others: Memory) -> Iterator[Fact]:
        self.must_be_allowed(record, others)
        self.must_be_confirmed(record)
        logged = record.logged
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
            debt_change_minutes=balance_in(others).debt_change(-record.credited_minutes),
            original_days=record.original_days,
            reason=self.reason,
        )


def must_fit(
    record_id: RecordId,
    started_at: datetime,
    ended_at: datetime,
    shares: dict[Any, int],
    others: Sequence[Memory],
) -> None:
    """Refuse what overlaps other confirmed service, or fills a day beyond its hours."""
    for memory in others:
        if isinstance(memory, ServiceDay):
            memory.must_not_overlap(started_at, ended_at, besides=record_id)
            memory.must_have_room(shares.get(memory.day, 0), besides=record_id)


def credit_in(
    memories: Sequence[Memory], rules: Rules, work: Work, record_id: RecordId, previous_minutes: int = 0
) -> Credit:
    """What service is worth, given what the memories say was credited for other service."""
    days = {
        memory.day: memory.credit(work.organisation_id, work.activity, besides=record_id)
        for memory in memories
        if isinstance(memory, ServiceDay)
    }
    return credit_for(rules, work, days, balance_in(memories).credited_minutes - previous_minutes)


def _as_decided(version: Version, credit: Credit, shares: dict[date, int]) -> dict[str, Any]:
    """How the credit came about, for the fact that says it; by day only where it is not minute for minute."""
    return {
        "policy_version": version.number,
        "rules_applied": credit.effects,
        "credited_by_day": credit.by_day if credit.by_day != shares else None,
    }


def rule_book_in(memories: Sequence[Memory]) -> RuleBook:
    """The rule book among the memories."""
    return next(memory for memory in memories if isinstance(memory, RuleBook))


def balance_in(memories: Sequence[Memory]) -> Balance:
    """The balance among the memories."""
    return next(memory for memory in memories if isinstance(memory, Balance))


class LogConfirmedService(Command, frozen=True, kw_only=True):
    """Log service and have it confirmed in the same breath, as when a list with two signatures is entered.

    Both sets of rules hold: `log.by` logs, `by` confirms, and if either is refused nothing happens.
    """

    log: LogService

    def needs(self) -> Sequence[Memory]:
        log = self.log
        return (*log.needs(), Balance(log.volunteer_id), RuleBook(), *right_of(self.by, log.organisation_id))

    def decide(self, organisation: Organisation, volunteer: Volunteer, *others: Memory) -> Iterator[Fact]:
        organisation.must_exist(self.log.organisation_id)
        try:
            roles = rule_book_in(others).on(self.at.date()).rules.direct_confirm_roles
            must_act_for(self.log.organisation_id, self.by, roles, self.at.date(), others)
        except OrganisationUnknown:
            # Whoever logs knows the organisation; what has to be said is that the other has no role in it.
            role = " or ".join(roles)
            raise RoleMissing(role=role, organisation_id=self.log.organisation_id) from None
        (logged,) = self.log.decide(organisation, volunteer, *others)
        yield logged
        record = ServiceRecord(self.log.record_id)
        record.remember(logged)
        confirm = ConfirmService(by=self.by, at=self.at, record_id=self.log.record_id)
        yield from confirm.decide(record, organisation, *others)

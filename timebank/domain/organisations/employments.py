"""Employments: the duty register. Whether service was duty is decided from it, and not from what is typed."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from timebank.domain.facts.employments import (
    DutyHours,
    EmploymentDeclared,
    EmploymentEnded,
    EmploymentKind,
    LeaveNoted,
)
from timebank.domain.identifiers import EmploymentId, OrganisationId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import (
    MANAGES_MEMBERS,
    Membership,
    must_act_for,
    right_of,
)
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import (
    DutyHoursOverlap,
    EmployeeIsDeclarer,
    EmploymentEndsInThePast,
    EmploymentUnknown,
    LeaveInThePast,
    MembershipNotActive,
    TooManyEmployments,
)
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.people.volunteers import Volunteer, registrations_of
from timebank.domain.refusals import TermEndsBeforeItStarts
from timebank.domain.times import must_be_a_term

Hours = Annotated[tuple[DutyHours, ...], Meta(max_length=50)]

DAY, FOR_GOOD = timedelta(days=1), timedelta(days=3_650)

MOST_EMPLOYMENTS, MOST_LEAVES = 500, 1_000
"""So many of one person at one organisation: each record of their service is compared with all of them."""


class Leave(msgspec.Struct, frozen=True):
    """From one day until another, both included."""

    first_day: date
    last_day: date


class Employments(Memory):
    """For which bodies somebody works, at which hours, and when they are on leave."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.declared: dict[EmploymentId, EmploymentDeclared] = {}
        self.until: dict[EmploymentId, date] = {}
        self.leaves: dict[EmploymentId, tuple[Leave, ...]] = {}

    @event(EmploymentDeclared)
    def _(self, fact: EmploymentDeclared) -> None:
        self.declared[fact.employment_id] = fact
        if fact.until_day:
            self.until[fact.employment_id] = fact.until_day

    @event(EmploymentEnded)
    def _(self, employment_id: EmploymentId, until_day: date) -> None:
        self.until[employment_id] = until_day

    @event(LeaveNoted)
    def _(self, employment_id: EmploymentId, first_day: date, last_day: date) -> None:
        self.leaves[employment_id] = (*self.leaves.get(employment_id, ()), Leave(first_day, last_day))

    def on(self, day: date) -> list[EmploymentDeclared]:
        """The employments in force on a day."""
        return [
            each
            for employment_id, each in self.declared.items()
            if each.from_day <= day <= self.until.get(employment_id, day)
        ]

    def is_there_between(self, employment: EmploymentDeclared, first: date, last: date) -> bool:
        """Whether one is in force, and no leave from it, on any day of a span; leaves of years are for good."""
        day = max(first, employment.from_day)
        last = min(last, self.until.get(employment.employment_id, date.max), min(day, date.max - FOR_GOOD) + FOR_GOOD)
        for leave in sorted(self.leaves.get(employment.employment_id, ()), key=lambda each: each.first_day):
            if leave.first_day <= day <= leave.last_day:
                if leave.last_day >= last:
                    return False
                day = leave.last_day + DAY
        return day <= last

    def of(self, organisation_id: OrganisationId) -> list[EmploymentDeclared]:
        """The employments that a body has declared, whenever they are."""
        return [each for each in self.declared.values() if each.organisation_id == organisation_id]

    def works_for(self, organisation_id: OrganisationId, day: date) -> bool:
        """Whether somebody is on a body's staff on a day, on leave or not; an allowance makes nobody staff."""
        return any(each.organisation_id == organisation_id and each.kind != "allowance" for each in self.on(day))

    def has_allowance(self, organisation_id: OrganisationId, day: date) -> bool:
        """Whether a body pays somebody an allowance on a day."""
        return any(each.organisation_id == organisation_id and each.kind == "allowance" for each in self.on(day))

    def is_duty(self, started_at: datetime, ended_at: datetime, zone: tzinfo | None) -> bool:
        """Whether a stretch of time meets hours of duty, for whichever body, that are not within a leave."""
        if not self.declared:
            return False
        start, end = started_at.astimezone(UTC), ended_at.astimezone(UTC)
        day, last = started_at.astimezone(zone).date() - DAY, ended_at.astimezone(zone).date()
        while day <= last:
            for since, until in self._duty(day, zone):
                if start < until and since < end:
                    return True
            day += DAY
        return False

    def _duty(self, day: date, zone: tzinfo | None) -> Iterator[tuple[datetime, datetime]]:
        """The hours of duty of a local day, in UTC."""
        midnight = datetime.combine(day, time.min, tzinfo=zone)
        for each in self.on(day):
            leaves = self.leaves.get(each.employment_id, ())
            if each.kind == "allowance" or any(leave.first_day <= day <= leave.last_day for leave in leaves):
                continue
            for hours in each.hours:
                if hours.weekday == day.isoweekday():
                    since, until = (timedelta(minutes=each) for each in (hours.from_minute, hours.until_minute))
                    yield (midnight + since).astimezone(UTC), (midnight + until).astimezone(UTC)


class _OnStaff(Command, frozen=True, kw_only=True):
    """What the commands on employments have in common: coordinators and administrators keep them, of others."""

    employment_id: EmploymentId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId

    def needs(self) -> Sequence[Key]:
        return (
            about(Organisation, self.organisation_id),
            about(Volunteer, self.volunteer_id),
            about(Employments, self.volunteer_id),
            *right_of(self.by, self.organisation_id),
            *memories_of_benefit(self.by, self.volunteer_id),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        people = registrations_of(known, self.volunteer_id)
        return [
            *(about(Volunteer, each) for each in people),
            *memories_of_benefit(self.by, self.volunteer_id, known),
        ]

    def register(self, known: Known) -> Employments:
        """The employments of whom it is about.

        Refuses whoever does not keep the register, and about themselves or whom they spend for.
        """
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), known)
        organisation.must_be_approved()
        if benefits(known, self.by, self.volunteer_id, self.at.date()):
            raise EmployeeIsDeclarer
        return known(Employments, self.volunteer_id)

    def must_be_a_member(self, known: Known, until: date | None) -> None:
        """Refuse an organisation that says of others than its members that they are on duty; who governs may.

        They are members today; for duty that was over before, until it was.
        """
        if self.by.governs:
            return
        membership = known(Membership, self.organisation_id, self.volunteer_id)
        membership.must_be_open()
        if membership.status != "approved":
            raise MembershipNotActive(status=membership.status)
        if not membership.lasts(min(self.at.date(), until or date.max)):
            raise MembershipNotActive(status="ended")

    @property
    def of_member(self) -> Sequence[Key]:
        """What has to be known to tell whether they are a member."""
        return () if self.by.governs else (about(Membership, self.organisation_id, self.volunteer_id),)

    def employment(self, known: Known) -> EmploymentDeclared:
        """The employment, which has to be of this body and person."""
        declared = self.register(known).declared.get(self.employment_id)
        if declared is None or declared.organisation_id != self.organisation_id:
            raise EmploymentUnknown(employment_id=self.employment_id)
        return declared


class DeclareEmployment(_OnStaff, frozen=True, kw_only=True):
    """Say that somebody works for a body, and when. It may be said late: history is not credited anew.

    What overlaps duty is never credited, for whichever body it is: so a body says it of its members alone, who have
    agreed to be that, and administrators of anybody.
    """

    kind: EmploymentKind
    hours: Hours = ()
    from_day: date
    until_day: date | None = None

    def needs(self) -> Sequence[Key]:
        return *super().needs(), *self.of_member

    def decide(self, known: Known) -> Iterator[Fact]:
        employments = self.register(known)
        known(Volunteer, self.volunteer_id).must_not_be_erased()
        must_be_a_term(self.from_day, self.until_day)
        self.must_be_a_member(known, self.until_day)
        if len(employments.of(self.organisation_id)) >= MOST_EMPLOYMENTS:
            raise TooManyEmployments(most=MOST_EMPLOYMENTS)
        hours = sorted(self.hours, key=lambda each: (each.weekday, each.from_minute))
        if any(each.until_minute <= each.from_minute for each in hours):
            raise DutyHoursOverlap
        if self.kind != "allowance":
            _must_not_overlap(employments, hours, self.from_day, self.until_day)
        yield EmploymentDeclared(
            employment_id=self.employment_id,
            volunteer_id=self.volunteer_id,
            organisation_id=self.organisation_id,
            kind=self.kind,
            hours=tuple(hours),
            from_day=self.from_day,
            until_day=self.until_day,
        )


def _must_not_overlap(
    employments: Employments,
    hours: Sequence[DutyHours],
    since: date,
    until: date | None,
    besides: EmploymentId | None = None,
) -> None:
    """Refuse two duties at one time, on any day from one until another.

    An allowance is no duty; and during a leave from one body somebody may be on duty for another.
    """
    others = (
        each.hours
        for each in employments.declared.values()
        if each.employment_id != besides
        and each.kind != "allowance"
        and employments.is_there_between(each, since, until or date.max)
    )
    if any(_overlap([*hours, *theirs]) for theirs in ((), *others)):
        raise DutyHoursOverlap


def _overlap(hours: Sequence[DutyHours]) -> bool:
    """Whether somebody would have two duties at one time."""
    inorder = sorted(hours, key=lambda each: (each.weekday, each.from_minute))
    return any(
        first.weekday == second.weekday and second.from_minute < first.until_minute
        for first, second in pairwise(inorder)
    )


class EndEmployment(_OnStaff, frozen=True, kw_only=True):
    """Say until when somebody works for a body: for days that are over administrators alone.

    Who was on the same staff confirms none of it for another body; so nobody at the body leaves it for days past.
    Longer than was said before, it is as if it were declared for the days between.
    """

    until_day: date

    def needs(self) -> Sequence[Key]:
        return *super().needs(), *self.of_member

    def decide(self, known: Known) -> Iterator[Fact]:
        declared, employments = self.employment(known), known(Employments, self.volunteer_id)
        before = employments.until.get(self.employment_id)
        if before and before < self.until_day:
            self.must_be_a_member(known, self.until_day)
            if declared.kind != "allowance":
                _must_not_overlap(employments, declared.hours, before + DAY, self.until_day, besides=self.employment_id)
        if self.until_day < self.at.date() and not self.by.governs:
            raise EmploymentEndsInThePast
        if self.until_day < declared.from_day:
            raise TermEndsBeforeItStarts
        yield EmploymentEnded(
            employment_id=self.employment_id,
            volunteer_id=self.volunteer_id,
            organisation_id=self.organisation_id,
            until_day=self.until_day,
        )


class NoteLeave(_OnStaff, frozen=True, kw_only=True):
    """Say that somebody is on leave for some days: for days that are over administrators alone.

    What was served then is no duty any more, and may be credited.
    """

    first_day: date
    last_day: date

    def decide(self, known: Known) -> Iterator[Fact]:
        self.employment(known)
        if self.first_day < self.at.date() and not self.by.governs:
            raise LeaveInThePast
        if self.last_day < self.first_day:
            raise TermEndsBeforeItStarts
        register = known(Employments, self.volunteer_id)
        theirs = register.of(self.organisation_id)
        if sum(len(register.leaves.get(each.employment_id, ())) for each in theirs) >= MOST_LEAVES:
            raise TooManyEmployments(most=MOST_LEAVES)
        yield LeaveNoted(
            employment_id=self.employment_id,
            volunteer_id=self.volunteer_id,
            organisation_id=self.organisation_id,
            first_day=self.first_day,
            last_day=self.last_day,
        )

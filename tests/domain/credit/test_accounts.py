from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLINICS_PROGRAM,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    THURSDAY,
    WANG,
    at,
    confirmed,
    corrected,
    enter,
    log_service,
    registered,
    spent,
    standing,
    voided,
)
from tests.domain.test_golden_facts import golden
from tests.given import Book
from timebank.domain.credit.accounts import BOOKED, Balance, opened, postings
from timebank.domain.facts.service import ServiceConfirmed, ServiceLogged
from timebank.domain.identifiers import OrganisationId, RecordId, VolunteerId
from timebank.domain.kernel import Command, Fact
from timebank.domain.refusals import NothingChanges
from timebank.domain.service.records import LogService
from timebank.domain.service.refusals import (
    DayIsFull,
    DuplicateRecord,
    EndsBeforeItStarts,
    LastsTooLong,
    MoreThanRecorded,
    OverlappingService,
    RecordDiffers,
    RecordNotConfirmed,
    RecordNotPending,
    ServiceInTheFuture,
    TooManyMinutes,
)
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService
from timebank.domain.vocabulary import FACTS

capacities: Any = st.sampled_from(["resident", "staff-off-duty", "staff-on-duty"])
amounts = st.integers(0, 24 * 60)
changes_of_debt = st.integers(-24 * 60, 24 * 60)


def balance_after(*facts: Fact) -> Balance:
    """Wang's balance as of these facts."""
    balance = Balance(WANG)
    for fact in facts:
        balance.remember(fact)
    return balance


@st.composite
def booked_facts(draw: st.DrawFn) -> Fact:
    """Any fact that does something to an account, also one that no decision would come to."""
    fields: dict[str, Any] = {
        "capacity": draw(capacities),
        "minutes": draw(amounts),
        "credited_minutes": draw(amounts),
        "debt_change_minutes": draw(changes_of_debt),
    }
    before: dict[str, Any] = {
        "previous_capacity": draw(capacities),
        "previous_minutes": draw(amounts),
        "previous_credited_minutes": draw(amounts),
    }
    return draw(st.sampled_from([confirmed(**fields), corrected(**fields, **before), voided(**fields)]))


def posted(fact: Fact) -> dict[str, int]:
    """What a fact does to each account in all."""
    total: Counter[str] = Counter()
    for line in postings(fact):
        total[line.account] += line.minutes
    return dict(total)


class TestPostings:
    """What a fact does to every account."""

    @for_all(booked_facts())
    def test_sum_to_zero(self, fact: Fact) -> None:
        """Minutes come from somewhere: credit and service each sum to zero in every fact."""
        lines = postings(fact)
        assert sum(line.minutes for line in lines) == 0
        assert sum(line.minutes for line in lines if line.account in {"served", "received"}) == 0

    @pytest.mark.parametrize("topic", FACTS)
    def test_are_nothing_for_facts_about_other_things(self, topic: str) -> None:
        """Facts post to accounts if they are among those known to, and always sum to zero."""
        lines = postings(golden(topic))
        assert bool(lines or opened(golden(topic))) == (topic in BOOKED)
        assert sum(line.minutes for line in lines) == 0

    def test_service_changes_by_confirmation_correction_and_void_only(self) -> None:
        """Nothing else touches service minutes, least of all spending."""
        touching = {topic for topic in FACTS for line in postings(golden(topic)) if line.account == "served"}
        assert touching == {"service-confirmed", "service-corrected", "service-voided"}

    def test_registering_opens_an_account(self) -> None:
        """A new volunteer has an account with nothing on it."""
        assert postings(registered()) == ()
        assert opened(registered()) == ("available", WANG)

    def test_a_correction_posts_to_the_days_it_is_about(self) -> None:
        """Moved to another day, service leaves the day it was on, and comes to the other."""
        moved = corrected(previous_local_date=THURSDAY - timedelta(days=1))
        served = {line.day: line.minutes for line in postings(moved) if line.account == "served"}
        assert served == {THURSDAY - timedelta(days=1): -120, THURSDAY: 60}

    def test_a_correction_posts_the_difference(self) -> None:
        """From two hours to one, an hour is taken back."""
        changes = posted(corrected())
        assert changes == {"available": -60, "debt": 0, "issued": 60, "served": -60, "received": 60}

    def test_duty_hours_are_neither_service_nor_credit(self) -> None:
        """Paid duty posts nothing but zeroes, and turned into duty a record loses its service minutes."""
        duty = confirmed(capacity="staff-on-duty", credited_minutes=0)
        assert {line.minutes for line in postings(duty)} == {0}
        to_duty = corrected(capacity="staff-on-duty", minutes=120, credited_minutes=0)
        assert posted(to_duty)["served"] == -120

    def test_void_undoes_confirmation(self) -> None:
        """Confirmed and voided, every account is what it was."""
        total: Counter[str] = Counter()
        for fact in (confirmed(), voided()):
            for line in postings(fact):
                total[line.account] += line.minutes
        assert set(total.values()) == {0}


class TestBalance:
    """Never below zero, and never in the way of a lawful correction."""

    @for_all(amounts, amounts, st.integers(-24 * 60, 24 * 60))
    def test_a_shortfall_is_a_debt_that_credit_repays_first(self, credit: int, used: int, change: int) -> None:
        """Whatever changes, neither what can be spent nor what is owed is negative, and their difference is right."""
        used = min(used, credit)
        before = balance_after(confirmed(credited_minutes=credit), spent(used))
        taken = before.debt_change(-credit)
        after_void = balance_after(
            confirmed(credited_minutes=credit),
            spent(used),
            voided(credited_minutes=credit, debt_change_minutes=taken),
        )
        assert after_void.minutes["available"] == 0
        assert after_void.minutes["debt"] == -used
        if change < 0:
            return
        later = confirmed(credited_minutes=change, debt_change_minutes=after_void.debt_change(change))
        after_void.remember(later)
        assert after_void.minutes["available"] == max(0, change - used)
        assert after_void.minutes["debt"] == -max(0, used - change)


@dataclass
class Kept:
    """What the machine below believes about a record."""

    volunteer_id: VolunteerId
    started_at: datetime
    ended_at: datetime
    minutes: int
    credited: int
    status: str = "pending"


class AnyHistory(RuleBasedStateMachine):
    """People log, confirm, correct and void in any order; a plain list of records says what has to come out."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(*standing(GARDEN), *standing(CLINIC), registered(WANG), registered(LI))
        self.records: dict[RecordId, Kept] = {}
        self.used: Counter[VolunteerId] = Counter()

    quarters = st.integers(0, 3 * 24 * 4)
    lengths = st.integers(1, 100)
    some_minutes = st.none() | st.integers(1, 24 * 60)
    nth = st.integers(0, 100)

    def times(self, quarter: int, length: int) -> dict[str, datetime]:
        """An interval in the three days before now; the long ones reach over midnight, or are too long."""
        started_at = NOON - timedelta(minutes=15 * quarter)
        return {"started_at": started_at, "ended_at": started_at + timedelta(minutes=15 * length)}

    def chosen(self, nth: int) -> tuple[RecordId, Kept]:
        """One of the records."""
        return list(self.records.items())[nth % len(self.records)]

    @rule(
        quarter=quarters,
        length=lengths,
        minutes=some_minutes,
        capacity=capacities,
        volunteer_id=st.sampled_from([WANG, LI]),
        organisation_id=st.sampled_from([GARDEN, CLINIC]),
    )
    def log(
        self,
        quarter: int,
        length: int,
        minutes: int | None,
        capacity: Any,
        volunteer_id: VolunteerId,
        organisation_id: OrganisationId,
    ) -> None:
        """An organisation logs service."""
        self.keep(self.logging(quarter, length, minutes, capacity, volunteer_id, organisation_id))

    @rule(
        quarter=quarters,
        length=lengths,
        minutes=some_minutes,
        capacity=capacities,
        volunteer_id=st.sampled_from([WANG, LI]),
        organisation_id=st.sampled_from([GARDEN, CLINIC]),
    )
    def log_confirmed(
        self,
        quarter: int,
        length: int,
        minutes: int | None,
        capacity: Any,
        volunteer_id: VolunteerId,
        organisation_id: OrganisationId,
    ) -> None:
        """An organisation logs service that the administrator confirms at once, or what waits already; or nothing."""
        log = self.logging(quarter, length, minutes, capacity, volunteer_id, organisation_id)
        before = list(self.book.facts)
        if self.keep(enter(log, signer=ADMINISTRATOR)):
            (confirmed,) = (each for each in self.book.facts[len(before) :] if isinstance(each, ServiceConfirmed))
            self.records[confirmed.record_id].status = "confirmed"
        else:
            assert self.book.facts == before

    def keep(self, command: Command) -> bool:
        """Do it, and believe in the record if it was possible."""
        refusals = (DuplicateRecord, DayIsFull, TooManyMinutes, ServiceInTheFuture, LastsTooLong, OverlappingService)
        before = len(self.book.facts)
        with suppress(*refusals, RecordDiffers):
            self.book.do(command)
            for fact in self.book.facts[before:]:
                if isinstance(fact, ServiceLogged):
                    credit = fact.minutes if fact.capacity != "staff-on-duty" else 0
                    self.records[fact.record_id] = Kept(
                        fact.volunteer_id, fact.started_at, fact.ended_at, fact.minutes, credit
                    )
            return True
        return False

    def logging(
        self,
        quarter: int,
        length: int,
        minutes: int | None,
        capacity: Any,
        volunteer_id: VolunteerId,
        organisation_id: OrganisationId,
    ) -> LogService:
        """An organisation's program is to log service."""
        return log_service(
            by=GARDENERS_PROGRAM if organisation_id == GARDEN else CLINICS_PROGRAM,
            record_id=RecordId(f"rec_{len(self.records)}"),
            volunteer_id=volunteer_id,
            organisation_id=organisation_id,
            capacity=capacity,
            minutes=minutes,
            **self.times(quarter, length),
        )

    @precondition(lambda self: self.records)
    @rule(nth=nth, minutes=some_minutes)
    def confirm(self, nth: int, minutes: int | None) -> None:
        """The administrator confirms."""
        record_id, kept = self.chosen(nth)
        with suppress(RecordNotPending, OverlappingService, DayIsFull, TooManyMinutes, MoreThanRecorded):
            self.book.do(ConfirmService(by=ADMINISTRATOR, at=NOON, record_id=record_id, minutes=minutes))
            kept.status = "confirmed"
            kept.minutes = minutes or kept.minutes
            kept.credited = kept.minutes if kept.credited else 0

    @precondition(lambda self: self.records)
    @rule(nth=nth, quarter=quarters, length=lengths, minutes=some_minutes, capacity=st.none() | capacities)
    def correct(self, nth: int, quarter: int, length: int, minutes: int | None, capacity: Any) -> None:
        """The administrator corrects."""
        record_id, kept = self.chosen(nth)
        command = CorrectService(
            by=ADMINISTRATOR,
            at=NOON,
            record_id=record_id,
            reason="时间写错",
            minutes=minutes,
            capacity=capacity,
            **self.times(quarter, length),
        )
        possible = (RecordNotConfirmed, OverlappingService, DayIsFull, NothingChanges, MoreThanRecorded)
        with suppress(*possible, EndsBeforeItStarts, TooManyMinutes, ServiceInTheFuture, LastsTooLong):
            fact = self.book.do(command)
            kept.started_at, kept.ended_at, kept.minutes = fact.started_at, fact.ended_at, fact.minutes
            on_duty = capacity == "staff-on-duty" or (capacity is None and not kept.credited)
            kept.credited = 0 if on_duty else kept.minutes

    @precondition(lambda self: self.records)
    @rule(nth=nth)
    def reject(self, nth: int) -> None:
        """The administrator rejects."""
        record_id, kept = self.chosen(nth)
        with suppress(RecordNotPending):
            self.book.do(RejectService(by=ADMINISTRATOR, at=NOON, record_id=record_id, reason="没有到场"))
            kept.status = "rejected"

    @precondition(lambda self: self.records)
    @rule(nth=nth)
    def void(self, nth: int) -> None:
        """The administrator voids."""
        record_id, kept = self.chosen(nth)
        with suppress(RecordNotConfirmed):
            self.book.do(VoidService(by=ADMINISTRATOR, at=NOON, record_id=record_id, reason="活动没有举行"))
            kept.status = "voided"

    @rule(minutes=st.integers(1, 600), volunteer_id=st.sampled_from([WANG, LI]))
    def spend(self, minutes: int, volunteer_id: VolunteerId) -> None:
        """Somebody uses some of what they can spend."""
        minutes = min(minutes, self.book.minutes("available", volunteer_id))
        self.book.facts.append(spent(minutes, volunteer_id, number=len(self.book.facts)))
        self.used[volunteer_id] += minutes

    def live(self, volunteer_id: VolunteerId) -> list[Kept]:
        """The records that count."""
        return [
            kept for kept in self.records.values() if (kept.volunteer_id, kept.status) == (volunteer_id, "confirmed")
        ]

    @invariant()
    def nothing_is_negative_and_everything_adds_up(self) -> None:
        """What can be spent and what is owed are what the records come to, and never below zero."""
        for volunteer_id in (WANG, LI):
            live = self.live(volunteer_id)
            available, debt = self.book.minutes("available", volunteer_id), -self.book.minutes("debt", volunteer_id)
            assert available >= 0
            assert debt >= 0
            assert not (available and debt), "credit repays a debt before it can be spent"
            assert available - debt == sum(kept.credited for kept in live) - self.used[volunteer_id]
            assert self.book.minutes("served", volunteer_id) == sum(kept.minutes for kept in live if kept.credited)

    @invariant()
    def all_accounts_sum_to_zero(self) -> None:
        """The accounts of the bank sum to zero."""
        assert sum(line.minutes for fact in self.book.facts for line in postings(fact)) == 0

    @invariant()
    def no_day_has_more_than_24_hours(self) -> None:
        """What was confirmed of one person's local day is at most what a day has; what one organisation says too."""
        taken: dict[RecordId, Any] = {}
        for fact in self.book.facts:
            if fact.TOPIC in {"service-logged", "service-confirmed", "service-corrected"}:
                taken[fact.record_id] = fact  # type: ignore[attr-defined]
            elif fact.TOPIC in {"service-rejected", "service-voided"}:
                taken.pop(fact.record_id, None)  # type: ignore[attr-defined]
        days: Counter[tuple[Any, ...]] = Counter()
        for fact in taken.values():
            for day, minutes in fact.minutes_by_day.items():
                assert minutes >= 0
                where = fact.organisation_id if fact.TOPIC == "service-logged" else "confirmed"
                days[fact.volunteer_id, day, where] += minutes
        assert all(minutes <= 24 * 60 for minutes in days.values())

    @invariant()
    def no_row_was_logged_twice(self) -> None:
        """Of the records that did not come to nothing no two were logged by one organisation for the same time."""
        gone = {fact.record_id for fact in self.book.facts if fact.TOPIC in {"service-rejected", "service-voided"}}  # type: ignore[attr-defined]
        rows: Counter[Any] = Counter(
            (fact.organisation_id, fact.volunteer_id, fact.started_at, fact.ended_at)
            for fact in self.book.facts
            if isinstance(fact, ServiceLogged) and fact.record_id not in gone
        )
        assert all(times == 1 for times in rows.values())

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        """No two confirmed records of one person overlap, whichever organisations logged them."""
        for volunteer_id in (WANG, LI):
            for one, other in combinations(self.live(volunteer_id), 2):
                assert one.ended_at <= other.started_at or other.ended_at <= one.started_at


AnyHistory.TestCase.settings = settings(max_examples=60, stateful_step_count=25)


class TestAnyHistory(AnyHistory.TestCase):  # type: ignore[misc, name-defined]
    """Any sequence of logging, confirming, rejecting, correcting, voiding and spending."""


class TestWhatWentWrongElsewhere:
    """Defects of other time banks."""

    def confirmed_book(self, *intervals: tuple[datetime, datetime]) -> Book:
        """A bank in which Wang served at these times, all of it confirmed."""
        book = Book(*standing(), registered())
        for number, (started_at, ended_at) in enumerate(intervals):
            record_id = RecordId(f"rec_{number}")
            book.do(log_service(record_id=record_id, started_at=started_at, ended_at=ended_at))
            book.do(ConfirmService(by=ADMINISTRATOR, at=NOON, record_id=record_id))
        return book

    def by_day(self, book: Book) -> dict[date, int]:
        """Wang's confirmed minutes by day."""
        days: Counter[date] = Counter()
        for fact in book.facts:
            if fact.TOPIC == "service-confirmed":
                days.update(fact.minutes_by_day)  # type: ignore[attr-defined]
        return dict(+days)

    def test_rounding_each_shift_lost_minutes(self) -> None:
        """Three shifts of twenty minutes are an hour of service and an hour of credit."""
        book = self.confirmed_book(*[(at(19, hour), at(19, hour, 20)) for hour in (8, 9, 10)])
        assert book.minutes("served", WANG) == book.minutes("available", WANG) == 60

    def test_shifts_over_midnight_went_negative(self) -> None:
        """A night watch counts as long as it was."""
        book = self.confirmed_book((at(18, 22), at(19, 6)))
        assert book.minutes("served", WANG) == 480
        assert self.by_day(book) == {date(2026, 11, 18): 120, THURSDAY: 360}

    def test_totals_counted_hours_nobody_had_approved(self) -> None:
        """Logged hours count for nothing before they are confirmed, and never if they are rejected."""
        book = Book(*standing(), registered())
        book.do(log_service())
        assert book.minutes("served") == book.minutes("available") == 0
        book.do(RejectService(by=ADMINISTRATOR, at=NOON, record_id=RecordId("rec_1"), reason="没有到场"))
        assert book.minutes("served") == book.minutes("available") == 0

    @for_all(st.integers(0, 23), st.integers(0, 59), st.integers(1, 24 * 60))
    def test_splitting_a_record_at_midnight_changes_no_total(self, hour: int, minute: int, length: int) -> None:
        """Logged as one record or as one for each day, service, credit and every day come to the same."""
        start = at(17, hour, minute)
        end, midnight = start + timedelta(minutes=length), at(18, 0)
        parts = [(start, end)] if end <= midnight else [(start, midnight), (midnight, end)]
        whole, split = self.confirmed_book((start, end)), self.confirmed_book(*parts)
        assert whole.minutes("served") == split.minutes("served") == length
        assert whole.minutes("available") == split.minutes("available") == length
        assert self.by_day(whole) == self.by_day(split)

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.controls import (
    CANCELLED,
    EXPIRED,
    FULFILLED,
    FUND,
    LI,
    NOON,
    OTHER,
    PROJECT,
    RECORD,
    THURSDAY,
    WANG,
    at,
    confirmed,
    corrected,
    donated,
    ended,
    gift,
    granted,
    logged,
    owing,
    reserved,
    voided,
)
from tests.domain.people.test_merges import merged
from timebank.domain.credit.accounts import POSTED, Balance, postings
from timebank.domain.credit.causes import Part, Running
from timebank.domain.credit.statements import (
    Entry,
    Holdings,
    Line,
    Teller,
    as_effective,
    as_recorded,
    between,
    happened_on,
    lines,
    referred_to,
)
from timebank.domain.facts.credit import ReservationCancelled, ReservationExpired, RewardFulfilled, RuleEffect
from timebank.domain.facts.service import ServiceCorrected, ServiceLogged
from timebank.domain.identifiers import RecordId, VolunteerId
from timebank.domain.kernel import Fact

TODAY = NOON.date()
DAY = timedelta(days=1)
WEDNESDAY = THURSDAY - DAY
FUNDS = {FUND: "爱心时间基金"}
CAPPED = confirmed(
    minutes=120,
    credited_minutes=100,
    policy_version=2,
    rules_applied=(RuleEffect("coefficient", 60), RuleEffect("cap-per-day", -80)),
    credited_by_day={THURSDAY: 100},
)


def entries(*facts: Fact, first: datetime = NOON) -> list[Entry]:
    """The facts in a log in which others lie between, an hour after one another."""
    return [Entry(3 * n + 7, first + timedelta(hours=n), fact) for n, fact in enumerate(facts)]


def told(*facts: Fact, language: Any = "zh", holder: VolunteerId = WANG) -> list[Line]:
    """The lines of the account."""
    return list(lines(entries(*facts), holder, FUNDS, language))


def on(day: date, fact: Fact, hour: int = 12) -> Entry:
    """A fact that was recorded on a day."""
    return Entry(day.toordinal() * 100 + hour, at(day.day, hour, month=day.month), fact)


def available(held: Holdings) -> tuple[int, int, int]:
    """What can be spent, what was served and what was credited."""
    return held.available_minutes, held.service_minutes, held.credited_minutes


OF_LI: dict[str, Any] = {"record_id": RecordId("rec_li"), "volunteer_id": LI}
EVERYTHING: tuple[Fact, ...] = (
    logged(),
    CAPPED,
    reserved(cost_minutes=40),
    logged(record_id=OTHER),
    confirmed(record_id=OTHER),
    voided(record_id=OTHER),
    ended(RewardFulfilled, cost_minutes=40),
    gift(minutes=10),
    gift(volunteer_id=LI, to_volunteer_id=WANG, minutes=25),
    donated(minutes=5),
    granted(to_volunteer_id=WANG, minutes=7),
    corrected(previous_credited_minutes=100, minutes=60, credited_minutes=10, debt_change_minutes=13),
    granted(to_volunteer_id=WANG, minutes=20, debt_change_minutes=-13),
    reserved(cost_minutes=7),
    ended(ReservationCancelled, cost_minutes=7),
    reserved(cost_minutes=6),
    ended(ReservationExpired, cost_minutes=6),
    merged(available_minutes=9),
    corrected(**OF_LI, previous_credited_minutes=9, credited_minutes=4, account_id=WANG),
    voided(**OF_LI, credited_minutes=4, account_id=WANG),
)


class TestLines:
    """What happened on an account, line by line."""

    def test_each_line_says_the_balance_after_it(self) -> None:
        """Changes add up to balances, parts to changes, and the last balance is the balance."""
        balance = Balance(WANG)
        running = 0
        by_position = {line.position: line for line in told(*EVERYTHING)}
        for position, _, fact in entries(*EVERYTHING):
            if type(fact) in Balance.remembered():
                balance.remember(fact)
            line = by_position.pop(position, None)
            if line:
                running += line.change_minutes
                assert sum(part.minutes for part in line.parts) == line.change_minutes
                assert line.balance_minutes == running == balance.minutes["available"]
                assert line.reserved_minutes == balance.minutes.get("reserved", 0)
                assert line.debt_minutes == -balance.minutes["debt"]
        assert not by_position
        assert (running, balance.minutes["debt"]) == (7, 0)

    def test_a_line_for_each_fact_that_moved_something(self) -> None:
        """Logging moves nothing, and neither does what others reserve for one."""
        facts = (logged(), reserved(volunteer_id=LI, beneficiary_id=WANG), confirmed())
        (line,) = told(*facts)
        assert (line.position, line.recorded_at) == (13, NOON + timedelta(hours=2))
        assert (line.topic, line.about, line.happened_on) == ("service-confirmed", RECORD, THURSDAY)

    def test_paid_duty_is_a_line_of_nothing(self) -> None:
        """Why paid duty changed nothing is said as well."""
        duty = confirmed(
            capacity="staff-on-duty",
            credited_minutes=0,
            rules_applied=(RuleEffect("paid-duty", -120),),
            credited_by_day={THURSDAY: 0},
        )
        (line,) = told(logged(), duty)
        assert line.parts == [Part("service", 120), Part("paid-duty", -120)]
        assert line.change_minutes == 0

    @pytest.mark.parametrize(
        ("fact", "parts"),
        [
            (CAPPED, [Part("service", 120), Part("coefficient", 60), Part("cap-per-day", -80)]),
            (confirmed(debt_change_minutes=-50), [Part("service", 120), Part("debt", -50)]),
            (reserved(), [Part("reserved", -120)]),
            (CANCELLED, [Part("reserved", 120)]),
            (ended(ReservationExpired, debt_change_minutes=-20), [Part("reserved", 120), Part("debt", -20)]),
            (FULFILLED, [Part("reserved", 120), Part("redeemed", -120)]),
            (gift(), [Part("gift-given", -60)]),
            (
                gift(volunteer_id=LI, to_volunteer_id=WANG, debt_change_minutes=-60),
                [Part("gift-received", 60), Part("debt", -60)],
            ),
            (donated(), [Part("donated", -60)]),
            (granted(to_volunteer_id=WANG), [Part("granted", 60)]),
        ],
        ids=lambda each: getattr(each, "TOPIC", ""),
    )
    def test_parts(self, fact: Fact, parts: list[Part]) -> None:
        """Each change is told by its causes."""
        (line,) = told(logged(), fact)
        assert line.parts == parts
        assert line.change_minutes == sum(part.minutes for part in parts)

    def test_a_correction_is_told_by_what_it_changed(self) -> None:
        """The parts of a correction are the difference to those before, cause by cause."""
        change = corrected(
            minutes=100,
            previous_credited_minutes=100,
            credited_minutes=150,
            rules_applied=(RuleEffect("coefficient", 50),),
            policy_version=2,
        )
        *_, line = told(logged(), CAPPED, change)
        assert line.parts == [Part("service", -20), Part("coefficient", -10), Part("cap-per-day", 80)]
        assert line.change_minutes == 50

    def test_a_void_takes_back_each_part(self) -> None:
        """What was voided leaves no trace in the sums; what was spent of it already is a debt."""
        facts = (logged(), CAPPED, gift(minutes=30), voided(credited_minutes=100, debt_change_minutes=30))
        *_, line = told(*facts)
        assert line.parts == [
            Part("service", -120),
            Part("coefficient", -60),
            Part("cap-per-day", 80),
            Part("debt", 30),
        ]
        assert (line.change_minutes, line.balance_minutes, line.debt_minutes) == (-70, 0, 30)

    @pytest.mark.parametrize("start", range(len(EVERYTHING)))
    def test_can_go_on_from_anywhere(self, start: int) -> None:
        """Told from what was on the account and the earlier facts that later ones refer to, lines are the same."""
        every = entries(*EVERYTHING)
        before, after = every[:start], every[start:]
        running = Running(WANG)
        for entry in before:
            running.take(entry.fact)
        wanted = {each for entry in after for each in referred_to(entry.fact)}
        named = [entry.fact for entry in before if any((tag, type(entry.fact)) in wanted for tag in entry.fact.tags())]
        teller = Teller(Running(WANG, running.accounts, running.causes), FUNDS, "zh")
        teller.recall(named)
        rest = [line for line in map(teller.tell, after) if line]
        assert rest == [line for line in told(*EVERYTHING) if line.position >= after[0].position]

    def test_sums(self) -> None:
        """One part for each cause there is; together they are what can be spent."""
        running = Running(WANG)
        for fact in EVERYTHING:
            running.take(fact)
        total = between(Running(WANG), running)
        assert sum(part.minutes for part in total) == 7
        assert {part.cause: part.minutes for part in total} == {
            "service": 60,
            "paid-duty": -50,
            "redeemed": -40,
            "gift-given": -10,
            "gift-received": 25,
            "donated": -5,
            "granted": 27,
        }
        assert len({part.cause for part in total}) == len(total)

    def test_of_the_other_side(self) -> None:
        """The same gift is a line on both accounts."""
        (line,) = told(gift(), holder=LI)
        assert (line.words, line.change_minutes, line.parts) == ("收到转赠", 60, [Part("gift-received", 60)])


class TestBeforeTheRuleBook:
    """Facts from before there was a rule book say less, and mean the same."""

    def test_minute_for_minute(self) -> None:
        """Service was credited as it was."""
        assert [
            line.parts for line in told(logged(), confirmed(), corrected(), voided(minutes=60, credited_minutes=60))
        ] == [
            [Part("service", 120)],
            [Part("service", -60)],
            [Part("service", -60)],
        ]

    def test_paid_duty(self) -> None:
        """Only paid duty made a difference, and that is what it is told by."""
        duty = confirmed(capacity="staff-on-duty", credited_minutes=0)
        to_service = corrected(
            previous_capacity="staff-on-duty", previous_credited_minutes=0, minutes=120, credited_minutes=120
        )
        first, second = told(logged(), duty, to_service)
        assert first.parts == [Part("service", 120), Part("paid-duty", -120)]
        assert second.parts == [Part("paid-duty", 120)]

    def test_corrected_since(self) -> None:
        """A correction under rules undoes what was credited without."""
        fact = corrected(
            minutes=120, credited_minutes=60, rules_applied=(RuleEffect("coefficient", -60),), policy_version=1
        )
        *_, line = told(logged(), confirmed(), fact)
        assert line.parts == [Part("coefficient", -60)]


class TestWords:
    """What happened, for people."""

    @pytest.mark.parametrize(
        ("before", "fact", "zh", "en"),
        [
            ((logged(),), confirmed(), "服务已确认：公共设施擦洗", "Service confirmed: 公共设施擦洗"),
            ((logged(), confirmed()), corrected(activity="巡逻"), "服务已更正：巡逻", "Service corrected: 巡逻"),
            ((logged(), confirmed()), voided(), "服务已作废：公共设施擦洗", "Service voided: 公共设施擦洗"),
            ((), reserved(), "兑换预留：免费体检", "Reserved for a reward: 免费体检"),
            ((reserved(),), FULFILLED, "兑换已核销：免费体检", "Reward received: 免费体检"),
            ((reserved(),), CANCELLED, "兑换已取消：免费体检", "Reservation cancelled: 免费体检"),
            ((reserved(),), EXPIRED, "兑换已过期：免费体检", "Reservation expired: 免费体检"),
            ((), gift(), "转赠他人", "Gift to another volunteer"),
            ((), gift(volunteer_id=LI, to_volunteer_id=WANG), "收到转赠", "Gift from another volunteer"),
            ((), donated(), "捐赠：爱心时间基金", "Donation to 爱心时间基金"),
            ((), granted(to_volunteer_id=WANG), "基金拨付：爱心时间基金", "Grant from 爱心时间基金"),
        ],
    )
    def test_in_both_languages(self, before: tuple[Fact, ...], fact: Fact, zh: str, en: str) -> None:
        """Each line is a short sentence, in Chinese or in English, with the name of what it is about."""
        assert told(*before, fact)[-1].words == zh
        assert told(*before, fact, language="en")[-1].words == en

    def test_every_fact_of_an_account_has_some(self) -> None:
        """Whatever moves credit can be told."""
        assert {type(fact) for fact in EVERYTHING} == {ServiceLogged, *POSTED}
        assert all(line.words for language in ("zh", "en") for line in told(*EVERYTHING, language=language))

    def test_by_its_identifier_where_a_fund_has_no_name(self) -> None:
        """A fund whose name is not at hand is told by its identifier."""
        (line,) = told(donated(fund_id=PROJECT))
        assert line.words.endswith(PROJECT)

    def test_braces_are_only_text(self) -> None:
        """Names are told as they are, whatever they are."""
        *_, line = told(logged(activity="{name} {0}"), confirmed())
        assert line.words.endswith("{name} {0}")


class TestHoldings:
    """What somebody had at the end of a day: as it was recorded, and as it happened."""

    def held(self, *when: Entry, until: date) -> tuple[Any, Any]:
        """As recorded, and as it happened."""
        return (
            available(as_recorded(when, WANG, until)),
            available(as_effective(when, WANG, until)),
        )

    def test_by_the_end_of_the_day(self) -> None:
        """The last minute of the day belongs to it."""
        spent = Entry(9, at(20, 23, 59), gift(minutes=20))
        history = (on(THURSDAY, confirmed()), spent)
        assert self.held(*history, until=THURSDAY) == ((120, 120, 120), (120, 120, 120))
        assert self.held(*history, until=TODAY) == ((100, 120, 120), (100, 120, 120))
        assert self.held(*history, until=WEDNESDAY) == ((0, 0, 0), (0, 0, 0))

    def test_a_late_entry(self) -> None:
        """Service that is entered late was not on record, and had been done all the same."""
        history = (on(TODAY, confirmed()),)
        assert self.held(*history, until=THURSDAY) == ((0, 0, 0), (120, 120, 120))
        assert self.held(*history, until=TODAY) == ((120, 120, 120), (120, 120, 120))

    def test_a_void(self) -> None:
        """What was voided had been on record, and never happened."""
        history = (on(THURSDAY, confirmed()), on(TODAY, voided()))
        assert self.held(*history, until=THURSDAY) == ((120, 120, 120), (0, 0, 0))
        assert self.held(*history, until=TODAY) == ((0, 0, 0), (0, 0, 0))

    def test_a_correction_on_its_day(self) -> None:
        """What was corrected had been on record, and happened as it was put right."""
        history = (on(THURSDAY, confirmed()), on(TODAY, corrected()))
        assert self.held(*history, until=THURSDAY) == ((120, 120, 120), (60, 60, 60))
        assert self.held(*history, until=TODAY) == ((60, 60, 60), (60, 60, 60))

    def moved(self, **changes: Any) -> ServiceCorrected:
        """The service was on another day."""
        return corrected(**({"previous_local_date": THURSDAY, "local_date": WEDNESDAY} | changes))

    @pytest.mark.parametrize(("until", "held"), [(WEDNESDAY - DAY, 0), (WEDNESDAY, 60), (THURSDAY, 60), (TODAY, 60)])
    def test_a_correction_to_an_earlier_day(self, until: date, held: int) -> None:
        """Service that is moved back is on the day it is moved to, and not where it was."""
        history = (on(THURSDAY, confirmed()), on(TODAY, self.moved()))
        assert self.held(*history, until=until)[1] == (held, held, held)

    @pytest.mark.parametrize(("until", "held"), [(WEDNESDAY, 0), (THURSDAY, 0), (TODAY, 60)])
    def test_a_correction_to_a_later_day(self, until: date, held: int) -> None:
        """Service that is moved on is no more where it was, and counts from the day it is moved to."""
        before = confirmed(local_date=WEDNESDAY)
        after = self.moved(previous_local_date=WEDNESDAY, local_date=TODAY)
        assert self.held(on(THURSDAY, before), on(TODAY, after), until=until)[1] == (held, held, held)

    def test_a_correction_to_duty_of_another_day(self) -> None:
        """Capacity moves with the day: what it was before is taken from where it was."""
        to_duty = self.moved(capacity="staff-on-duty", credited_minutes=0)
        history = (on(THURSDAY, confirmed()), on(TODAY, to_duty))
        for until in (WEDNESDAY, THURSDAY, TODAY):
            assert self.held(*history, until=until)[1] == (0, 0, 0)
        duty = confirmed(capacity="staff-on-duty", credited_minutes=0)
        from_duty = self.moved(previous_capacity="staff-on-duty", previous_credited_minutes=0)
        history = (on(THURSDAY, duty), on(TODAY, from_duty))
        assert self.held(*history, until=WEDNESDAY)[1] == (60, 60, 60)

    def test_moved_twice_and_voided(self) -> None:
        """However often it was moved, what was voided is nowhere."""
        back = self.moved(
            local_date=THURSDAY, previous_local_date=WEDNESDAY, previous_credited_minutes=60, previous_minutes=60
        )
        gone = voided(minutes=60, credited_minutes=60)
        history = (on(THURSDAY, confirmed()), on(THURSDAY, self.moved()), on(TODAY, back), on(TODAY, gone, 13))
        for until in (WEDNESDAY, THURSDAY, TODAY):
            assert self.held(*history, until=until)[1] == (0, 0, 0)

    def test_a_debt(self) -> None:
        """What is owed is a debt, and then nothing is available; in the order of time it may not have been owed."""
        history = (on(WEDNESDAY, gift(volunteer_id=LI, to_volunteer_id=WANG)), on(THURSDAY, owing(90)))
        held = as_recorded([on(THURSDAY, owing(90))], WANG, TODAY)
        assert (held.available_minutes, held.debt_minutes) == (0, 90)
        held = as_effective(history, WANG, TODAY)
        assert (held.available_minutes, held.debt_minutes) == (0, 30)

    def test_reserved_and_redeemed(self) -> None:
        """What is reserved is not available, and what was given is redeemed."""
        history = (on(WEDNESDAY, confirmed(local_date=WEDNESDAY)), on(THURSDAY, reserved()), on(TODAY, FULFILLED))
        for as_of in (as_recorded, as_effective):
            held = [as_of(history, WANG, day) for day in (WEDNESDAY, THURSDAY, TODAY)]
            assert [each.available_minutes for each in held] == [120, 0, 0]
            assert [each.reserved_minutes for each in held] == [0, 120, 0]
            assert [each.redeemed_minutes for each in held] == [0, 0, 120]
            assert {each.service_minutes for each in held} == {120}

    def test_both_are_the_balance_in_the_end(self) -> None:
        """When all days are over it does not matter by which day one counts."""
        when = entries(*EVERYTHING)
        end = (NOON + timedelta(days=9)).date()
        assert as_recorded(when, WANG, end) == as_effective(when, WANG, end)
        assert as_recorded(when, WANG, end).available_minutes == told(*EVERYTHING)[-1].balance_minutes

    @pytest.mark.parametrize("fact", [confirmed(), corrected(), voided(), gift(), reserved()])
    def test_the_day_a_fact_is_about(self, fact: Fact) -> None:
        """Service is about its own day, everything else about the day it is recorded."""
        about = THURSDAY if any(line.account == "served" for line in postings(fact)) else TODAY
        assert happened_on(fact, NOON) == about

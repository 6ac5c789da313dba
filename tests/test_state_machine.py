"""Any history at all: random commands on a real ledger, beside a small model that knows the rules in its own words."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from tests.controls import ADMINISTRATOR, NOON, WANG, ZONE, log_service, registered, standing
from tests.given import Book
from tests.machine.looking import LONG_AGO, Looking
from tests.machine.model import BODIES, NAMES, PEOPLE
from tests.machine.serving import rule_books
from tests.machine.spending import limits
from timebank.domain.credit.policies import AdoptPolicy
from timebank.domain.facts.credit import Rules
from timebank.domain.identifiers import RecordId, VolunteerNumber
from timebank.domain.organisations.organisations import ApproveOrganisation, RegisterOrganisation
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.domain.service.records import ConfirmService
from timebank.domain.service.times import minutes_by_day

MUST_HAPPEN = {
    "policy-adopted", "service-logged", "service-confirmed", "service-rejected", "service-corrected", "service-voided",
    "reward-published", "reward-amended", "reward-paused", "reward-resumed", "reward-withdrawn", "reward-reserved",
    "reward-fulfilled", "reservation-cancelled", "reservation-expired", "credit-given", "credit-donated",
    "credit-granted", "fund-opened", "fund-closed", "volunteer-left", "volunteer-erased", "volunteer-reinstated",
    "consent-given", "consent-withdrawn", "membership-ended", "organisation-suspended",
    "reward-sold-out", "personal-quota-reached", "not-enough-credit", "not-eligible", "reward-not-offered",
    "redemption-not-open", "fulfiller-is-beneficiary", "gift-limit-reached", "gift-too-large", "gifts-not-allowed",
    "fund-too-small", "fund-not-empty", "balance-undecided", "policy-not-ahead", "overlapping-service", "day-is-full",
    "an appointment was taken", "a reward was reserved for another", "somebody was in debt",
    "credit was kept for who went", "credit of who went was donated", "somebody was erased",
    "a preview changed nothing", "race won by ReserveReward", "race won by GiveCredit", "race won by GrantCredit",
    "race won by FulfilRedemption",
}  # fmt: skip
"""Facts, refusals and more without which a lot of histories would have missed the point."""

RUNS, EXAMPLES, STEPS = 7, 10, 60
"""After ten examples Hypothesis begins to vary those it has, rather than to make new ones: so it starts over."""


class AnyHistory(Looking):
    """What the bank does must be what the model expects, and the invariants hold after everything."""

    @initialize(book=st.none() | rule_books, is_short=st.booleans(), limits=limits)
    def found(self, book: Rules | None, is_short: bool, limits: Any) -> None:
        """There are people, two bodies of which one is approved, funds, perhaps a rule book, and some have served."""
        for n in range(PEOPLE):
            register = self.say(
                RegisterVolunteer, volunteer_id=self.person(n), number=VolunteerNumber(f"{n:012}"), name=NAMES[n],
                phone=f"1390000000{n}",
            )  # fmt: skip
            self.do(register, True)
        for n in range(BODIES):
            register = self.say(RegisterOrganisation, organisation_id=self.body(n), name=f"body {n}", kind="merchant")
            self.do(register, True)
        self.do(self.say(ApproveOrganisation, organisation_id=self.body(0)), True)
        self.model.closed.add(1)
        self.model.approved.add(0)
        if book:
            since = self.model.today - timedelta(days=60)
            self.do(self.say(AdoptPolicy, resolution="x", effective_from=since, rules=book), True)
            self.model.books.append((since, book))
        self.there_is_a_fund(None)
        self.there_is_a_fund(0)
        for n in range(1 if is_short else 3):
            self.has_served(n, (2, 8, 120 + 60 * n), "清扫", "公益")
        self.publish(self.terms(0, limits, (None, None), {}, ((30, 2), (150, 2)) if is_short else ()))
        self.publish(self.terms(0, limits, (None, None), {"service_minutes": 200, "within_days": 9}, ()))

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One of all the things that can happen does, the usual ones more often."""
        self.one_of(data, *(act for acts, weight in self.everything() for act in acts * weight))

    def everything(self) -> list[tuple[list[Any], int]]:
        """What can happen, and how often it does."""
        serving = [self.serve, self.serve, self.review, self.correct, self.decide]
        redeeming = [self.reserve, self.reserve, self.reserve, self.fulfil, self.cancel, self.expire_one, self.sweep]
        rewarding = [self.offer, self.offer, self.amend, self.change, self.time_passes, self.time_passes]
        giving = [self.give, self.donate, self.grant, self.leave, self.come_back]
        joining = [
            self.add_member, self.add_member, self.approve_member, self.change_or_end, self.consent, self.consent,
        ]  # fmt: skip
        governing = [self.adopt, self.open_fund, self.close_fund, self.approve_the_other_body, self.erase]
        trying = [self.register_again, self.fulfil_nothing, self.fulfil_ones_own, self.spend_what_is_anothers]
        racing = [
            self.race_for_the_last_unit, self.race_for_the_last_minutes, self.race_for_one_code, self.race_to_end,
            self.race_of_gifts, self.race_for_the_last_of_a_fund, self.race_with_one_key,
        ]  # fmt: skip
        special = [
            self.serve_as_a_book_begins,
            self.give_again_and_again,
            self.come_too_late,
            self.reserve_until_none_is_left,
        ]
        suspending = [self.suspend_or_reinstate, self.suspend_or_reinstate_body]
        beside = [self.repeat, self.restart, self.rebuild_one, self.catch_up]
        return [
            (serving, 3), ([self.log, self.log_by_program], 4), (redeeming, 3), (rewarding, 2), (giving, 2),
            (joining, 2), (governing, 2), (trying, 1), (racing, 1), (special, 2), (suspending, 2), (beside, 1),
        ]  # fmt: skip

    @invariant()
    def balances_are_those_of_the_model(self) -> None:
        """I2, I3, I9: nothing is below zero, and every account has what the model says, after every step."""
        confirmed = [record for record in self.model.records.values() if record.is_confirmed]
        for i, one in enumerate(confirmed):
            assert not any(one.person == other.person and one.overlaps(other) for other in confirmed[i + 1 :]), "I9"
        rows = self.run(self.pool.fetch("select * from balance where bank_id = $1", self.bank_id))
        for row in rows:
            n = int(row["volunteer_id"].removeprefix("vol_"))
            theirs = [record for record in confirmed if record.person == n]
            assert row["service_minutes"] == sum(record.service for record in theirs), "I3"
            assert row["credited_minutes"] == sum(record.credit for record in theirs)
            assert row["available_minutes"] == self.model.available[n] >= 0, "I2"
            assert row["reserved_minutes"] == self.model.reserved(n) >= 0, "I2"
            assert (row["debt_minutes"], row["redeemed_minutes"]) == (self.model.debts[n], self.model.redeemed(n))
        self.happened["somebody was in debt"] += any(self.model.debts.values())
        rows = self.run(self.pool.fetch("select * from fund_balance where bank_id = $1", self.bank_id))
        assert {row["fund_id"]: row["minutes"] for row in rows} == {
            key: fund.minutes for key, fund in self.model.funds.items()
        }

    def teardown(self) -> None:
        """Look closely, once, and go."""
        self.run(self.look_closely())
        self.run(self._stop())
        self.run(self.pool.close())
        self.loop.close()


def test_any_history_keeps_the_invariants(url: str) -> None:
    """Whatever is asked for in whatever order, the bank agrees with the model, and the invariants hold."""
    happened: Counter[str] = Counter()
    machine: Any = type("AnyHistory", (AnyHistory,), {"url": url, "happened": happened})
    for chance in range(RUNS):
        run_state_machine_as_test(
            seed(chance)(machine),
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    missing = {what for what in MUST_HAPPEN if not happened[what]}
    assert not missing, f"{missing} never happened: do it more often, so that the histories are worth something"


@given(
    rules=rule_books,
    hour=st.integers(18, 23),
    before=st.integers(1, 90),
    hours=st.integers(1, 10),
    same=st.booleans(),
)
def test_service_split_at_midnight_is_the_same_service(
    rules: Rules, hour: int, before: int, hours: int, same: bool
) -> None:
    """I15: a night in one record, or in two that meet at midnight, is the same service and, by any rules, credit."""
    start, midnight = NOON.replace(hour=hour) - timedelta(days=3), NOON.replace(hour=0) - timedelta(days=2)
    end = midnight + timedelta(hours=hours)
    spans = {"earlier": (start - timedelta(minutes=before), start)}
    came_to = []
    for parts in ([(start, end)], [(start, midnight), (midnight, end)]):
        book = Book(*standing(), registered())
        book.do(AdoptPolicy(by=ADMINISTRATOR, at=NOON, resolution="x", effective_from=LONG_AGO, rules=rules))
        for n, (started_at, ended_at) in enumerate([spans["earlier"], *parts]):
            of = {"record_id": RecordId(f"rec_{n}"), "category": "公益", "activity": "清扫" if n or same else "巡逻"}
            book.do(log_service(**of, started_at=started_at, ended_at=ended_at))
            book.do(ConfirmService(by=ADMINISTRATOR, at=NOON, record_id=of["record_id"]))
        came_to.append([book.minutes(account, WANG) for account in ("served", "available", "issued", "debt")])
    assert came_to[0] == came_to[1]


@given(minutes=st.integers(1, 24 * 60), start=st.integers(0, 24 * 60 - 1), share=st.integers(1, 24 * 60))
def test_the_days_of_a_record_sum_to_it(minutes: int, start: int, share: int) -> None:
    """I15: however a record lies across midnight, and however much of it was service, its days sum to the whole."""
    started_at = NOON.replace(hour=0) - timedelta(days=3) + timedelta(minutes=start)
    shares = minutes_by_day(started_at, started_at + timedelta(minutes=minutes), min(minutes, share), ZONE)
    assert sum(shares.values()) == min(minutes, share)
    assert all(each >= 0 for each in shares.values())
    midnight = max(0, min(minutes, 24 * 60 - start))
    assert shares.get(started_at.date(), 0) == min(minutes, share) * midnight // minutes

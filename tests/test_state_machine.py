"""Any history at all: whatever one can ask a real ledger for, beside a model that knows the rules in its own words."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.controls import ADMINISTRATOR, NOON, WANG, ZONE, log_service, registered, standing
from tests.given import Book
from tests.machine.all_of_it import live_through_it
from tests.machine.bench import Bench
from tests.machine.looking import Looking
from tests.machine.model import NAMES, PHONES
from tests.machine.reading import LONG_AGO
from tests.machine.serving import rule_books
from tests.machine.spending import limits
from timebank.domain.bank import OpenBank
from timebank.domain.credit.policies import AdoptPolicy
from timebank.domain.facts.credit import Rules
from timebank.domain.identifiers import RecordId
from timebank.domain.service.reviews import ConfirmService
from timebank.domain.service.times import minutes_by_day

MUST_HAPPEN = {
    "activity-planned", "activity-published", "sign-up-made", "checked-in", "checked-out", "activity-closed",
    "already-checked-in", "checked-in-elsewhere", "not-signed-up", "node-opened", "node-moved", "node-merged",
    "residence-set", "policy-adopted", "service-logged", "service-amended", "service-withdrawn", "service-confirmed",
    "service-rejected", "service-corrected", "service-voided",
    "reward-published", "reward-amended", "reward-paused", "reward-resumed", "reward-withdrawn", "reward-reserved",
    "reward-fulfilled", "reservation-cancelled", "reservation-expired", "credit-given", "credit-donated",
    "credit-granted", "fund-opened", "fund-closed", "volunteer-left", "volunteer-erased", "volunteer-reinstated",
    "merge-proposed", "merge-declined", "registrations-merged",
    "team-founded", "team-proposed", "team-declined", "team-dissolved", "team-member-asked", "team-member-joined",
    "team-member-left", "captain-named", "team-takes-members", "team-not-active",
    "consent-given", "consent-withdrawn", "membership-ended", "organisation-suspended", "organisation-reinstated",
    "reward-sold-out", "personal-quota-reached", "not-enough-credit", "not-eligible", "reward-not-offered",
    "redemption-not-open", "fulfiller-is-beneficiary", "gift-limit-reached", "gift-too-large", "gifts-not-allowed",
    "fund-too-small", "fund-not-empty", "balance-undecided", "policy-not-ahead", "overlapping-service", "day-is-full",
    "an appointment was taken", "a reward was reserved for another", "somebody was in debt",
    "credit was kept for who went", "credit of who went was donated", "a preview changed nothing",
    "race won by ReserveReward", "race won by GiveCredit", "race won by GrantCredit", "race won by FulfilRedemption",
}  # fmt: skip
"""Facts, refusals and more: what the checks at the end are there for."""

ROUNDS, MORE_ROUNDS, EXAMPLES, STEPS = 1, 10, 10, 80

OFTEN = {
    "policy-adopted", "service-rejected", "service-voided", "reward-reserved", "reward-fulfilled", "reward-paused",
    "reservation-cancelled", "reservation-expired", "credit-given", "credit-donated", "fund-closed", "volunteer-left",
    "volunteer-erased", "membership-ended", "reward-sold-out", "not-enough-credit", "redemption-not-open",
    "race won by ReserveReward", "race won by FulfilRedemption", "race won by GiveCredit",
}  # fmt: skip
"""What comes about in so many histories that it would be strange if it did not in fifty."""

MEMBERS = {1: "verifier", 2: "recorder", 3: "merchant"}


class AnyHistory(Looking):
    """What the bank does must be what the model expects, and the invariants hold after everything."""

    @initialize(book=st.none() | rule_books, is_short=st.booleans(), limits=limits)
    def found(self, book: Rules | None, is_short: bool, limits: Any) -> None:
        """There are four people, two bodies of which one is approved, funds, perhaps a rule book; some have served."""
        with self.carefully(), self.in_one_go():
            self.do(self.say(OpenBank, name="Test bank", timezone=str(ZONE)), True)
            self._settle()
            if book:
                since = self.model.today - timedelta(days=60)
                self.do(self.say(AdoptPolicy, resolution="x", effective_from=since, rules=book), True)
                self.model.books.append((since, book))
            for n in range(1 if is_short else 3):
                self.has_served(n, (2, 8, 120 + 60 * n), "清扫", "公益")
            self.has_served(0, (1, 20, 60), "清扫", "公益", is_decided=False)
            self.publish(self.terms(0, limits, (None, None), {}, ((30, 2), (150, 2)) if is_short else ()))
            self.publish(self.terms(0, limits, (None, None), {"service_minutes": 200, "within_days": 9}, ()))

    def _settle(self) -> None:
        for n in range(4):
            self.register_one(n)
        for _ in range(2):
            self.register_one_body()
        self.approve_one_body(0)
        self.open_one_fund(None)
        self.open_one_fund(0)
        for n, role in MEMBERS.items():
            self.add(0, n, role)
            self.approve(0, n, ADMINISTRATOR)


@pytest.fixture
def bench(url: str) -> Iterator[Bench]:
    """What all histories of a test share."""
    bench = Bench(url)
    yield bench
    bench.close()


def machine_of(bench: Bench) -> Any:
    """The machine, on the test's database."""
    return type("AnyHistory", (AnyHistory,), {"bench": bench})


def test_one_history_in_which_everything_happens(bench: Bench) -> None:
    """All that the machine can do comes about, and is looked at closely, in one history that is always the same."""
    state = machine_of(bench)()
    state.note = print
    live_through_it(state)
    state.look_and_go()
    missing = MUST_HAPPEN - state.happened
    assert not missing, f"{missing} did not happen: what is checked of it at the end is checked of nothing"


def explore(bench: Bench, rounds: int) -> None:
    """Make up histories, and look for the shortest program where one goes wrong.

    After ten examples Hypothesis begins to vary those it has, rather than to make new ones: so it starts over.
    """
    for _ in range(rounds * settings().max_examples // 100):
        run_state_machine_as_test(
            machine_of(bench),
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=STEPS, database=None, derandomize=False,
                phases=[Phase.generate, Phase.target, Phase.shrink],
                suppress_health_check=list(HealthCheck), print_blob=True, report_multiple_bugs=False,
            ),
        )  # fmt: skip


@pytest.mark.drill
def test_any_history(
    bench: Bench, cluster: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is asked for in whatever order, the bank agrees with the model and I1 to I14 hold; no log has a name."""
    before = len(log_of_the_server(cluster))
    explore(bench, ROUNDS)
    written = "".join((*capfd.readouterr(), caplog.text, log_of_the_server(cluster)[before:]))
    assert not any(each in written for each in (*NAMES, *PHONES)), "I13"


def log_of_the_server(cluster: str) -> str:
    """What PostgreSQL has logged, if it is ours."""
    folder = parse_qs(urlsplit(cluster).query).get("host", [""])[0]
    log = Path(folder).parent / "postgres.log"
    return log.read_text(errors="replace") if folder and log.exists() else ""


@pytest.mark.drill
@pytest.mark.release
def test_many_histories(bench: Bench) -> None:
    """The same of many more, of which none may be without what happens in most."""
    explore(bench, MORE_ROUNDS)
    rare = {what for what in OFTEN if not bench.happened[what]}
    assert not rare, f"{rare} never happened: the histories that are made up are not worth much"


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
            record_id = RecordId(f"rec_{n}")
            of = {"record_id": record_id, "category": "公益", "activity": "清扫" if n or same else "巡逻"}
            book.do(log_service(**of, started_at=started_at, ended_at=ended_at))
            book.do(ConfirmService(by=ADMINISTRATOR, at=NOON, record_id=record_id))
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

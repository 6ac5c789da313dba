"""Service, and the rule book that says what it is worth."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.base import Base, act, bodies, people
from tests.machine.model import DAY, Record
from timebank.domain.acting import Acting
from timebank.domain.credit.policies import AdoptPolicy
from timebank.domain.facts.credit import GiftRules, Rules
from timebank.domain.identifiers import RecordId
from timebank.domain.kernel import Command
from timebank.domain.service.records import ConfirmService, CorrectService, LogService, RejectService, VoidService

categories = st.sampled_from(["公益", "公益", "文体"])
activities = st.sampled_from(["清扫", "清扫", "巡逻"])
spans = st.tuples(
    st.sampled_from([1, 2, 2, 3, 40]),
    st.sampled_from([22, 8, 9, 10, 23, 0]),
    st.sampled_from([60, 30, 120, 180, 600, 1439, 1440, 1441, 0]),
)
mornings = st.tuples(st.just(1), st.integers(7, 10), st.sampled_from([60, 120, 540, 960]))
actors = st.sampled_from(["administrator", "administrator", "body", "member", "member", "self", "stranger"])
rule_books = st.builds(
    Rules,
    credit_percent=st.sampled_from([{}, {"公益": 150}, {"文体": 50}, {"公益": 33, "文体": 0}]),
    other_percent=st.sampled_from([100, 100, 80]),
    cap_per_activity_minutes=st.sampled_from([None, None, 90, 200]),
    cap_per_day_minutes=st.sampled_from([None, None, 120, 400]),
    cap_total_minutes=st.sampled_from([None, None, None, 300, 1000]),
    direct_confirm_roles=st.sampled_from([("verifier", "coordinator"), ("coordinator",), ("recorder", "verifier")]),
    gifts=st.builds(
        GiftRules,
        allowed=st.sampled_from([True, True, True, False]),
        minutes_max=st.sampled_from([None, 60]),
        minutes_max_per_month=st.sampled_from([None, 60, 100]),
    ),
    reservation_hours=st.sampled_from([1, 24, 72]),
    star_minutes=st.sampled_from([(60, 300), (200,)]),
)


class Serving(Base):
    """Service is logged, confirmed, rejected, corrected and voided, under rule books that come one after another."""

    @act(rules=rule_books, days=st.sampled_from([-1, 0, 1, 1, 2]))
    def adopt(self, rules: Rules, days: int) -> None:
        """A version of the rule book is adopted, for days that have not begun, or it is the first one."""
        since = self.model.today + timedelta(days=days)
        expected = not self.model.books or days > 0
        outcome = self.do(self.say(AdoptPolicy, resolution="x", effective_from=since, rules=rules), expected)
        if expected:
            self.model.books.append((since, rules))
            assert outcome.facts[0].version == len(self.model.books)

    @act(
        n=people, body=bodies, span=spans, who=actors, on_duty=st.booleans(), share=st.sampled_from([None, 1, 30]),
        activity=activities, category=categories,
    )  # fmt: skip
    def log(
        self, n: int, body: int, span: Any, who: str, on_duty: bool, share: int | None, activity: str, category: str
    ) -> None:
        """Service is logged, by whoever may."""
        self._log(n, body, self.span(*span), self.acting(who, body, n), on_duty, share, activity, category)

    @act(
        n=people, body=bodies, span=spans, on_duty=st.sampled_from([False, False, True]), activity=activities,
        category=categories,
    )  # fmt: skip
    def log_by_program(self, n: int, body: int, span: Any, on_duty: bool, activity: str, category: str) -> None:
        """Service is logged by the body's own program, as it mostly is."""
        self._log(n, body, self.span(*span), self.program(body), on_duty, None, activity, category)

    @act(n=st.integers(0, 2), span=mornings, activity=activities, category=categories)
    def serve(self, n: int, span: Any, activity: str, category: str) -> None:
        """The same few people serve the same morning, and have it confirmed if it can be."""
        self.has_served(n, span, activity, category)

    @act(lambda self: any(since < self.model.today for since, _ in self.model.books), n=st.integers(0, 2))
    def serve_as_a_book_begins(self, n: int) -> None:
        """Somebody serves in the night in which a version of the rule book begins to be in force, and the day after."""
        since = max(since for since, _ in self.model.books if since < self.model.today)
        days = (self.model.today - since).days
        self.has_served(n, (days + 1, 22, 240), "清扫", "公益")
        self.has_served(n, (days, 8, 180), "巡逻", "公益")

    def has_served(self, n: int, span: Any, activity: str, category: str) -> None:
        """Somebody served, for the body that is approved, and it is confirmed."""
        key = self._log(n, 0, self.span(*span), self.program(0), False, None, activity, category)
        if key:
            self._decide(key, ADMINISTRATOR, "confirm")

    def _log(
        self, n: int, body: int, span: tuple[datetime, datetime], by: Acting, on_duty: bool, share: int | None,
        activity: str, category: str,
    ) -> str | None:  # fmt: skip
        started_at, ended_at = span
        interval = (ended_at - started_at) // timedelta(minutes=1)
        record = Record(n, body, by.actor, started_at, ended_at, share or interval, on_duty, activity, category, span)
        expected = (
            self.model.may(by, body, "recorder", "coordinator")
            and body not in self.model.closed
            and self.model.is_active(n)
            and by.actor != self.person(n)
            and 1 <= interval <= DAY
            and (share or 1) <= interval
            and ended_at <= self.model.now
            and not any(
                (other.person, other.body) == (n, body)
                and span in (other.first, (other.started_at, other.ended_at))
                and other.counts
                for other in self.model.records.values()
            )
            and self.model.room(record)
        )
        record_id = RecordId(f"rec_{self.number()}")
        command = self.say(
            LogService, by, record_id=record_id, volunteer_id=self.person(n), organisation_id=self.body(body),
            activity=activity, category=category, capacity="staff-on-duty" if on_duty else "resident",
            started_at=started_at, ended_at=ended_at, minutes=share,
        )  # fmt: skip
        self.do(command, expected)
        if expected:
            self.model.put(record_id, record)
        return record_id if expected else None

    @act(
        lambda self: any(record.status == "logged" for record in self.model.records.values()),
        data=st.data(), minutes=st.sampled_from([None, None, 30]), is_right=st.sampled_from([True, True, True, False]),
    )  # fmt: skip
    def review(self, data: st.DataObject, minutes: int | None, is_right: bool) -> None:
        """A record that waits is decided on by the office, as it mostly is: confirmed, for as long as it was."""
        waiting = sorted(key for key, record in self.model.records.items() if record.status == "logged")
        key = data.draw(st.sampled_from(waiting))
        self._decide(key, ADMINISTRATOR, "confirm" if is_right else "reject", minutes)

    @act(
        lambda self: self.model.records, data=st.data(), who=actors, act=st.sampled_from(["confirm", "reject", "void"])
    )
    def decide(self, data: st.DataObject, who: str, act: str) -> None:
        """Any record is decided on, by whoever may."""
        key = data.draw(st.sampled_from(sorted(self.model.records)))
        record = self.model.records[key]
        self._decide(key, self.acting(who, record.body, record.person), act)

    def _decide(self, key: str, by: Acting, act: str, minutes: int | None = None) -> None:
        before = self.model.records[key]
        roles = self.model.rules(self.model.today).direct_confirm_roles if act == "confirm" else ()
        may = (
            self.model.may(by, before.body, *(roles or ("verifier", "coordinator")))
            and by.actor != self.person(before.person)
            and before.body not in self.model.closed
        )
        after = before._replace(status={"confirm": "confirmed", "reject": "rejected", "void": "voided"}[act])
        command: Command
        if act == "confirm":
            after = after._replace(minutes=minutes or before.minutes)
            command = self.say(ConfirmService, by, record_id=RecordId(key), minutes=minutes)
            fits = (
                after.minutes <= (before.ended_at - before.started_at) // timedelta(minutes=1)
                and self.model.is_free(after, key)
                and self.model.room(after, key)
            )
            expected = before.status == "logged" and by.actor != before.recorder and fits
        elif act == "reject":
            command = self.say(RejectService, by, record_id=RecordId(key), reason="x")
            expected = before.status == "logged"
        else:
            command = self.say(VoidService, by, record_id=RecordId(key), reason="x")
            expected = before.is_confirmed
        outcome = self.do(command, may and expected)
        if may and expected:
            self._put(key, after, outcome)

    def _put(self, key: str, after: Record, outcome: Any) -> None:
        """The record is another, and the fact says what the model says of its worth."""
        self.model.put(key, after)
        after = self.model.records[key]
        if after.is_confirmed:
            (fact,) = outcome.facts
            assert (fact.credited_minutes, fact.policy_version) == (after.credit, self.model.version(after.day))

    @act(
        lambda self: any(record.is_confirmed for record in self.model.records.values()),
        data=st.data(), span=st.none() | spans, minutes=st.sampled_from([None, 10, 60]), duty=st.none() | st.booleans(),
        activity=st.none() | activities, category=st.none() | categories,
    )  # fmt: skip
    def correct(
        self, data: st.DataObject, span: Any, minutes: int | None, duty: bool | None, activity: str | None,
        category: str | None,
    ) -> None:  # fmt: skip
        """A confirmed record is put right, by the office."""
        confirmed = sorted(key for key, record in self.model.records.items() if record.is_confirmed)
        key = data.draw(st.sampled_from(confirmed))
        before = self.model.records[key]
        started_at, ended_at = self.span(*span) if span else (before.started_at, before.ended_at)
        interval = (ended_at - started_at) // timedelta(minutes=1)
        same = (started_at, ended_at) == (before.started_at, before.ended_at)
        after = before._replace(
            started_at=started_at, ended_at=ended_at, minutes=minutes or (before.minutes if same else interval),
            status="corrected", on_duty=before.on_duty if duty is None else duty,
            activity=activity or before.activity, category=category or before.category,
        )  # fmt: skip
        expected = (
            1 <= interval <= DAY
            and (minutes or 1) <= interval
            and ended_at <= self.model.now
            and before.body not in self.model.closed
            and before.recorder != ADMINISTRATOR.actor
            and after._replace(status=before.status) != before
        )
        expected = expected and self.model.is_free(after, key) and self.model.room(after, key)
        capacity = None if duty is None else "staff-on-duty" if duty else "resident"
        command = self.say(
            CorrectService, record_id=RecordId(key), reason="x", minutes=minutes, capacity=capacity,
            activity=activity, category=category, started_at=span and started_at, ended_at=span and ended_at,
        )  # fmt: skip
        outcome = self.do(command, expected)
        if expected:
            self._put(key, after, outcome)

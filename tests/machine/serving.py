"""Service, and the rule book that says what it is worth."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.controls import ADMINISTRATOR
from tests.machine.base import act, bodies, people, sensible, which
from tests.machine.teaming import Teaming
from tests.machine.things import Record
from timebank.domain.acting import Acting
from timebank.domain.credit.policies import AdoptPolicy, WithdrawPolicy
from timebank.domain.facts.credit import GiftRules, Rules
from timebank.domain.identifiers import RecordId
from timebank.domain.kernel import Command
from timebank.domain.service.amending import AmendService, WithdrawService
from timebank.domain.service.records import NO_TEAM, LogService
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService

categories = st.sampled_from(["公益", "公益", "文体"])
activities = st.sampled_from(["清扫", "清扫", "巡逻"])
spans = st.tuples(
    st.sampled_from([1, 2, 2, 3, 40]),
    st.sampled_from([22, 8, 9, 10, 23, 0]),
    st.sampled_from([60, 30, 120, 180, 240, 600, 1439, 1440, 1441, 0]),
)
mornings = st.tuples(st.just(1), st.integers(7, 10), st.sampled_from([60, 120, 540, 960]))
actors = st.sampled_from(["administrator", "administrator", "body", "member", "member", "self", "stranger"])
other_teams = st.none() | st.just(NO_TEAM) | st.tuples(st.booleans(), which)
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
    star_minutes=st.sampled_from([(60, 240), (180,)]),
)


class Serving(Teaming):
    """Service is logged, confirmed, rejected, corrected and voided, under rule books that come one after another."""

    @act(rules=rule_books, days=st.sampled_from([-1, 0, 1, 1, 2]))
    def adopt(self, rules: Rules, days: int) -> None:
        """A version of the rule book is adopted, for days that have not begun, or it is the first one."""
        since = self.model.today + timedelta(days=days)
        expected = not self.model.standing_books() or days > 0
        outcome = self.do(self.say(AdoptPolicy, resolution="x", effective_from=since, rules=rules), expected)
        if expected:
            self.model.books.append((since, rules))
            assert outcome.facts[0].version == len(self.model.books)

    @act(lambda self: self.model.books, version=st.integers(1, 4))
    def withdraw_book(self, version: int) -> None:
        """A version of the rule book is withdrawn, if there is one that has not begun."""
        ahead = {n for n, since in self.model.standing_books() if since > self.model.today}
        self.do(self.say(WithdrawPolicy, version=version, reason="x"), version in ahead)
        if version in ahead:
            self.model.withdrawn_books.add(version)

    # Logging

    @act(
        n=people, body=bodies, span=spans, who=actors, on_duty=st.booleans(), share=st.sampled_from([None, 1, 30]),
        activity=activities, category=categories, team=st.none() | which,
    )  # fmt: skip
    def log(
        self, n: int, body: int, span: Any, who: str, share: int | None, team: int | None = None, **said: Any
    ) -> None:
        """Service is logged, by whoever may, for as long as it took or for less."""
        of = self.team_named(team)
        self.try_to_log(self._record(n, body, self.acting(who, body, n), span, share, team=of, **said))

    @act(
        n=people, body=bodies, span=spans | mornings, on_duty=st.sampled_from([False, False, True]),
        activity=activities, category=categories, team=st.none() | which,
    )  # fmt: skip
    def log_by_program(self, n: int, body: int, span: Any, team: int | None = None, **said: Any) -> None:
        """Service is logged by the body's own program, as it mostly is."""
        of = self.team_at(team, body, self.span(*span)[0].date())
        self.try_to_log(self._record(n, body, self.program(body), span, None, team=of, **said))

    @act(n=st.integers(0, 2), span=mornings, activity=activities, category=categories)
    def serve(self, n: int, span: Any, activity: str, category: str) -> None:
        """The same few people serve the same morning, and have it confirmed if it can be."""
        self.has_served(n, span, activity, category)

    @act(lambda self: self.model.past_books(), n=st.integers(0, 2))
    def serve_as_a_book_begins(self, n: int) -> None:
        """Somebody serves in the night in which a version of the rule book begins to be in force, and the day after."""
        days = (self.model.today - max(self.model.past_books())).days
        self.has_served(n, (days + 1, 22, 240), "清扫", "公益")
        self.has_served(n, (days, 8, 180), "巡逻", "公益")

    def has_served(self, n: int, span: Any, activity: str, category: str, is_decided: bool = True) -> None:
        """Somebody served, for the body that is approved, and it is confirmed, or waits."""
        said = {"on_duty": False, "activity": activity, "category": category}
        key = self.try_to_log(self._record(n, 0, self.program(0), span, None, **said))
        if key and is_decided:
            self._confirm(key, ADMINISTRATOR, None)

    def _record(self, n: int, body: int, by: Acting, span: Any, share: int | None, **said: Any) -> Record:
        times = self.span(*span)
        minutes = share or (times[1] - times[0]) // timedelta(minutes=1)
        return Record(n, body, by, *times, minutes=minutes, share=share, first=times, recorded=minutes, **said)

    def try_to_log(self, record: Record) -> str | None:
        """Service is logged, if it can be."""
        record_id = RecordId(f"rec_{self.number()}")
        command = self.say(
            LogService, record.recorder, record_id=record_id, volunteer_id=self.person(record.person),
            organisation_id=self.body(record.body), activity=record.activity, category=record.category,
            capacity="staff-on-duty" if record.on_duty else "resident",
            started_at=record.started_at, ended_at=record.ended_at, minutes=record.share, team_id=record.team,
        )  # fmt: skip
        expected = self.model.can_log(record)
        self.do(command, expected)
        if expected:
            self.model.put(record_id, record)
        return record_id if expected else None

    # Deciding

    def _some(self, which: int, sensible: bool, *statuses: str) -> str:
        """A record; a sensible choice has one of these statuses."""
        key: str = self.pick(
            [(key,) for key in self.model.records], which, sensible,
            lambda key: self.model.records[key].status in statuses,
        )[0]  # fmt: skip
        return key

    def _whoever(self, who: str, key: str) -> Acting:
        record = self.model.records[key]
        return self.acting(who, record.body, record.person)

    @act(
        lambda self: self.model.records,
        which=which,
        sensible=sensible,
        who=actors,
        minutes=st.sampled_from([None, None, 30]),
    )
    def confirm(self, which: int, sensible: bool, who: str, minutes: int | None) -> None:
        """A record that waits is confirmed, for as long as it was or for less, by who did not log it."""
        key = self._some(which, sensible, "logged")
        self._confirm(key, self._whoever(who, key), minutes)

    def _confirm(self, key: str, by: Acting, minutes: int | None) -> None:
        before = self.model.records[key]
        after = before._replace(minutes=minutes or before.minutes, status="confirmed")
        expected = (
            self.model.may_decide(by, before, *self.model.rules(self.model.today).direct_confirm_roles)
            and before.status == "logged"
            and not self.model.eyes(by) & {before.recorder.actor, *before.amenders}
            and after.minutes <= before.recorded
            and (before.is_led or by.governs)
            and self.model.fits(after, key)
        )
        self._decide(key, after, self.say(ConfirmService, by, record_id=RecordId(key), minutes=minutes), expected)

    @act(lambda self: self.model.records, which=which, sensible=sensible, who=actors)
    def reject(self, which: int, sensible: bool, who: str) -> None:
        """A record that waits is found not to be right."""
        key = self._some(which, sensible, "logged")
        by, before = self._whoever(who, key), self.model.records[key]
        expected = self.model.may_decide(by, before, "verifier", "coordinator") and before.status == "logged"
        command = self.say(RejectService, by, record_id=RecordId(key), reason="x")
        self._decide(key, before._replace(status="rejected"), command, expected)

    @act(lambda self: self.model.records, which=which, sensible=sensible, who=actors)
    def withdraw_record(self, which: int, sensible: bool, who: str) -> None:
        """A record that waits is taken back."""
        key = self._some(which, sensible, "logged")
        by, before = self._whoever(who, key), self.model.records[key]
        command = self.say(WithdrawService, by, record_id=RecordId(key), reason="x")
        self._decide(key, before._replace(status="withdrawn"), command, self.model.may_record(by, before))

    @act(
        lambda self: self.model.records, which=which, sensible=sensible, who=actors, span=st.none() | spans,
        minutes=st.sampled_from([None, 10, 60]), on_duty=st.none() | st.booleans(), activity=st.none() | activities,
        category=st.none() | categories, team=other_teams,
    )  # fmt: skip
    def amend_record(
        self, which: int, sensible: bool, who: str, span: Any, minutes: int | None, team: Any, **said: Any
    ) -> None:
        """A record that waits is put right: when it was, how long, what, and in which capacity."""
        key = self._some(which, sensible, "logged")
        by, before = self._whoever(who, key), self.model.records[key]
        times = self.span(*span) if span else (before.started_at, before.ended_at)
        said |= {"team": self._other_team(team, before)}
        after = before.amended(times, minutes, by, **said)
        expected = self.model.may_record(by, before) and self.model.can_amend(key, after)
        command = self._changing(AmendService, key, by, times if span else (None, None), minutes, **said)
        self._decide(key, after, command, expected)

    @act(lambda self: self.model.records, which=which, sensible=sensible, who=actors)
    def void(self, which: int, sensible: bool, who: str) -> None:
        """Confirmed service is withdrawn."""
        key = self._some(which, sensible, "confirmed", "corrected")
        by, before = self._whoever(who, key), self.model.records[key]
        expected = self.model.may_decide(by, before, "verifier", "coordinator") and before.is_confirmed
        command = self.say(VoidService, by, record_id=RecordId(key), reason="x")
        self._decide(key, before._replace(status="voided"), command, expected)

    @act(
        lambda self: self.model.records, which=which, sensible=sensible, who=actors, span=st.none() | spans,
        minutes=st.sampled_from([None, 10, 60]), on_duty=st.none() | st.booleans(), activity=st.none() | activities,
        category=st.none() | categories, team=other_teams,
    )  # fmt: skip
    def correct(
        self, which: int, sensible: bool, who: str, span: Any, minutes: int | None, team: Any, **said: Any
    ) -> None:
        """A confirmed record is put right: when it was, how long, what, and in which capacity."""
        key = self._some(which, sensible, "confirmed", "corrected")
        by, before = self._whoever(who, key), self.model.records[key]
        times = self.span(*span) if span else (before.started_at, before.ended_at)
        said |= {"team": self._other_team(team, before)}
        after = before.corrected(times, minutes, **said)
        expected = (
            self.model.may_decide(by, before, *self.model.rules(self.model.today).direct_confirm_roles)
            and before.is_confirmed
            and not self.model.eyes(by) & {before.recorder.actor, *before.amenders}
            and after._replace(status=before.status) != before
            and (minutes or 1) <= after.interval
            and after.ended_at <= self.model.now
            and after.minutes <= before.recorded
            and self._is_seen(before, after, key)
            and after.is_within
            and self.model.stays_with_its_team(key, after)
            and self.model.room(after, key)
            and self.model.fits(after, key)
        )
        self._decide(
            key,
            after,
            self._changing(CorrectService, key, by, times if span else (None, None), minutes, **said),
            expected,
        )

    def _is_seen(self, before: Record, after: Record, key: str) -> bool:
        """Whether others than whoever corrects a record have seen what makes it worth as much."""
        is_as_before, worth = after.says_the_same(before), sum(self.model.worth(after, key).values())
        if is_as_before and after.told == before.seen:
            return True
        return worth <= (before.most if is_as_before else before.credit)

    def _changing(
        self,
        kind: Any,
        key: str,
        by: Acting,
        times: Any,
        minutes: int | None,
        on_duty: bool | None,
        team: Any,
        **said: Any,
    ) -> Command:
        capacity = None if on_duty is None else "staff-on-duty" if on_duty else "resident"
        return self.say(
            kind, by, record_id=RecordId(key), reason="x", started_at=times[0], ended_at=times[1],
            minutes=minutes, capacity=capacity, team_id=team, **said,
        )  # fmt: skip

    def _other_team(self, said: Any, before: Record) -> str | None:
        """The team that a record is to be of then: as before (None), none, any, or one that was there."""
        if said is None or said == NO_TEAM:
            return said
        is_there, at = said
        return self.team_at(at, before.body, before.day) if is_there else self.team_named(at)

    def _decide(self, key: str, after: Record, command: Command, expected: bool) -> None:
        """The record is another, and the fact says what the model says of its worth."""
        outcome = self.do(command, expected)
        if expected:
            self.model.put(key, after)
            now = self.model.records[key]
            if outcome and now.is_confirmed:
                (fact,) = outcome.facts
                assert (fact.credited_minutes, fact.policy_version) == (now.credit, self.model.version(now.day))

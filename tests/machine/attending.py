"""Activities that people sign up for and attend, and places where they live."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.controls.streets import Streets
from tests.machine.base import act, people, which
from tests.machine.model import PEOPLE
from tests.machine.serving import Serving
from tests.machine.things import Record
from timebank.domain.activities.activities import PlanActivity, PublishActivity
from timebank.domain.activities.attendance import CheckIn, CheckOut
from timebank.domain.activities.closing import CloseActivity, LogPresence
from timebank.domain.activities.sign_ups import SignUp
from timebank.domain.facts.activities import ActivityClosed, ActivityPlanned, CheckedIn, CheckedOut, Plan, SignUpMade
from timebank.domain.facts.service import ServiceLogged
from timebank.domain.identifiers import ActivityId, ActorId, RecordId, TeamId, numbered
from timebank.domain.kernel import Command
from timebank.projections.activities import statistics
from timebank.projections.activities.statistics import WHOLE_BANK

HOUR = timedelta(hours=1)


class Attending(Serving):
    """People come to activities of the first body, one after another; they live somewhere, and move."""

    streets: Streets | None = None

    # Activities

    def _leaders(self) -> list[int]:
        """Who can lead an activity of the first body, if it can have one."""
        members = [n for (body, n), (_, status) in self.model.roles.items() if body == 0 and status == "approved"]
        return [] if 0 in self.model.closed else members

    @act(
        lambda self: self._leaders(),
        which=which,
        comers=st.lists(people, unique=True, max_size=4),
        seats=st.sampled_from([None, None, 1, 2]),
        forgets=st.booleans(),
        team=st.none() | which,
    )
    def hold_activity(
        self, which: int, comers: list[int], seats: int | None, forgets: bool, team: int | None = None
    ) -> None:
        """An activity of two hours: all come, some have a seat, they leave after one; the last may forget to say so."""
        leaders = self._leaders()
        leader, start = leaders[which % len(leaders)], self.model.now
        of = self.team_at(team, 0, start.date())
        activity_id, other_id = (self._publish(leader, start, each, of) for each in (seats, None))
        seated: list[int] = []
        for n in comers:
            can = self.model.is_active(n)
            self._at(SignUp, activity_id, n, can)
            has_seat = can and (seats is None or len(seated) < seats)
            seated += [n] if has_seat else []
            self._enter(CheckIn, activity_id, n, has_seat)
            if has_seat:
                self._enter(CheckIn, activity_id, n, False)
                self._at(SignUp, other_id, n, True)
                self._enter(CheckIn, other_id, n, False)
        self.model.now += HOUR
        leaving = seated[:-1] if forgets else seated
        for n in leaving:
            self._enter(CheckOut, activity_id, n, True)
        self.model.now += HOUR
        what: Any = {"is_led": leader in seated, "team": of}
        self._close(activity_id, leaving, start, what)
        if forgets and seated:
            self._say_when(activity_id, seated[-1], start, what)

    def _publish(self, leader: int, start: datetime, seats: int | None, team_id: TeamId | None) -> ActivityId:
        plan = Plan(
            name="清扫", category="公益", content="x", place="x", starts_at=start, ends_at=start + 2 * HOUR,
            leader_id=ActorId(self.person(leader)), seats=seats, team_id=team_id,
        )  # fmt: skip
        ids = {"activity_id": ActivityId(f"act_{self.number()}")}
        program = self.program(0)
        self.do(self.say(PlanActivity, program, **ids, organisation_id=self.body(0), plan=plan), True)
        self.do(self.say(PublishActivity, program, **ids), True)
        return ids["activity_id"]

    def _at(self, kind: Any, activity_id: ActivityId, n: int, expected: bool, **said: Any) -> Any:
        whom = {"activity_id": activity_id, "volunteer_id": self.person(n)}
        return self.do(self.say(kind, self.program(0), **whom, **said), expected)

    def _enter(self, kind: Any, activity_id: ActivityId, n: int, expected: bool) -> None:
        self._at(kind, activity_id, n, expected, proof="leader", entry_id=f"e{self.number()}")

    def _record_of(self, n: int, start: datetime, minutes: int, what: dict[str, Any]) -> Record:
        times = start, start + timedelta(minutes=minutes)
        said: Any = {"activity": "清扫", "category": "公益", "on_duty": False} | what
        span = start, start + 2 * HOUR
        return Record(
            n,
            0,
            self.program(0),
            *times,
            minutes=minutes,
            recorded=minutes,
            share=None,
            first=times,
            span=span,
            **said,
        )

    def _close(self, activity_id: ActivityId, there: list[int], start: datetime, what: dict[str, Any]) -> None:
        """It is closed: a record of each who was there, if it can be logged."""
        first = RecordId(f"rec_{self.number() * 1_000:032x}")
        close = self.say(CloseActivity, self.program(0), activity_id=activity_id, first_record_id=first)
        self.do(close, True)
        records = [self._record_of(n, start, 60, what) for n in there]
        logged = [record for record in records if self.model.can_log(record)]
        for number, record in enumerate(logged):
            self.model.put(numbered(first, number), record)

    def _say_when(self, activity_id: ActivityId, n: int, start: datetime, what: dict[str, Any]) -> None:
        """Somebody says when the one left who forgot to."""
        first, record = RecordId(f"rec_{self.number() * 1_000:032x}"), self._record_of(n, start, 30, what)
        can = self.model.can_log(record)
        self._at(LogPresence, activity_id, n, can, first_record_id=first, left_at=record.ended_at)
        if can:
            self.model.put(first, record)

    # Places

    @act(seed=st.integers(0, 10**6), count=st.integers(1, 4))
    def move_about(self, seed: int, count: int) -> None:
        """People move, and the tree of places changes; what the rules do not allow is refused."""
        commands: list[Command] = []
        if self.streets is None:
            self.streets = Streets(seed, [self.person(n) for n in range(PEOPLE)])
            commands = self.streets.found()
        self.streets.random = Random(seed)
        commands += [self.streets.next(self.model.now) for _ in range(count)]
        for outcome in self.run(self.ledger.submit(self.bank_id, commands)):
            self._take_in(outcome)

    # What holds of any history

    def nobody_is_anywhere_twice(self, facts: list[Any]) -> None:
        """Nobody is present twice at one time, there are never more than seats, and records lie within activities."""
        stays: dict[tuple[Any, Any, datetime], datetime | None] = {}
        seats: dict[Any, int | None] = {}
        seated: dict[Any, set[Any]] = {}
        for fact in facts:
            if isinstance(fact, ActivityPlanned):
                seats[fact.activity_id], seated[fact.activity_id] = fact.plan.seats, set()
            elif isinstance(fact, SignUpMade) and not fact.is_waiting:
                seated[fact.activity_id].add(fact.volunteer_id)
            elif isinstance(fact, CheckedIn):
                assert fact.volunteer_id in seated[fact.activity_id]
                stays[fact.volunteer_id, fact.activity_id, fact.moment] = None
            elif isinstance(fact, CheckedOut):
                stays[fact.volunteer_id, fact.activity_id, fact.since] = fact.moment
            elif isinstance(fact, ServiceLogged) and fact.activity_id:
                starts_at, ends_at = fact.activity_span or (fact.ended_at, fact.started_at)
                assert starts_at <= fact.started_at < fact.ended_at <= ends_at
                until = stays[fact.volunteer_id, fact.activity_id, fact.started_at]
                assert until is not None
                assert fact.ended_at <= until
        ended = sorted((who, since, until) for (who, _, since), until in stays.items() if until)
        assert all(one[0] != two[0] or one[2] <= two[1] for one, two in pairwise(ended))
        assert all(limit is None or len(seated[key]) <= limit for key, limit in seats.items())

    async def statistics_are_what_was_done(self, facts: list[Any]) -> None:
        """What is kept by month, of each body and of the bank, is what the facts and the model's records come to."""
        wanted: dict[tuple[str, str], Counter[str]] = {}

        def count(body: str, month: str, **more: int) -> None:
            for whose in (body, WHOLE_BANK):
                wanted.setdefault((whose, month), Counter()).update(more)

        plans: dict[Any, Plan] = {}
        seated: dict[Any, set[Any]] = {}
        came: dict[Any, set[Any]] = {}
        for fact in facts:
            match fact:
                case ActivityPlanned():
                    plans[fact.activity_id] = fact.plan
                    seated[fact.activity_id], came[fact.activity_id] = set(), set()
                case SignUpMade() if not fact.is_waiting:
                    seated[fact.activity_id].add(fact.volunteer_id)
                case CheckedIn():
                    came[fact.activity_id].add(fact.volunteer_id)
                case ActivityClosed():
                    plan, there = plans[fact.activity_id], len(came[fact.activity_id])
                    has_seat = len(seated[fact.activity_id])
                    limit = {"without_limit": 1} if plan.seats is None else {"places": plan.seats}
                    who = {"signed_up": has_seat, "present": there, "absent": has_seat - there}
                    count(fact.organisation_id, f"{plan.starts_at:%Y-%m}", held=1, **limit, **who)
        for record in self.model.records.values():
            if record.is_confirmed:
                kind = "duty_minutes" if record.on_duty else "resident_minutes"
                of_team = record.service if record.team else 0
                body, month = self.body(record.body), f"{record.day:%Y-%m}"
                count(body, month, **{kind: record.minutes}, team_minutes=of_team)
        for body in {whose for whose, _ in wanted} | {WHOLE_BANK}:
            for each in await statistics.months(self.pool, self.bank_id, body, None, None):
                told = {name: getattr(each, name) for name in each.__struct_fields__ if name != "month"}
                assert +Counter(told) == +wanted.pop((body, each.month or ""), Counter())
        assert not any(+each for each in wanted.values()), "a month is not told of"

    async def places_sum_to_the_bank(self, rows: Any) -> None:
        """Hours by place: on every day those of all are the bank's, and no level has more."""
        served: dict[Any, int] = {}
        for record in self.model.records.values():
            served[record.day] = served.get(record.day, 0) + record.service
        kept = await rows("select node_id, day, minutes from place_day where bank_id = $1")
        whole = {row["day"]: row["minutes"] for row in kept if not row["node_id"]}
        assert whole == {day: minutes for day, minutes in served.items() if minutes}
        by_level = await rows(
            "select n.depth, d.day, sum(d.minutes) as minutes from place_day d join node n using (bank_id, node_id) "
            "where d.bank_id = $1 group by n.depth, d.day"
        )
        assert all(row["minutes"] <= whole[row["day"]] for row in by_level)

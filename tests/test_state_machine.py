"""Any history at all: random commands on a real ledger, beside a small model that knows the rules in its own words."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import asyncpg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from timebank.composition import KEPT_WITH_THE_LOG
from timebank.domain.accounts import postings
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import (
    ActorId,
    MembershipId,
    OrganisationId,
    RecordId,
    VolunteerId,
    VolunteerNumber,
    new_bank_id,
)
from timebank.domain.kernel import Acting, Command
from timebank.domain.memberships import AddMember, ApproveMembership, ChangeRole, EndMembership
from timebank.domain.organisations import (
    ApproveOrganisation,
    RegisterOrganisation,
    ReinstateOrganisation,
    SuspendOrganisation,
)
from timebank.domain.refusals import IdempotencyKeyReused
from timebank.domain.review import ConfirmService, CorrectService, RejectService, VoidService
from timebank.domain.service import LogService, minutes_by_day
from timebank.domain.volunteers import RegisterVolunteer, ReinstateVolunteer, SetConsent, SuspendVolunteer
from timebank.ledger.audit import check_log
from timebank.ledger.codec import decode
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import IdempotencyKey, Receipt
from timebank.ledger.wake import Waker
from timebank.projections import EVERY, FOLLOWING, balances, leaderboards
from timebank.projections.rebuild import rebuild, verify
from timebank.projections.runner import Runner

from .conftest import people_of
from .controls import ADMINISTRATOR, NOON, ZONE

EXAMPLES, STEPS = 60, 40
DAY = 24 * 60
PEOPLE, BODIES = 4, 2
NAMES = ("司马光", "诸葛亮", "上官婉", "欧阳修")


class Record(NamedTuple):
    """A record as the model sees it."""

    person: int
    body: int
    recorder: str
    started_at: datetime
    ended_at: datetime
    minutes: int
    status: str
    on_duty: bool
    first: tuple[datetime, datetime]

    @property
    def counts(self) -> bool:
        """Whether it takes up time of a day."""
        return self.status in ("logged", "confirmed", "corrected")

    @property
    def is_confirmed(self) -> bool:
        """Whether it is confirmed service."""
        return self.status in ("confirmed", "corrected")

    @property
    def credit(self) -> int:
        """What it is worth."""
        return self.minutes if self.is_confirmed and not self.on_duty else 0

    @property
    def days(self) -> dict[date, int]:
        """Its minutes by local day."""
        return minutes_by_day(self.started_at, self.ended_at, self.minutes, ZONE)

    def overlaps(self, other: "Record") -> bool:
        """Whether they are at the same time."""
        return self.started_at < other.ended_at and other.started_at < self.ended_at


people = st.integers(0, PEOPLE - 1)
bodies = st.integers(0, BODIES - 1)
spans = st.builds(
    lambda days, hour, minutes: (
        start := NOON.replace(hour=hour) - timedelta(days=days),
        start + timedelta(minutes=minutes),
    ),
    st.sampled_from([1, 2, 2, 3, 40]),
    st.sampled_from([0, 8, 9, 10, 22, 23]),
    st.sampled_from([0, 30, 60, 120, 180, 600, 1439, 1440, 1441]),
)
mornings = st.builds(
    lambda hour, hours: (
        start := NOON.replace(hour=hour) - timedelta(days=1),
        start + timedelta(hours=hours),
    ),
    st.integers(7, 10),
    st.sampled_from([1, 2, 9, 16]),
)
actors = st.sampled_from(["administrator", "body", "member", "self", "stranger"])


class AnyHistory(RuleBasedStateMachine):
    """What the bank does must be what the model expects, and the invariants hold after everything."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.records: dict[str, Record] = {}
        self.roles: dict[tuple[int, int], tuple[str, str]] = {}
        self.suspended: set[int] = set()
        self.closed: set[int] = set()
        self.shown: set[int] = set()
        self.sent: list[tuple[Command, IdempotencyKey, Any]] = []
        self.count = 0
        self.loop.run(self._open())

    async def _open(self) -> None:
        self.pool = await asyncpg.create_pool(self.url, min_size=1, max_size=5)
        self.store = Store(self.pool, Waker())
        self.bank_id = UUID(new_bank_id())
        await self.store.open_bank(self.bank_id, "Test bank", str(ZONE))
        self.people = await people_of(self.pool)
        self._start()
        await self.ledger.execute(self.bank_id, OpenBank(by=ADMINISTRATOR, at=NOON, name="x", timezone=str(ZONE)))

    def _start(self) -> None:
        self.ledger = Ledger(self.store, self.people, clock=lambda: NOON, inline=KEPT_WITH_THE_LOG)
        self.runner = Runner(self.store, FOLLOWING)

    def teardown(self) -> None:
        """Look closely, once, and go."""
        self.loop.run(self._look_closely())
        self.loop.run(self.ledger.close())
        self.loop.run(self.pool.close())
        self.loop.close()

    # Names

    def person(self, n: int) -> VolunteerId:
        """A volunteer's id; identifiers are of this bank only."""
        return VolunteerId(f"vol_{n}")

    def body(self, n: int) -> OrganisationId:
        """An organisation's id."""
        return OrganisationId(f"org_{n}")

    def acting(self, who: str, body: int, person: int) -> Acting:
        """Who acts: the office, the body's own program, its last member with a role, the person, or somebody else."""
        if who == "administrator":
            return ADMINISTRATOR
        if who == "body":
            return Acting(ActorId(self.body(body)), "organisation")
        if who == "stranger":
            return Acting(ActorId(self.body(1 - body)), "organisation")
        members = [n for (where, n), (_, status) in self.roles.items() if where == body and status == "approved"]
        return Acting(ActorId(self.person(members[-1] if who == "member" and members else person)), "volunteer")

    def _number(self) -> int:
        self.count += 1
        return self.count

    # Doing

    def do(self, command: Command, expected: bool | None) -> Any:
        """Do something under a key; it happens, or is refused, as the model expects (None: who knows)."""
        said = hashlib.sha256(repr(command).encode()).digest()
        key = IdempotencyKey(command.by.actor, f"key-{self._number()}", (said,))
        head = self.loop.run(self.store.head(self.bank_id))
        (outcome,) = self.loop.run(self.ledger.submit(self.bank_id, [command], key=key))
        happened = isinstance(outcome, Receipt)
        assert expected is None or happened == expected, f"{command}: {outcome!r}"
        if not happened:
            assert self.loop.run(self.store.head(self.bank_id)) == head
        self.sent.append((command, key, outcome))
        return outcome

    @initialize()
    def found(self) -> None:
        """There are some people, and two bodies, of which one is approved."""
        for n in range(PEOPLE):
            self.do(
                RegisterVolunteer(
                    by=ADMINISTRATOR, at=NOON, volunteer_id=self.person(n), number=VolunteerNumber(f"{n:012}"),
                    name=NAMES[n], phone=f"1390000000{n}",
                ),
                True,
            )  # fmt: skip
        for n in range(BODIES):
            self.do(
                RegisterOrganisation(
                    by=ADMINISTRATOR, at=NOON, organisation_id=self.body(n), name=f"body {n}", kind="enterprise"
                ),
                True,
            )
        self.do(ApproveOrganisation(by=ADMINISTRATOR, at=NOON, organisation_id=self.body(0)), True)
        self.closed.add(1)
        self.approved = {0}

    @rule(n=people)
    def register_again(self, n: int) -> None:
        """A number is given once."""
        again = RegisterVolunteer(
            by=ADMINISTRATOR, at=NOON, volunteer_id=VolunteerId("vol_x"), number=VolunteerNumber(f"{n:012}"), name="x"
        )
        self.do(again, False)

    @rule(n=st.just(PEOPLE - 1), suspend=st.booleans())
    def suspend_or_reinstate(self, n: int, suspend: bool) -> None:
        """Suspensions begin and end once."""
        kind = SuspendVolunteer if suspend else ReinstateVolunteer
        self.do(
            kind(by=ADMINISTRATOR, at=NOON, volunteer_id=self.person(n), reason="x"), suspend != (n in self.suspended)
        )
        (self.suspended.add if suspend else self.suspended.discard)(n)

    @precondition(lambda self: self.count % 3)
    @rule()
    def approve_the_other_body(self) -> None:
        """A body is approved once."""
        self.do(ApproveOrganisation(by=ADMINISTRATOR, at=NOON, organisation_id=self.body(1)), 1 not in self.approved)
        if 1 not in self.approved:
            self.approved.add(1)
            self.closed.discard(1)

    @rule(n=st.just(BODIES - 1), suspend=st.booleans())
    def suspend_or_reinstate_body(self, n: int, suspend: bool) -> None:
        """Bodies are suspended only when approved."""
        kind = SuspendOrganisation if suspend else ReinstateOrganisation
        expected = n in self.approved and suspend != (n in self.closed)
        self.do(kind(by=ADMINISTRATOR, at=NOON, organisation_id=self.body(n), reason="x"), expected)
        if expected:
            (self.closed.add if suspend else self.closed.discard)(n)

    @rule(body=bodies, n=people, role=st.sampled_from(["member", "recorder", "verifier", "coordinator"]))
    def add_member(self, body: int, n: int, role: Any) -> None:
        """One open membership each."""
        ids = {"organisation_id": self.body(body), "volunteer_id": self.person(n)}
        expected = (body, n) not in self.roles and body not in self.closed and n not in self.suspended
        self.do(
            AddMember(by=ADMINISTRATOR, at=NOON, membership_id=MembershipId(f"mem_{self._number()}"), role=role, **ids),
            expected,
        )
        if expected:
            self.roles[body, n] = role, "invited"

    @rule(body=bodies, n=people, accept=st.booleans())
    def approve_member(self, body: int, n: int, accept: bool) -> None:
        """An invitation is accepted, or the office lets somebody in."""
        by = Acting(ActorId(self.person(n)), "volunteer") if accept else ADMINISTRATOR
        role, status = self.roles.get((body, n), ("", "none"))
        outcome = self.do(
            ApproveMembership(by=by, at=NOON, organisation_id=self.body(body), volunteer_id=self.person(n)),
            None if status == "invited" else False,
        )
        if isinstance(outcome, Receipt):
            self.roles[body, n] = role, "approved"

    @rule(body=bodies, n=people, role=st.sampled_from(["recorder", "verifier"]), end=st.booleans())
    def change_or_end(self, body: int, n: int, role: Any, end: bool) -> None:
        """Roles change and memberships end."""
        ids = {"organisation_id": self.body(body), "volunteer_id": self.person(n)}
        command: Command = EndMembership(by=ADMINISTRATOR, at=NOON, **ids)
        if not end:
            command = ChangeRole(by=ADMINISTRATOR, at=NOON, role=role, **ids)
        _, status = self.roles.get((body, n), ("", "none"))
        outcome = self.do(command, None if status == "approved" else False)
        if isinstance(outcome, Receipt):
            if end:
                del self.roles[body, n]
            else:
                self.roles[body, n] = role, "approved"

    def may(self, by: Acting, body: int, roles: tuple[str, ...]) -> bool:
        """Whether somebody may act for a body."""
        if by.authority == "volunteer":
            n = int(by.actor.removeprefix("vol_"))
            role, status = self.roles.get((body, n), ("", ""))
            return status == "approved" and role in roles and n not in self.suspended
        return by.governs or by.actor == self.body(body)

    def room(self, record: Record, besides: str = "") -> bool:
        """Whether the days of a record have room for it."""
        for day, minutes in record.days.items():
            taken = sum(
                other.days.get(day, 0)
                for key, other in self.records.items()
                if key != besides and other.person == record.person and other.counts
            )
            if taken + minutes > DAY:
                return False
        return True

    def is_free(self, record: Record, besides: str) -> bool:
        """Whether no confirmed service of the person is at the same time."""
        return not any(
            other.person == record.person and other.is_confirmed and other.overlaps(record)
            for key, other in self.records.items()
            if key != besides
        )

    @rule(n=people, body=bodies, span=spans, who=actors, on_duty=st.booleans(), share=st.sampled_from([None, 1, 30]))
    def log(
        self, n: int, body: int, span: tuple[datetime, datetime], who: str, on_duty: bool, share: int | None
    ) -> None:
        """Service is logged, by whoever may."""
        self._log(n, body, span, self.acting(who, body, n), on_duty, share)

    @rule(n=people, body=bodies, span=spans, on_duty=st.sampled_from([False, False, True]))
    def log_by_program(self, n: int, body: int, span: tuple[datetime, datetime], on_duty: bool) -> None:
        """Service is logged by the body's own program, as it mostly is."""
        self._log(n, body, span, self.acting("body", body, n), on_duty, None)

    @rule(n=st.integers(0, 1), span=mornings)
    def serve(self, n: int, span: tuple[datetime, datetime]) -> None:
        """The same few people serve the same morning, and have it confirmed if it can be."""
        self._log(n, 0, span, self.acting("body", 0, n), False, None)
        latest = max(self.records, key=lambda key: int(key.removeprefix("rec_")), default=None)
        if latest and self.records[latest].status == "logged":
            self._decide(latest, "administrator", "confirm")

    def _log(
        self, n: int, body: int, span: tuple[datetime, datetime], by: Acting, on_duty: bool, share: int | None
    ) -> None:
        started_at, ended_at = span
        interval = (ended_at - started_at) // timedelta(minutes=1)
        record = Record(n, body, by.actor, started_at, ended_at, share or interval, "logged", on_duty, span)
        expected = (
            self.may(by, body, ("recorder", "coordinator"))
            and body not in self.closed
            and n not in self.suspended
            and by.actor != self.person(n)
            and 1 <= interval <= DAY
            and (share or 1) <= interval
            and ended_at <= NOON
            and not any(
                (other.person, other.body) == (n, body)
                and span in (other.first, (other.started_at, other.ended_at))
                and other.counts
                for other in self.records.values()
            )
            and self.room(record)
        )
        record_id = RecordId(f"rec_{self._number()}")
        command = LogService(
            by=by, at=NOON, record_id=record_id, volunteer_id=self.person(n), organisation_id=self.body(body),
            activity="清扫", category="公益", capacity="staff-on-duty" if on_duty else "resident",
            started_at=started_at, ended_at=ended_at, minutes=share,
        )  # fmt: skip
        self.do(command, expected)
        if expected:
            self.records[record_id] = record

    @precondition(lambda self: any(record.status == "logged" for record in self.records.values()))
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """A record that waits is confirmed by the office, as it mostly is."""
        waiting = sorted(key for key, record in self.records.items() if record.status == "logged")
        self._decide(data.draw(st.sampled_from(waiting)), "administrator", "confirm")

    @precondition(lambda self: self.records)
    @rule(data=st.data(), who=actors, act=st.sampled_from(["confirm", "reject", "void"]))
    def decide(self, data: st.DataObject, who: str, act: str) -> None:
        """Any record is decided on, by whoever may."""
        self._decide(data.draw(st.sampled_from(sorted(self.records))), who, act)

    def _decide(self, key: str, who: str, act: str) -> None:
        before = self.records[key]
        by = self.acting(who, before.body, before.person)
        may = (
            self.may(by, before.body, ("verifier", "coordinator"))
            and by.actor != self.person(before.person)
            and before.body not in self.closed
        )
        common = {"by": by, "at": NOON, "record_id": RecordId(key)}
        after = before._replace(status={"confirm": "confirmed", "reject": "rejected", "void": "voided"}[act])
        command: Command
        if act == "confirm":
            command = ConfirmService(**common)
            expected = before.status == "logged" and by.actor != before.recorder and self.is_free(after, key)
        elif act == "reject":
            command = RejectService(**common, reason="x")
            expected = before.status == "logged"
        else:
            command = VoidService(**common, reason="x")
            expected = before.is_confirmed
        self.do(command, may and expected)
        if may and expected:
            self.records[key] = after

    @precondition(lambda self: any(record.is_confirmed for record in self.records.values()))
    @rule(
        data=st.data(), span=st.none() | spans, minutes=st.sampled_from([None, 10, 60]), duty=st.none() | st.booleans()
    )
    def correct(
        self, data: st.DataObject, span: tuple[datetime, datetime] | None, minutes: int | None, duty: bool | None
    ) -> None:
        """A confirmed record is put right, by the office."""
        key = data.draw(st.sampled_from(sorted(key for key, record in self.records.items() if record.is_confirmed)))
        before = self.records[key]
        started_at, ended_at = span or (before.started_at, before.ended_at)
        interval = (ended_at - started_at) // timedelta(minutes=1)
        same = (started_at, ended_at) == (before.started_at, before.ended_at)
        after = before._replace(
            started_at=started_at, ended_at=ended_at, minutes=minutes or (before.minutes if same else interval),
            status="corrected", on_duty=before.on_duty if duty is None else duty,
        )  # fmt: skip
        expected = (
            1 <= interval <= DAY
            and (minutes or 1) <= interval
            and ended_at <= NOON
            and before.body not in self.closed
            and before.recorder != ADMINISTRATOR.actor
            and after._replace(status=before.status) != before
        )
        expected = expected and self.is_free(after, key) and self.room(after, key)
        capacity = None if duty is None else "staff-on-duty" if duty else "resident"
        command = CorrectService(
            by=ADMINISTRATOR, at=NOON, record_id=RecordId(key), reason="x", minutes=minutes, capacity=capacity,
            started_at=span and started_at, ended_at=span and ended_at,
        )  # fmt: skip
        self.do(command, expected)
        if expected:
            self.records[key] = after

    @rule(n=people, granted=st.booleans())
    def consent(self, n: int, granted: bool) -> None:
        """A consent is given, or taken back."""
        by = Acting(ActorId(self.person(n)), "volunteer")
        wish = SetConsent(
            by=by, at=NOON, volunteer_id=self.person(n), purpose="leaderboard", granted=granted, alias=NAMES[n] * 2
        )
        outcome = self.do(wish, True)
        assert len(outcome.facts) == (granted != (n in self.shown))
        (self.shown.add if granted else self.shown.discard)(n)

    # I5

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """What happened under a key is told again, and does not happen again."""
        done = [each for each in self.sent if isinstance(each[2], Receipt)]
        command, key, outcome = data.draw(st.sampled_from(done[-8:]))
        head = self.loop.run(self.store.head(self.bank_id))
        (again,) = self.loop.run(self.ledger.submit(self.bank_id, [command], key=key))
        assert again == outcome
        another = key._replace(fingerprints=(b"other",))
        (other,) = self.loop.run(self.ledger.submit(self.bank_id, [command], key=another))
        assert isinstance(other, IdempotencyKeyReused)
        assert self.loop.run(self.store.head(self.bank_id)) == head

    # What must not matter

    @rule()
    def restart(self) -> None:
        """A new process knows what the old one did."""
        self.loop.run(self.ledger.close())
        self._start()

    @rule(projection=st.sampled_from(EVERY))
    def rebuild_one(self, projection: Any) -> None:
        """A read model is made anew."""
        self.loop.run(rebuild(self.pool, projection))

    @rule()
    def catch_up(self) -> None:
        """The read models move on."""
        self.loop.run(self.runner.catch_up(self.bank_id))

    # Invariants

    @invariant()
    def balances_are_those_of_the_model(self) -> None:
        """I2, I3, I9: nothing is below zero, and service and credit are those of the confirmed records."""
        confirmed = [record for record in self.records.values() if record.is_confirmed]
        for i, one in enumerate(confirmed):
            assert not any(one.person == other.person and one.overlaps(other) for other in confirmed[i + 1 :])
        rows = self.loop.run(self.pool.fetch("select * from balance where bank_id = $1", self.bank_id))
        for row in rows:
            n = int(row["volunteer_id"].removeprefix("vol_"))
            credit = sum(record.credit for record in confirmed if record.person == n)
            assert row["service_minutes"] == row["credited_minutes"] == row["available_minutes"] == credit
            assert row["reserved_minutes"] == row["debt_minutes"] == 0

    async def _look_closely(self) -> None:
        while await self.runner.catch_up(self.bank_id):
            pass
        rows = await self.pool.fetch("select * from event where bank_id = $1 order by position", self.bank_id)
        facts = [decode(row["topic"], row["data"]) for row in rows]
        assert all(sum(line.minutes for line in postings(fact)) == 0 for fact in facts), "I1"
        assert await balances.left_over(self.pool, self.bank_id) == 0, "I1"
        for projection in EVERY:
            compared = await verify(self.pool, projection, self.bank_id)
            assert compared.is_equal, f"I4: {compared.differences}"
        self._again(facts)
        found = await self.pool.fetch(
            "select record_id, status, minutes from service_record where bank_id = $1", self.bank_id
        )
        assert {row["record_id"]: row["status"] for row in found} == {
            key: each.status for key, each in self.records.items()
        }
        assert {row["record_id"]: row["minutes"] for row in found} == {
            key: each.minutes for key, each in self.records.items()
        }
        await self._periods()
        told = str([(bytes(row["data"]).decode(), row["tags"], row["actor"], row["request_id"]) for row in rows])
        assert not any(secret in told for secret in (*NAMES, "1390000000")), "no personal data in the log"
        assert [finding async for finding in check_log(self.pool, self.bank_id)] == []
        await self._tamper(rows[len(rows) // 2])

    def _again(self, facts: list[Any]) -> None:
        """I8, I15: the same facts give the same credit, and the days of a record sum to it."""
        for fact in facts:
            if (shares := getattr(fact, "minutes_by_day", None)) and hasattr(fact, "minutes"):
                assert sum(shares.values()) == fact.minutes
        credit: dict[str, int] = {}
        for fact in facts:
            for account, holder, minutes in postings(fact):
                if account == "available":
                    credit[holder] = credit.get(holder, 0) + minutes
        for n in range(PEOPLE):
            assert credit[self.person(n)] == sum(each.credit for each in self.records.values() if each.person == n)

    async def _periods(self) -> None:
        """I10, I15: a board's total is that of the named and the hidden, and of its months."""
        rows = await self.pool.fetch("select distinct period from leaderboard where bank_id = $1", self.bank_id)
        totals = {}
        for period in {row["period"] for row in rows} | {"all"}:
            board = await leaderboards.leaderboard(self.pool, self.people, self.bank_id, period, 0, 100)
            assert sum(each.value for each in board.items) + board.hidden_minutes == board.total
            totals[period] = board.total
        assert totals["all"] == sum(each.credit for each in self.records.values())
        for length in (4, 7):
            assert sum(total for period, total in totals.items() if len(period) == length) == totals["all"]

    async def _tamper(self, row: Any) -> None:
        """I14: one flipped bit is found, and located; flipped back, all is well again."""
        for flipped, where in ((row["data"][5] ^ 1, {row["position"]}), (row["data"][5], set())):
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute("set local session_replication_role = replica")
                await connection.execute(
                    "update event set data = set_byte(data, 5, $3) where bank_id = $1 and position = $2",
                    self.bank_id,
                    row["position"],
                    flipped,
                )
            assert {finding.position async for finding in check_log(self.pool, self.bank_id)} == where, "I14"


def test_any_history_keeps_the_invariants(url: str) -> None:
    """Whatever is asked for in whatever order, the bank agrees with the model, and the invariants hold."""
    machine: Callable[[], AnyHistory] = type("AnyHistory", (AnyHistory,), {"url": url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=True, database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_service_split_at_midnight_is_the_same_service() -> None:
    """I15: a night in one record, or in two that meet at midnight, comes to the same minutes on the same days."""
    for hours in (1, 2, 7.5):
        start = NOON.replace(hour=23) - timedelta(days=3)
        midnight, end = start + timedelta(hours=1), start + timedelta(hours=1 + hours)
        whole = minutes_by_day(start, end, int((1 + hours) * 60), ZONE)
        parts = minutes_by_day(start, midnight, 60, ZONE) | minutes_by_day(midnight, end, int(hours * 60), ZONE)
        assert whole == parts

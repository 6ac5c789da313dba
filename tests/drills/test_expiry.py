"""Drills: clocks and crashes around reservations. Each that falls due is taken back once, to the minute, or fulfilled.

Run as a program it is a process that takes back what is due: `python -m tests.drills.test_expiry URL NOW STOPS`.
"""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from tests.api.world import World, settled
from tests.conftest import people_of
from tests.controls import (
    ADMINISTRATOR,
    GARDEN,
    GARDENERS_PROGRAM,
    HAIRCUT,
    NOON,
    ZONE,
    acting,
    cancel,
    fulfil,
    publish,
    reserve,
)
from tests.controls.town import confirm, found, log, volunteer
from tests.helpers.flaky import relayed
from tests.helpers.patience import PATIENCE_SECONDS, until
from timebank.db.connections import Pool
from timebank.domain.acting import Acting
from timebank.domain.bank import OpenBank
from timebank.domain.credit.redemption_codes import code_hash
from timebank.domain.credit.refusals import RedemptionNotOpen
from timebank.domain.facts.credit import RewardTerms
from timebank.domain.identifiers import RedemptionId, new_bank_id
from timebank.domain.kernel import Command
from timebank.ledger.audit import check_log
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import Outcome, Receipt
from timebank.ledger.tasks import in_background
from timebank.ledger.wake import Waker
from timebank.projections import EVERY, FOLLOWING
from timebank.projections.credit import balances, redemptions
from timebank.projections.machinery.rebuild import verify
from timebank.projections.machinery.runner import Runner
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import hooks
from timebank.runtime.upkeep import expiry
from timebank.runtime.upkeep.expiry import expire_due, expire_overdue

HOUR, SECOND, MOMENT = timedelta(hours=1), timedelta(seconds=1), timedelta(microseconds=1)
LASTS = 72 * HOUR
PEOPLE, COST = 12, 30
ENDS = ("reward-fulfilled", "reservation-cancelled", "reservation-expired")


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Process(NamedTuple):
    """What a process of the service has of its own."""

    pool: Pool
    ledger: Ledger
    runner: Runner

    async def expire(self) -> int:
        """Take back what is due, as the background task does."""
        return await expire_due(self.pool, self.ledger)


class Drill:
    """A bank with credit to spend, its clock, and as many processes as are started."""

    def __init__(self, url: str, pool: Pool, bank_id: UUID) -> None:
        self.url, self.pool, self.bank_id = url, pool, bank_id
        self.clock = Clock()
        self._numbers = count()

    @asynccontextmanager
    async def process(self, url: str | None = None) -> AsyncIterator[Process]:
        """One that was just started, and remembers nothing."""
        async with asyncpg.create_pool(url or self.url, min_size=2, max_size=6) as pool:
            store = Store(pool, Waker())
            people = await people_of(pool)
            ledger = Ledger(store, people, clock=self.clock, hooks=hooks(people))
            try:
                yield Process(pool, ledger, Runner(store, FOLLOWING))
            finally:
                await ledger.close()

    async def open(self) -> None:
        """Everybody has served for a while, and there is something to redeem."""
        terms = RewardTerms(**HAIRCUT | {"cost_minutes": COST, "provider_id": GARDEN})
        opening = OpenBank(by=ADMINISTRATOR, at=NOON, name="Test bank", timezone=str(ZONE))
        days = [(n, day) for n in range(1, PEOPLE + 1) for day in range(1, 13)]
        logs: list[Command] = [log(f"rec_{n}_{day}", volunteer(n), days_ago=day, hour=0, hours=20) for n, day in days]
        confirmed = [confirm(f"rec_{n}_{day}") for n, day in days]
        async with self.process() as any_one:
            await self.do(any_one, opening, *found(PEOPLE), *logs, *confirmed, publish(terms=terms))
        self.before = await self.minutes()

    async def do(self, process: Process, *commands: Command) -> list[Outcome]:
        """Do things that are not refused."""
        outcomes = await process.ledger.submit(self.bank_id, commands)
        assert all(isinstance(outcome, Receipt) for outcome in outcomes), outcomes
        return outcomes

    async def reserve(self, process: Process, number: int = 1, *, seen: bool = True) -> list[RedemptionId]:
        """So many reservations, by everybody in turn; the read model has seen them, unless it is to lag."""
        ids = [RedemptionId(f"red_{next(self._numbers)}") for _ in range(number)]
        commands = []
        for n, each in enumerate(ids):
            who = volunteer(1 + n % PEOPLE)
            which = {"redemption_id": each, "volunteer_id": who, "code_hash": code_hash(each)}
            commands.append(reserve(acting(who), at=self.clock.now, **which))
        await self.do(process, *commands)
        if seen:
            await self.catch_up(process)
        return ids

    async def catch_up(self, process: Process) -> None:
        """Bring the read models up to the log."""
        while await process.runner.catch_up(self.bank_id):
            pass

    async def follow(self, process: Process) -> None:
        """Bring them up to it again and again."""
        while True:
            await self.catch_up(process)
            await asyncio.sleep(0.01)

    def fulfil(self, redemption_id: str, at: datetime | None = None, by: Acting = GARDENERS_PROGRAM) -> Command:
        """Accept the code of a redemption."""
        return fulfil(by, at=at or self.clock.now, code_hash=code_hash(redemption_id))

    async def ends(self) -> dict[str, list[str]]:
        """How each redemption ended, as often as it did, as the log tells it."""
        told: dict[str, list[str]] = {}
        for row in await self.pool.fetch(
            "select topic, data->>'redemption_id' as id from history where bank_id = $1 and topic = any ($2)",
            self.bank_id,
            ENDS,
        ):
            told.setdefault(row["id"], []).append(row["topic"])
        return told

    async def until_ended(self, number: int) -> None:
        """Wait until so many have ended."""

        async def are_ended() -> bool:
            return len(await self.ends()) >= number

        await until(are_ended)

    async def minutes(self) -> dict[str, tuple[int, int, int]]:
        """What everybody has available, reserved and redeemed."""
        rows = await self.pool.fetch("select * from balance where bank_id = $1", self.bank_id)
        names = ("available_minutes", "reserved_minutes", "redeemed_minutes")
        return {row["volunteer_id"]: tuple(row[name] for name in names) for row in rows}  # type: ignore[misc]

    async def each_was_taken_back_once(self, ids: list[RedemptionId]) -> None:
        """All of them, and nothing else, ended once, by expiry; everybody has what they had before."""
        assert await self.ends() == {each: ["reservation-expired"] for each in ids}
        assert await self.minutes() == self.before
        await self.is_sound()

    async def is_sound(self) -> None:
        """The log has no flaw, accounts sum to zero, and the read models are what the log comes to."""
        assert [finding async for finding in check_log(self.pool, self.bank_id)] == []
        assert await balances.trial_balance(self.pool, self.bank_id) == 0
        for projection in EVERY:
            if projection.name in {"balances", "redemptions", "rewards"}:
                assert (await verify(self.pool, projection, self.bank_id)).differences == []


@pytest.fixture
async def drill(url: str, pool: Pool, bank_id: UUID) -> Drill:
    """A bank where everybody can redeem."""
    drill = Drill(url, pool, bank_id)
    await drill.open()
    return drill


async def test_what_fell_due_while_nobody_ran(drill: Drill) -> None:
    """What fell due while the service was down is taken back once when it runs again, however often it looks."""
    async with drill.process() as before:
        ids = await drill.reserve(before, 20, seen=False)
    drill.clock.now += 30 * 24 * HOUR
    async with drill.process() as after:
        await drill.catch_up(after)
        assert [await after.expire() for _ in range(3)] == [20, 0, 0]
        await drill.catch_up(after)
        assert await after.expire() == 0
    await drill.each_was_taken_back_once(ids)


async def test_only_what_is_due(drill: Drill) -> None:
    """Nothing is taken back a moment too early; at the very moment it is."""
    async with drill.process() as process:
        early = await drill.reserve(process, 3)
        drill.clock.now += HOUR
        late = await drill.reserve(process, 3)
        for now, expected in ((LASTS - MOMENT, 0), (LASTS, 3), (LASTS + HOUR - MOMENT, 0), (LASTS + HOUR, 3)):
            drill.clock.now = NOON + now
            assert await process.expire() == expected
            await drill.catch_up(process)
        await drill.each_was_taken_back_once(early + late)


@pytest.mark.drill
async def test_two_ledgers_at_the_same_moment(drill: Drill) -> None:
    """Two processes that take back at the same moment, over and over, while a follower goes on, share the work."""
    every: list[RedemptionId] = []
    taken = 0
    async with drill.process() as one, drill.process() as other:
        for _ in range(15):
            every += await drill.reserve(one, 12)
            drill.clock.now += LASTS
            for _ in range(3):
                *counts, _more = await asyncio.gather(
                    one.expire(), other.expire(), other.expire(), one.expire(), one.runner.catch_up(drill.bank_id)
                )
                taken += sum(counts)
    assert taken == len(every) == 180
    await drill.each_was_taken_back_once(every)


async def test_fulfilled_in_the_last_moment(drill: Drill) -> None:
    """What was fulfilled in the last moment stays fulfilled, whatever the read model says; a moment on is too late."""
    async with drill.process() as process, drill.process() as other:
        in_time, too_late = await drill.reserve(process, 2)
        drill.clock.now += LASTS - MOMENT
        await drill.do(process, drill.fulfil(in_time))
        drill.clock.now += MOMENT
        (due,) = await redemptions.due(drill.pool, drill.clock.now, 9)
        assert in_time in due.redemption_ids
        (refused,) = await process.ledger.submit(drill.bank_id, [drill.fulfil(too_late)])
        assert isinstance(refused, RedemptionNotOpen)
        assert refused.details["status"] == "expired"
        assert [await other.expire(), await process.expire()] == [1, 0]
        await drill.catch_up(process)
    assert await drill.ends() == {in_time: ["reward-fulfilled"], too_late: ["reservation-expired"]}
    available, _, _ = drill.before[volunteer(1)]
    assert await drill.minutes() == drill.before | {volunteer(1): (available - COST, 0, COST)}
    await drill.is_sound()


@pytest.mark.drill
async def test_fulfilling_and_cancelling_race_with_expiry(drill: Drill) -> None:
    """A code that is accepted, or given up, as it expires: exactly one thing happens, and that one is acknowledged."""
    won: Counter[str] = Counter()
    chance = random.Random(1)
    async with drill.process() as one, drill.process() as other:
        for n in range(40):
            (redemption_id,) = await drill.reserve(one)
            last = drill.clock.now + LASTS - MOMENT
            drill.clock.now += LASTS
            asked = [
                drill.fulfil(redemption_id, last),
                cancel(acting(volunteer(1)), at=last, redemption_id=redemption_id),
            ]
            ledgers = [one.ledger, other.ledger if n % 2 else one.ledger]
            calls: list[Awaitable[Any]] = [
                *(each.submit(drill.bank_id, [command]) for each, command in zip(ledgers, asked, strict=True)),
                *(one.expire(), other.expire()),
            ]
            told = await (others_after(n, calls) if n < len(calls) else all_at_once(calls, chance))
            done = [*(isinstance(outcome, Receipt) for (outcome,) in told[:2]), *map(bool, told[2:])]
            assert sum(done) == 1, told
            ends = (await drill.ends())[redemption_id]
            assert ends == [(*ENDS, ENDS[2])[done.index(True)]]
            won.update(ends)
        await drill.catch_up(one)
        assert [await one.expire(), await other.expire()] == [0, 0]
    assert won.keys() == set(ENDS)
    spent = won["reward-fulfilled"] * COST
    available, _, _ = drill.before[volunteer(1)]
    assert await drill.minutes() == drill.before | {volunteer(1): (available - spent, 0, spent)}
    await drill.is_sound()


async def others_after(first: int, calls: list[Awaitable[Any]]) -> list[Any]:
    """What becomes of calls of which one is answered before the others begin, so that each wins at least once."""
    answer = await calls.pop(first)
    answers = await asyncio.gather(*calls)
    return [*answers[:first], answer, *answers[first:]]


async def all_at_once(calls: list[Awaitable[Any]], chance: random.Random) -> list[Any]:
    """What becomes of calls that begin within a few milliseconds."""
    return await asyncio.gather(*(after(chance.random() * 0.004, call) for call in calls))


async def after(seconds: float, call: Awaitable[Any]) -> Any:
    """Do something a little later."""
    await asyncio.sleep(seconds)
    return await call


async def test_a_read_model_that_lags(drill: Drill) -> None:
    """A read model that is behind doubles nothing: what it still calls due is looked at, and left as it is."""
    async with drill.process() as process, drill.process() as other:
        ids = await drill.reserve(process, 10)
        drill.clock.now += LASTS
        assert await process.expire() == 10
        (due,) = await redemptions.due(drill.pool, drill.clock.now, 100)
        assert len(due.redemption_ids) == 10
        head = await drill.pool.fetchval("select head from bank where bank_id = $1", drill.bank_id)
        assert [await each.expire() for each in (process, other, process, other)] == [0] * 4
        assert await drill.pool.fetchval("select head from bank where bank_id = $1", drill.bank_id) == head
        unseen = await drill.reserve(process, 4, seen=False)
        drill.clock.now += LASTS
        assert await other.expire() == 0
        await drill.catch_up(process)
        assert [await other.expire(), await process.expire()] == [4, 0]
        await drill.catch_up(other)
    await drill.each_was_taken_back_once(ids + unseen)


async def test_the_clock_goes_back(drill: Drill) -> None:
    """What expired stays so when the clock goes back, the log's times never do, and what is new lasts its time."""
    async with drill.process() as process, drill.process() as other:
        (old,) = await drill.reserve(process)
        drill.clock.now += LASTS
        assert await process.expire() == 1
        (ahead,) = await drill.reserve(process)
        drill.clock.now = NOON + HOUR
        for each in (process, other):
            (refused,) = await each.ledger.submit(drill.bank_id, [drill.fulfil(old)])
            assert isinstance(refused, RedemptionNotOpen)
            assert await each.expire() == 0
        (young,) = await drill.reserve(other)
        drill.clock.now = NOON + HOUR + LASTS - MOMENT
        assert await process.expire() == 0
        drill.clock.now += MOMENT
        assert [await process.expire(), await other.expire()] == [1, 0]
        await drill.catch_up(process)
        drill.clock.now = NOON + 2 * LASTS
        assert [await process.expire(), await other.expire()] == [1, 0]
        await drill.catch_up(process)
    times = [row[0] for row in await drill.pool.fetch("select recorded_at from event order by position")]
    assert times == sorted(times)
    await drill.each_was_taken_back_once([old, ahead, young])


async def test_clocks_that_differ(drill: Drill) -> None:
    """The process whose clock is ahead takes back; the other one, whose clock says there is time left, then refuses."""
    async with drill.process() as process, drill.process() as ahead:
        (redemption_id,) = await drill.reserve(process)
        ahead.ledger.clock = lambda: drill.clock.now + 2 * SECOND
        drill.clock.now += LASTS - SECOND
        assert [await process.expire(), await ahead.expire()] == [0, 1]
        (refused,) = await process.ledger.submit(drill.bank_id, [drill.fulfil(redemption_id)])
        assert isinstance(refused, RedemptionNotOpen)
        await drill.catch_up(process)
        await drill.each_was_taken_back_once([redemption_id])


@pytest.mark.drill
async def test_cancelled_at_any_moment(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled between reading what is due and appending, or anywhere else, the task loses and doubles nothing."""
    every: list[RedemptionId] = []
    async with drill.process() as process:
        for n in range(25):
            every += await drill.reserve(process, 6)
            drill.clock.now += LASTS
            task = asyncio.create_task(process.expire())
            for _ in range(n % 12):
                await asyncio.sleep(0)
            await asyncio.sleep(0 if n < 12 else n * 0.0003)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if n % 2:
                await process.expire()
                await drill.catch_up(process)
    read = asyncio.Event()

    async def due(*_: Any) -> list[redemptions.Due]:
        found = await original(drill.pool, drill.clock.now, 10)
        read.set()
        await asyncio.sleep(10 * PATIENCE_SECONDS)
        return found

    original = redemptions.due
    async with drill.process() as process:
        every += await drill.reserve(process, 4)
        drill.clock.now += LASTS
        with monkeypatch.context() as patched:
            patched.setattr(redemptions, "due", due)
            task = asyncio.create_task(process.expire())
            await read.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await process.expire()
        await drill.catch_up(process)
        await drill.each_was_taken_back_once(every)


async def test_the_connection_is_lost_in_the_commit(drill: Drill) -> None:
    """Whether the connection is lost before the commit or after it: what was due is taken back once."""
    every: list[RedemptionId] = []
    async with relayed(drill.url) as (relay, relayed_url), drill.process(relayed_url) as process:
        for fault in ("before commit", "after commit", "after commit"):
            every += await drill.reserve(process, 5)
            drill.clock.now += LASTS
            relay.fault = fault  # type: ignore[assignment]
            assert await process.expire() == 5
            assert relay.fault is None
            await drill.catch_up(process)
            assert await process.expire() == 0
    await drill.each_was_taken_back_once(every)


async def test_the_background_task_survives(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task that lets time pass goes on after its connections were killed, and after what nobody expected."""
    monkeypatch.setattr(expiry, "EXPIRY_SECONDS", 0.02)
    surprises: list[Exception] = [RuntimeError("a surprise"), asyncpg.InterfaceError("gone"), TimeoutError()]

    async def surprising(pool: Pool, ledger: Ledger) -> int:
        if surprises:
            raise surprises.pop()
        return await expire_due(pool, ledger)

    monkeypatch.setattr(expiry, "expire_due", surprising)
    every: list[RedemptionId] = []
    killing = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'"
    async with drill.process(f"{drill.url}{'&' if '?' in drill.url else '?'}application_name=doomed") as doomed:
        async with drill.process() as keeper, in_background([expire_overdue(doomed.pool, doomed.ledger)]):
            for _ in range(5):
                every += await drill.reserve(keeper, 6)
                drill.clock.now += LASTS
                await drill.pool.execute(killing)
                await drill.until_ended(len(every))
                await drill.catch_up(keeper)
            assert not surprises
        await drill.each_was_taken_back_once(every)


@pytest.mark.drill
async def test_the_service_takes_back_by_itself(url: str) -> None:
    """A running service takes back what is due within seconds, with nobody asking; it then says so over HTTP."""
    async with settled(url) as world:
        redeemed = await offered(world)
        before = await world.volunteer.get(f"/v1/volunteers/{world.volunteer.id}/balance")
        made = [await world.volunteer.post(redeemed, {}, expect=201) for _ in range(2)]
        merchant = await world.member("merchant")
        await merchant.post("/v1/redemptions/fulfil", {"redemption_code": made[0]["redemption_code"]}, expect=200)
        world.services.ledger.clock = lambda: utc_now() + LASTS + HOUR
        await until(lambda: has_status(world, made[1]["redemption_id"], "expired"))
        world.services.ledger.clock = utc_now
        await asyncio.sleep(1.2)  # once more around
        for each, status in zip(made, ("fulfilled", "expired"), strict=True):
            assert (await world.volunteer.get(f"/v1/redemptions/{each['redemption_id']}"))["status"] == status
        await merchant.post("/v1/redemptions/fulfil", {"redemption_code": made[1]["redemption_code"]}, expect=409)
        after = await world.volunteer.get(f"/v1/volunteers/{world.volunteer.id}/balance")
        names = ("available_minutes", "reserved_minutes", "redeemed_minutes")
        assert [after[name] - before[name] for name in names] == [-COST, 0, COST]
        topics = [row[0] for row in await world.services.pool.fetch("select topic from event where topic like '%exp%'")]
        assert topics == ["reservation-expired"]


async def offered(world: World) -> str:
    """Where to redeem what the garden offers, with enough credit for two."""
    await world.confirmed(world.volunteer.id)
    return f"/v1/rewards/{await world.reward(cost_minutes=COST)}/redemptions"


async def has_status(world: World, redemption_id: str, status: str) -> bool:
    """Whether the read model says so."""
    found = await redemptions.one(world.services.pool, world.bank_id, redemption_id)
    return found is not None and found.status == status


@pytest.mark.release
@pytest.mark.drill
async def test_killed_while_taking_back(drill: Drill) -> None:
    """Processes that take back the same are killed (-9), having read what is due or amid appending: one that is left
    takes back all that is left.
    """
    async with drill.process() as process:
        every = await drill.reserve(process, 200)
        drill.clock.now += LASTS
        readers = [await started(drill, "stops") for _ in range(2)]
        doomed, lasting = [await started(drill, "goes on") for _ in range(2)]
        each_one = (*readers, doomed, lasting)
        try:
            for each in each_one:
                assert await said(each) == "ready"
            for each in each_one:
                tell(each, "go")
            for each in readers:
                assert await said(each) == "read"
                each.kill()
            async with in_background([drill.follow(process)]):
                await drill.until_ended(50)
                doomed.kill()
                assert len(await drill.ends()) < 200
                await drill.until_ended(200)
        finally:
            for each in each_one:
                if each.returncode is None:
                    each.kill()
                await each.wait()
        await drill.catch_up(process)
        assert await process.expire() == 0
        await drill.each_was_taken_back_once(every)


async def another_bank(drill: Drill) -> Drill:
    """One more bank in the same database, with the same clock."""
    other = Drill(drill.url, drill.pool, UUID(new_bank_id()))
    await Store(drill.pool, Waker()).open_bank(other.bank_id, "Other bank", str(ZONE))
    other.clock = drill.clock
    await other.open()
    return other


async def test_a_stuck_bank_does_not_hold_up_others(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the read models of a bank do not move any more, what is due in another is taken back all the same."""
    monkeypatch.setattr(expiry, "AT_ONCE", 5)
    other = await another_bank(drill)
    async with drill.process() as process, other.process() as second:
        await drill.reserve(process, 5)
        await other.reserve(second, 2)
        drill.clock.now += LASTS
        assert [await process.expire() for _ in range(3)] == [7, 0, 0]
        await other.catch_up(second)
        assert len(await other.ends()) == 2


async def test_one_that_fails_does_not_hold_up_others(drill: Drill) -> None:
    """Where one reservation cannot be taken back, all others are, in its own bank and in others."""
    other = await another_bank(drill)
    async with drill.process() as process, other.process() as second:
        first, *_ = await drill.reserve(process, 3)
        await other.reserve(second, 2)
        drill.clock.now += LASTS
        await drill.pool.execute(
            "create function poison() returns trigger language plpgsql as $$ begin "
            f"if new.bank_id = '{drill.bank_id}' and position('{first}' in convert_from(new.data, 'UTF8')) > 0 "
            "then raise exception 'poison'; end if; "
            "return new; end $$; create trigger poison before insert on event for each row execute function poison()"
        )
        await process.expire()
        assert (len(await drill.ends()), len(await other.ends())) == (2, 2)
        await drill.pool.execute("drop trigger poison on event; drop function poison")
        await drill.catch_up(process)
        assert await process.expire() == 1


async def started(drill: Drill, how: str) -> asyncio.subprocess.Process:
    """A process that takes back what is due, and either stops before it appends, or goes on, in small steps."""
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", __name__, drill.url, drill.clock.now.isoformat(), how]
    root = Path(__file__).parents[2]
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=root)


def tell(process: asyncio.subprocess.Process, line: str) -> None:
    """Say something to it."""
    assert process.stdin
    process.stdin.write(f"{line}\n".encode())


async def said(process: asyncio.subprocess.Process) -> str:
    """What it says next."""
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)).decode().strip()


async def take_back(url: str, now: str, how: str) -> None:
    """What such a process does, until it is killed."""
    original = redemptions.due

    async def due(*asked: Any) -> list[redemptions.Due]:
        found = await original(*asked)
        if found and how == "stops":
            print("read", flush=True)
            await asyncio.sleep(10 * PATIENCE_SECONDS)
        return found

    redemptions.due = due
    expiry.AT_ONCE = 3
    clock = Clock(datetime.fromisoformat(now))
    async with asyncpg.create_pool(url, min_size=2, max_size=4) as pool:
        people = await people_of(pool)
        ledger = Ledger(Store(pool, Waker()), people, clock=clock, hooks=hooks(people))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        while True:
            await expire_due(pool, ledger)
            await asyncio.sleep(0.002)


if __name__ == "__main__":
    asyncio.run(take_back(*sys.argv[1:]))

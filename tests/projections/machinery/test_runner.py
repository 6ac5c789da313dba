"""Following the log: once, by whoever gets there first, and on again after every fault."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.controls.market import Market
from tests.controls.town import confirm, do, found, log, register, volunteer
from tests.helpers.patience import PATIENCE_SECONDS, until
from tests.projections.conftest import Compare
from timebank.db.connections import Pool
from timebank.domain.identifiers import new_bank_id
from timebank.ledger import wake
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.projections import FOLLOWING
from timebank.projections.machinery import runner as module
from timebank.projections.machinery.projection import SetProjection
from timebank.projections.machinery.runner import Runner
from timebank.projections.recognition import leaderboards


@asynccontextmanager
async def running(runner: Runner) -> AsyncIterator[None]:
    """A runner that follows until the block ends."""
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def unequal(compare: Compare) -> list[Any]:
    """What of the read models is not as it should be."""
    return [each.differences for each in await compare() if not each.is_equal]


@pytest.mark.drill
async def test_a_runner_follows_by_itself(ledger: Ledger, runner: Runner, bank_id: UUID, compare: Compare) -> None:
    """What is appended is in the read models moments later, and whoever waits for a position is told."""
    town = Market(seed=1)
    await ledger.submit(bank_id, town.commands(10))
    async with running(runner):
        for _ in range(5):
            await ledger.submit(bank_id, [town.next() for _ in range(30)])
            assert await runner.reach(bank_id, ledger.head(bank_id), PATIENCE_SECONDS)
            assert await unequal(compare) == []


async def test_waiting_ends_when_time_is_up(runner: Runner, bank_id: UUID) -> None:
    """Waiting for a position that does not come ends with the time that was given."""
    assert not await runner.reach(bank_id, 5, 0.15)
    assert await runner.reach(bank_id, 0, PATIENCE_SECONDS)


async def test_waiting_for_another_process(ledger: Ledger, store: Store, runner: Runner, bank_id: UUID) -> None:
    """A position that another process's runner comes to is noticed, too."""
    async with running(Runner(Store(store.pool, Waker()), FOLLOWING)):
        await do(ledger, bank_id, *found(2))
        assert await runner.reach(bank_id, ledger.head(bank_id), PATIENCE_SECONDS)


async def test_new_banks_are_noticed(
    ledger: Ledger, store: Store, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bank that is opened while the runner runs is followed, without the runner having to look for it."""
    monkeypatch.setattr(wake, "POLL_SECONDS", 10 * PATIENCE_SECONDS)
    async with running(runner):
        await asyncio.sleep(0.05)
        new_bank = UUID(new_bank_id())
        await store.open_bank(new_bank, "New bank", "Asia/Shanghai")
        await do(ledger, new_bank, *found(2))
        assert await runner.reach(new_bank, ledger.head(new_bank), PATIENCE_SECONDS)


@pytest.mark.drill
async def test_two_runners_do_not_apply_twice(
    ledger: Ledger, store: Store, bank_id: UUID, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runners of several processes take turns: everything is taken in once, also the very first stretch."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 10)
    town = Market(seed=1)
    await ledger.submit(bank_id, town.commands(200))
    several = [Runner(store, FOLLOWING) for _ in range(4)]

    async def catch_up(runner: Runner) -> int:
        count = 1
        while await runner.catch_up(bank_id):
            count += 1
        return count

    await asyncio.gather(*(catch_up(each) for each in several))
    assert await unequal(compare) == []
    async with running(several[0]), running(several[1]):
        await ledger.submit(bank_id, [town.next() for _ in range(200)])
        assert await several[2].reach(bank_id, ledger.head(bank_id), PATIENCE_SECONDS)
    assert await unequal(compare) == []


async def test_projections_that_stand_apart_are_brought_together(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A projection that is behind, such as a new one, catches up with the others, without their being repeated."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 17)
    await ledger.submit(bank_id, Market(seed=1).commands(120))
    while await runner.catch_up(bank_id):
        pass
    for table in leaderboards.PROJECTION.tables:
        await pool.execute(f"delete from {table}")
    await pool.execute("delete from checkpoint where projection = $1", leaderboards.PROJECTION.name)
    await pool.execute("delete from service_record")
    await pool.execute("update checkpoint set position = 0 where projection = 'service_records'")
    rounds = 1
    while await runner.catch_up(bank_id):
        rounds += 1
    assert rounds > 3
    assert await unequal(compare) == []


POISON = "alter table leaderboard add constraint poison check (minutes < 0)"
CURE = "alter table leaderboard drop constraint poison"


async def checkpoints(pool: Pool, bank_id: UUID) -> dict[str, int]:
    """Where the projections stand."""
    rows = await pool.fetch("select projection, position from checkpoint where bank_id = $1", bank_id)
    return {row["projection"]: row["position"] for row in rows}


async def catch_up(runner: Runner, bank_id: UUID) -> None:
    """Take in what can be taken in."""
    async with asyncio.timeout(20):
        while await runner.catch_up(bank_id):
            pass


async def test_a_fact_that_cannot_be_taken_in_stops_one_projection(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool, compare: Compare
) -> None:
    """If one projection fails, it alone stops, right before the fact it fails on, and is named; when the cause is gone
    it goes on.
    """
    await ledger.submit(bank_id, Market(seed=1).commands(80))
    await pool.execute(POISON)
    with capture_logs() as logs:
        await catch_up(runner, bank_id)
    stands = await checkpoints(pool, bank_id)
    stuck_at = stands.pop("leaderboards")
    assert stands == dict.fromkeys(stands, ledger.head(bank_id))
    topic = await pool.fetchval("select topic from event where position = $1", stuck_at + 1)
    assert await pool.fetchval("select stuck_on from checkpoint where projection = 'leaderboards'") == topic
    (told,) = [each for each in logs if each["log_level"] == "error"]
    assert (told["projection"], told["position"], told["topic"]) == ("leaderboards", stuck_at + 1, topic)
    assert topic == "service-confirmed"
    await pool.execute(CURE)
    runner._stuck[bank_id]["leaderboards"].until = 0
    await catch_up(runner, bank_id)
    assert await pool.fetchval("select count(*) from checkpoint where stuck_on is not null") == 0
    assert await unequal(compare) == []


async def test_one_that_is_stuck_is_tried_ever_more_rarely(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool
) -> None:
    """Pauses grow while it stays stuck at the same place, and the log is told once; the rest is taken in meanwhile."""
    await do(ledger, bank_id, *found(2), log("rec_1", volunteer(1)), confirm("rec_1"))
    await pool.execute(POISON)
    pauses = []
    with capture_logs() as logs:
        for n in range(4):
            await catch_up(runner, bank_id)
            await do(ledger, bank_id, register(10 + n))
            pauses.append(runner._stuck[bank_id]["leaderboards"].pause)
            runner._stuck[bank_id]["leaderboards"].until = 0
        await catch_up(runner, bank_id)
    assert pauses == [1, 2, 4, 8]
    assert len([each for each in logs if each["log_level"] == "error"]) == 1
    stands = await checkpoints(pool, bank_id)
    assert stands.pop("leaderboards") < min(stands.values()) == ledger.head(bank_id)


async def test_waiting_for_what_is_stuck_ends_at_once(
    ledger: Ledger, store: Store, runner: Runner, bank_id: UUID, pool: Pool
) -> None:
    """Nobody waits for a projection that is stuck, in whichever process: all others are there, and that is told."""
    await do(ledger, bank_id, *found(2), log("rec_1", volunteer(1)), confirm("rec_1"))
    await pool.execute(POISON)
    await catch_up(runner, bank_id)
    for each in (runner, Runner(Store(store.pool, Waker()), FOLLOWING)):
        begun = time.monotonic()
        assert not await each.reach(bank_id, ledger.head(bank_id), 5)
        assert time.monotonic() - begun < 1
        assert await each.reach(bank_id, 2, 5)


async def test_what_is_slow_is_taken_in_by_shorter_stretches(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stretch that takes too long for its projection is divided, and nothing is called stuck."""
    apply = SetProjection.apply

    async def slow(self: SetProjection, connection: Any, bank_id: UUID, after: int, until: int, topics: Any) -> None:
        if self.name == "leaderboards" and until - after > 10:
            raise TimeoutError
        await apply(self, connection, bank_id, after, until, topics)

    await ledger.submit(bank_id, Market(seed=1).commands(80))
    with monkeypatch.context() as patch:
        patch.setattr(SetProjection, "apply", slow)
        await catch_up(runner, bank_id)
    stands = await checkpoints(pool, bank_id)
    assert stands == dict.fromkeys(stands, ledger.head(bank_id))
    assert not runner._stuck[bank_id]
    assert await unequal(compare) == []


async def test_nothing_keeps_a_service_from_starting(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a start takes in ends with what is stuck, when time is up, and when PostgreSQL fails."""
    await do(ledger, bank_id, *found(2), log("rec_1", volunteer(1)), confirm("rec_1"))
    await pool.execute(POISON)
    await asyncio.wait_for(runner.catch_up_all(), 10)
    assert (await checkpoints(pool, bank_id))["volunteers"] == ledger.head(bank_id)

    async def never(*_: Any) -> bool:
        await asyncio.sleep(60)
        return True

    async def fails(*_: Any) -> bool:
        raise asyncpg.ConnectionDoesNotExistError("gone")

    monkeypatch.setattr(module, "START_SECONDS", 0.1)
    for broken in (never, fails):
        monkeypatch.setattr(Runner, "catch_up", broken)
        await asyncio.wait_for(runner.catch_up_all(), 5)


async def test_a_log_that_went_back_is_followed_anew(ledger: Ledger, runner: Runner, bank_id: UUID) -> None:
    """What was reached in a log that went back counts no more, once that is known."""
    await do(ledger, bank_id, *found(2))
    await catch_up(runner, bank_id)
    runner._reached[bank_id] = dict.fromkeys(runner._reached[bank_id], 99)
    assert await runner.reach(bank_id, 50, 0.1)
    runner.forget(bank_id)
    assert not await runner.reach(bank_id, 50, 0.1)
    assert await runner.reach(bank_id, ledger.head(bank_id), 0.5)


async def test_a_runner_survives_its_connections(
    url: str, ledger: Ledger, bank_id: UUID, pool: Pool, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner whose connections are all killed, again and again, goes on by itself, and takes nothing in twice."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(module, "BATCH_EVENTS", 5)
    killing = (
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'follower' "
        "and datname = current_database()"
    )
    settings = {"application_name": "follower"}
    town = Market(seed=1)
    await ledger.submit(bank_id, town.commands(10))
    async with asyncpg.create_pool(url, min_size=1, max_size=3, server_settings=settings) as own:
        follower = Runner(Store(own, Waker()), FOLLOWING)
        async with running(follower):
            for _ in range(6):
                await ledger.submit(bank_id, [town.next() for _ in range(25)])
                await asyncio.sleep(0.03)
                await pool.execute(killing)
            await has_reached(pool, bank_id, ledger.head(bank_id))
    assert await unequal(compare) == []


async def has_reached(pool: Pool, bank_id: UUID, position: int) -> None:
    """Wait until the projections have come to a position."""

    async def is_there() -> bool:
        found = await pool.fetchval("select min(position) from checkpoint where bank_id = $1", bank_id)
        return bool(found == position)

    await until(is_there)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_runner_survives_what_the_driver_raises(
    ledger: Ledger, store: Store, bank_id: UUID, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever the driver raises when a connection dies under it, the runner tries again."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    errors = [error]

    class Unlucky(Runner):
        async def catch_up(self, bank_id: UUID) -> bool:
            if errors:
                raise errors.pop()
            return await super().catch_up(bank_id)

    await do(ledger, bank_id, register(1))
    unlucky = Unlucky(store, FOLLOWING)
    task = asyncio.create_task(unlucky.run())
    try:
        assert await unlucky.reach(bank_id, 2, PATIENCE_SECONDS)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_bank_that_is_stuck_does_not_stop_the_others(
    ledger: Ledger, store: Store, runner: Runner, bank_id: UUID, pool: Pool
) -> None:
    """Where a bank cannot be followed, the others are."""
    new_bank = UUID(new_bank_id())
    await store.open_bank(new_bank, "New bank", "Asia/Shanghai")
    await do(ledger, bank_id, register(1))
    await do(ledger, new_bank, register(1))
    await pool.execute(f"alter table volunteer add constraint poison check (bank_id <> '{bank_id}')")
    async with running(runner):
        assert await runner.reach(new_bank, 1, PATIENCE_SECONDS)
        assert not await runner.reach(bank_id, 2, 0.1)

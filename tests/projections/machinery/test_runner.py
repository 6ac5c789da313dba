"""Following the log: once, by whoever gets there first, and on again after every fault."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.helpers.town import do, found, register
from tests.projections.conftest import Compare
from tests.projections.market import Market
from timebank.db.connections import Pool
from timebank.domain.identifiers import new_bank_id
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.projections import FOLLOWING
from timebank.projections.machinery import runner as module
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


async def test_a_runner_follows_by_itself(ledger: Ledger, runner: Runner, bank_id: UUID, compare: Compare) -> None:
    """What is appended is in the read models moments later, and whoever waits for a position is told."""
    town = Market(seed=1)
    await ledger.submit(bank_id, town.commands(10))
    async with running(runner):
        for _ in range(5):
            await ledger.submit(bank_id, [town.next() for _ in range(30)])
            assert await runner.reach(bank_id, ledger.head(bank_id), 3)
            assert await unequal(compare) == []


async def test_waiting_ends_when_time_is_up(runner: Runner, bank_id: UUID) -> None:
    """Waiting for a position that does not come ends with the time that was given."""
    assert not await runner.reach(bank_id, 5, 0.15)
    assert await runner.reach(bank_id, 0, 0.15)


async def test_waiting_for_another_process(ledger: Ledger, store: Store, runner: Runner, bank_id: UUID) -> None:
    """A position that another process's runner comes to is noticed, too."""
    async with running(Runner(Store(store.pool, Waker()), FOLLOWING)):
        await do(ledger, bank_id, *found(2))
        assert await runner.reach(bank_id, ledger.head(bank_id), 5)


async def test_new_banks_are_noticed(ledger: Ledger, store: Store, runner: Runner) -> None:
    """A bank that is opened while the runner runs is followed."""
    async with running(runner):
        await asyncio.sleep(0.05)
        new_bank = UUID(new_bank_id())
        await store.open_bank(new_bank, "New bank", "Asia/Shanghai")
        await do(ledger, new_bank, *found(2))
        assert await runner.reach(new_bank, ledger.head(new_bank), 5)


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
        assert await several[2].reach(bank_id, ledger.head(bank_id), 5)
    assert await unequal(compare) == []


async def test_projections_that_stand_apart_are_brought_together(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A projection that is behind, such as a new one, catches up with the others, without their being repeated."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 17)
    await ledger.submit(bank_id, Market(seed=1).commands(120))
    while await runner.catch_up(bank_id):
        pass
    await pool.execute("delete from leaderboard")
    await pool.execute("delete from checkpoint where projection = $1", leaderboards.PROJECTION.name)
    await pool.execute("delete from service_record")
    await pool.execute("update checkpoint set position = 0 where projection = 'service_records'")
    rounds = 1
    while await runner.catch_up(bank_id):
        rounds += 1
    assert rounds > 3
    assert await unequal(compare) == []


async def test_a_stretch_is_taken_in_whole_or_not_at_all(
    ledger: Ledger, runner: Runner, bank_id: UUID, pool: Pool, compare: Compare
) -> None:
    """If one projection fails, none has moved; when the cause is gone, all go on."""
    await ledger.submit(bank_id, Market(seed=1).commands(80))
    await pool.execute("alter table leaderboard add constraint poison check (minutes < 0)")
    with pytest.raises(asyncpg.CheckViolationError):
        await runner.catch_up(bank_id)
    assert await pool.fetchval("select count(*) from volunteer") == 0
    assert await pool.fetchval("select coalesce(max(position), 0) from checkpoint") == 0
    await pool.execute("alter table leaderboard drop constraint poison")
    assert not await runner.catch_up(bank_id)
    assert await unequal(compare) == []


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
    async with asyncio.timeout(5):
        while await pool.fetchval("select min(position) from checkpoint where bank_id = $1", bank_id) != position:
            await asyncio.sleep(0.02)


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
        assert await unlucky.reach(bank_id, 2, 2)
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
        assert await runner.reach(new_bank, 1, 3)
        assert not await runner.reach(bank_id, 2, 0.1)

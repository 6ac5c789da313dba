"""Followers get every event once and in order, whatever writers do."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg
import pytest
from eventsourcing.dcb.api import DCBEvent, DCBQuery, DCBQueryItem
from uuid_utils.compat import uuid7

from tests.helpers.patience import PATIENCE_SECONDS, until
from tests.helpers.rivals import rivals
from timebank.db.connections import Pool
from timebank.ledger import wake
from timebank.ledger.codec import Event
from timebank.ledger.dcb import SQL, Recorder
from timebank.ledger.store import NOTHING_YET, Store, Tip
from timebank.ledger.wake import Waker


def noted(*tags: str) -> DCBEvent:
    """An event."""
    return DCBEvent("Noted", b"", list(tags))


def row() -> Event:
    """An event as it is inserted."""
    return Event(uuid7(), "Noted", b"", (), "", "", "", uuid7())


class Follower:
    """Follows a bank's log in a task, and remembers what came and when."""

    def __init__(self, store: Store, bank_id: UUID, query: DCBQuery | None = None, after: int | None = None) -> None:
        self.seen: list[int] = []
        self._task = asyncio.create_task(self._follow(store, bank_id, query, after))

    async def _follow(self, store: Store, bank_id: UUID, query: DCBQuery | None, after: int | None) -> None:
        async with aclosing(Recorder(store).follow(bank_id, query, after=after)) as events:  # type: ignore[type-var]
            async for event in events:
                self.seen.append(event.position)

    async def has_seen(self, count: int) -> list[int]:
        """Wait until it has seen so many, and say which."""

        async def has() -> bool:
            return len(self.seen) >= count

        await until(has)
        return self.seen

    async def stop(self) -> None:
        """Stop following."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


Follow = Callable[..., Follower]


@pytest.fixture
async def follow(bank_id: UUID) -> AsyncIterator[Follow]:
    """Starts followers that are stopped in the end."""
    started: list[Follower] = []

    def start(store: Store, query: DCBQuery | None = None, after: int | None = None) -> Follower:
        started.append(Follower(store, bank_id, query, after))
        return started[-1]

    yield start
    for follower in started:
        await follower.stop()


@asynccontextmanager
async def woken(url: str) -> AsyncIterator[Store]:
    """A store of another process: its own connections, its own waker, listening."""
    async with asyncpg.create_pool(url, min_size=1, max_size=4) as pool:
        store = Store(pool, Waker())
        async with telling(store):
            await listening(pool, 1)
            yield store


@asynccontextmanager
async def telling(store: Store) -> AsyncIterator[None]:
    """The store's waker tells other processes, and listens to them."""
    task = asyncio.create_task(store.waker.run(store.pool))
    try:
        yield
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)


async def listening(pool: Pool, count: int, besides: Collection[int] = ()) -> list[int]:
    """Wait until so many other backends of this database listen; says which."""
    asked = "select pid from pg_stat_activity where datname = current_database() and query = 'LISTEN \"timebank\"'"

    async def are_so_many() -> bool:
        found[:] = [each["pid"] for each in await pool.fetch(asked) if each["pid"] not in besides]
        return len(found) >= count

    found: list[int] = []
    await until(are_so_many)
    return found


async def test_a_follower_gets_what_was_and_what_comes(store: Store, bank_id: UUID, follow: Follow) -> None:
    """A follower gets the past first, across several reads, then the present, without skip or repetition."""
    await Recorder(store).append(bank_id, [noted() for _ in range(1_203)])
    follower = follow(store)
    for _ in range(20):
        await Recorder(store).append(bank_id, [noted(), noted()])
    assert await follower.has_seen(1_243) == list(range(1, 1_244))


async def test_a_follower_with_a_query_gets_what_matches(store: Store, bank_id: UUID, follow: Follow) -> None:
    """With a query and a position, a follower gets the matching events after it, however rare they are."""
    await Recorder(store).append(bank_id, [noted("rare" if n % 600 == 0 else "x") for n in range(1, 1_801)])
    follower = follow(store, DCBQuery([DCBQueryItem(tags=["rare"])]), after=600)
    await follower.has_seen(2)
    await Recorder(store).append(bank_id, [noted("x")])
    await Recorder(store).append(bank_id, [noted("rare")])
    assert await follower.has_seen(3) == [1_200, 1_800, 1_802]


@pytest.fixture
def never_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers do not look by themselves: what comes, comes because they are woken, however long that takes."""
    monkeypatch.setattr(wake, "POLL_SECONDS", 10 * PATIENCE_SECONDS)


async def test_exactly_a_full_read_is_no_end(store: Store, bank_id: UUID, follow: Follow, never_looks: None) -> None:
    """Where the past is exactly as long as one read, the present still comes."""
    await Recorder(store).append(bank_id, [noted() for _ in range(1_000)])
    follower = follow(store)
    await follower.has_seen(1_000)
    await Recorder(store).append(bank_id, [noted()])
    assert await follower.has_seen(1_001) == list(range(1, 1_002))


async def test_a_follower_is_woken(store: Store, bank_id: UUID, follow: Follow, never_looks: None) -> None:
    """Within a process, an event is told to its followers, who need not look by themselves."""
    followers = [follow(store) for _ in range(3)]
    await asyncio.sleep(0.1)
    for n in range(1, 6):
        await Recorder(store).append(bank_id, [noted()])
        for follower in followers:
            assert await follower.has_seen(n) == list(range(1, n + 1))
        await asyncio.sleep(0.02)


async def test_an_uncommitted_append_is_waited_for_not_skipped(
    store: Store, bank_id: UUID, pool: Pool, follow: Follow
) -> None:
    """While one writer has appended but not committed, others wait for it, and a follower sees neither early."""
    follower = follow(store)
    await Recorder(store).append(bank_id, [noted()])
    assert await follower.has_seen(1) == [1]
    async with pool.acquire() as paused:
        transaction = paused.transaction()
        await transaction.start()
        assert await store.append_if_head(paused, bank_id, await store.tip(bank_id), [row(), row()], datetime.now(UTC))
        waiting = [asyncio.create_task(Recorder(store).append(bank_id, [noted()])) for _ in range(4)]
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in waiting)
        assert follower.seen == [1]
        await transaction.commit()
    assert sorted(await asyncio.gather(*waiting)) == [4, 5, 6, 7]
    assert await follower.has_seen(7) == [1, 2, 3, 4, 5, 6, 7]


async def test_an_append_that_is_rolled_back_leaves_no_gap(
    store: Store, bank_id: UUID, pool: Pool, follow: Follow
) -> None:
    """When the paused writer gives up, the one who waited takes its position."""
    follower = follow(store)
    async with pool.acquire() as paused:
        transaction = paused.transaction()
        await transaction.start()
        assert await store.append_if_head(paused, bank_id, NOTHING_YET, [row(), row()], datetime.now(UTC))
        waiting = asyncio.create_task(Recorder(store).append(bank_id, [noted()]))
        await asyncio.sleep(0.1)
        await transaction.rollback()
    assert await waiting == 1
    assert await follower.has_seen(1) == [1]


async def test_a_swap_from_a_stale_head_does_nothing(store: Store, bank_id: UUID, pool: Pool) -> None:
    """A swap that expects another head appends nothing, also if it began before the other one committed."""
    async with pool.acquire() as first, pool.acquire() as second:
        transaction = first.transaction()
        await transaction.start()
        assert await store.append_if_head(first, bank_id, NOTHING_YET, [row()], datetime.now(UTC))
        late = asyncio.create_task(
            store.append_if_head(second, bank_id, NOTHING_YET, [row(), row()], datetime.now(UTC))
        )
        await asyncio.sleep(0.1)
        await transaction.commit()
        assert await late is False
    assert await pool.fetchval("select count(*) from event where bank_id = $1", bank_id) == 1
    assert await store.head(bank_id) == 1


def is_local(url: str) -> bool:
    """Whether the server's processes are on this machine."""
    return "host" in parse_qs(urlsplit(url).query)


@pytest.mark.drill
async def test_a_frozen_writer_delays_but_loses_nothing(
    url: str, store: Store, bank_id: UUID, pool: Pool, follow: Follow
) -> None:
    """A backend that is stopped in the middle of an append holds others up; when it goes on, all of it is there."""
    if not is_local(url):
        pytest.skip("the server's processes are elsewhere")
    follower = follow(store)
    async with pool.acquire() as frozen:
        pid = await frozen.fetchval("select pg_backend_pid()")
        for n in range(5):
            transaction = frozen.transaction()
            await transaction.start()
            assert await store.append_if_head(
                frozen, bank_id, await store.tip(bank_id), [row(), row()], datetime.now(UTC)
            )
            os.kill(pid, signal.SIGSTOP)
            try:
                committing = asyncio.create_task(transaction.commit())
                waiting = asyncio.create_task(Recorder(store).append(bank_id, [noted()]))
                await asyncio.sleep(0.1)
                assert not committing.done()
                assert not waiting.done()
                assert len(follower.seen) == 3 * n
            finally:
                os.kill(pid, signal.SIGCONT)
            await committing
            assert await waiting == 3 * n + 3
            await follower.has_seen(3 * n + 3)
    assert follower.seen == list(range(1, 16))


async def test_followers_in_other_processes_are_woken(
    url: str, store: Store, bank_id: UUID, pool: Pool, follow: Follow, never_looks: None
) -> None:
    """An append is told to processes that listen, which need not look by themselves."""
    async with telling(store), woken(url) as there:
        await listening(pool, 2)
        follower = follow(there)
        await asyncio.sleep(0.1)
        for n in range(1, 4):
            await Recorder(store).append(bank_id, [noted()])
            assert await follower.has_seen(n) == list(range(1, n + 1))
        await follower.stop()


async def test_followers_poll_where_nobody_tells_them(url: str, store: Store, bank_id: UUID, follow: Follow) -> None:
    """Without any telling, a follower looks by itself about every second."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as deaf:
        follower = follow(Store(deaf, Waker()))
        await asyncio.sleep(0.1)
        await Recorder(store).append(bank_id, [noted()])
        assert await follower.has_seen(1) == [1]
        await follower.stop()


async def test_a_lost_listening_connection_is_replaced(url: str, store: Store, bank_id: UUID, pool: Pool) -> None:
    """A process that only listens notices when its listening connection dies, and listens again."""
    async with woken(url):
        (pid,) = await listening(pool, 1)
        assert await pool.fetchval("select pg_terminate_backend($1)", pid)
        assert await listening(pool, 1, besides=[pid])


async def test_a_waker_ends_when_told_also_without_its_connection(url: str, pool: Pool) -> None:
    """Cancelling the waker once ends it, even if its connection has just died."""
    async with asyncpg.create_pool(url, min_size=1, max_size=2) as another:
        task = asyncio.create_task(Waker().run(another))
        (pid,) = await listening(pool, 1)
        assert await pool.fetchval("select pg_terminate_backend($1)", pid)
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        ended = task.done()
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
        assert ended


@pytest.mark.drill
async def test_processes_follow_without_skip_or_repetition(url: str, store: Store, bank_id: UUID) -> None:
    """Two followers in other processes get every event once, while 20 tasks append and a writer pauses now and then."""
    async with telling(store), rivals(2, url, bank_id, "follow") as others:
        for rival in others:
            rival.tell("go")

        async def write() -> None:
            for _ in range(10):
                await Recorder(store).append(bank_id, [noted(), noted()])

        async def write_slowly() -> None:
            async with asyncpg.create_pool(url, min_size=1, max_size=1) as slow, slow.acquire() as connection:
                for _ in range(5):
                    async with connection.transaction():
                        tip = Tip(*await connection.fetchrow(SQL["lock_head"], bank_id))
                        assert await store.append_if_head(connection, bank_id, tip, [row()], datetime.now(UTC))
                        await connection.execute("select pg_sleep(0.05)")

        await asyncio.gather(*(write() for _ in range(20)), write_slowly())
        last = await Recorder(store).append(bank_id, [DCBEvent("Last", b"", [])])
        assert last == 406
        for rival in others:
            assert await rival.hear() == list(range(1, last + 1))

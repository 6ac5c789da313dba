"""Putting the parts together: database, ledger, projections; started in that order, stopped in the other."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog

from timebank.embedded import EmbeddedPostgres
from timebank.ledger.ledger import Ledger
from timebank.ledger.migrations import migrate
from timebank.ledger.store import Pool, Store
from timebank.ledger.wake import Waker
from timebank.projections import FOLLOWING, balances
from timebank.projections.runner import Runner
from timebank.settings import Settings

WATCH_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Services:
    """What a running time bank is made of."""

    def __init__(self, pool: Pool, ledger: Ledger, runner: Runner) -> None:
        self.pool = pool
        self.ledger = ledger
        self.runner = runner


@contextlib.asynccontextmanager
async def running_services(
    settings: Settings, *, follow: bool | None = None, statement_seconds: float | None = 30
) -> AsyncIterator[Services]:
    """A migrated database, the ledger and, where they are to `follow` here (else: as it is set), the projections."""
    # Memories live long and hold no cycles: Python's collector would look through them far too often.
    gc.set_threshold(50_000, 20, 50)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(database(settings))
        await migrate(url)
        pool = await stack.enter_async_context(
            asyncpg.create_pool(
                url,
                min_size=2,
                max_size=settings.pool_size,
                command_timeout=statement_seconds,
                # A plan made while a bank was small, and kept, reads whole tables when it has grown.
                server_settings={"plan_cache_mode": "force_custom_plan"},
            )
        )
        waker = Waker()
        store = Store(pool, waker)
        ledger = Ledger(
            store,
            clock=utc_now,
            inline=(balances.keep,),
            queue_limit=settings.queue_limit,
            memories_limit=settings.memories_limit,
        )
        stack.push_async_callback(ledger.close)
        runner = Runner(store, FOLLOWING)
        background = [waker.run(pool)]
        if settings.project if follow is None else follow:
            await runner.catch_up_all()
            background.append(runner.run())
        await stack.enter_async_context(in_background(background))
        yield Services(pool, ledger, runner)


@contextlib.asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The URL of the database: the one that is set, or an embedded one, which is kept alive meanwhile."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.folder)
    url = await asyncio.to_thread(server.acquire)
    try:
        async with in_background([_keep_alive(server)]):
            yield url
    finally:
        await asyncio.to_thread(server.release)


async def _keep_alive(server: EmbeddedPostgres) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            if await asyncio.to_thread(server.ensure_running):
                log.warning("the embedded PostgreSQL had died and was started again")
        except Exception:
            log.exception("the embedded PostgreSQL could not be started again; trying on")


@contextlib.asynccontextmanager
async def in_background(coroutines: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Tasks that run as long as the block does; one that fails is logged when the block ends."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a background task failed", exc_info=result)


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)  # noqa: TID251  # here is where the clock comes from

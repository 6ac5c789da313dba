"""Opening the database: the one that is set or an embedded one, brought up to date, as the role of the service."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import structlog

from timebank.db.connections import Pool, pool_of
from timebank.db.lineage import Lineage
from timebank.db.migrations import migrate
from timebank.db.server import warn_of_settings
from timebank.ledger.tasks import in_background
from timebank.runtime.database.rights import must_have_rights
from timebank.runtime.database.roles import role_to_act_as
from timebank.runtime.embedded import EmbeddedPostgres
from timebank.runtime.settings import Settings
from timebank.vault.keyring import Keyring, keyring_for

WATCH_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Opened(NamedTuple):
    """Connections as the role of the service, and as whoever was set: where that is the owner, tables can be made."""

    pool: Pool
    owner: Pool


@contextlib.asynccontextmanager
async def opened(settings: Settings, statement_seconds: float | None) -> AsyncIterator[Opened]:
    """The database, brought up to date. Raises `NoDatabaseError` where the service has not the rights that it needs."""
    async with database(settings) as url:
        await migrate(url)
        role = await role_to_act_as(url, sees_standbys=settings.require_standby)
        size, admit = settings.pool_size, Lineage().must_be_ours
        async with (
            pool_of(url, size=size, statement_seconds=statement_seconds, admit=admit, role=role) as pool,
            pool_of(url, size=max(2, os.cpu_count() or 1), statement_seconds=None, admit=admit, at_hand=0) as owner,
        ):
            await must_have_rights(pool, url)
            yield Opened(pool, owner)


async def ready_database(url: str, settings: Settings) -> None:
    """Bring the database up to date, and see that the key file is the one it was sealed with."""
    await migrate(url)
    await warn_of_settings(url)
    role = await role_to_act_as(url, sees_standbys=settings.require_standby)
    async with pool_of(url, size=1, statement_seconds=None, role=role) as pool:
        await must_have_rights(pool, url)
        await keyring_of(pool, settings)


async def keyring_of(pool: Pool, settings: Settings) -> Keyring:
    """The keys that are set, which have to be those of the database."""
    async with pool.acquire() as connection:
        return await keyring_for(connection, settings.keys)


@contextlib.asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The URL of the database: the one that is set, or an embedded one, which is kept alive meanwhile."""
    if settings.database_url:
        yield settings.database_url
        return
    server, loop = EmbeddedPostgres(settings.folder), asyncio.get_running_loop()
    # One thread, so that leaving comes after entering also where whoever waits for that is told to stop meanwhile.
    with ThreadPoolExecutor(1) as thread:
        try:
            url = await loop.run_in_executor(thread, server.acquire)
            async with in_background([_keep_alive(server, thread)]):
                yield url
        finally:
            server.give_up()
            await loop.run_in_executor(thread, server.release)


async def _keep_alive(server: EmbeddedPostgres, thread: ThreadPoolExecutor) -> None:
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            if await asyncio.get_running_loop().run_in_executor(thread, server.ensure_running):
                log.warning("the embedded PostgreSQL had died and was started again")
        except Exception:
            log.exception("the embedded PostgreSQL could not be started again; trying on")

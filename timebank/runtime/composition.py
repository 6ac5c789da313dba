"""Putting the parts together: database, ledger, projections; started in that order, stopped in the other."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST, Pool
from timebank.db.migrations import migrate
from timebank.identity.attempts import Attempts
from timebank.identity.erasure import Erasure
from timebank.identity.oidc import OpenIdProvider, Provider, open_id_provider
from timebank.identity.passwords import Passwords
from timebank.identity.principals import Principals, tell_changes
from timebank.identity.repeated import Repeated
from timebank.identity.security_log import SecurityLog
from timebank.identity.sessions import CHANNEL, Sessions
from timebank.identity.signing_in import SignIn
from timebank.ledger.daily import DailyLimit
from timebank.ledger.hooks import Hook
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.tasks import end
from timebank.ledger.wake import Waker
from timebank.projections import FOLLOWING, INLINE
from timebank.projections.machinery.runner import Runner
from timebank.runtime.embedded import EmbeddedPostgres
from timebank.runtime.expiry import expire_due
from timebank.runtime.housekeeping import Kept, sweep_old
from timebank.runtime.settings import Settings
from timebank.vault.keyring import Keyring, keyring_for
from timebank.vault.people import People

WATCH_SECONDS = 1.0
SWEEP_SECONDS = 3600.0
EXPIRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Services:
    """What a running time bank is made of."""

    def __init__(
        self,
        pool: Pool,
        people: People,
        ledger: Ledger,
        runner: Runner,
        sign_in: SignIn,
        principals: Principals,
        security_log: SecurityLog,
        oidc: OpenIdProvider | None,
        repeated: Repeated,
        daily: DailyLimit,
        public_url: str,
    ) -> None:
        self.pool = pool
        self.people = people
        self.ledger = ledger
        self.runner = runner
        self.sign_in = sign_in
        self.principals = principals
        self.security_log = security_log
        self.oidc = oidc
        self.repeated = repeated
        self.daily = daily
        self.public_url = public_url


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
        pool = await stack.enter_async_context(_connections(url, settings.pool_size, statement_seconds))
        people = People(await _keyring(pool, settings))
        await people.seal_those_in_clear(pool)
        waker = Waker()
        store = Store(pool, waker)
        runner = Runner(store, FOLLOWING)
        passwords = Passwords(pool)
        stack.callback(passwords.close)
        sessions = Sessions(pool, people.keyring, settings.issuer)
        principals = Principals(pool, sessions, lambda: waker.is_listening)
        waker.subscribe(CHANNEL, principals.forget, principals.forget_all)
        ledger = Ledger(
            store,
            people,
            clock=utc_now,
            hooks=hooks(people, principals),
            queue_limit=settings.queue_limit,
            memories_limit=settings.memories_limit,
        )
        stack.push_async_callback(ledger.close)
        security_log = SecurityLog(pool, people.keyring)
        repeated = Repeated(security_log, utc_now)
        stack.push_async_callback(repeated.close)
        sign_in = SignIn(
            pool, people, passwords, sessions, Attempts(pool, people.keyring), security_log, principals.forget
        )
        oidc = await stack.enter_async_context(open_id_provider(_provider(settings), pool, security_log))
        background = [waker.run(pool), repeated.run()]
        if settings.project if follow is None else follow:
            await runner.catch_up_all()
            kept = Kept(settings.idempotency_days, settings.security_log_days)
            background += [runner.run(), _sweep(pool, sign_in, security_log, kept), let_time_pass(pool, ledger)]
        await stack.enter_async_context(in_background(background))
        daily = DailyLimit(pool, settings.facts_per_day)
        yield Services(
            pool, people, ledger, runner, sign_in, principals, security_log, oidc, repeated, daily, settings.issuer
        )


def _connections(url: str, at_most: int, statement_seconds: float | None) -> Pool:
    """Connections to the database, on which no statement takes longer than it may."""
    return asyncpg.create_pool(
        url,
        min_size=2,
        max_size=at_most,
        command_timeout=statement_seconds,
        # A plan made while a bank was small, and kept, reads whole tables when it has grown.
        server_settings={"plan_cache_mode": "force_custom_plan"}
        | ({"statement_timeout": str(int(statement_seconds * 1000))} if statement_seconds else {}),
    )


def hooks(people: People, principals: Principals | None = None) -> list[Hook]:
    """What else happens with facts: read models that are never behind, erasure, and word of who may do what."""
    return [
        *(Hook(projection.keep) for projection in INLINE),
        Hook(Erasure(people).erase),
        Hook(tell_changes, principals.take_in if principals else None),
    ]


async def ready_database(url: str, settings: Settings) -> None:
    """Bring the database up to date, and see that the key file is the one it was sealed with."""
    await migrate(url)
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        await _keyring(pool, settings)


def _provider(settings: Settings) -> Provider | None:
    if settings.provider is None:
        return None
    return Provider(
        issuer=settings.provider,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_uri=f"{settings.issuer}/v1/oidc/callback",
    )


async def _keyring(pool: Pool, settings: Settings) -> Keyring:
    async with pool.acquire() as connection:
        return await keyring_for(connection, settings.keys)


async def _sweep(pool: Pool, sign_in: SignIn, security_log: SecurityLog, kept: Kept) -> None:
    """Remove what is over, now and then: sessions, codes and attempts, old answers and entries of the security log."""
    while True:
        try:
            await sign_in.sweep(utc_now())
            await sweep_old(pool, security_log, kept, utc_now())
        except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
            log.warning("what is over could not be swept away", error=str(error))
        await asyncio.sleep(SWEEP_SECONDS)


async def let_time_pass(pool: Pool, ledger: Ledger) -> None:
    """Take back reservations whose time is over, soon after it is."""
    while True:
        try:
            while await expire_due(pool, ledger):
                pass
        except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
            log.warning("overdue reservations could not be taken back; trying on", error=str(error))
        except Exception:
            log.exception("overdue reservations could not be taken back; trying on")
        await asyncio.sleep(EXPIRY_SECONDS)


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
        for failure in await end(tasks):
            log.error("a background task failed", exc_info=failure)


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)  # noqa: TID251  # here is where the clock comes from

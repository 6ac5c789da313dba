"""Putting the services together: started in the order in which they need each other, stopped in the other."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
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
from timebank.runtime.clock import utc_now
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a running time bank is made of."""

    pool: Pool
    """Connections to the database."""
    people: People
    """What is personal, sealed beside the log."""
    ledger: Ledger
    """The log, and the only way to write to it."""
    runner: Runner
    """What moves the projections on that follow the log."""
    sign_in: SignIn
    """How people get sessions, one-time codes and passwords."""
    principals: Principals
    """Who an access token or API key stands for."""
    security_log: SecurityLog
    """Who came in, and who was refused."""
    oidc: OpenIdProvider | None
    """The provider by which people may sign in, if one is set."""
    repeated: Repeated
    """What is counted in the security log, instead of written down each time."""
    daily: DailyLimit
    """How many facts somebody may still cause today."""
    public_url: str
    """Where people reach the service."""


@contextlib.asynccontextmanager
async def running_services(
    settings: Settings, *, follow: bool | None = None, statement_seconds: float | None = 30
) -> AsyncIterator[Services]:
    """All services, on a database that is brought up to date, for as long as the block runs.

    They move the projections on, and do what time demands, if they are to `follow` the log here; else as it is set. No
    statement takes longer than `statement_seconds`; None sets no limit.
    """
    # Memories live long and hold no cycles: Python's collector would look through them far too often.
    gc.set_threshold(50_000, 20, 50)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(database(settings))
        await migrate(url)
        pool = await stack.enter_async_context(_connections(url, settings.pool_size, statement_seconds))
        people = People(await _keyring(pool, settings))
        await people.seal_those_in_clear(pool)
        waker = Waker()
        services = await _put_together(stack, settings, pool, people, waker)
        background = [waker.run(pool), services.repeated.run()]
        if settings.project if follow is None else follow:
            await services.runner.catch_up_all()
            kept = Kept(settings.idempotency_days, settings.security_log_days)
            background += [services.runner.run(), _sweep(services, kept), expire_overdue(pool, services.ledger)]
        await stack.enter_async_context(in_background(background))
        yield services


async def _put_together(
    stack: contextlib.AsyncExitStack, settings: Settings, pool: Pool, people: People, waker: Waker
) -> Services:
    """The services; the stack is told what is to be closed."""
    store = Store(pool, waker)
    sessions = Sessions(pool, people.keyring, settings.issuer)
    principals = Principals(pool, sessions, lambda: waker.is_listening)
    waker.subscribe(CHANNEL, principals.forget, principals.forget_all)
    security_log = SecurityLog(pool, people.keyring)
    services = Services(
        pool=pool,
        people=people,
        ledger=_ledger(settings, store, people, principals),
        runner=Runner(store, FOLLOWING),
        sign_in=_sign_in(stack, pool, people, sessions, security_log, principals),
        principals=principals,
        security_log=security_log,
        oidc=await stack.enter_async_context(open_id_provider(_provider(settings), pool, security_log)),
        repeated=Repeated(security_log, utc_now),
        daily=DailyLimit(pool, settings.facts_per_day),
        public_url=settings.issuer,
    )
    stack.push_async_callback(services.ledger.close)
    stack.push_async_callback(services.repeated.close)
    return services


def _ledger(settings: Settings, store: Store, people: People, principals: Principals) -> Ledger:
    return Ledger(
        store,
        people,
        clock=utc_now,
        hooks=hooks(people, principals),
        queue_limit=settings.queue_limit,
        memories_limit=settings.memories_limit,
    )


def _sign_in(
    stack: contextlib.AsyncExitStack,
    pool: Pool,
    people: People,
    sessions: Sessions,
    security_log: SecurityLog,
    principals: Principals,
) -> SignIn:
    passwords = Passwords(pool)
    stack.callback(passwords.close)
    attempts = Attempts(pool, people.keyring)
    return SignIn(pool, people, passwords, sessions, attempts, security_log, principals.forget)


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


async def _sweep(services: Services, kept: Kept) -> None:
    """Remove what is over, now and then: sessions, codes and attempts, old answers and entries of the security log."""
    while True:
        try:
            await services.sign_in.sweep(utc_now())
            await sweep_old(services.pool, services.security_log, kept, utc_now())
        except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
            log.warning("what is over could not be swept away", error=str(error))
        await asyncio.sleep(SWEEP_SECONDS)


async def expire_overdue(pool: Pool, ledger: Ledger) -> None:
    """Take back reservations whose time is over, soon after it is, for as long as this runs."""
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

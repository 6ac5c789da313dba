"""Connections to PostgreSQL: their types, how they are opened, and how it shows that the server cannot serve now."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg.pool import PoolAcquireContext, PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"

Admit = Callable[[Connection], Awaitable[None]]

NO_ROOM = (asyncpg.InsufficientResourcesError,)
"""What the driver raises when the server has too little of something: of connections, of memory, of its disk."""

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a farewell of the server that arrives just as the connection is used
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    *NO_ROOM,
    asyncpg.PostgresSystemError,  # the disk fails
    asyncpg.InvalidAuthorizationSpecificationError,  # the password is another one now
    asyncpg.InvalidCatalogNameError,  # the database is being restored
    asyncpg.ReadOnlySQLTransactionError,  # this is a standby, or has become one
)
"""What the driver raises when the server cannot do what is asked now, whatever it is: it has no common name for it."""

DATABASE_ERRORS = (*CONNECTION_LOST, asyncpg.PostgresError)
"""Whatever the driver raises: for whoever goes on in any case."""

UNFIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.SyntaxOrAccessError)
"""What the driver raises when rows do not fit the table they are for."""

CONNECT_SECONDS = 5.0
ACQUIRE_SECONDS = 5.0
RELEASE_SECONDS = 2.0
CLOSE_SECONDS = 5.0

SETTINGS = {
    # A plan made while a bank was small, and kept, reads whole tables when it has grown.
    "plan_cache_mode": "force_custom_plan",
    # A process that is stopped in a transaction holds others up for so long.
    "idle_in_transaction_session_timeout": "10s",
    # Whoever is gone does not go on waiting for a lock.
    "client_connection_check_interval": "2s",
    # A connection that is cut without a word is given up, by the server too.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
}
"""What the server is told of each connection of ours."""

SOCKET_OPTIONS = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
"""The same on our side (seconds, seconds, times, milliseconds), as far as the system knows them."""


class NoDatabaseError(OSError):
    """The database cannot be connected to; the message says which setting, which host, and why."""


class PatientPool(asyncpg.Pool):
    """A pool in which nobody waits without end: for a connection to become free, or for a hung one to be given back."""

    def __init__(self, *given: Any, max_size: int, **settings: Any) -> None:
        super().__init__(*given, max_size=max_size, **settings)
        self.places = asyncio.Semaphore(max(1, max_size // 3))
        """For what is written beside the log."""

    def acquire(self, *, timeout: float | None = None) -> PoolAcquireContext:
        """A connection. Raises `TimeoutError` where none becomes free in time."""
        if timeout is None and not self.get_idle_size():
            timeout = ACQUIRE_SECONDS
        return super().acquire(timeout=timeout)

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # the driver's
        """Give a connection back; one that does not answer is thrown away."""
        with contextlib.suppress(TimeoutError):
            await super().release(connection, timeout=timeout or RELEASE_SECONDS)


@contextlib.asynccontextmanager
async def pool_of(
    url: str,
    *,
    size: int,
    statement_seconds: float | None,
    admit: Admit | None = None,
    role: str | None = None,
    at_hand: int = 2,
) -> AsyncIterator[Pool]:
    """A pool of connections as the service wants them; statements may take so long (None: as long as they take).

    `admit` raises for a server that is not to be worked with. Whoever connects acts as another `role`, if one is given;
    so many connections are `at_hand` from the start. Raises `NoDatabaseError` if these cannot be opened.
    """

    async def begin(connection: "asyncpg.Connection[Any]") -> None:
        await keep_alive(connection)
        if admit:
            await admit(connection)
        if role:  # not when it is opened: a pooler would not let that pass
            await connection.execute(f'set role "{role}"')

    limit = {"statement_timeout": str(int(statement_seconds * 1000))} if statement_seconds else {}
    pool = PatientPool(
        url,
        min_size=min(at_hand, size),
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        init=begin,
        reset=_as_it_is,
        setup=None,
        loop=None,
        timeout=CONNECT_SECONDS,
        command_timeout=statement_seconds,
        server_settings=SETTINGS | limit,
    )
    try:
        await pool
    except DATABASE_ERRORS as error:
        raise NoDatabaseError(told(url, f"cannot connect: {_why(error)}")) from error
    try:
        yield pool
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await pool.close()


async def _as_it_is(_: Connection) -> None:
    """Give a connection back without asking the server for anything; the driver ends an open transaction by itself.

    Settings and locks end with their transaction, but for those that are held in a `session`. Asking costs a read that
    takes one round trip a second one.
    """


@contextlib.asynccontextmanager
async def session(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for locks, and for listening, beyond a transaction: nothing of that outlives its use."""
    async with pool.acquire() as connection:
        is_free = False
        try:
            yield connection
            with contextlib.suppress(*CONNECTION_LOST):
                await connection.reset(timeout=RELEASE_SECONDS)
                is_free = True
        finally:
            if not is_free:
                connection.terminate()


async def connected(url: str, settings: dict[str, str] | None = None) -> "asyncpg.Connection[Any]":
    """One connection by itself, with these settings of the server. Raises `NoDatabaseError`."""
    try:
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=settings)
    except (*DATABASE_ERRORS, ValueError) as error:
        raise NoDatabaseError(told(url, f"cannot connect: {_why(error)}")) from error


def _why(error: BaseException) -> str:
    """What an error says; with what to do about it where a pooler in between does not know what we set."""
    if not isinstance(error, asyncpg.ProtocolViolationError):
        return said(error)
    return f"{said(error)}; set ignore_startup_parameters = {','.join([*SETTINGS, 'statement_timeout'])}"


def told(url: str, what: str) -> str:
    """A sentence about the database that is set, naming the setting and the host."""
    return f"TIMEBANK_DATABASE_URL: {place_of(url)}: {what}"


def said(error: BaseException) -> str:
    """What an error says, in one line; those without a word by their name."""
    return " ".join(str(error).split()) or type(error).__name__


def place_of(url: str) -> str:
    """Where the server of a URL is, without user and password: `host:port`, several by commas, or a socket's folder."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(no URL)"
    options = parse_qs(parts.query)
    hosts = parts.netloc.rpartition("@")[2] or options.get("host", ["(no host)"])[0]
    ports = options.get("port")
    return f"{hosts}:{ports[0]}" if ports else hosts


async def keep_alive(connection: "asyncpg.Connection[Any]") -> None:
    """Have the system find out soon that a connection is cut; one by a socket of the machine needs nothing."""
    transport = getattr(connection, "_transport", None)  # the driver has no other way to it
    found = transport.get_extra_info("socket") if transport else None
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in SOCKET_OPTIONS.items():
        if hasattr(socket, name):
            found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

"""What the PostgreSQL server has to be; what it cannot be is found at the start, and said in one sentence."""

import contextlib
from collections.abc import AsyncIterator

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST, SETTINGS, Connection, NoDatabaseError, connected, said, told

OLDEST = 18
"""The first version that everything is tested on."""

SAFE = {
    "fsync": "a power cut can take back what was acknowledged, and more",
    "full_page_writes": "a power cut can break the database",
    "synchronous_commit": "a crash can take back what was acknowledged",
}
"""What is not to be off, and why."""

NEEDED = ("plan_cache_mode", "idle_in_transaction_session_timeout")
"""What we ask for with each connection, and a pooler in between may have been told to leave out."""

ROUNDS = 3
"""How often two connections are compared: under load a pooler may give one the same session again by chance."""

_SESSION = "select pg_backend_pid()"
_WHERE = "select format('%I in database %I', current_user, current_database())"

log = structlog.get_logger(__name__)


async def must_be_fit(url: str) -> None:
    """Raise `NoDatabaseError` where the server is too old, or a pooler gives each transaction another session."""
    async with _connection(url) as one:
        version = one.get_server_version()
        if version.major < OLDEST:
            why = f"is PostgreSQL {version.major}.{version.minor}; timebank needs version {OLDEST} or newer"
            raise NoDatabaseError(told(url, why))
        async with _connection(url) as other:
            await _must_have_sessions(url, one, other)


async def warn_of_settings(url: str) -> None:
    """Log what is set so that facts are in danger, and what is not set that should be. Raises `NoDatabaseError`."""
    async with _connection(url, SETTINGS) as connection:
        version = connection.get_server_version()
        for setting, why in SAFE.items():
            if await _setting(connection, setting) == "off":
                name = f"PostgreSQL {version.major}.{version.minor}"
                log.warning(told(url, f"{name} runs with {setting} off: {why}"))
        for setting in NEEDED:
            if await _setting(connection, setting) != SETTINGS[setting]:
                where = await connection.fetchval(_WHERE)
                change = f"alter role {where} set {setting} = '{SETTINGS[setting]}'"
                log.warning(told(url, f"a pooler leaves {setting} out; set it with: {change}"))


@contextlib.asynccontextmanager
async def _connection(url: str, settings: dict[str, str] | None = None) -> AsyncIterator[Connection]:
    connection = await connected(url, settings)
    try:
        yield connection
    finally:
        await connection.close()


async def _must_have_sessions(url: str, one: Connection, other: Connection) -> None:
    """Raise `NoDatabaseError` unless a connection stays with one session of the server between transactions.

    A pooler in transaction mode gives the session to whoever asks next: here to the other connection, which keeps it.
    """
    try:
        is_shared = any([await _share_sessions(one, other) for _ in range(ROUNDS)])
    except CONNECTION_LOST as error:
        raise NoDatabaseError(told(url, f"keeps no transaction together: {said(error)}")) from error
    except asyncpg.PostgresError:  # older poolers mix up what is prepared in which session
        is_shared = True
    if is_shared:
        why = "is a pooler that gives each transaction another session; it needs pool_mode = session"
        raise NoDatabaseError(told(url, why))


async def _share_sessions(one: Connection, other: Connection) -> bool:
    """Whether two connections had the same session, or one of them several."""
    its: int = await one.fetchval(_SESSION)
    async with other.transaction():
        others: int = await other.fetchval(_SESSION)
        now: int = await one.fetchval(_SESSION)
    return its == others or its != now


async def _setting(connection: Connection, name: str) -> str:
    found: str = await connection.fetchval("select current_setting($1)", name)
    return found

"""Commits one can rely on: done for good, replicas included, or in doubt; nothing is taken for done that is not.

What is no fact is written beside them, in few connections, so that where commits wait reading goes on.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from asyncpg.transaction import Transaction

from timebank.db.connections import ACQUIRE_SECONDS, CONNECTION_LOST, DATABASE_ERRORS, Connection, PatientPool, Pool

WAITS_FOR_REPLICAS = "SyncRepWaitForLSN"
"""The function of the server that says so when it has given up waiting for a replica (its words depend on language)."""

WRITING_SECONDS = 8.0
"""How long writing what is no fact may take, replicas included."""


class CommitInDoubtError(ConnectionError):
    """What was to be committed may be there, may be on one server only, or may come later."""


@contextlib.asynccontextmanager
async def writing(pool: Pool, to: "Connection | None" = None) -> AsyncIterator[Connection]:
    """A connection to write what is no fact by: a third of all at most, so reading goes on whatever these wait for.

    Whoever has one says so (`to`). Raises `TimeoutError` where it takes too long, as while a standby is away.
    """
    if to:
        yield to
        return
    places = pool.places if isinstance(pool, PatientPool) else contextlib.nullcontext()
    async with asyncio.timeout(WRITING_SECONDS), places, pool.acquire() as connection:
        yield connection


@contextlib.asynccontextmanager
async def committed(pool: Pool, seconds: float) -> AsyncIterator[Connection]:
    """A transaction on a connection of its own, which is committed for good when the block ends.

    Raises `CommitInDoubtError` if the COMMIT takes more than so many seconds, if its connection is lost, or if somebody
    ended the wait for a replica: the server then calls it committed, and a promotion takes it back.
    """
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        except (TimeoutError, asyncio.CancelledError):
            connection.terminate()  # a server that hangs would have to be waited for once more
            raise
        except BaseException:
            # What the connection says now would hide why the block ended.
            with contextlib.suppress(*DATABASE_ERRORS):
                await transaction.rollback()
            raise
        await _commit(connection, transaction, seconds)


async def _commit(connection: Connection, transaction: Transaction, seconds: float) -> None:
    given_up: list[str] = []

    def hear(_: Any, message: Any) -> None:
        if getattr(message, "server_source_function", None) == WAITS_FOR_REPLICAS:
            given_up.append(str(message))

    connection.add_log_listener(hear)
    # Cut off rather than cancelled: else the server stops waiting for the replica, and shows what may go again.
    timer = asyncio.get_running_loop().call_later(seconds, connection.terminate)
    try:
        await transaction.commit()
    except CONNECTION_LOST as error:
        raise CommitInDoubtError(str(error)) from error
    finally:
        timer.cancel()
        with contextlib.suppress(*DATABASE_ERRORS):
            connection.remove_log_listener(hear)
    if given_up:
        raise CommitInDoubtError(given_up[0])

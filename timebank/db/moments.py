"""Reading several things as of one moment."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from timebank.db.connections import Connection, Pool


@asynccontextmanager
async def as_of_one_moment(pool: Pool, *tables: str) -> AsyncIterator[Connection]:
    """A connection that sees all as it was when this began.

    Of tables that are rebuilt beside, and swapped, say which are read: to what began before one was swapped in, it has
    no rows. They are held as they are until this ends, and a swap waits: where that takes long, say `held`.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        if tables:  # before the first question, which is as of when the moment is
            await _hold(connection, tables)
        yield connection


@asynccontextmanager
async def held(connection: Connection, *tables: str) -> AsyncIterator[None]:
    """In a moment's first lines: hold such tables for as long as these take, and not for all of the moment.

    The locks go with a savepoint, which is rolled back; the moment stays what it is.
    """
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        await _hold(connection, tables)
        yield
    finally:
        await savepoint.rollback()


async def _hold(connection: Connection, tables: Sequence[str]) -> None:
    names = ", ".join(f"public.{table}" for table in tables)
    await connection.execute(f"lock table {names} in access share mode")

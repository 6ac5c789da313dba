"""Reading several things as of one moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from timebank.db.connections import Connection, Pool


@asynccontextmanager
async def as_of_one_moment(pool: Pool, *tables: str) -> AsyncIterator[Connection]:
    """A connection that sees all as it was when this began.

    Of tables that are rebuilt beside, and swapped, say which are read: to what began before one was swapped in, it has
    no rows. They are held as they are until this ends, so the swap waits.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        if tables:  # before the first question, which is as of when the moment is
            names = ", ".join(f"public.{table}" for table in tables)
            await connection.execute(f"lock table {names} in access share mode")
        yield connection

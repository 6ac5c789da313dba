"""Requests that write to the same row, one after the other: whoever waits for that keeps no connection to the database.

Else one person's requests, which PostgreSQL has wait for each other, would keep all connections from everybody.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from timebank.db.commits import writing
from timebank.db.connections import Connection, Pool
from timebank.identity.limits.at_once import AtOnce

WAITING = 100
"""So many wait for each other at the most; who asks for more is told to come back."""

_BUSY: WeakKeyDictionary[Pool, AtOnce] = WeakKeyDictionary()


def entering(volunteer_id: str) -> str:
    """What is done by whoever has the password, or an office: whoever has only a session does not keep them waiting."""
    return f"entering {volunteer_id}"


@asynccontextmanager
async def alone(pool: Pool, whose: str) -> AsyncIterator[None]:
    """No other request of this process does anything to the same, or waits with a connection. To be taken once.

    Raises `TooManyRequestsError` where very many wait.
    """
    busy = _BUSY.setdefault(pool, AtOnce(1, WAITING))
    await busy.begin(whose)
    try:
        yield
    finally:
        busy.end(whose)


@asynccontextmanager
async def account(pool: Pool, whose: str) -> AsyncIterator[Connection]:
    """A transaction about somebody's account, or session, likewise."""
    async with alone(pool, whose), writing(pool) as connection, connection.transaction():
        yield connection

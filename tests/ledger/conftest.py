"""A second process's worth of everything: connections, waker and ledger of its own, on the same database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from timebank.db.connections import Pool
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.runtime.composition import hooks
from timebank.vault.people import People


@pytest.fixture
async def other(url: str, people: People, bank_id: UUID) -> AsyncIterator[Ledger]:
    """Another ledger for the same bank, as another process would have it."""
    async with asyncpg.create_pool(url, min_size=1, max_size=5) as pool:
        ledger = Ledger(Store(pool, Waker()), people, clock=lambda: datetime.now(UTC), hooks=hooks(people))
        yield ledger
        await ledger.close()


async def set_back(pool: Pool, bank_id: UUID, by: int) -> int:
    """Take the last events away, with all that was written with them, as a restore would; where the log ends then."""
    async with pool.acquire() as connection, connection.transaction():
        head: int = await connection.fetchval("select head from bank where bank_id = $1", bank_id)
        await connection.execute("alter table event disable trigger user")
        for table in ("event", "event_tag"):
            await connection.execute(f"delete from {table} where bank_id = $1 and position > $2", bank_id, head - by)
        await connection.execute("alter table event enable trigger user")
        await connection.execute("delete from idempotency where bank_id = $1", bank_id)
        await connection.execute(
            "delete from balance where bank_id = $1 and volunteer_id not in"
            " (select tag from event, unnest(tags) tag where bank_id = $1)",
            bank_id,
        )
        await connection.execute(
            "update bank set head = $2, head_event_id ="
            " (select event_id from event where bank_id = $1 and position = $2) where bank_id = $1",
            bank_id,
            head - by,
        )
    return head - by

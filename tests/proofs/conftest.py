"""Long logs, made fast: rows with a leaf each, and nothing in them."""

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from uuid import UUID

import asyncpg
import pytest

from tests.helpers.databases import database
from timebank.db.connections import Pool
from timebank.proofs import tiles
from timebank.proofs.merkle import Edge

LONG = 66_000
"""A tree of so many leaves has a full tile of level 1, and partial ones of levels 0 to 2."""

BANK = UUID(int=7)


def leaf(position: int) -> bytes:
    """The leaf of a fact that was sown."""
    return sha256(str(position).encode()).digest()


async def sow(pool: Pool, bank_id: UUID, after: int, until: int) -> None:
    """Append rows to a bank's log."""
    await pool.execute(
        "insert into event (bank_id, position, event_id, topic, data, tags, actor, authority, request_id, command_id,"
        " recorded_at, leaf) select $1, n, gen_random_uuid(), 'fact-sown', '{}', '{}', '', '', '', gen_random_uuid(),"
        " now(), sha256(convert_to(n::text, 'UTF8')) from generate_series($2::bigint, $3::bigint) n",
        bank_id,
        after + 1,
        until,
    )


async def grow(pool: Pool, bank_id: UUID, edge: Edge, until: int) -> None:
    """Keep the tiles of a tree up to a size."""
    for position in range(edge.size + 1, until + 1):
        edge.add(leaf(position))
    async with pool.acquire() as connection:
        await tiles.keep(connection, bank_id, edge.completed)
    edge.completed.clear()


@pytest.fixture(scope="module")
def long_url(cluster: str, template: str) -> Iterator[str]:
    """The URL of a database with one long log, and the tree over it."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture(scope="module")
async def long_pool(long_url: str) -> AsyncIterator[Pool]:
    """Connections to it. It is only read."""
    async with asyncpg.create_pool(long_url, min_size=1, max_size=4) as pool:
        await sow(pool, BANK, 0, LONG)
        await grow(pool, BANK, Edge(), LONG)
        yield pool

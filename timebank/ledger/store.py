"""The log as PostgreSQL keeps it: append by compare-and-swap on the bank's head, and recall.

Positions of a bank start at 1 and have no gaps; a reader that has seen position n will never meet a smaller one later.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.kernel import Memory
from timebank.ledger.codec import Event, Recorded, decode, leaf
from timebank.ledger.wake import Waker

SQL = load_statements("timebank.ledger", "store.sql")


class Bank(msgspec.Struct, frozen=True):
    """A bank as the store knows it: where its log ends, and by which clock its days go."""

    bank_id: UUID
    head: int
    name: str
    timezone: str


class Store:
    """Reads and writes the logs of all banks of one database."""

    def __init__(self, pool: Pool, waker: Waker) -> None:
        self.pool = pool
        self.waker = waker

    async def open_bank(self, bank_id: UUID, name: str, timezone: str) -> None:
        """Make room for a bank's log."""
        await self.pool.execute(SQL["open_bank"], bank_id, name, timezone)

    async def banks(self) -> list[Bank]:
        """All banks of the database."""
        return [Bank(**row) for row in await self.pool.fetch(SQL["banks"])]

    async def bank(self, bank_id: UUID) -> Bank | None:
        """One bank, if it is in this database."""
        row = await self.pool.fetchrow(SQL["bank"], bank_id)
        return Bank(**row) if row else None

    async def head(self, bank_id: UUID) -> int:
        """The position of the last event; 0 where there is none."""
        return await self.pool.fetchval(SQL["head"], bank_id) or 0

    async def append_if_head(
        self, connection: Connection, bank_id: UUID, head: int, events: Sequence[Event], recorded_at: datetime
    ) -> bool:
        """Append events right after `head`, unless somebody has appended since: then False, and nothing is done."""
        columns: list[Sequence[Any]] = list(zip(*events, strict=True)) if events else [()] * 9
        columns[3] = [_array_literal(event.tags) for event in events]
        leaves = [leaf(bank_id, position, recorded_at, event) for position, event in enumerate(events, head + 1)]
        binds = (bank_id, head, len(events), recorded_at, *columns, leaves)
        return bool(await connection.fetchval(SQL["append"], *binds))

    async def recall(self, bank_id: UUID, memories: Iterable[Memory], up_to: int) -> list[Recorded]:
        """The facts that lie in the boundary of any of the memories, by the tag each is filed under."""
        pairs = {
            (memory.boundary_tags[-1] if memory.boundary_tags else "", topic)
            for memory in memories
            for topic in topics_of(memory)
        }
        tags, topics = zip(*pairs, strict=True)
        rows = await self.pool.fetch(SQL["recall"], bank_id, up_to, tags, topics)
        return [Recorded(row["position"], decode(row["topic"], row["data"])) for row in rows]

    async def event_id_at(self, bank_id: UUID, position: int) -> UUID | None:
        """The id of the event at a position, if there is one."""
        found: UUID | None = await self.pool.fetchval(SQL["event_id_at"], bank_id, position)
        return found

    async def facts_at(self, bank_id: UUID, first: int, last: int) -> list[Recorded]:
        """The facts at positions `first` to `last`."""
        rows = await self.pool.fetch(SQL["facts_at"], bank_id, first, last)
        return [Recorded(row["position"], decode(row["topic"], row["data"])) for row in rows]


def topics_of(memory: Memory) -> list[str]:
    """The topics a memory is made of."""
    return [fact.TOPIC for fact in memory.remembered()]


def _array_literal(texts: Sequence[str]) -> str:
    """Texts as PostgreSQL writes an array of them: the driver has no arrays of arrays of different lengths."""
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"

"""The log as PostgreSQL keeps it: append by compare-and-swap on the bank's head, read, follow.

Positions of a bank start at 1 and have no gaps; a reader that has seen position n will never meet a smaller one later.
`append`, `read` and `follow` have the semantics of the library's `DCBRecorder`; `swap` is what the ledger's group
commit is built on.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBSequencedEvent
from eventsourcing.persistence import IntegrityError
from uuid_utils.compat import uuid7

from timebank.domain.kernel import Memory
from timebank.ledger.codec import Event, Recorded, decode, leaf
from timebank.ledger.statements import load_statements
from timebank.ledger.wake import Waker

Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"

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

    async def swap(
        self, connection: Connection, bank_id: UUID, head: int, events: Sequence[Event], recorded_at: datetime
    ) -> bool:
        """Append events right after `head`, unless somebody has appended since: then False, and nothing is done."""
        columns: list[Sequence[Any]] = list(zip(*events, strict=True)) if events else [()] * 9
        columns[3] = [_array_literal(event.tags) for event in events]
        leaves = [leaf(bank_id, position, recorded_at, event) for position, event in enumerate(events, head + 1)]
        binds = (bank_id, head, len(events), recorded_at, *columns, leaves)
        return bool(await connection.fetchval(SQL["append"], *binds))

    async def recall(self, bank_id: UUID, memories: Sequence[Memory], up_to: int) -> list[Recorded]:
        """The facts that lie in the boundary of any of the memories, by the tag each is filed under."""
        pairs = {
            (memory.boundary_tags[-1] if memory.boundary_tags else "", topic)
            for memory in memories
            for topic in topics_of(memory)
        }
        tags, topics = zip(*pairs, strict=True)
        rows = await self.pool.fetch(SQL["recall"], bank_id, up_to, tags, topics)
        return [Recorded(row["position"], decode(row["topic"], row["data"])) for row in rows]

    async def facts_at(self, bank_id: UUID, first: int, last: int) -> list[Recorded]:
        """The facts at positions `first` to `last`."""
        rows = await self.pool.fetch(SQL["facts_at"], bank_id, first, last)
        return [Recorded(row["position"], decode(row["topic"], row["data"])) for row in rows]

    async def append(
        self, bank_id: UUID, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """Append events unless others match the condition (then `IntegrityError`); returns the last one's position."""
        rows = [
            Event(uuid7(), event.type, event.data, tuple(dict.fromkeys(event.tags)), "", "", "", uuid7())
            for event in events
        ]
        async with self.pool.acquire() as connection, connection.transaction():
            head: int = await connection.fetchval(SQL["lock_head"], bank_id)
            if condition and await self._read(
                connection, bank_id, condition.fail_if_events_match, condition.after or 0, head, limit=1
            ):
                raise IntegrityError(condition)
            swapped = await self.swap(connection, bank_id, head, rows, datetime.now(UTC))  # noqa: TID251  # the store's own edge
            assert swapped, "the head is locked, so nobody can have moved it"
        self.waker.ring(bank_id)
        return head + len(rows)

    async def read(
        self, bank_id: UUID, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> tuple[list[DCBSequencedEvent], int | None]:
        """Events that match the query, in order, and the head; with a limit, the last one's position for a head."""
        async with self.pool.acquire() as connection:
            # The head is taken first: an event committed in between must not be skipped by whoever goes on from it.
            head: int = await connection.fetchval(SQL["head"], bank_id) or 0
            found = await self._read(connection, bank_id, query or DCBQuery(), after or 0, head, limit)
        last = head if limit is None else (found[-1].position if found else 0)
        return found, last or None

    async def _read(
        self, connection: Connection, bank_id: UUID, query: DCBQuery, after: int, up_to: int, limit: int | None
    ) -> list[DCBSequencedEvent]:
        items = msgspec.json.encode([{"types": item.types, "tags": item.tags} for item in query.items]).decode()
        rows = await connection.fetch(SQL["read"], bank_id, after, up_to, items, limit)
        return [
            DCBSequencedEvent(DCBEvent(row["topic"], row["data"], list(row["tags"])), row["position"]) for row in rows
        ]

    async def follow(
        self, bank_id: UUID, query: DCBQuery | None = None, *, after: int | None = None
    ) -> AsyncIterator[DCBSequencedEvent]:
        """Events that match the query, as they come, without end, gap or repetition."""
        position = after or 0
        while True:
            rung = self.waker.expect(bank_id)
            head = await self.head(bank_id)
            async with self.pool.acquire() as connection:
                found = await self._read(connection, bank_id, query or DCBQuery(), position, head, limit=500)
            for event in found:
                yield event
            position = found[-1].position if len(found) == 500 else max(position, head)
            if not found:
                await self.waker.wait(rung)


def topics_of(memory: Memory) -> list[str]:
    """The topics a memory is made of."""
    return [fact.TOPIC for fact in type(memory).projected_types]  # type: ignore[attr-defined]  # all of them are Facts


def _array_literal(texts: Sequence[str]) -> str:
    """Texts as PostgreSQL writes an array of them: the driver has no arrays of arrays of different lengths."""
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"

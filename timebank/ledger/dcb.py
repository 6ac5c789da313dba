"""The contract of the library's DCB recorders, kept on the same log: append under a condition, read, follow.

Nothing of the service needs it; it proves that the log is one, and lets programs for such recorders read and write it.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBSequencedEvent
from eventsourcing.persistence import IntegrityError
from uuid_utils.compat import uuid7

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.ledger.codec import Event
from timebank.ledger.store import NOTHING_YET, Store, Tip

SQL = load_statements("timebank.ledger", "dcb.sql")

FOLLOWED_EVENTS = 500
"""How many events whoever follows is given at a time."""


class Recorder:
    """A bank's log with the semantics of the library's `DCBRecorder`, asynchronously."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def append(
        self, bank_id: UUID, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """Append events unless others match the condition (then `IntegrityError`); returns the last one's position."""
        rows = [
            Event(uuid7(), event.type, event.data, tuple(dict.fromkeys(event.tags)), "", "", "", uuid7())
            for event in events
        ]
        async with self._store.pool.acquire() as connection, connection.transaction():
            tip = Tip(*(await connection.fetchrow(SQL["lock_head"], bank_id) or NOTHING_YET))
            if condition and await self._read(
                connection, bank_id, condition.fail_if_events_match, condition.after or 0, tip.position, limit=1
            ):
                raise IntegrityError(condition)
            now = datetime.now(UTC)  # noqa: TID251  # the store's own edge
            appended = await self._store.append_if_head(connection, bank_id, tip, rows, now)
            assert appended, "the head is locked, so nobody can have moved it"
        self._store.waker.ring(bank_id)
        return tip.position + len(rows)

    async def read(
        self, bank_id: UUID, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> tuple[list[DCBSequencedEvent], int | None]:
        """Events that match the query, in order, and the head; with a limit, the last one's position for a head."""
        async with self._store.pool.acquire() as connection:
            # The head is taken first: an event committed in between must not be skipped by whoever goes on from it.
            head: int = await connection.fetchval(SQL["head"], bank_id) or 0
            events = await self._read(connection, bank_id, query or DCBQuery(), after or 0, head, limit)
        last = head if limit is None else (events[-1].position if events else 0)
        return events, last or None

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
            rung = self._store.waker.expect(bank_id)
            head = await self._store.head(bank_id)
            async with self._store.pool.acquire() as connection:
                events = await self._read(
                    connection, bank_id, query or DCBQuery(), position, head, limit=FOLLOWED_EVENTS
                )
            for event in events:
                yield event
            position = events[-1].position if len(events) == FOLLOWED_EVENTS else max(position, head)
            if not events:
                await self._store.waker.wait(rung)

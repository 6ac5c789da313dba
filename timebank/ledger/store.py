"""The log as PostgreSQL keeps it: append by compare-and-swap on the bank's last event, and recall.

Positions of a bank start at 1 and have no gaps; a reader that has seen position n will never meet a smaller one later.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import asyncpg
import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.kernel import Fact, Memory
from timebank.ledger.codec import Event, Recorded, decode
from timebank.ledger.codec import leaves as leaves_of
from timebank.ledger.wake import Waker

SQL = load_statements("timebank.ledger", "store.sql")

READ_SECONDS = 10.0
"""A writer gives up a question after so long: the server, or the way to it, hangs."""

BANK_SECONDS = 3.0
"""The same for the question whether there is such a bank, for which a caller waits."""


class Tip(NamedTuple):
    """Where a log ends: the position of its last event, and its id; 0 and None where there is none yet."""

    position: int
    event_id: UUID | None


F = TypeVar("F", bound=Fact)

NOTHING_YET = Tip(0, None)


class Found(NamedTuple, Generic[F]):
    """A fact, where it is, and when it was recorded."""

    position: int
    recorded_at: datetime
    fact: F


class Bank(msgspec.Struct, frozen=True):
    """A bank as the store knows it: where its log ends, and by which clock its days go."""

    bank_id: UUID
    head: int
    head_event_id: UUID | None
    name: str
    timezone: str

    @property
    def tip(self) -> Tip:
        """Its last event."""
        return Tip(self.head, self.head_event_id)


class Store:
    """Reads and writes the logs of all banks of one database."""

    def __init__(self, pool: Pool, waker: Waker) -> None:
        self.pool = pool
        self.waker = waker

    async def open_bank(self, bank_id: UUID, name: str, timezone: str) -> None:
        """Make room for a bank's log. Raises `ValueError` for a time zone that PostgreSQL does not know."""
        try:
            await self.pool.execute(SQL["open_bank"], bank_id, name, timezone)
        except asyncpg.InvalidParameterValueError as error:
            msg = f"PostgreSQL does not know the time zone {timezone}"
            raise ValueError(msg) from error
        self.waker.bank_opened()

    async def banks(self) -> list[Bank]:
        """All banks of the database."""
        return [Bank(**row) for row in await self.pool.fetch(SQL["banks"])]

    async def bank(self, bank_id: UUID) -> Bank | None:
        """One bank, if it is in this database."""
        row = await self.pool.fetchrow(SQL["bank"], bank_id, timeout=BANK_SECONDS)
        return Bank(**row) if row else None

    async def head(self, bank_id: UUID) -> int:
        """The position of the last event; 0 where there is none."""
        return await self.pool.fetchval(SQL["head"], bank_id) or 0

    async def tip(self, bank_id: UUID) -> Tip:
        """The last event."""
        row = await self.pool.fetchrow(SQL["tip"], bank_id, timeout=READ_SECONDS)
        return Tip(*row) if row else NOTHING_YET

    async def append_if_head(
        self,
        connection: Connection,
        bank_id: UUID,
        tip: Tip,
        events: Sequence[Event],
        recorded_at: datetime,
        leaves: Sequence[bytes] | None = None,
        *,
        seconds: float | None = None,
    ) -> bool:
        """Append events right after `tip`, if that is still the last event; else False, and nothing is done.

        The leaves are made here, if they are not made yet. Whoever appends waits for others that are just appending.
        Raises `TimeoutError` after so many `seconds`.
        """
        columns: list[Sequence[Any]] = list(zip(*events, strict=True)) if events else [()] * 9
        columns[3] = [array_literal(event.tags) for event in events]
        if leaves is None:
            leaves = leaves_of(bank_id, tip.position, recorded_at, events)
        last = events[-1].event_id if events else tip.event_id
        binds = (bank_id, tip.position, len(events), recorded_at, *columns, leaves, tip.event_id, last)
        return bool(await connection.fetchval(SQL["append"], *binds, timeout=seconds))

    async def recall(
        self, bank_id: UUID, memories: Iterable[Memory], up_to: int, *, after: int = 0, most: int | None = None
    ) -> list[Recorded]:
        """The facts that lie in the boundary of any of the memories, by the tag each is filed under.

        Where one tag and topic has more than `most`, that many and one are found of it.
        """
        asked = {
            (memory.boundary_tags[-1] if memory.boundary_tags else "", _asked_of(type(memory))) for memory in memories
        }
        tags, topics = zip(*asked, strict=True)
        limit = most + 1 if most is not None else None
        rows = await self.pool.fetch(SQL["recall"], bank_id, up_to, tags, topics, after, limit, timeout=READ_SECONDS)
        return [Recorded(row["position"], decode(row["topic"], row["data"])) for row in rows]

    async def has_for_good(
        self, connection: Connection, bank_id: UUID, position: int, event_id: UUID, *, seconds: float
    ) -> bool:
        """Whether an event is at a position; if so, it is there for good once the transaction is committed.

        Raises `TimeoutError` if others are just appending for more than so many seconds.
        """
        if await connection.fetchval(SQL["event_id_at"], bank_id, position) != event_id:
            return False
        await connection.execute(SQL["touch"], bank_id, timeout=seconds)
        return True

    async def all_of(self, bank_id: UUID, kind: type[F], latest: int | None = None) -> "list[Found[F]]":
        """All facts of a kind, or so many of the latest, the latest first."""
        rows = await self.pool.fetch(SQL["all_of"], bank_id, kind.TOPIC, latest)
        return [Found(row["position"], row["recorded_at"], decode(kind.TOPIC, row["data"])) for row in rows]  # type: ignore[arg-type]

    async def latest(self, bank_id: UUID, kind: type[F]) -> "Found[F] | None":
        """The latest fact of a kind."""
        found = await self.all_of(bank_id, kind, 1)
        return found[0] if found else None

    async def taken_in(self, bank_id: UUID) -> int:
        """Up to which position a bank was recorded elsewhere, and taken in; 0 where it was opened here."""
        return await self.pool.fetchval(SQL["taken_in"], bank_id) or 0

    async def facts_at(self, bank_id: UUID, first: int, last: int) -> tuple[tuple[Fact, ...], bytes]:
        """The facts at positions `first` to `last`, and the leaf of the last one."""
        rows = await self.pool.fetch(SQL["facts_at"], bank_id, first, last)
        facts = tuple(decode(row["topic"], row["data"]) for row in rows)
        return facts, rows[-1]["leaf"] if rows else b""


def topics_of(kind: type[Memory]) -> list[str]:
    """The topics a kind of memory is made of."""
    return [fact.TOPIC for fact in kind.remembered()]


@cache
def _asked_of(kind: type[Memory]) -> str:
    """The same, as an array literal."""
    return array_literal(topics_of(kind))


def array_literal(texts: Sequence[str]) -> str:
    """Texts as PostgreSQL writes an array of them: the driver has no arrays of arrays of different lengths."""
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"

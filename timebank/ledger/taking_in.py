"""Taking in a log that was recorded elsewhere, as it is: positions, times, identifiers and leaves stay the same."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.ledger.codec import Event, leaf
from timebank.ledger.store import array_literal

SQL = load_statements("timebank.ledger", "taking_in.sql")


class Row(NamedTuple):
    """An event with its place in the log."""

    position: int
    recorded_at: datetime
    event: Event

    def leaf(self, bank_id: UUID) -> bytes:
        """Its leaf, made anew."""
        return leaf(bank_id, self.position, self.recorded_at, self.event)


async def head(connection: Connection, bank_id: UUID) -> int:
    """Up to which position a bank's log has been taken in; nobody else appends while the transaction is open."""
    return await connection.fetchval(SQL["head"], bank_id) or 0


async def moved(connection: Connection, bank_id: UUID, until: int) -> None:
    """Note that a bank was recorded elsewhere up to a position: what its security log said then is not here."""
    await connection.execute(SQL["moved"], bank_id, until)


async def take_in(connection: Connection, bank_id: UUID, rows: Sequence[Row]) -> None:
    """Append rows that follow each other, right after the head; what else happens with facts is to be made anew."""
    positions, times, events = zip(*rows, strict=True)
    assert positions == tuple(range(positions[0], positions[0] + len(rows))), "no gaps"
    ids, topics, data, tags, actors, authorities, requests, commands, behalfs = zip(*events, strict=True)
    taken = await connection.fetchval(
        SQL["take_in"],
        bank_id,
        positions[0] - 1,
        positions,
        ids,
        topics,
        data,
        [array_literal(each) for each in tags],
        actors,
        authorities,
        requests,
        commands,
        times,
        behalfs,
        [row.leaf(bank_id) for row in rows],
        positions[-1],
        ids[-1],
    )
    assert taken, "the head is locked, and these are the next ones"

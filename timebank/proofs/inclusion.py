"""Proofs of single facts, as files that are checked offline (C2SP tlog-proof), and the receipts they complete."""

import base64
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.ledger.codec import Event, sealed
from timebank.proofs.checkpoints import encoded, origin_of
from timebank.proofs.cosigners import Cosigners

SQL = load_statements("timebank.proofs", "inclusion.sql")


class Entry(NamedTuple):
    """A row of the log."""

    position: int
    recorded_at: datetime
    event: Event
    leaf: bytes


async def entry(pool: Pool, bank_id: UUID, position: int) -> Entry | None:
    """The row at a position, if the log has come to it."""
    row = await pool.fetchrow(SQL["one"], bank_id, position)
    if row is None:
        return None
    event = Event(
        row["event_id"],
        row["topic"],
        row["data"],
        tuple(row["tags"]),
        row["actor"],
        row["authority"],
        row["request_id"],
        row["command_id"],
        row["on_behalf_of"],
    )
    return Entry(row["position"], row["recorded_at"], event, row["leaf"])


async def prove(cosigners: Cosigners, bank_id: UUID, found: Entry) -> str:
    """The proof that a row is in the log, by the latest checkpoint that witnesses cosigned, or one signed now.

    Its extra data are the row itself, as it is sealed. Raises `LogDamagedError` or `NoteError`.
    """
    checkpoint = await cosigners.covering(bank_id, found.position)
    index = found.position - 1
    path = await cosigners.tiles.inclusion(bank_id, index, checkpoint.size)
    extra = base64.b64encode(sealed(bank_id, found.position, found.recorded_at, found.event)).decode()
    hashes = "".join(f"{encoded(each)}\n" for each in path)
    return f"c2sp.org/tlog-proof@v1\nextra {extra}\nindex {index}\n{hashes}\n{checkpoint.note}"


def receipt(bank_id: UUID, position: int, leaf: bytes) -> str:
    """A receipt in one line: which log, which position, which leaf."""
    return f"{origin_of(bank_id)} {position} {encoded(leaf)}"

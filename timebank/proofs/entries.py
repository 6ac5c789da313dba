"""The log as lines of JSON, a fact a line: what an archive is made of, and what auditors are sent."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.proofs.checkpoints import origin_of

SQL = load_statements("timebank.proofs", "entries.sql")


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fact with all that its leaf is made of; `data` are the stored bytes, as a text."""

    position: int
    recorded_at: Annotated[datetime, msgspec.Meta(tz=True)]
    event_id: UUID
    topic: str
    data: str
    tags: list[str]
    actor: str
    authority: str
    request_id: str
    command_id: UUID
    on_behalf_of: str | None = None


_encode = msgspec.json.Encoder().encode_lines


async def lines(
    asked: "Connection | Pool", bank_id: UUID, after: int, until: int, at_most: int
) -> tuple[bytes, int, int]:
    """Facts after a position as lines, the position of the last, and how many there are."""
    rows = await asked.fetch(SQL["stretch"], bank_id, after, until, at_most)
    return _encode([_line(row) for row in rows]), rows[-1]["position"] if rows else after, len(rows)


def _line(row: Any) -> Line:
    position, recorded_at, event_id, topic, data, *rest = row
    # What somebody made no text of is exported all the same: its leaf tells.
    return Line(position, recorded_at, event_id, topic, data.decode(errors="replace"), *rest)


async def standing(connection: Connection, bank_id: UUID) -> tuple[str, str, int]:
    """A bank's name, timezone, and the length of its log, as the transaction sees it."""
    row = await connection.fetchrow(SQL["standing"], bank_id)
    assert row, "the bank is there"
    return row["name"], row["timezone"], row["head"]


async def key_changes(asked: "Connection | Pool", bank_id: UUID) -> list[str]:
    """The checkpoints that an old and a new key signed together, by which whoever trusts the old one trusts the new."""
    rows = await asked.fetch(SQL["key_changes"], bank_id, origin_of(bank_id))
    return [row["note"] for row in rows]

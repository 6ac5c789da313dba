"""Who leads a place?"""

from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements

SQL = load_statements("timebank.projections.places", "leaders.sql")


class LeaderView(msgspec.Struct, frozen=True, kw_only=True):
    """Who leads a node, how they came to it, with which duties and until when."""

    appointment_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    source: str | None
    duties: list[str]
    valid_from: date | None
    valid_until: date | None
    delegated_from: str | None


async def leaders(pool: Pool, bank_id: UUID, day: date, node_id: str) -> list[LeaderView]:
    """Who leads a node on a day."""
    return [LeaderView(**row) for row in await pool.fetch(SQL["leaders"], bank_id, day, node_id)]

"""What keeps two registrations from being merged: what is recorded of both for the same time, and what waits?"""

from datetime import datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements

SQL = load_statements("timebank.projections.service", "overlaps.sql")

MOST = 100


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """Two confirmed records of the same time, one of each registration: one of them has to be voided first."""

    record_id: str
    organisation_id: str
    organisation_name: str | None = None
    activity: str
    started_at: datetime
    ended_at: datetime
    other_id: str
    other_organisation_id: str
    other_organisation_name: str | None = None
    other_activity: str
    other_started_at: datetime
    other_ended_at: datetime


async def between(pool: Pool, bank_id: UUID, one_id: str, another_id: str) -> list[Overlap]:
    """The first hundred of them, in the order of time."""
    rows = await pool.fetch(SQL["overlapping"], bank_id, one_id, another_id, MOST)
    return [Overlap(**row) for row in rows]


async def waiting(pool: Pool, bank_id: UUID, volunteer_id: str) -> int:
    """How many records of somebody wait to be confirmed."""
    found: int = await pool.fetchval(SQL["waiting"], bank_id, volunteer_id)
    return found


async def proposed(pool: Pool, bank_id: UUID, volunteer_id: str) -> int:
    """How many proposals of service by somebody wait to be taken up or declined."""
    found: int = await pool.fetchval(SQL["proposed"], bank_id, volunteer_id)
    return found

"""Who is appointed to what? Kept in the append transaction: an office that ended is seen by nobody any more."""

from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.organisations import AppointmentEnded, AppointmentMade
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.organisations", "offices.sql")

PROJECTION = SetProjection(
    name="offices",
    version=1,
    tables=("appointment",),
    steps=(Step(SQL["make"], (AppointmentMade,)), Step(SQL["end"], (AppointmentEnded,))),
    is_inline=True,
)


class AppointmentView(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment, in force or ended; days are the bank's, both included."""

    appointment_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    office: str
    organisation_id: str | None
    organisation_name: str | None = None
    valid_from: date | None
    valid_until: date | None
    appointed_by: str
    appointed_by_name: str | None = None
    delegated_from: str | None
    node_id: str | None
    node_name: str | None = None
    source: str | None
    duties: list[str]
    status: str
    reason: str | None


async def page(pool: Pool, bank_id: UUID, volunteer_id: str | None, after: str, limit: int) -> list[AppointmentView]:
    """Appointments, of one volunteer or of all, in the order they were made, after the one given."""
    rows = await pool.fetch(SQL["page"], bank_id, volunteer_id, after, limit)
    return [AppointmentView(**row) for row in rows]


async def one(pool: Pool, bank_id: UUID, appointment_id: str) -> AppointmentView | None:
    """One appointment."""
    row = await pool.fetchrow(SQL["one"], bank_id, appointment_id)
    return AppointmentView(**row) if row else None

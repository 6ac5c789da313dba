"""Who are the volunteers? What is personal about them comes from `person`, where it can be erased."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from timebank.domain.volunteers import (
    ConsentGiven,
    ConsentWithdrawn,
    VolunteerRegistered,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.ledger.statements import load_statements
from timebank.ledger.store import Pool
from timebank.projections.projection import SetProjection, Step

SQL = load_statements("timebank.projections", "volunteers.sql")

PROJECTION = SetProjection(
    name="volunteers",
    version=1,
    tables=("volunteer",),
    steps=(
        Step(SQL["register"], (VolunteerRegistered,)),
        Step(SQL["set_status"], (VolunteerSuspended, VolunteerReinstated)),
        Step(SQL["set_consent"], (ConsentGiven, ConsentWithdrawn)),
    ),
)


class VolunteerView(msgspec.Struct, frozen=True, kw_only=True):
    """A volunteer, as those see them who may."""

    volunteer_id: str
    number: str
    status: str
    on_leaderboards: bool
    registered_at: datetime
    name: str | None
    phone: str | None
    skills: list[str] | None
    alias: str | None


async def one(pool: Pool, bank_id: UUID, volunteer_id: str) -> VolunteerView | None:
    """One volunteer."""
    row = await pool.fetchrow(SQL["one"], bank_id, volunteer_id)
    return VolunteerView(**row) if row else None


async def page(pool: Pool, bank_id: UUID, query: str | None, after: str, limit: int) -> list[VolunteerView]:
    """Volunteers by number, phone or beginning of the name, in order of registration, after the one given."""
    rows = await pool.fetch(SQL["page"], bank_id, query, after, limit)
    return [VolunteerView(**row) for row in rows]


async def known_people(pool: Pool, bank_id: UUID, names: Collection[str]) -> set[tuple[str, str | None]]:
    """Names and phones of those who are registered under any of the names."""
    rows = await pool.fetch(SQL["known_people"], bank_id, list(names))
    return {(row["name"], row["phone"]) for row in rows}


async def by_number_or_phone(pool: Pool, bank_id: UUID, wanted: Sequence[str]) -> dict[str, list[str]]:
    """Who is meant by each number or phone: several volunteers may share a phone."""
    found: dict[str, list[str]] = {}
    for row in await pool.fetch(SQL["who"], bank_id, wanted):
        for name in {row["number"], row["phone"]} - {None}:
            found.setdefault(name, []).append(row["volunteer_id"])
    return found

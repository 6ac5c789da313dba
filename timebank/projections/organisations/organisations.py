"""Which organisations are there, and how do they stand?"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.organisations import (
    OrganisationApproved,
    OrganisationRegistered,
    OrganisationReinstated,
    OrganisationSuspended,
)
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.organisations", "organisations.sql")

PROJECTION = SetProjection(
    name="organisations",
    version=1,
    tables=("organisation",),
    steps=(
        Step(SQL["register"], (OrganisationRegistered,)),
        Step(SQL["set_status"], (OrganisationApproved, OrganisationSuspended, OrganisationReinstated)),
    ),
)


class OrganisationView(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation."""

    organisation_id: str
    name: str
    kind: str
    official_code: str | None
    status: str
    registered_at: datetime


async def one(pool: Pool, bank_id: UUID, organisation_id: str) -> OrganisationView | None:
    """One organisation."""
    row = await pool.fetchrow(SQL["one"], bank_id, organisation_id)
    return OrganisationView(**row) if row else None


async def is_known(pool: Pool, bank_id: UUID, organisation_id: str) -> bool:
    """Whether there is such an organisation."""
    return bool(await pool.fetchval(SQL["is_known"], bank_id, organisation_id))


async def names_of(pool: Pool, bank_id: UUID, organisation_ids: Sequence[str]) -> dict[str, str]:
    """The names of organisations, by their ids."""
    rows = await pool.fetch(SQL["names_of"], bank_id, organisation_ids)
    return {row["organisation_id"]: row["name"] for row in rows}


async def page(pool: Pool, bank_id: UUID, status: str | None, after: str, limit: int) -> list[OrganisationView]:
    """Organisations in order of registration, after the one given."""
    return [OrganisationView(**row) for row in await pool.fetch(SQL["page"], bank_id, status, after, limit)]

"""Who belongs to which organisation, in which role?"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.organisations import (
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
    MembershipRoleChanged,
)
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.organisations", "memberships.sql")

PROJECTION = SetProjection(
    name="memberships",
    version=1,
    tables=("membership",),
    steps=(
        Step(SQL["open"], (MembershipRequested, MembershipInvited)),
        Step(SQL["approve"], (MembershipApproved,)),
        Step(SQL["change_role"], (MembershipRoleChanged,)),
        Step(SQL["close"], (MembershipDeclined, MembershipEnded)),
    ),
)


STATUSES = ("requested", "invited", "approved", "declined", "ended")


class MembershipView(msgspec.Struct, frozen=True, kw_only=True):
    """A membership, open or closed."""

    membership_id: str
    organisation_id: str
    organisation_name: str | None = None
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    volunteer_status: str | None = None
    role: str
    status: str
    valid_from: date | None
    valid_until: date | None
    reason: str | None


async def page(
    pool: Pool,
    bank_id: UUID,
    *,
    organisation_id: str | None,
    volunteer_id: str | None,
    after: str,
    limit: int,
    role: str | None = None,
    status: str | None = None,
) -> list[MembershipView]:
    """Memberships of an organisation, or of a volunteer, in the order they were opened, after the one given.

    Roles and statuses are asked for of an organisation.
    """
    assert (organisation_id is None) != (volunteer_id is None), "of the one or of the other"
    if organisation_id is None:
        rows = await pool.fetch(SQL["of_volunteer"], bank_id, volunteer_id, after, limit)
    else:
        statuses = [status] if status else STATUSES
        rows = await pool.fetch(SQL["of_organisation"], bank_id, organisation_id, after, limit, role, statuses)
    return [MembershipView(**row) for row in rows]


async def approved_among(
    pool: Pool, bank_id: UUID, organisation_id: str, volunteer_ids: Sequence[str]
) -> frozenset[str]:
    """Which of some people are approved members of an organisation."""
    rows = await pool.fetch(SQL["approved_among"], bank_id, organisation_id, volunteer_ids)
    return frozenset(row["volunteer_id"] for row in rows)


async def roles_of(pool: Pool, bank_id: UUID, volunteer_id: str, on: date) -> dict[str, str]:
    """The roles a volunteer holds on a day, by organisation."""
    rows = await pool.fetch(SQL["roles_of"], bank_id, volunteer_id, on)
    return {row["organisation_id"]: row["role"] for row in rows}

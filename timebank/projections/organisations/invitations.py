"""By which invitations do people register themselves, and how many have?"""

from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.organisations import InvitationMade, InvitationWithdrawn
from timebank.domain.facts.people import VolunteerRegistered
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.organisations", "invitations.sql")

PROJECTION = SetProjection(
    name="invitations",
    version=1,
    tables=("invitation",),
    steps=(
        Step(SQL["make"], (InvitationMade,)),
        Step(SQL["withdraw"], (InvitationWithdrawn,)),
        Step(SQL["come"], (VolunteerRegistered,)),
    ),
)


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation: for how many people, how many of them have come, and until which day (included)."""

    invitation_id: str
    organisation_id: str
    organisation_name: str | None = None
    made_by: str
    made_by_name: str | None = None
    people: int
    come: int
    until_day: date
    is_withdrawn: bool
    position: int


async def of_organisation(
    pool: Pool, bank_id: UUID, organisation_id: str, after: str | None, limit: int
) -> list[InvitationView]:
    """The invitations of an organisation, the latest first."""
    rows = await pool.fetch(SQL["of_organisation"], bank_id, organisation_id, after, limit)
    return [InvitationView(**row) for row in rows]

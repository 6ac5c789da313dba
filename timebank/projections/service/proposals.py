"""What do people say they did, and what has become of it?"""

from datetime import datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.proposals import ProposalDeclined, ProposalTakenUp, ProposalWithdrawn, ServiceProposed
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.service", "proposals.sql")

PROJECTION = SetProjection(
    name="proposals",
    version=1,
    tables=("proposal",),
    steps=(
        Step(SQL["propose"], (ServiceProposed,)),
        Step(SQL["take_up"], (ProposalTakenUp,)),
        Step(SQL["decline"], (ProposalDeclined,)),
        Step(SQL["withdraw"], (ProposalWithdrawn,)),
    ),
)


class ProposalView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says they did: `proposed`, `taken-up` (then there is a record), `declined` or `withdrawn`."""

    proposal_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    organisation_id: str
    organisation_name: str | None = None
    witness_id: str | None
    witness_name: str | None = None
    team_id: str | None
    team_name: str | None = None
    activity: str
    category: str
    started_at: datetime
    ended_at: datetime
    minutes: int
    place: str | None
    content: str | None
    status: str
    record_id: str | None
    reason: str | None
    position: int


async def of_volunteer(
    pool: Pool, bank_id: UUID, volunteer_id: str, after: str | None, limit: int
) -> list[ProposalView]:
    """Somebody's own, the latest first."""
    return [ProposalView(**row) for row in await pool.fetch(SQL["of_volunteer"], bank_id, volunteer_id, after, limit)]


async def of_organisation(
    pool: Pool, bank_id: UUID, organisation_id: str, after: str | None, limit: int
) -> list[ProposalView]:
    """The self-reports to an organisation, the latest first."""
    rows = await pool.fetch(SQL["of_organisation"], bank_id, organisation_id, after, limit)
    return [ProposalView(**row) for row in rows]


async def waiting_at(
    pool: Pool, bank_id: UUID, organisation_id: str, after: str | None, limit: int
) -> list[ProposalView]:
    """The self-reports that an organisation has not answered yet, the longest waiting first."""
    rows = await pool.fetch(SQL["waiting_at"], bank_id, organisation_id, after, limit)
    return [ProposalView(**row) for row in rows]

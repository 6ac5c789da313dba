"""What did others do that concerns somebody? The facts about them that are not of their own making."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.credit import CreditGiven, CreditGranted, ReservationCancelled, RewardFulfilled
from timebank.domain.facts.organisations import (
    AppointmentEnded,
    AppointmentMade,
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
    MembershipRoleChanged,
)
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    PersonalDataChanged,
    ProxyAppointed,
    ProxyEnded,
    ProxyUsed,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
    ServiceWithdrawn,
)

SQL = load_statements("timebank.projections.supervision", "notices.sql")

TOLD = (
    VolunteerRegistered,
    VolunteerSuspended,
    VolunteerReinstated,
    VolunteerLeft,
    PersonalDataChanged,
    ConsentGiven,
    ConsentWithdrawn,
    ProxyAppointed,
    ProxyEnded,
    ProxyUsed,
    MembershipRequested,
    MembershipInvited,
    MembershipApproved,
    MembershipDeclined,
    MembershipRoleChanged,
    MembershipEnded,
    AppointmentMade,
    AppointmentEnded,
    ServiceLogged,
    ServiceAmended,
    ServiceWithdrawn,
    ServiceConfirmed,
    ServiceRejected,
    ServiceCorrected,
    ServiceVoided,
    CreditGiven,
    CreditGranted,
    RewardFulfilled,
    ReservationCancelled,
)
"""The facts that people are told of. What a proxy reserved or gave is told by the use of the proxy."""


class ByOthers(NamedTuple):
    """A fact about somebody, and whose act it is."""

    position: int
    recorded_at: datetime
    topic: str
    actor: str
    authority: str
    on_behalf_of: str | None
    data: bytes


async def page(
    pool: Pool, bank_id: UUID, volunteer_id: str, *, before: int, after: int, limit: int
) -> Sequence[ByOthers]:
    """What others did that concerns a volunteer, latest first, between two positions (neither included)."""
    topics = [fact.TOPIC for fact in TOLD]
    rows = await pool.fetch(SQL["page"], bank_id, volunteer_id, topics, before, after, limit)
    return [ByOthers(**row) for row in rows]

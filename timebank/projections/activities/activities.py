"""Which activities are there, who signed up, and who was there?"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.activities import (
    ActivityCancelled,
    ActivityChanged,
    ActivityClosed,
    ActivityPlanned,
    ActivityPublished,
    CheckedIn,
    CheckedOut,
    SignUpMade,
    SignUpMovedUp,
    SignUpWithdrawn,
)
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.activities", "activities.sql")

PROJECTION = SetProjection(
    name="activities",
    version=2,
    tables=("activity", "sign_up", "presence"),
    steps=(
        Step(SQL["plan"], (ActivityPlanned,)),
        Step(SQL["change"], (ActivityChanged,)),
        Step(SQL["publish"], (ActivityPublished,)),
        Step(SQL["cancel"], (ActivityCancelled,)),
        Step(SQL["close"], (ActivityClosed,)),
        Step(SQL["sign_up"], (SignUpMade, SignUpWithdrawn, SignUpMovedUp)),
        Step(SQL["check_in"], (CheckedIn,)),
        Step(SQL["check_out"], (CheckedOut,)),
    ),
)


class ActivityView(msgspec.Struct, frozen=True, kw_only=True):
    """An activity as it now stands; `own_status` is whether whoever asks signed up for it, or waits.

    `own_since` is when they came last, and `own_until` when they left.
    """

    activity_id: str
    organisation_id: str
    organisation_name: str | None = None
    status: str
    name: str
    category: str
    content: str
    place: str
    node_id: str | None
    starts_at: datetime
    ends_at: datetime
    seats: int | None
    signed_up: int
    waiting: int
    skills: list[str]
    programmes: list[str]
    leader_id: str
    leader_name: str | None = None
    open_to: str
    is_insured: bool
    signs_out: bool
    team_id: str | None
    team_name: str | None = None
    reason: str | None
    own_status: str | None
    own_since: datetime | None
    own_until: datetime | None
    position: int


class RollEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signed up, themselves (`is_own`) or by others: from when until when they were there, and how that is
    known.

    Whoever was signed up by others, did not come by the code and is no member is named by the first character only.
    """

    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    status: str
    since: datetime | None
    until: datetime | None
    proof_in: str | None
    proof_out: str | None
    is_taken_in_later: bool
    is_own: bool


async def one(pool: Pool, bank_id: UUID, whoever: str | None, activity_id: str) -> ActivityView | None:
    """One activity."""
    row = await pool.fetchrow(SQL["one"], bank_id, whoever, activity_id)
    return ActivityView(**row) if row else None


async def is_known(pool: Pool, bank_id: UUID, activity_id: str) -> bool:
    """Whether there is such an activity; by the log itself, so that nobody has to wait for a read model."""
    return bool(await pool.fetchval(SQL["is_known"], bank_id, activity_id))


async def names_of(pool: Pool, bank_id: UUID, activity_ids: Sequence[str]) -> dict[str, str]:
    """The names of activities, by their ids."""
    rows = await pool.fetch(SQL["names_of"], bank_id, activity_ids)
    return {row["activity_id"]: row["name"] for row in rows}


async def of_organisation(
    pool: Pool, bank_id: UUID, whoever: str | None, organisation_id: str, after: str | None, limit: int
) -> list[ActivityView]:
    """All activities of an organisation, the latest plan first."""
    rows = await pool.fetch(SQL["of_organisation"], bank_id, whoever, organisation_id, after, limit)
    return [ActivityView(**row) for row in rows]


async def open_ones(
    pool: Pool,
    bank_id: UUID,
    whoever: str | None,
    now: datetime,
    after: tuple[datetime, str] | None,
    limit: int,
    nodes: Sequence[str] | None = None,
) -> list[ActivityView]:
    """What is published and not over, at some places or anywhere, in the order in which it starts."""
    binds = bank_id, whoever, now, *(after or (None, None)), limit
    if nodes is None:
        rows = await pool.fetch(SQL["open_ones"], *binds)
    else:
        rows = await pool.fetch(SQL["open_near"], *binds, nodes)
    return [ActivityView(**row) for row in rows]


async def own(pool: Pool, bank_id: UUID, volunteer_id: str, after: str | None, limit: int) -> list[ActivityView]:
    """What somebody signed up for, the latest plan first."""
    return [ActivityView(**row) for row in await pool.fetch(SQL["own"], bank_id, volunteer_id, after, limit)]


async def roll(pool: Pool, bank_id: UUID, activity_id: str) -> list[RollEntry]:
    """Who signed up for an activity, in that order, and when they were there."""
    return [RollEntry(**row) for row in await pool.fetch(SQL["roll"], bank_id, activity_id)]

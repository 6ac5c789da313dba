"""Who redeemed what, how it stands, and which reservations are overdue."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.credit import ReservationCancelled, ReservationExpired, RewardFulfilled, RewardReserved
from timebank.domain.identifiers import CodeHash, RedemptionId
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.credit", "redemptions.sql")

PROJECTION = SetProjection(
    name="redemptions",
    version=2,
    tables=("redemption", "reward_taken"),
    steps=(
        Step(SQL["reserve"], (RewardReserved,)),
        Step(SQL["end"], (RewardFulfilled, ReservationCancelled, ReservationExpired)),
        Step(SQL["count"], (RewardReserved, ReservationCancelled, ReservationExpired)),
    ),
)


STATUSES = ("reserved", "fulfilled", "cancelled", "expired")


class RedemptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A redemption on the terms of when it was reserved: `volunteer_id` pays, `beneficiary_id` gets it.

    It was reserved by whoever pays, or by a proxy of theirs.
    It is `reserved` (until `expires_at`), then `fulfilled`, `cancelled` or `expired`, since `ended_at`.
    """

    redemption_id: str
    reward_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    beneficiary_id: str
    beneficiary_name: str | None = None
    beneficiary_number: str | None = None
    provider_id: str
    provider_name: str | None = None
    name: str
    kind: str
    cost_minutes: int
    slot: datetime | None
    status: str
    reserved_by: str
    reserved_by_name: str | None = None
    reserved_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    ended_by_name: str | None = None
    reason: str | None
    position: int


class Due(NamedTuple):
    """The reservations of a bank whose time is over."""

    bank_id: UUID
    timezone: str
    redemption_ids: list[RedemptionId]


async def one(pool: Pool, bank_id: UUID, redemption_id: str) -> RedemptionView | None:
    """One redemption."""
    row = await pool.fetchrow(SQL["one"], bank_id, redemption_id)
    return RedemptionView(**row) if row else None


async def code_hash(pool: Pool, bank_id: UUID, redemption_id: str) -> CodeHash:
    """The hash of the code of what was reserved, as the log has it."""
    return CodeHash(await pool.fetchval(SQL["code_hash"], bank_id, redemption_id, RewardReserved.TOPIC))


async def page(
    pool: Pool,
    bank_id: UUID,
    *,
    volunteer_id: str | None,
    provider_ids: Sequence[str] | None,
    own_id: str | None,
    reward_id: str | None,
    status: str | None,
    before: str | None,
    limit: int,
) -> list[RedemptionView]:
    """Redemptions that were reserved before the one given, newest first.

    All, or those of some providers together with those that somebody pays for or gets themselves (`own_id`).
    """
    statuses = [status] if status else STATUSES
    asked = bank_id, provider_ids, own_id, reward_id, statuses, before, limit
    if volunteer_id is not None:
        rows = await pool.fetch(SQL["of_person"], *asked, volunteer_id)
    else:
        rows = await pool.fetch(SQL["all"] if provider_ids is None else SQL["seen"], *asked)
    return [RedemptionView(**row) for row in rows]


async def expiring(pool: Pool, bank_id: UUID, after: str | None, limit: int) -> list[RedemptionView]:
    """All that is reserved, after the redemption given: what expires next first. Raises `ValueError` if it is none."""
    last = await pool.fetchval(SQL["expires_at"], bank_id, after) if after else None
    if after and last is None:
        msg = f"there is no redemption {after}"
        raise ValueError(msg)
    return [RedemptionView(**row) for row in await pool.fetch(SQL["expiring"], bank_id, last, after, limit)]


async def due(pool: Pool, now: datetime, limit: int) -> list[Due]:
    """What is still reserved although its time is over: of each bank that has any, those longest overdue."""
    return [Due(*row) for row in await pool.fetch(SQL["due"], now, limit)]

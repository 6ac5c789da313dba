"""What can credit be spent on, and how much of it is left?"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.credit import (
    Eligibility,
    RewardAmended,
    RewardPaused,
    RewardPublished,
    RewardResumed,
    RewardTerms,
    RewardWithdrawn,
)
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.credit", "rewards.sql")

PROJECTION = SetProjection(
    name="rewards",
    version=1,
    tables=("reward",),
    steps=(
        Step(SQL["publish"], (RewardPublished,)),
        Step(SQL["amend"], (RewardAmended,)),
        Step(SQL["set_status"], (RewardPaused, RewardResumed, RewardWithdrawn)),
    ),
)


STATUSES = ("published", "paused", "withdrawn")


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment, and how many of its places are left."""

    starts_at: datetime
    places: int
    remaining: int


class RewardView(msgspec.Struct, frozen=True, kw_only=True):
    """A reward on its terms of now; `remaining` of its quota in the present `period`, null where there is no quota.

    `reason` is why it is paused or withdrawn.
    """

    reward_id: str
    name: str
    kind: str
    cost_minutes: int
    remaining: int | None
    status: str
    reason: str | None
    description: str | None
    provider_id: str
    provider_name: str | None = None
    funder_id: str | None
    funder_name: str | None = None
    quota: int | None
    quota_per_person: int | None
    quota_every: str | None
    period: str
    available_from: date | None
    available_until: date | None
    eligibility: Eligibility
    slots: list[SlotView]
    position: int


async def one(pool: Pool, bank_id: UUID, reward_id: str, today: date) -> RewardView | None:
    """One reward."""
    row = await pool.fetchrow(SQL["one"], bank_id, reward_id)
    return (await _views(pool, bank_id, [row], today))[0] if row else None


async def names_of(pool: Pool, bank_id: UUID, reward_ids: Sequence[str]) -> dict[str, str]:
    """The names of rewards, by their ids."""
    rows = await pool.fetch(SQL["names_of"], bank_id, reward_ids)
    return {row["reward_id"]: row["name"] for row in rows}


async def is_known(pool: Pool, bank_id: UUID, reward_id: str) -> bool:
    """Whether there is, or was, such a reward."""
    return bool(await pool.fetchval(SQL["is_known"], bank_id, reward_id))


async def page(
    pool: Pool, bank_id: UUID, statuses: list[str] | None, kind: str | None, today: date, after: str, limit: int
) -> list[RewardView]:
    """Rewards in the order in which they were published, after the one given."""
    rows = await pool.fetch(SQL["page"], bank_id, statuses or STATUSES, kind, after, limit)
    return await _views(pool, bank_id, rows, today)


class _Taken(NamedTuple):
    rewards: dict[str, int]
    places: dict[tuple[str, datetime], int]


async def _views(pool: Pool, bank_id: UUID, rows: list[Any], today: date) -> list[RewardView]:
    found = [(row, _terms(row["terms"])) for row in rows]
    ids = [row["reward_id"] for row, _ in found]
    taken = await pool.fetch(SQL["taken"], bank_id, ids, [terms.period(today) for _, terms in found])
    with_slots = [row["reward_id"] for row, terms in found if terms.slots]
    places = await pool.fetch(SQL["places"], bank_id, with_slots) if with_slots else []
    gone = _Taken(
        {row["reward_id"]: row["taken"] for row in taken},
        {(row["reward_id"], row["slot"]): row["taken"] for row in places},
    )
    return [_view(row, terms, gone, today) for row, terms in found]


_terms = msgspec.json.Decoder(RewardTerms).decode


def _view(row: Any, terms: RewardTerms, gone: _Taken, today: date) -> RewardView:
    reward_id = row["reward_id"]
    return RewardView(
        reward_id=reward_id,
        name=terms.name,
        kind=terms.kind,
        cost_minutes=terms.cost_minutes,
        remaining=None if terms.quota is None else max(0, terms.quota - gone.rewards.get(reward_id, 0)),
        status=row["status"],
        reason=row["reason"],
        description=terms.description,
        provider_id=terms.provider_id,
        funder_id=terms.funder_id,
        quota=terms.quota,
        quota_per_person=terms.quota_per_person,
        quota_every=terms.quota_every,
        period=terms.period(today),
        available_from=terms.available_from,
        available_until=terms.available_until,
        eligibility=terms.eligibility,
        slots=[
            SlotView(
                starts_at=slot.starts_at,
                places=slot.places,
                remaining=max(0, slot.places - gone.places.get((reward_id, slot.starts_at.astimezone(UTC)), 0)),
            )
            for slot in terms.slots
        ],
        position=row["position"],
    )

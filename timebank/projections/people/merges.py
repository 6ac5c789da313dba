"""Who may be registered twice, which registrations are proposed to be merged, and what has become of that?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.people import MergeDeclined, MergeProposed, RegistrationsMerged
from timebank.projections.machinery.projection import SetProjection, Step
from timebank.vault.people import People

SQL = load_statements("timebank.projections.people", "merges.sql")

MergeStatus = Literal["proposed", "approved", "declined"]

PROJECTION = SetProjection(
    name="merges",
    version=1,
    tables=("merge",),
    steps=(
        Step(SQL["propose"], (MergeProposed,)),
        Step(SQL["decide"], (MergeDeclined, RegistrationsMerged)),
    ),
)


class MergeView(msgspec.Struct, frozen=True, kw_only=True):
    """That two registrations are merged: `proposed`, `approved`, or `declined` for a reason (`declined_as`)."""

    merge_id: str
    kept_id: str
    kept_name: str | None = None
    kept_number: str | None = None
    merged_id: str
    merged_name: str | None = None
    merged_number: str | None = None
    status: MergeStatus
    reason: str
    proposed_by: str
    proposed_by_name: str | None = None
    proposed_at: datetime
    decided_by: str | None
    decided_by_name: str | None = None
    declined_as: str | None
    position: int


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One of two registrations, as far as it matters for telling whether they are one person's.

    Name, phone and year of birth are what they are `unchanged_since` then. Of a phone that is claimed only they say
    that it is theirs; one that is verified has got a code of theirs.
    """

    volunteer_id: str
    number: str
    status: str
    registered_at: datetime
    name: str | None
    phone: str | None
    phone_is_verified: bool
    phone_is_claimed: bool
    birth_year: int | None
    unchanged_since: datetime


class DoubleView(msgspec.Struct, frozen=True, kw_only=True):
    """Two registrations that may be one person's, the earlier first, and why; `merge_id` is what is proposed."""

    earlier: Registration
    later: Registration
    same_phone: bool
    same_name: bool
    merge_id: str | None


async def one(pool: Pool, bank_id: UUID, merge_id: str) -> MergeView | None:
    """One proposal."""
    row = await pool.fetchrow(SQL["one"], bank_id, merge_id)
    return MergeView(**row) if row else None


async def page(
    pool: Pool, bank_id: UUID, after: str | None, limit: int, status: MergeStatus | None = None
) -> list[MergeView]:
    """Proposals to merge registrations, all or those of one status, the latest first."""
    whose = bank_id, after, limit
    rows = await (pool.fetch(SQL["with_status"], *whose, status) if status else pool.fetch(SQL["page"], *whose))
    return [MergeView(**row) for row in rows]


async def doubles(pool: Pool, people: People, bank_id: UUID, after: str, limit: int) -> list[DoubleView]:
    """Who may be registered twice, after a cursor; those of whom it was found that they are two are left out."""
    earlier_id, _, later_id = after.partition(".")
    rows = await pool.fetch(SQL["doubles"], bank_id, earlier_id, later_id, limit)
    both = [row[which] for row in rows for which in ("earlier_id", "later_id")]
    changed = await _changed_at(pool, bank_id, both)
    return [
        DoubleView(
            earlier=_registration(people, bank_id, _of("earlier", row), changed),
            later=_registration(people, bank_id, _of("later", row), changed),
            same_phone=row["same_phone"],
            same_name=row["same_name"],
            merge_id=row["merge_id"],
        )
        for row in rows
    ]


async def registrations(pool: Pool, people: People, bank_id: UUID, ids: Iterable[str]) -> list[Registration]:
    """Who is behind registrations."""
    rows = await pool.fetch(SQL["people"], bank_id, list(ids))
    changed = await _changed_at(pool, bank_id, [row["volunteer_id"] for row in rows])
    return [_registration(people, bank_id, row, changed) for row in rows]


async def _changed_at(pool: Pool, bank_id: UUID, ids: Sequence[str]) -> dict[str, datetime]:
    """When what doubles are found by was changed last; of whom it never was, nothing."""
    return {row["volunteer_id"]: row["at"] for row in await pool.fetch(SQL["changed_at"], bank_id, ids)}


def _of(which: str, row: Any) -> dict[str, Any]:
    """What a row of two people says of one of them."""
    names = "number", "status", "registered_at", "key_id", "sealed", "phone_verified_at", "phone_is_claimed"
    told = {name: row[f"{which}_{name}"] for name in names}
    return {"volunteer_id": row[f"{which}_id"], **told}


def _registration(people: People, bank_id: UUID, row: Any, changed: Mapping[str, datetime]) -> Registration:
    person, is_verified = people.shown(bank_id, row), row["phone_verified_at"] is not None
    return Registration(
        volunteer_id=row["volunteer_id"],
        number=row["number"],
        status=row["status"],
        registered_at=row["registered_at"],
        name=person.name if person else None,
        phone=person.phone if person else None,
        phone_is_verified=is_verified,
        phone_is_claimed=bool(row["phone_is_claimed"]) and not is_verified,
        birth_year=person.birth_year if person else None,
        unchanged_since=changed.get(row["volunteer_id"], row["registered_at"]),
    )

"""Who works for which body, at which hours?"""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.employments import DutyHours, EmploymentDeclared, EmploymentEnded, LeaveNoted
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.organisations", "employments.sql")

PROJECTION = SetProjection(
    name="employments",
    version=1,
    tables=("employment",),
    steps=(
        Step(SQL["declare"], (EmploymentDeclared,)),
        Step(SQL["end"], (EmploymentEnded,)),
        Step(SQL["leave"], (LeaveNoted,)),
    ),
)


class LeaveView(msgspec.Struct, frozen=True):
    """Days of leave, both included."""

    first_day: date
    last_day: date


class EmploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's employment; days are the bank's, both included."""

    employment_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    organisation_id: str
    organisation_name: str | None = None
    kind: str
    hours: list[DutyHours]
    from_day: date
    until_day: date | None
    leaves: list[LeaveView]
    position: int


_hours = msgspec.json.Decoder(list[DutyHours]).decode
_leaves = msgspec.json.Decoder(list[LeaveView]).decode


async def staff(pool: Pool, bank_id: UUID, organisation_id: str, after: str, limit: int) -> list[EmploymentView]:
    """Who works for a body, or did, in the order in which it was declared."""
    return [_view(row) for row in await pool.fetch(SQL["staff"], bank_id, organisation_id, after, limit)]


async def of_volunteer(pool: Pool, bank_id: UUID, volunteer_id: str) -> list[EmploymentView]:
    """For which bodies somebody works, or did."""
    return [_view(row) for row in await pool.fetch(SQL["of_volunteer"], bank_id, volunteer_id)]


def _view(row: Any) -> EmploymentView:
    return EmploymentView(**(dict(row) | {"hours": _hours(row["hours"]), "leaves": _leaves(row["leaves"])}))

"""What came of activities, of self-reports, of teams and of duty, month by month?"""

from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.activities import ActivityCancelled, ActivityChanged, ActivityClosed, ActivityPlanned
from timebank.domain.facts.proposals import ProposalDeclined, ProposalTakenUp, ProposalWithdrawn, ServiceProposed
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceVoided,
)
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.activities", "statistics.sql")

_SERVED = (ServiceConfirmed, ServiceCorrected, ServiceVoided)
_ENDED = (ActivityClosed, ActivityCancelled)
_DECIDED = (ProposalTakenUp, ProposalDeclined)

PROJECTION = SetProjection(
    name="activity_statistics",
    version=1,
    tables=("organisation_month", "team_month", "uncounted", "marked_record"),
    steps=(
        Step(SQL["remember_activities"], (ActivityPlanned, ActivityChanged)),
        Step(SQL["remember_proposals"], (ServiceProposed,)),
        Step(SQL["remember_teams"], (ServiceLogged, ServiceAmended)),
        Step(SQL["remember_allowances"], (ServiceLogged, ServiceAmended)),
        Step(SQL["count_activities"], _ENDED),
        Step(SQL["count_proposals"], _DECIDED),
        Step(SQL["forget"], (*_ENDED, *_DECIDED, ProposalWithdrawn)),
        Step(SQL["count_service"], _SERVED),
        Step(SQL["remember_teams"], (ServiceCorrected,)),
        Step(SQL["remember_allowances"], (ServiceCorrected,)),
    ),
)

WHOLE_BANK = ""
"""Stands for all organisations."""


class MonthFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a local month, or in all (null): activities by when they were to start, service by its day.

    `held` are closed activities. `places` are those that activities held had, but for those `without_limit`. Whoever
    had `signed_up` for one that was held, and has a seat, was `present` or `absent` (no-shows). `taken_up` and
    `declined` are self-reports. Confirmed minutes are those of residents, of staff off duty, and paid ones
    (`duty_minutes`). Of the first two, an allowance is paid for `subsidised_minutes`, and `team_minutes` are in the
    name of teams.
    """

    month: str | None
    held: int
    cancelled: int
    places: int
    without_limit: int
    signed_up: int
    present: int
    absent: int
    taken_up: int
    declined: int
    resident_minutes: int
    off_duty_minutes: int
    duty_minutes: int
    subsidised_minutes: int
    team_minutes: int


class TeamMonth(msgspec.Struct, frozen=True, kw_only=True):
    """The confirmed minutes in the name of a team in a local month, without what is paid."""

    month: str
    organisation_id: str
    organisation_name: str | None = None
    team_id: str
    team_name: str | None = None
    minutes: int


async def months(
    pool: Pool, bank_id: UUID, organisation_id: str, first: date | None, last: date | None
) -> list[MonthFigures]:
    """What came of each month, in their order, of an organisation or of the whole bank."""
    binds = bank_id, organisation_id, _month(first), _month(last)
    return [MonthFigures(**row) for row in await pool.fetch(SQL["months"], *binds)]


async def teams(
    pool: Pool,
    bank_id: UUID,
    organisation_id: str,
    first: date | None,
    last: date | None,
    after: str | None,
    limit: int,
) -> list[TeamMonth]:
    """What teams of an organisation served by month. Raises `ValueError` for what is not the place of one of them."""
    place = place_of(after) if after else (None, None)
    binds = bank_id, organisation_id, _month(first), _month(last), *place, limit
    return [TeamMonth(**row) for row in await pool.fetch(SQL["teams"], *binds)]


def whole_of(found: list[MonthFigures]) -> MonthFigures:
    """All months as one."""
    names = [each for each in MonthFigures.__struct_fields__ if each != "month"]
    return MonthFigures(month=None, **{name: sum(getattr(each, name) for each in found) for name in names})


def cursor_of(team: TeamMonth) -> str:
    """The place of a team's month among those of its organisation."""
    return f"{team.month}/{team.team_id}"


def place_of(cursor: str) -> tuple[date, str]:
    """The month and the team of a place. Raises `ValueError` where it is none."""
    month, _, team_id = cursor.partition("/")
    return date.fromisoformat(f"{month}-01"), team_id


def _month(day: date | None) -> date | None:
    """The first day of the month of a day."""
    return day.replace(day=1) if day else None

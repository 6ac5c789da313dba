"""Which teams does an organisation have, who belongs to them, and who is on duty?"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.teams import (
    CaptainNamed,
    ShiftEnded,
    ShiftSet,
    TeamDeclined,
    TeamDissolved,
    TeamFounded,
    TeamMemberAsked,
    TeamMemberJoined,
    TeamMemberLeft,
    TeamProposed,
    TeamRenamed,
)
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.organisations", "teams.sql")

PROJECTION = SetProjection(
    name="teams",
    version=1,
    tables=("team", "captaincy", "team_member", "shift"),
    steps=(
        Step(SQL["found"], (TeamProposed, TeamFounded)),
        Step(SQL["rename"], (TeamRenamed,)),
        Step(SQL["close"], (TeamDeclined, TeamDissolved)),
        Step(SQL["name_captain"], (CaptainNamed,)),
        Step(SQL["set_shift"], (ShiftSet,)),
        Step(SQL["end_shift"], (ShiftEnded,)),
        Step(SQL["leave_captaincy"], (TeamMemberLeft,)),
        Step(SQL["leave_shifts"], (TeamMemberLeft,)),
        Step(SQL["member"], (TeamMemberAsked, TeamMemberJoined, TeamMemberLeft)),
        Step(SQL["count"], (TeamMemberJoined, TeamMemberLeft)),
    ),
)


class TeamView(msgspec.Struct, frozen=True, kw_only=True):
    """A team as it stands today. `is_guided` is a group without registration; `members` are those who joined."""

    team_id: str
    organisation_id: str
    organisation_name: str | None = None
    name: str
    status: str
    is_guided: bool
    proposed_by: str | None
    proposed_by_name: str | None = None
    captain_id: str | None
    captain_name: str | None = None
    members: int
    from_day: date | None
    last_day: date | None
    reason: str | None


class TeamMemberView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who joined a team, asks to (`requested`), or is asked to (`invited`)."""

    team_id: str
    organisation_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    status: str


class TeamOfView(msgspec.Struct, frozen=True, kw_only=True):
    """A team that somebody joined, asks to join or is asked to, or left."""

    team_id: str
    name: str
    organisation_id: str
    organisation_name: str | None = None
    volunteer_id: str
    status: str


class ShiftView(msgspec.Struct, frozen=True, kw_only=True):
    """When somebody is on duty: every week on the weekday of `from_day`, until `until_day`; once, if they are one.

    It starts so many minutes after local midnight, and lasts so many.
    """

    shift_id: str
    team_id: str
    organisation_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    from_day: date
    until_day: date | None
    from_minute: int
    minutes: int


async def one(pool: Pool, bank_id: UUID, today: date, team_id: str) -> TeamView | None:
    """One team."""
    row = await pool.fetchrow(SQL["one"], bank_id, today, team_id)
    return TeamView(**row) if row else None


async def names_of(pool: Pool, bank_id: UUID, team_ids: Sequence[str]) -> dict[str, str]:
    """The names of teams, by their ids."""
    return {row["team_id"]: row["name"] for row in await pool.fetch(SQL["names_of"], bank_id, team_ids)}


async def page(pool: Pool, bank_id: UUID, today: date, organisation_id: str, after: str, limit: int) -> list[TeamView]:
    """The teams of an organisation, in the order in which they were founded or proposed."""
    return [TeamView(**row) for row in await pool.fetch(SQL["page"], bank_id, today, organisation_id, after, limit)]


async def members(pool: Pool, bank_id: UUID, team_id: str, after: str, limit: int) -> list[TeamMemberView]:
    """Who belongs to a team, asks to, or is asked to."""
    return [TeamMemberView(**row) for row in await pool.fetch(SQL["members"], bank_id, team_id, after, limit)]


async def of_volunteer(pool: Pool, bank_id: UUID, volunteer_id: str) -> list[TeamOfView]:
    """The teams that somebody joined, is asked or asks to join, or left."""
    return [TeamOfView(**row) for row in await pool.fetch(SQL["of_volunteer"], bank_id, volunteer_id)]


async def joined(pool: Pool, bank_id: UUID, volunteer_id: str, day: date) -> frozenset[str]:
    """The teams that somebody belongs to on a day; whose membership is over is in none of the organisation's own."""
    return frozenset(row["team_id"] for row in await pool.fetch(SQL["joined"], bank_id, volunteer_id, day))


async def rota(
    pool: Pool, bank_id: UUID, team_id: str, day: date, after: str, limit: int, *, only: bool = False
) -> list[ShiftView]:
    """The shifts of a team that are not over on a day, or `only` those that start then, in the order they were set."""
    return [ShiftView(**row) for row in await pool.fetch(SQL["rota"], bank_id, team_id, day, only, after, limit)]


async def own_shifts(pool: Pool, bank_id: UUID, volunteer_id: str, today: date) -> list[ShiftView]:
    """When somebody is on duty, in all their teams, from today on."""
    return [ShiftView(**row) for row in await pool.fetch(SQL["own_shifts"], bank_id, volunteer_id, today)]

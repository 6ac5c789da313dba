"""Teams that rows of a list name: an organisation's own, by what they are called."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from timebank.db.connections import Pool
from timebank.domain.credit.categories import nearest
from timebank.domain.identifiers import TeamId
from timebank.exchange.cells.errors import shown
from timebank.exchange.cells.texts import squeeze
from timebank.exchange.imports.rows import RowError
from timebank.projections.organisations import teams
from timebank.projections.organisations.teams import TeamView

NO_TEAMS = "{said}: this organisation has no teams"
NO_SUCH_TEAM = "{said} is no team of this organisation"
NEAREST_TEAM = "{said} is no team of this organisation; the nearest is {nearest}"
TEAM_DISSOLVED = "{said} was dissolved: {last_day} was its last day"
TEAM_NOT_YET = "{said} is there from {from_day} on only"
SEVERAL_TEAMS = "{said} is the name of several teams: give them names of their own, or leave this empty"

PAGE = 500

COMPARED = 250
"""Of no more names it is said which is the nearest: rows may name very many teams that there are not."""


class Squads:
    """The teams of an organisation, by name."""

    def __init__(self, found: Sequence[TeamView]) -> None:
        teams = [each for each in found if each.from_day]
        self._called: dict[str, list[TeamView]] = {}
        for each in teams:
            self._called.setdefault(squeeze(each.name), []).append(each)
        self._names = [each.name for each in teams if each.last_day is None]

    def meant(self, name: str, day: date) -> TeamId:
        """The team of that name which was there on a day. Raises `RowError`."""
        called = self._called.get(squeeze(name), [])
        there = [each for each in called if _began(each) <= day <= (each.last_day or day)]
        if len(there) == 1:
            return TeamId(there[0].team_id)
        if there:
            raise RowError.of(SEVERAL_TEAMS, said=shown(name))
        raise self._nobody(name, called, day)

    def _nobody(self, name: str, called: Sequence[TeamView], day: date) -> RowError:
        """Why there is no such team on a day."""
        if not called:
            if not self._names:
                return RowError.of(NO_TEAMS, said=shown(name))
            if len(self._names) > COMPARED:
                return RowError.of(NO_SUCH_TEAM, said=shown(name))
            return RowError.of(NEAREST_TEAM, said=shown(name), nearest=shown(nearest(name, self._names)))
        before = [each.last_day for each in called if each.last_day and each.last_day < day]
        if before:
            return RowError.of(TEAM_DISSOLVED, said=shown(name), last_day=max(before))
        return RowError.of(TEAM_NOT_YET, said=shown(name), from_day=min(map(_began, called)))


def _began(team: TeamView) -> date:
    assert team.from_day, "it was founded"
    return team.from_day


async def squads_of(pool: Pool, bank_id: UUID, organisation_id: str, today: date) -> Squads:
    """All teams that an organisation has, or had."""
    found: list[TeamView] = []
    while page := await teams.page(pool, bank_id, today, organisation_id, found[-1].team_id if found else "", PAGE):
        found += page
    return Squads(found)

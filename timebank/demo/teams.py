"""The teams of the demo world: a patrol of each residents' committee, and an arts group that it guides."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from timebank.demo.bodies import Body
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, TeamId, VolunteerId, new_shift_id, new_team_id
from timebank.domain.kernel import Command
from timebank.domain.organisations.rotas import SetShift
from timebank.domain.organisations.teams import (
    AcceptTeam,
    ApproveTeamMember,
    AskTeamMember,
    FoundTeam,
    NameCaptain,
    ProposeTeam,
)

SINCE = date(2024, 3, 1)
EVENING = 19 * 60 + 30
PATROL_MINUTES = 120
ARTISTS = 8


class Teams(NamedTuple):
    """A committee's teams."""

    patrol: TeamId
    arts: TeamId


def gather(by: Acting, now: datetime, bodies: list[Body]) -> tuple[list[Teams], list[Command]]:
    """The teams of each body: who belongs to them, who leads them, who patrols on which evening."""
    found = [Teams(new_team_id(), new_team_id()) for _ in bodies]
    commands: list[Command] = []
    for body, teams in zip(bodies, found, strict=True):
        commands += _patrol(by, now, body, teams.patrol)
        commands += _arts(by, now, body, teams.arts)
    return found, commands


def _own(volunteer_id: VolunteerId) -> Acting:
    return Acting(ActorId(volunteer_id), "volunteer")


def _patrol(by: Acting, now: datetime, body: Body, team_id: TeamId) -> Iterator[Command]:
    """Three members of the body, one of them its captain, each on an evening of every week."""
    there: dict[str, Any] = {"at": now, "organisation_id": body.organisation_id, "team_id": team_id}
    yield FoundTeam(by=by, **there, name="治安巡逻队", from_day=SINCE)
    patrols = (body.member, body.verifier, body.coordinator)
    for person in patrols:
        yield AskTeamMember(by=by, **there, volunteer_id=person)
        yield ApproveTeamMember(by=_own(person), **there, volunteer_id=person)
    yield NameCaptain(by=by, **there, volunteer_id=body.member, from_day=SINCE)
    for number, person in enumerate(patrols):
        yield SetShift(
            by=_own(body.member),
            **there,
            shift_id=new_shift_id(),
            volunteer_id=person,
            from_day=now.date() + timedelta(days=1 + 2 * number),
            from_minute=EVENING,
            minutes=PATROL_MINUTES,
        )


def _arts(by: Acting, now: datetime, body: Body, team_id: TeamId) -> Iterator[Command]:
    """A group without registration that asked the body to guide it, and neighbours who joined it."""
    there: dict[str, Any] = {"at": now, "organisation_id": body.organisation_id, "team_id": team_id}
    captain, *others = body.neighbours[:ARTISTS]
    yield ProposeTeam(by=_own(captain), **there, name="社区文艺队")
    yield AcceptTeam(by=by, **there)
    for person in others:
        yield AskTeamMember(by=_own(person), **there, volunteer_id=person)
        yield ApproveTeamMember(by=_own(captain), **there, volunteer_id=person)

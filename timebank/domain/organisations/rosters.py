"""Rosters: what decisions remember of teams, and of the teams that somebody belongs to."""

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from timebank.domain.acting import Acting
from timebank.domain.facts.teams import (
    CaptainNamed,
    TeamDeclined,
    TeamDissolved,
    TeamFounded,
    TeamMemberAsked,
    TeamMemberJoined,
    TeamMemberLeft,
    TeamProposed,
    TeamRenamed,
)
from timebank.domain.identifiers import OrganisationId, TeamId, VolunteerId
from timebank.domain.kernel import Key, Known, Memory, about, event
from timebank.domain.organisations.refusals import NotInTeam, TeamNotActive, TeamUnknown


class Captaincy(msgspec.Struct, frozen=True):
    """From one day until another, both included, somebody leads; nobody, if they left."""

    volunteer_id: VolunteerId | None
    from_day: date
    until_day: date | None


class Team(Memory):
    """One team: how it stands, who belongs to it or is asked to, and who leads it when."""

    status = "unknown"
    organisation_id: OrganisationId
    name = ""
    is_guided = False
    proposer: VolunteerId | None = None
    from_day = date.max
    last_day = date.max

    def __init__(self, team_id: TeamId) -> None:
        super().__init__(team_id)
        self.team_id = team_id
        self.asked: dict[VolunteerId, bool] = {}
        self.in_vain: dict[VolunteerId, int] = {}
        self.members: set[VolunteerId] = set()
        self.captaincies: tuple[Captaincy, ...] = ()

    @event(TeamProposed)
    def _(self, organisation_id: OrganisationId, volunteer_id: VolunteerId, name: str) -> None:
        self.status, self.organisation_id, self.proposer, self.name = "proposed", organisation_id, volunteer_id, name

    @event(TeamDeclined)
    def _(self) -> None:
        self.status = "declined"

    @event(TeamFounded)
    def _(self, fact: TeamFounded) -> None:
        self.status, self.organisation_id, self.name = "active", fact.organisation_id, fact.name
        self.is_guided, self.from_day = fact.is_guided, fact.from_day

    @event(TeamRenamed)
    def _(self, name: str) -> None:
        self.name = name

    @event(CaptainNamed)
    def _(self, volunteer_id: VolunteerId, from_day: date, until_day: date | None) -> None:
        self.captaincies = (*self.captaincies, Captaincy(volunteer_id, from_day, until_day))

    @event(TeamMemberAsked)
    def _(self, volunteer_id: VolunteerId, is_invited: bool) -> None:
        self.asked[volunteer_id] = is_invited
        self.in_vain[volunteer_id] = self.in_vain.get(volunteer_id, 0) + 1 if is_invited else 0

    @event(TeamMemberJoined)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.asked.pop(volunteer_id, None)
        self.in_vain.pop(volunteer_id, None)
        self.members.add(volunteer_id)

    @event(TeamMemberLeft)
    def _(self, volunteer_id: VolunteerId) -> None:
        self.asked.pop(volunteer_id, None)
        self.members.discard(volunteer_id)
        self.captaincies = tuple(
            Captaincy(None, each.from_day, each.until_day) if each.volunteer_id == volunteer_id else each
            for each in self.captaincies
        )

    @event(TeamDissolved)
    def _(self, on_day: date) -> None:
        self.status, self.last_day = "dissolved", on_day

    def captain(self, day: date) -> VolunteerId | None:
        """Who leads the team on a day: whoever was named last for it."""
        named = (each for each in reversed(self.captaincies) if each.from_day <= day <= (each.until_day or day))
        last = next(named, None)
        return last.volunteer_id if last else None

    def is_led_by(self, by: Acting, day: date) -> bool:
        """Whether the actor is the captain of the team on a day."""
        return by.authority == "volunteer" and self.captain(day) == by.volunteer_id is not None

    def must_be_of(self, organisation_id: OrganisationId) -> None:
        """Refuse for a team that the organisation does not have."""
        if self.status == "unknown" or self.organisation_id != organisation_id:
            raise TeamUnknown(team_id=self.team_id)

    def must_be(self, status: str) -> None:
        """Refuse for a team in another status."""
        if self.status != status:
            raise TeamNotActive(status=self.status)

    def must_have(self, volunteer_id: VolunteerId) -> None:
        """Refuse for somebody who does not belong to the team."""
        if volunteer_id not in self.members:
            raise NotInTeam(volunteer_id=volunteer_id)

    def is_there(self, day: date) -> bool:
        """Whether there is such a team on a day."""
        return self.from_day <= day <= self.last_day

    def must_have_been(self, organisation_id: OrganisationId, day: date) -> None:
        """Refuse for a team that the organisation did not have on a day."""
        self.must_be_of(organisation_id)
        if not self.is_there(day):
            raise TeamNotActive(status=self.status)


def memories_of_team(team_id: TeamId | None) -> tuple[Key, ...]:
    """What has to be known of the team in whose name something is done, if it is done in one's."""
    return (about(Team, team_id),) if team_id else ()


def team_on(known: Known, team_id: TeamId | None, day: date) -> TeamId | None:
    """The team in whose name something was done on a day: of one that was dissolved before, it is in nobody's."""
    return team_id if team_id and known(Team, team_id).is_there(day) else None


class TeamsOf(Memory):
    """The teams that somebody belongs to, or is asked to join, each with its organisation."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id
        self.teams: dict[TeamId, OrganisationId] = {}

    @event(TeamMemberAsked)
    def _(self, team_id: TeamId, organisation_id: OrganisationId) -> None:
        self.teams[team_id] = organisation_id

    @event(TeamMemberJoined)
    def _(self, team_id: TeamId, organisation_id: OrganisationId) -> None:
        self.teams[team_id] = organisation_id

    @event(TeamMemberLeft)
    def _(self, team_id: TeamId) -> None:
        self.teams.pop(team_id, None)

    def within(self, organisation_id: OrganisationId) -> list[TeamId]:
        """The teams among these that are of one organisation."""
        return [each for each, of in self.teams.items() if of == organisation_id]

    def left(self, teams: Iterable[TeamId]) -> Iterator[TeamMemberLeft]:
        """The facts that say that the volunteer leaves some of these teams."""
        for team_id in teams:
            yield TeamMemberLeft(team_id=team_id, organisation_id=self.teams[team_id], volunteer_id=self.volunteer_id)

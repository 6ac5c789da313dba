"""Teams (队伍): founded, renamed, led, joined and dissolved, by their organisation and their captain.

A team of the organisation's own takes its members. A group without registration that the organisation guides (指导单位)
takes anybody; it asks for guidance, and is a team once the organisation has agreed.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

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
from timebank.domain.kernel import Command, Fact, Key, Known, about
from timebank.domain.organisations.membership_invitations import must_invite_seldom
from timebank.domain.organisations.memberships import (
    EVERY_ROLE,
    MANAGES_MEMBERS,
    Membership,
    must_act_for,
    right_of,
)
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import InTeamAlready, KeyOfTheirOwn, NotAsked, TeamTakesMembers
from timebank.domain.organisations.rosters import Team
from timebank.domain.people.volunteers import Volunteer, is_one_of
from timebank.domain.refusals import NothingChanges, NotYourOwn, TermEndsBeforeItStarts, YouAreSuspended
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_a_term


class OnTeam(Command, frozen=True, kw_only=True):
    """What the commands on a team have in common: its organisation's coordinators act, or its captain."""

    team_id: TeamId
    organisation_id: OrganisationId

    def needs(self) -> Sequence[Key]:
        return (
            about(Organisation, self.organisation_id),
            about(Team, self.team_id),
            *right_of(self.by, self.organisation_id),
        )

    @property
    def ids(self) -> dict[str, Any]:
        """Which team of which organisation it is, as facts say it."""
        return {"team_id": self.team_id, "organisation_id": self.organisation_id}

    def team(self, known: Known) -> Team:
        """The team. Refuses for one that the organisation does not have."""
        known(Organisation, self.organisation_id).must_exist()
        team = known(Team, self.team_id)
        team.must_be_of(self.organisation_id)
        return team

    def must_stand(self, known: Known, status: str = "active") -> None:
        """Refuse for a team in another status, or whose organisation is not approved."""
        known(Team, self.team_id).must_be(status)
        known(Organisation, self.organisation_id).must_be_approved()

    def is_member(self, known: Known, volunteer_id: VolunteerId) -> bool:
        """Whether somebody is a member of the organisation today."""
        return known(Membership, self.organisation_id, volunteer_id).has_role(EVERY_ROLE, self.at.date())

    def must_manage(self, known: Known) -> None:
        """Refuse whoever does not manage the organisation's members."""
        must_act_for(self.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), known)

    def must_lead(self, known: Known, team: Team) -> None:
        """Refuse whoever neither leads the team today nor manages the organisation's members.

        The captain of one of the organisation's own teams leads it as long as they are a member.
        """
        captain_id = self.by.volunteer_id if team.is_led_by(self.by, self.at.date()) else None
        if captain_id is None or not (team.is_guided or self.is_member(known, captain_id)):
            self.must_manage(known)
        elif known(Volunteer, captain_id).is_suspended:
            raise YouAreSuspended


class FoundTeam(OnTeam, frozen=True, kw_only=True):
    """Found a team of the organisation, or take a group under its guidance."""

    name: Line
    from_day: date
    is_guided: bool = False

    def decide(self, known: Known) -> Iterator[Fact]:
        organisation = known(Organisation, self.organisation_id)
        organisation.must_exist()
        self.must_manage(known)
        organisation.must_be_approved()
        yield TeamFounded(
            **self.ids, name=self.name, founded_by=self.by.actor, from_day=self.from_day, is_guided=self.is_guided
        )


class ProposeTeam(OnTeam, frozen=True, kw_only=True):
    """Ask an organisation to guide a group without registration, which one is to lead."""

    name: Line

    def decide(self, known: Known) -> Iterator[Fact]:
        organisation = known(Organisation, self.organisation_id)
        organisation.must_be_approved()
        if self.by.authority != "volunteer" or self.by.volunteer_id is None:
            raise NotYourOwn
        known(Volunteer, self.by.volunteer_id).must_be_active()
        yield TeamProposed(**self.ids, volunteer_id=self.by.volunteer_id, name=self.name)


class AcceptTeam(OnTeam, frozen=True, kw_only=True):
    """Take a group under the organisation's guidance that asked for it: whoever asked is its captain from today."""

    def also_needs(self, known: Known) -> Sequence[Key]:
        proposer = known(Team, self.team_id).proposer
        return (about(Volunteer, proposer),) if proposer else ()

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        self.must_manage(known)
        self.must_stand(known, "proposed")
        assert team.proposer, "somebody asked for it"
        known(Volunteer, team.proposer).must_be_active()
        if is_one_of(known, team.proposer, self.by.eyes):
            raise KeyOfTheirOwn
        today, their = self.at.date(), self.ids | {"volunteer_id": team.proposer}
        yield TeamFounded(**their, name=team.name, founded_by=self.by.actor, from_day=today, is_guided=True)
        yield TeamMemberJoined(**their)
        yield CaptainNamed(**their, from_day=today)


class DeclineTeam(OnTeam, frozen=True, kw_only=True):
    """Say no to a group that asked for guidance; whoever asked takes it back."""

    reason: Text | None = None

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        if team.proposer is None or team.proposer != self.by.volunteer_id:
            self.must_manage(known)
        self.must_stand(known, "proposed")
        assert team.proposer, "somebody asked for it"
        yield TeamDeclined(**self.ids, volunteer_id=team.proposer, reason=self.reason)


class RenameTeam(OnTeam, frozen=True, kw_only=True):
    """Give a team another name."""

    name: Line

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        self.must_lead(known, team)
        self.must_stand(known)
        if team.name == self.name:
            raise NothingChanges
        yield TeamRenamed(**self.ids, name=self.name)


class DissolveTeam(OnTeam, frozen=True, kw_only=True):
    """Dissolve a team: today is its last day, and all who belong to it leave it."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        self.must_manage(known)
        self.must_stand(known)
        today = self.at.date()
        if today < team.from_day:
            raise TermEndsBeforeItStarts
        for volunteer_id in sorted({*team.members, *team.asked}):
            yield TeamMemberLeft(**self.ids, volunteer_id=volunteer_id)
        yield TeamDissolved(**self.ids, on_day=today, reason=self.reason)


class _OnMember(OnTeam, frozen=True, kw_only=True):
    """What concerns one person in a team: they agree themselves, and the captain or a coordinator does."""

    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        return (
            *super().needs(),
            about(Volunteer, self.volunteer_id),
            about(Membership, self.organisation_id, self.volunteer_id),
        )

    @property
    def is_own(self) -> bool:
        """Whether they do it themselves."""
        return self.by.volunteer_id == self.volunteer_id

    @property
    def their(self) -> dict[str, Any]:
        """Who in which team it is, as facts say it."""
        return self.ids | {"volunteer_id": self.volunteer_id}

    def must_decide(self, known: Known, team: Team) -> None:
        """Refuse whoever may not decide about others in the team; a program's key, about whoever issued it."""
        self.must_lead(known, team)
        if is_one_of(known, self.volunteer_id, self.by.eyes) and not self.is_own:
            raise KeyOfTheirOwn

    def must_be_taken(self, known: Known, team: Team) -> None:
        """Refuse for somebody who cannot belong to the team."""
        known(Volunteer, self.volunteer_id).must_be_active()
        if not (team.is_guided or self.is_member(known, self.volunteer_id)):
            raise TeamTakesMembers


class AskTeamMember(_OnMember, frozen=True, kw_only=True):
    """Ask to join a team, or invite somebody to."""

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        if not self.is_own:
            self.must_decide(known, team)
        self.must_stand(known)
        self.must_be_taken(known, team)
        if self.volunteer_id in team.members or self.volunteer_id in team.asked:
            raise InTeamAlready(volunteer_id=self.volunteer_id)
        if not (self.is_own or self.by.governs):
            must_invite_seldom(team.in_vain.get(self.volunteer_id, 0), sum(team.asked.values()))
        yield TeamMemberAsked(**self.their, is_invited=not self.is_own)


class ApproveTeamMember(_OnMember, frozen=True, kw_only=True):
    """Agree: to one's own invitation, or, for the team, to somebody who asks."""

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        is_invited = team.asked.get(self.volunteer_id)
        if not (self.is_own and is_invited is not False):
            self.must_decide(known, team)
        self.must_stand(known)
        if is_invited is None or (is_invited and not self.is_own):
            raise NotAsked(volunteer_id=self.volunteer_id)
        self.must_be_taken(known, team)
        yield TeamMemberJoined(**self.their)


class EndTeamMember(_OnMember, frozen=True, kw_only=True):
    """Leave a team, decline to join it, or take somebody out of it; while the organisation is suspended, too."""

    reason: Text | None = None

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        if not self.is_own:
            self.must_decide(known, team)
        team.must_be("active")
        if self.volunteer_id not in team.asked:
            team.must_have(self.volunteer_id)
        yield TeamMemberLeft(**self.their, reason=self.reason)


class NameCaptain(_OnMember, frozen=True, kw_only=True):
    """Name a member captain, from a day on. Coordinators may name themselves: they may do all that a captain may.

    Their keys may not: nobody keeps by a key what they have as a coordinator.
    """

    from_day: date
    until_day: date | None = None

    def decide(self, known: Known) -> Iterator[Fact]:
        team = self.team(known)
        self.must_manage(known)
        if is_one_of(known, self.volunteer_id, self.by.eyes) and not self.is_own:
            raise KeyOfTheirOwn
        self.must_stand(known)
        team.must_have(self.volunteer_id)
        self.must_be_taken(known, team)
        must_be_a_term(self.from_day, self.until_day)
        yield CaptainNamed(**self.their, from_day=self.from_day, until_day=self.until_day)

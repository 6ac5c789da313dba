"""Teams: who founds, joins, leads and dissolves them; and what is done in their name."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.machine.base import act, bodies, people, sensible, which
from tests.machine.belonging import Belonging
from tests.machine.things import Team
from timebank.domain.acting import Acting
from timebank.domain.facts.organisations import MembershipApproved, MembershipEnded
from timebank.domain.facts.service import ServiceLogged
from timebank.domain.facts.teams import CaptainNamed, TeamDissolved, TeamFounded, TeamMemberJoined, TeamMemberLeft
from timebank.domain.identifiers import TeamId
from timebank.domain.organisations.teams import (
    AcceptTeam,
    ApproveTeamMember,
    AskTeamMember,
    DeclineTeam,
    DissolveTeam,
    EndTeamMember,
    FoundTeam,
    NameCaptain,
    ProposeTeam,
)
from timebank.projections.organisations import teams
from timebank.projections.service import records

leading = st.sampled_from(["administrator", "body", "captain", "captain", "self", "stranger"])


class Teaming(Belonging):
    """Bodies found teams and guide groups; people ask to join, agree, lead and leave."""

    @act(body=bodies, n=people, who=leading, days=st.sampled_from([-40, -2, 0, 1]), is_guided=st.booleans())
    def found_team(self, body: int, n: int, who: str, days: int, is_guided: bool) -> None:
        """A body founds a team of its own from a day on; a group asks for guidance, and its first is the captain."""
        by = self.volunteer(n) if is_guided else self._leading(who, body, n, None)
        ids = self._ids(f"tea_{self.number():04}", body)
        since = self.model.today + timedelta(days=days)
        is_there = body not in self.model.closed
        if is_guided:
            expected = is_there and self.model.is_active(n)
            self.do(self.say(ProposeTeam, by, **ids, name="x"), expected)
            team = Team(body, True, status="proposed", proposer=n)
        else:
            expected = is_there and self.model.may(by, body, "coordinator")
            self.do(self.say(FoundTeam, by, **ids, name="x", from_day=since), expected)
            team = Team(body, False, from_day=since)
        if expected:
            self.model.teams[ids["team_id"]] = team

    @act(lambda self: self.model.teams, which=which, sensible=sensible, who=leading, accept=st.booleans())
    def decide_on_team(self, which: int, sensible: bool, who: str, accept: bool) -> None:
        """A body agrees to guide a group, and whoever asked leads it; or it does not, or they ask no more."""
        key, team = self._team(which, sensible, lambda _, team: team.status == "proposed")
        by = self._leading(who, team.body, team.proposer or 0, team)
        is_theirs = not accept and team.proposer is not None and by == self.volunteer(team.proposer)
        expected = (
            team.status == "proposed"
            and team.body not in self.model.closed
            and (is_theirs or self.model.may(by, team.body, "coordinator"))
            and not (accept and not (self.model.is_active(team.proposer) and by != self.volunteer(team.proposer)))
        )
        self.do(self.say(AcceptTeam if accept else DeclineTeam, by, **self._ids(key, team.body)), expected)
        if expected and accept:
            named = ((team.proposer, self.model.today, None),)
            after = team._replace(status="active", from_day=self.model.today, captains=named)
            self.model.teams[key] = after._replace(members=frozenset({team.proposer}))
        elif expected:
            self.model.teams[key] = team._replace(status="declined")

    @act(
        lambda self: self.model.teams,
        which=which,
        sensible=sensible,
        n=people,
        who=leading,
        step=st.sampled_from(["ask", "ask", "approve", "approve", "end"]),
    )
    def belong_to_team(self, which: int, sensible: bool, n: int, who: str, step: str) -> None:
        """Somebody asks to join or is asked to, the other side agrees, and either side ends it."""
        key, team = self._team(which, sensible, lambda _, team: team.status == "active")
        by = self._leading(who, team.body, n, team)
        is_own, asked = by == self.volunteer(n), dict(team.asked)
        leads = self.model.leads(by, team)
        can = team.status == "active" and (step == "end" or self._can_belong(n, team))
        kind: Any = {"ask": AskTeamMember, "approve": ApproveTeamMember, "end": EndTeamMember}[step]
        if step == "approve":
            expected = can and n in asked and (is_own if asked[n] else leads)
        elif step == "ask":
            expected = can and (is_own or leads) and n not in team.members and n not in asked
        else:
            expected = can and (is_own or leads) and (n in team.members or n in asked)
        self.do(self.say(kind, by, **self._ids(key, team.body), volunteer_id=self.person(n)), expected)
        if expected and step == "ask":
            self.model.teams[key] = team._replace(asked=(*team.asked, (n, not is_own)))
        elif expected:
            left = team.without(n)
            joined = team._replace(asked=left.asked, members=team.members | {n})
            self.model.teams[key] = joined if step == "approve" else left

    def _can_belong(self, n: int, team: Team) -> bool:
        is_member = self.model.roles.get((team.body, n), ("", ""))[1] == "approved"
        return team.body not in self.model.closed and self.model.is_active(n) and (team.is_guided or is_member)

    @act(
        lambda self: self.model.teams, which=which, sensible=sensible, n=people, who=leading,
        days=st.sampled_from([-1, 0, 0, 2]), lasting=st.sampled_from([None, None, 3]),
    )  # fmt: skip
    def name_captain(self, which: int, sensible: bool, n: int, who: str, days: int, lasting: int | None) -> None:
        """A body names a member who leads from a day on."""
        key, team = self._team(which, sensible, lambda _, team: n in team.members)
        by, since = self._leading(who, team.body, n, team), self.model.today + timedelta(days=days)
        until = None if lasting is None else since + timedelta(days=lasting)
        expected = (
            team.status == "active"
            and team.body not in self.model.closed
            and self.model.may(by, team.body, "coordinator")
            and n in team.members
            and self.model.is_active(n)
        )
        term = {"volunteer_id": self.person(n), "from_day": since, "until_day": until}
        self.do(self.say(NameCaptain, by, **self._ids(key, team.body), **term), expected)
        if expected:
            self.model.teams[key] = team._replace(captains=(*team.captains, (n, since, until)))

    @act(lambda self: self.model.teams, which=which, sensible=sensible, who=leading)
    def dissolve_team(self, which: int, sensible: bool, who: str) -> None:
        """A body dissolves a team that is there; today is its last day, and all leave it."""
        key, team = self._team(which, sensible, lambda _, team: team.status == "active")
        by, today = self._leading(who, team.body, 0, team), self.model.today
        expected = (
            team.status == "active"
            and team.body not in self.model.closed
            and self.model.may(by, team.body, "coordinator")
            and team.from_day <= today
        )
        self.do(self.say(DissolveTeam, by, **self._ids(key, team.body), reason="x"), expected)
        if expected:
            nobody: Any = {"members": frozenset(), "asked": (), "captains": ()}
            self.model.teams[key] = team._replace(status="dissolved", last_day=today, **nobody)

    def _team(self, which: int, sensible: bool, is_good: Any) -> tuple[str, Team]:
        found: tuple[str, Team] = self.pick(list(self.model.teams.items()), which, sensible, is_good)
        return found

    def _leading(self, who: str, body: int, n: int, team: Team | None) -> Acting:
        """Who acts: the office, the body's program or another's, whoever leads the team, or the person."""
        captain = team.captain(self.model.today) if team else None
        if who == "captain" and captain is not None:
            return self.volunteer(captain)
        return self.acting({"captain": "member"}.get(who, who), body, n)

    def _ids(self, key: str, body: int) -> dict[str, Any]:
        return {"team_id": TeamId(key), "organisation_id": self.body(body)}

    def team_named(self, which: int | None) -> str | None:
        """One of the teams there are, if one is to be named."""
        return None if which is None or not self.model.teams else [*self.model.teams][which % len(self.model.teams)]

    def team_at(self, which: int | None, body: int, day: date) -> TeamId | None:
        """One of a body's teams that are there on a day, if one is to be named."""
        there = [key for key, team in self.model.teams.items() if team.body == body and team.is_there(day)]
        return TeamId(there[which % len(there)]) if there and which is not None else None

    # What holds of any history

    def teams_have_whom_they_can(self, facts: list[Any]) -> None:
        """At every moment: who belongs to a team of a body's own is its member, who leads belongs to it, and service
        in the name of a team is of its body and of its time.
        """
        of_body: set[tuple[Any, Any]] = set()
        founded: dict[Any, TeamFounded] = {}
        ended: dict[Any, date] = {}
        members: dict[Any, set[Any]] = {}
        for fact in facts:
            match fact:
                case MembershipApproved():
                    of_body.add((fact.organisation_id, fact.volunteer_id))
                case MembershipEnded():
                    of_body.discard((fact.organisation_id, fact.volunteer_id))
                case TeamFounded():
                    founded[fact.team_id], members[fact.team_id] = fact, set()
                case TeamMemberJoined():
                    members[fact.team_id].add(fact.volunteer_id)
                case TeamMemberLeft():
                    members[fact.team_id].discard(fact.volunteer_id)
                case CaptainNamed():
                    assert fact.volunteer_id in members[fact.team_id]
                case TeamDissolved():
                    ended[fact.team_id] = fact.on_day
                    assert not members[fact.team_id], "a team that is dissolved has nobody"
                case ServiceLogged() if fact.team_id:
                    team = founded[fact.team_id]
                    assert team.organisation_id == fact.organisation_id
                    assert team.from_day <= fact.local_date <= ended.get(fact.team_id, date.max)
            if isinstance(fact, MembershipEnded | TeamMemberJoined):
                for key, own in founded.items():
                    are_there = all((own.organisation_id, n) in of_body for n in members[key])
                    assert own.is_guided or are_there

    async def teams_are_those_of_the_model(self) -> None:
        """Teams stand as the model has them; the hours of each are the minutes of its confirmed records, by month."""
        for key, team in self.model.teams.items():
            seen = await teams.one(self.pool, self.bank_id, self.model.today, key)
            assert seen is not None
            captain = team.captain(self.model.today)
            told = seen.status, seen.members, seen.captain_id
            assert told == (team.status, len(team.members), None if captain is None else self.person(captain))
            found = await teams.members(self.pool, self.bank_id, key, "", 100)
            assert {each.volunteer_id for each in found if each.status == "joined"} == set(
                map(self.person, team.members)
            )
            hours = {
                each.month: each.minutes
                for each in await records.hours_of_team(self.pool, self.bank_id, key, None, None)
            }
            theirs = [record for record in self.model.records.values() if record.team == key]
            assert hours.pop(None) == sum(record.service for record in theirs)
            assert all(
                minutes == sum(each.service for each in theirs if f"{each.day:%Y-%m}" == month)
                for month, minutes in hours.items()
            )
            assert sum(hours.values()) == sum(record.service for record in theirs)

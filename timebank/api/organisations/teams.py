"""Teams of an organisation: founding, asking for guidance, naming captains, dissolving; and their hours."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.rights import LEAST_PEOPLE, MONTHS_ONLY, TOO_FEW, NotAllowed
from timebank.access.table import LEAD_TEAM, MANAGE_MEMBERS, PEOPLE, SEES_MEMBERS, VIEW_PERSON, VIEW_TEAM
from timebank.api.http.lists import listed, whole
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Somebody,
    Status,
    WhyRequest,
)
from timebank.domain.identifiers import OrganisationId, TeamId, VolunteerId, new_team_id
from timebank.domain.organisations.refusals import TeamUnknown
from timebank.domain.organisations.teams import (
    AcceptTeam,
    DeclineTeam,
    DissolveTeam,
    FoundTeam,
    NameCaptain,
    ProposeTeam,
    RenameTeam,
)
from timebank.domain.text import Line
from timebank.projections.machinery.periods import last_over, month_end
from timebank.projections.organisations import teams
from timebank.projections.organisations.teams import TeamOfView, TeamView
from timebank.projections.service import records
from timebank.projections.service.records import TeamHours


class TeamRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the team is called, since when it exists (else: today), and whether it is a group that is only guided."""

    name: Line
    from_day: date | None = None
    is_guided: bool = False


class TeamNameRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the team is called."""

    name: Line


class CaptainRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who leads the team, from which day on (else: today), and until which (included)."""

    volunteer_id: Somebody
    from_day: date | None = None
    until_day: date | None = None


class TeamStatus(Status, frozen=True, kw_only=True):
    """How the team stands now."""

    team_id: str


class TeamController(Controller):
    """`/v1/organisations/{organisation_id}/teams`"""

    path = "/organisations/{organisation_id:str}/teams"
    tags = ("Teams",)

    @get(responses=READS, access=VIEW_TEAM)
    async def list_teams(
        self, request: BankRequest, organisation_id: FromPath[str], after: After = "", limit: Limit = 50
    ) -> Page[TeamView]:
        """The teams of an organisation, dissolved ones as well, in the order in which they were founded."""
        await request.must_be_known("organisation_id", organisation_id)

        async def page(after: str, limit: int) -> list[TeamView]:
            return await teams.page(request.pool, request.bank_id, request.today, organisation_id, after, limit)

        return await listed(request, page, after, limit, "team_id")

    @post(responses=WRITES, access=MANAGE_MEMBERS)
    async def found_team(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[TeamRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamStatus:
        """Found a team, or take a group without registration under the organisation's guidance."""
        command = FoundTeam(
            **request.stamp,
            team_id=new_team_id(),
            organisation_id=OrganisationId(organisation_id),
            name=data.name,
            from_day=data.from_day or request.today,
            is_guided=data.is_guided,
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamStatus(team_id=_id(receipt.facts[0]), status="active", position=receipt.position)

    @post("/proposals", responses=WRITES, access=PEOPLE)
    async def propose_team(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[TeamNameRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamStatus:
        """Ask the organisation to guide a group without registration, which one is to lead."""
        command = ProposeTeam(
            **request.stamp, team_id=new_team_id(), organisation_id=OrganisationId(organisation_id), name=data.name
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamStatus(team_id=_id(receipt.facts[0]), status="proposed", position=receipt.position)

    @get("/{team_id:str}", responses=READS, access=VIEW_TEAM)
    async def get_team(self, request: BankRequest, organisation_id: FromPath[str], team_id: FromPath[str]) -> TeamView:
        """One team, as it stands today."""
        (shown,) = await request.named([await team_of(request, organisation_id, team_id)])
        return shown

    @get("/{team_id:str}/hours", responses=READS, access=LEAD_TEAM)
    async def get_team_hours(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        first_day: Annotated[
            date | None, QueryParameter(name="from", description="The first local day that counts.")
        ] = None,
        last_day: Annotated[
            date | None, QueryParameter(name="until", description="The last local day that counts.")
        ] = None,
    ) -> list[TeamHours]:
        """What service in the name of the team comes to, by month, and last in all; for whoever sees its people.

        Its captain sees all, and whoever serves its organisation. Others see whole months that are over and in which
        many served, and nothing of a small team; the sum only where no month is left out.
        """
        team = await team_of(request, organisation_id, team_id)
        await request.sight.must_see_team(OrganisationId(organisation_id), TeamId(team_id))
        leads = await _leads(request, team)
        if not leads:
            _must_tell_of_many(team, first_day, last_day)
            over = last_over(request.today)
            last_day = min(last_day or over, over)
        found = await records.hours_of_team(request.pool, request.bank_id, team_id, first_day, last_day)
        return await whole(request, found if leads else _of_many(found))

    @post("/{team_id:str}/accept", status_code=200, responses=WRITES, access=MANAGE_MEMBERS)
    async def accept_team(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamStatus:
        """Take a group under the organisation's guidance that asked for it; whoever asked is its captain.

        People prove who they are first, as for whatever lasts.
        """
        await request.must_be_proved()
        command = AcceptTeam(**request.stamp, team_id=TeamId(team_id), organisation_id=OrganisationId(organisation_id))
        receipt = await request.execute(command, idempotency_key)
        return TeamStatus(team_id=team_id, status="active", position=receipt.position)

    @post("/{team_id:str}/decline", status_code=200, responses=WRITES, access=LEAD_TEAM)
    async def decline_team(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        data: JSONBody[WhyRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamStatus:
        """Say no to a group that asked for guidance; whoever asked takes it back."""
        command = DeclineTeam(
            **request.stamp,
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            reason=data.reason if data else None,
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamStatus(team_id=team_id, status="declined", position=receipt.position)

    @post("/{team_id:str}/rename", status_code=200, responses=WRITES, access=LEAD_TEAM)
    async def rename_team(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        data: JSONBody[TeamNameRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamStatus:
        """Give the team another name: its captain, or a coordinator."""
        command = RenameTeam(
            **request.stamp, team_id=TeamId(team_id), organisation_id=OrganisationId(organisation_id), name=data.name
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamStatus(team_id=team_id, status="active", position=receipt.position)

    @post("/{team_id:str}/captain", status_code=200, responses=WRITES, access=MANAGE_MEMBERS)
    async def name_captain(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        data: JSONBody[CaptainRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamStatus:
        """Name a member of the team its captain; people prove who they are first, as for whatever lasts."""
        await request.must_be_proved()
        command = NameCaptain(
            **request.stamp,
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(data.volunteer_id),
            from_day=data.from_day or request.today,
            until_day=data.until_day,
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamStatus(team_id=team_id, status="active", position=receipt.position)

    @post("/{team_id:str}/dissolve", status_code=200, responses=WRITES, access=MANAGE_MEMBERS)
    async def dissolve_team(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamStatus:
        """Dissolve the team: all who belong to it leave it today."""
        command = DissolveTeam(
            **request.stamp,
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            reason=data.reason,
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamStatus(team_id=team_id, status="dissolved", position=receipt.position)


class VolunteerTeamController(Controller):
    """`/v1/volunteers/{volunteer_id}/teams`"""

    path = "/volunteers/{volunteer_id:str}/teams"
    tags = ("Teams",)

    @get(responses=READS, access=VIEW_PERSON)
    async def list_teams_of_volunteer(self, request: BankRequest, volunteer_id: FromPath[str]) -> list[TeamOfView]:
        """The teams that somebody joined, asks to join or is asked to, or left."""
        await request.must_be_known("volunteer_id", volunteer_id)
        return await whole(request, await teams.of_volunteer(request.pool, request.bank_id, volunteer_id))


async def team_of(request: BankRequest, organisation_id: str, team_id: str) -> TeamView:
    """A team of an organisation. Raises `TeamUnknown`."""
    await request.must_be_known("organisation_id", organisation_id)
    found = await teams.one(request.pool, request.bank_id, request.today, team_id)
    if found is None or found.organisation_id != organisation_id:
        raise TeamUnknown(team_id=team_id)
    return found


async def _leads(request: BankRequest, team: TeamView) -> bool:
    """Whether whoever asks leads a team, or has to do with the service of its organisation."""
    is_captain = team.captain_id == request.user.person_id
    if request.sight.sees_people or (is_captain and team.team_id in await request.sight.teams()):
        return True
    return team.organisation_id in await request.sight.organisations(SEES_MEMBERS)


def _must_tell_of_many(team: TeamView, first_day: date | None, last_day: date | None) -> None:
    """Refuse what would tell what one person of the team served. Raises `NotAllowed`."""
    if team.members < LEAST_PEOPLE:
        raise NotAllowed(TOO_FEW, least=LEAST_PEOPLE)
    if (first_day and first_day.day > 1) or (last_day and last_day != month_end(last_day)):
        raise NotAllowed(MONTHS_ONLY)


def _of_many(found: Sequence[TeamHours]) -> list[TeamHours]:
    """The months in which many served, and the sum, if it tells nothing of the others."""
    shown = [each for each in found if each.people >= LEAST_PEOPLE]
    return shown if len(shown) == len(found) else [each for each in shown if each.month]


def _id(fact: object) -> str:
    return str(getattr(fact, "team_id", ""))

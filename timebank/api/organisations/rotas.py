"""Who belongs to a team, and its rota: who is on duty when."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.table import LEAD_TEAM, VIEW_PERSON
from timebank.api.http.lists import listed, whole
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    Somebody,
    Status,
    WhyRequest,
    happened,
)
from timebank.api.organisations.teams import team_of
from timebank.domain.facts.teams import MinuteOfDay, ShiftMinutes, ShiftSet, TeamMemberAsked
from timebank.domain.identifiers import OrganisationId, ShiftId, TeamId, VolunteerId, new_shift_id
from timebank.domain.organisations.rotas import EndShift, SetShift
from timebank.domain.organisations.teams import ApproveTeamMember, AskTeamMember, EndTeamMember
from timebank.projections.organisations import teams
from timebank.projections.organisations.teams import ShiftView, TeamMemberView


class TeamMemberRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to join the team."""

    volunteer_id: Somebody


class ShiftRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is on duty: every week on the weekday of `from_day`, until `until_day`; once, if they are one.

    It starts so many minutes after local midnight, and lasts so many minutes.
    """

    volunteer_id: Somebody
    from_day: date
    until_day: date | None = None
    from_minute: MinuteOfDay
    minutes: ShiftMinutes


class EndShiftRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose shift it is."""

    volunteer_id: Somebody


class TeamMemberStatus(Status, frozen=True, kw_only=True):
    """How somebody stands with the team now."""

    team_id: str
    volunteer_id: str


class ShiftStatus(Status, frozen=True, kw_only=True):
    """How the shift stands now."""

    shift_id: str


class TeamMemberController(Controller):
    """`/v1/organisations/{organisation_id}/teams/{team_id}/members`"""

    path = "/organisations/{organisation_id:str}/teams/{team_id:str}/members"
    tags = ("Teams",)

    @get(responses=READS, access=LEAD_TEAM)
    async def list_team_members(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        after: After = "",
        limit: Limit = 50,
    ) -> Page[TeamMemberView]:
        """Who belongs to the team, asks to or is asked to; for its people, and whoever serves its organisation."""
        await _must_see(request, organisation_id, team_id)

        async def page(after: str, limit: int) -> list[TeamMemberView]:
            return await teams.members(request.pool, request.bank_id, team_id, after, limit)

        return await listed(request, page, after, limit, "volunteer_id")

    @post(responses=WRITES, access=LEAD_TEAM)
    async def ask_team_member(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        data: JSONBody[TeamMemberRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamMemberStatus:
        """Ask to join the team; or invite somebody, as its captain or a coordinator."""
        command = AskTeamMember(
            **request.stamp,
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(data.volunteer_id),
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, TeamMemberAsked)
        status = "invited" if fact.is_invited else "requested"
        return TeamMemberStatus(
            team_id=team_id, volunteer_id=fact.volunteer_id, status=status, position=receipt.position
        )

    @post("/{volunteer_id:str}/approve", status_code=200, responses=WRITES, access=LEAD_TEAM)
    async def approve_team_member(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        volunteer_id: FromPath[str],
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamMemberStatus:
        """Accept one's own invitation; or let somebody in who asks, as its captain or a coordinator."""
        command = ApproveTeamMember(
            **request.stamp,
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamMemberStatus(team_id=team_id, volunteer_id=volunteer_id, status="joined", position=receipt.position)

    @post("/{volunteer_id:str}/end", status_code=200, responses=WRITES, access=LEAD_TEAM)
    async def end_team_member(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        volunteer_id: FromPath[str],
        data: JSONBody[WhyRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> TeamMemberStatus:
        """Leave the team, or decline to join it; or take somebody out of it, as its captain or a coordinator."""
        command = EndTeamMember(
            **request.stamp,
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            reason=data.reason if data else None,
        )
        receipt = await request.execute(command, idempotency_key)
        return TeamMemberStatus(team_id=team_id, volunteer_id=volunteer_id, status="left", position=receipt.position)


class RotaController(Controller):
    """`/v1/organisations/{organisation_id}/teams/{team_id}/shifts`"""

    path = "/organisations/{organisation_id:str}/teams/{team_id:str}/shifts"
    tags = ("Teams",)

    @get(responses=READS, access=LEAD_TEAM)
    async def list_shifts(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        on: Annotated[date | None, QueryParameter(description="Only what starts on this local day.")] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Page[ShiftView]:
        """The rota from today on, or who is on duty on a day; for its people, and whoever serves its organisation."""
        await _must_see(request, organisation_id, team_id)

        async def page(after: str, limit: int) -> list[ShiftView]:
            return await teams.rota(
                request.pool, request.bank_id, team_id, on or request.today, after, limit, only=on is not None
            )

        return await listed(request, page, after, limit, "shift_id")

    @post(responses=WRITES, access=LEAD_TEAM)
    async def set_shift(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        data: JSONBody[ShiftRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> ShiftStatus:
        """Put a member on duty, as the team's captain or a coordinator."""
        command = SetShift(
            **request.stamp,
            shift_id=new_shift_id(),
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(data.volunteer_id),
            from_day=data.from_day,
            until_day=data.until_day,
            from_minute=data.from_minute,
            minutes=data.minutes,
        )
        receipt = await request.execute(command, idempotency_key)
        return ShiftStatus(shift_id=happened(receipt, ShiftSet).shift_id, status="set", position=receipt.position)

    @post("/{shift_id:str}/end", status_code=200, responses=WRITES, access=LEAD_TEAM)
    async def end_shift(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        team_id: FromPath[str],
        shift_id: FromPath[str],
        data: JSONBody[EndShiftRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> ShiftStatus:
        """Take a shift from the rota."""
        command = EndShift(
            **request.stamp,
            shift_id=ShiftId(shift_id),
            team_id=TeamId(team_id),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(data.volunteer_id),
        )
        receipt = await request.execute(command, idempotency_key)
        return ShiftStatus(shift_id=shift_id, status="ended", position=receipt.position)


class VolunteerShiftController(Controller):
    """`/v1/volunteers/{volunteer_id}/shifts`"""

    path = "/volunteers/{volunteer_id:str}/shifts"
    tags = ("Teams",)

    @get(responses=READS, access=VIEW_PERSON)
    async def list_shifts_of_volunteer(self, request: BankRequest, volunteer_id: FromPath[str]) -> list[ShiftView]:
        """When somebody is on duty from today on, in all their teams."""
        await request.must_be_known("volunteer_id", volunteer_id)
        return await whole(request, await teams.own_shifts(request.pool, request.bank_id, volunteer_id, request.today))


async def _must_see(request: BankRequest, organisation_id: str, team_id: str) -> None:
    """Refuse for a team that there is not, and whoever may not see its people."""
    await team_of(request, organisation_id, team_id)
    await request.sight.must_see_team(OrganisationId(organisation_id), TeamId(team_id))

"""Memberships: asking, inviting, deciding, and who is a member."""

from datetime import date

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import FromPath, JSONBody

from timebank.api.http.guard import must_see_members, note
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    MinPosition,
    Page,
    do,
    now,
    page_of,
    services,
    volunteer_meant,
    wait_for_reads,
)
from timebank.domain.facts.organisations import MembershipInvited, MembershipRequested, Role
from timebank.domain.identifiers import OrganisationId, VolunteerId, new_membership_id
from timebank.domain.kernel import Command
from timebank.domain.organisations.memberships import (
    AddMember,
    ApproveMembership,
    ChangeRole,
    DeclineMembership,
    EndMembership,
)
from timebank.domain.text import Text
from timebank.projections.organisations import memberships
from timebank.projections.organisations.memberships import MembershipView


class MemberRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to become a member, in which role, and for how long; `valid_until` is the last day."""

    volunteer_id: Id
    role: Role = "member"
    valid_from: date | None = None
    valid_until: date | None = None


class RoleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The role, and its term."""

    role: Role
    valid_from: date | None = None
    valid_until: date | None = None


class WhyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, if there is something to say."""

    reason: Text | None = None


class MembershipStatus(msgspec.Struct, frozen=True):
    """How the membership stands now."""

    membership_id: str
    organisation_id: str
    volunteer_id: str
    status: str
    position: int


class MemberController(Controller):
    """`/v1/organisations/{organisation_id}/members`"""

    path = "/organisations/{organisation_id:str}/members"
    tags = ("Memberships",)

    @post(responses=WRITES)
    async def add_member(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[MemberRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """Ask for a membership: volunteers request their own, the organisation invites."""
        command = AddMember(
            by=request.user.acting,
            at=now(request),
            membership_id=new_membership_id(),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=await volunteer_meant(request, data.volunteer_id),
            role=data.role,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[0]  # a proxy's act is followed by another that says so
        assert isinstance(fact, MembershipRequested | MembershipInvited)
        status = "requested" if isinstance(fact, MembershipRequested) else "invited"
        return MembershipStatus(fact.membership_id, organisation_id, fact.volunteer_id, status, receipt.position)

    @get(responses=READS)
    async def list_members(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        after: After = "",
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[MembershipView]:
        """Memberships of the organisation, open and closed, in the order they were opened."""
        await wait_for_reads(request, min_position)
        await must_see_members(request, OrganisationId(organisation_id))
        found = await memberships.page(
            services(request).pool,
            services(request).people,
            request.user.bank_id,
            organisation_id=organisation_id,
            volunteer_id=None,
            after=after,
            limit=limit + 1,
        )
        await note(request, "people-read", people=min(len(found), limit), organisation=organisation_id)
        return page_of(found, limit, "membership_id")

    @post("/{volunteer_id:str}/approve", status_code=200, responses=WRITES)
    async def approve_membership(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        volunteer_id: FromPath[str],
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """Let somebody in, or accept one's own invitation."""
        command = ApproveMembership(
            by=request.user.acting,
            at=now(request),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
        )
        return await _decided(request, command, "approved", idempotency_key)

    @post("/{volunteer_id:str}/decline", status_code=200, responses=WRITES)
    async def decline_membership(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        volunteer_id: FromPath[str],
        data: JSONBody[WhyRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """Say no to a request or an invitation."""
        command = DeclineMembership(
            by=request.user.acting,
            at=now(request),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            reason=data.reason if data else None,
        )
        return await _decided(request, command, "declined", idempotency_key)

    @post("/{volunteer_id:str}/end", status_code=200, responses=WRITES)
    async def end_membership(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        volunteer_id: FromPath[str],
        data: JSONBody[WhyRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """End a membership; volunteers may always leave."""
        command = EndMembership(
            by=request.user.acting,
            at=now(request),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            reason=data.reason if data else None,
        )
        return await _decided(request, command, "ended", idempotency_key)

    @patch("/{volunteer_id:str}", responses=WRITES)
    async def change_role(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        volunteer_id: FromPath[str],
        data: JSONBody[RoleRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """Give a member another role, or another term."""
        command = ChangeRole(
            by=request.user.acting,
            at=now(request),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            role=data.role,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        return await _decided(request, command, "approved", idempotency_key)


class VolunteerMembershipController(Controller):
    """`/v1/volunteers/{volunteer_id}/memberships`"""

    path = "/volunteers/{volunteer_id:str}/memberships"
    tags = ("Memberships",)

    @get(responses=READS)
    async def list_memberships(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        after: After = "",
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[MembershipView]:
        """The organisations a volunteer belongs to, and belonged to."""
        await wait_for_reads(request, min_position)
        found = await memberships.page(
            services(request).pool,
            services(request).people,
            request.user.bank_id,
            organisation_id=None,
            volunteer_id=volunteer_id,
            after=after,
            limit=limit + 1,
        )
        return page_of(found, limit, "membership_id")


async def _decided(request: BankRequest, command: Command, status: str, key: str | None) -> MembershipStatus:
    receipt = await do(request, command, key)
    fact = receipt.facts[0]
    return MembershipStatus(
        fact.membership_id,  # type: ignore[attr-defined]  # every fact about a membership names it
        fact.organisation_id,  # type: ignore[attr-defined]
        fact.volunteer_id,  # type: ignore[attr-defined]
        status,
        receipt.position,
    )

"""Memberships: asking, inviting, deciding, and who is a member."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.table import JOIN_OR_MANAGE, LET_IN, MANAGE_MEMBERS, VIEW_MEMBERS, VIEW_PERSON
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    PRINTABLE,
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    Somebody,
    Status,
    WhyRequest,
)
from timebank.domain.facts.organisations import (
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
    MembershipRoleChanged,
    Role,
)
from timebank.domain.identifiers import MembershipId, OrganisationId, VolunteerId, new_membership_id
from timebank.domain.kernel import Command
from timebank.domain.organisations.memberships import (
    AddMember,
    ApproveMembership,
    ChangeRole,
    DeclineMembership,
    EndMembership,
)
from timebank.domain.organisations.refusals import MembershipIsAnother
from timebank.identity.failures import ProofNeeded
from timebank.projections.organisations import memberships
from timebank.projections.organisations.memberships import MembershipView
from timebank.projections.people import volunteers

FOUND, MEMBERSHIPS = 50, 200
"""So many people are looked at whom a query finds, and so many memberships of each."""

MembershipStatusName = Literal["requested", "invited", "approved", "declined", "ended"]


Search = Annotated[
    str | None,
    QueryParameter(
        name="query",
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description="A number, a phone, or a name or its beginning (from two characters on).",
    ),
]


class MemberRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to become a member, in which role, and for how long; `valid_until` is the last day."""

    volunteer_id: Somebody
    role: Role = "member"
    valid_from: date | None = None
    valid_until: date | None = None


class ApproveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The role, and the membership, that one has seen and means; where another waits by now, nothing happens."""

    role: Role | None = None
    membership_id: MembershipId | None = None


class RoleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The role, and its term."""

    role: Role
    valid_from: date | None = None
    valid_until: date | None = None


class MembershipStatus(Status, frozen=True, kw_only=True):
    """How the membership stands now."""

    membership_id: str
    organisation_id: str
    volunteer_id: str


class MemberController(Controller):
    """`/v1/organisations/{organisation_id}/members`"""

    path = "/organisations/{organisation_id:str}/members"
    tags = ("Memberships",)

    @post(responses=WRITES, access=JOIN_OR_MANAGE)
    async def add_member(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[MemberRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """Ask for a membership: volunteers request their own, the organisation invites.

        To invite somebody to more than plain membership takes proof of who one is.
        """
        if data.role != "member" and data.volunteer_id != request.user.person_id:
            await request.must_be_proved()
        command = AddMember(
            **request.stamp,
            membership_id=new_membership_id(),
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(data.volunteer_id),
            role=data.role,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = next(each for each in receipt.facts if isinstance(each, MembershipRequested | MembershipInvited))
        status = "requested" if isinstance(fact, MembershipRequested) else "invited"
        return _status(fact, status, receipt.position)

    @get(responses=READS, access=VIEW_MEMBERS)
    async def list_members(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        role: Annotated[Role | None, QueryParameter()] = None,
        status: Annotated[MembershipStatusName | None, QueryParameter()] = None,
        search: Search = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Page[MembershipView]:
        """Memberships of the organisation, open and closed, in the order they were opened.

        Of those whom a `query` finds, the first fifty people are looked at, members of today only.
        """
        await request.must_be_known("organisation_id", organisation_id)
        await request.sight.must_see_members(OrganisationId(organisation_id))

        async def page(after: str, limit: int) -> list[MembershipView]:
            if search:
                found = await _found(request, organisation_id, search)
                meant = [each for each in found if role in (None, each.role) and status in (None, each.status)]
                return [each for each in meant if each.membership_id > after][:limit]
            return await memberships.page(
                request.pool,
                request.bank_id,
                organisation_id=organisation_id,
                volunteer_id=None,
                after=after,
                limit=limit,
                role=role,
                status=status,
            )

        async def note(people: int) -> None:
            await request.note_again("people-read", people=people, organisation=organisation_id)

        return await listed(request, page, after, limit, "membership_id", note=note)

    @post("/{volunteer_id:str}/approve", status_code=200, responses=WRITES, access=LET_IN)
    async def approve_membership(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        volunteer_id: FromPath[str],
        data: JSONBody[ApproveRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """Let somebody in who asked, or accept one's own invitation; proved, if it is to be more than a member.

        Whoever is invited accepts in person, or an administrator for them who did not invite them. To accept takes no
        proof, except of administrators: they can grant what they asked for themselves.
        """
        role = data.role if data else None
        user = request.user
        is_own = volunteer_id == user.person_id and not any(each.governs for each in (user.acting, *user.acting_also))
        if role not in (None, "member") and not is_own:
            await request.must_be_proved()
        command = ApproveMembership(
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            role=role if role or is_own or await _is_proved(request) else "member",
            seen_id=data.membership_id if data else None,
        )
        try:
            return await _decided(request, command, "approved", idempotency_key)
        except MembershipIsAnother:
            if role is None:
                await request.must_be_proved()
            raise

    @post("/{volunteer_id:str}/decline", status_code=200, responses=WRITES, access=JOIN_OR_MANAGE)
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
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            reason=data.reason if data else None,
        )
        return await _decided(request, command, "declined", idempotency_key)

    @post("/{volunteer_id:str}/end", status_code=200, responses=WRITES, access=JOIN_OR_MANAGE)
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
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            reason=data.reason if data else None,
        )
        return await _decided(request, command, "ended", idempotency_key)

    @patch("/{volunteer_id:str}", responses=WRITES, access=MANAGE_MEMBERS)
    async def change_role(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        volunteer_id: FromPath[str],
        data: JSONBody[RoleRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> MembershipStatus:
        """Give a member another role, or another term; proved, if they are to be more than a member."""
        if data.role != "member":
            await request.must_be_proved()
        command = ChangeRole(
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            volunteer_id=VolunteerId(volunteer_id),
            role=data.role,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        return await _decided(request, command, "approved", idempotency_key)


async def _found(request: BankRequest, organisation_id: str, query: str) -> list[MembershipView]:
    """The memberships in an organisation of those members whom a query finds."""
    pool, bank_id, people = request.pool, request.bank_id, request.services.people
    meant = await volunteers.page(pool, people, bank_id, query, "", FOUND, members_of=[organisation_id])
    of_each = [
        await memberships.page(
            pool, bank_id, organisation_id=None, volunteer_id=each.volunteer_id, after="", limit=MEMBERSHIPS
        )
        for each in meant
    ]
    theirs = [each for page in of_each for each in page if each.organisation_id == organisation_id]
    return sorted(theirs, key=lambda each: each.membership_id)


class VolunteerMembershipController(Controller):
    """`/v1/volunteers/{volunteer_id}/memberships`"""

    path = "/volunteers/{volunteer_id:str}/memberships"
    tags = ("Memberships",)

    @get(responses=READS, access=VIEW_PERSON)
    async def list_memberships(
        self,
        request: BankRequest,
        volunteer_id: FromPath[str],
        after: After = "",
        limit: Limit = 50,
    ) -> Page[MembershipView]:
        """The organisations a volunteer belongs to, and belonged to."""
        await request.must_be_known("volunteer_id", volunteer_id)

        async def page(after: str, limit: int) -> list[MembershipView]:
            return await memberships.page(
                request.pool, request.bank_id, organisation_id=None, volunteer_id=volunteer_id, after=after, limit=limit
            )

        return await listed(request, page, after, limit, "membership_id")


_Decision = MembershipApproved | MembershipDeclined | MembershipEnded | MembershipRoleChanged


async def _decided(request: BankRequest, command: Command, status: str, key: str | None) -> MembershipStatus:
    receipt = await request.execute(command, key)
    fact = next(each for each in receipt.facts if isinstance(each, _Decision))
    return _status(fact, status, receipt.position)


async def _is_proved(request: BankRequest) -> bool:
    try:
        await request.must_be_proved()
    except ProofNeeded:
        return False
    return True


def _status(fact: MembershipRequested | MembershipInvited | _Decision, status: str, position: int) -> MembershipStatus:
    return MembershipStatus(
        membership_id=fact.membership_id,
        organisation_id=fact.organisation_id,
        volunteer_id=fact.volunteer_id,
        status=status,
        position=position,
    )

"""Invitations: codes by which people register themselves for an organisation."""

from datetime import date

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import INVITE, KEEP_STAFF
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import BankRequest, IdempotencyHeader, Limit, Page, Status, WantedId, happened
from timebank.domain.facts.organisations import InvitationMade
from timebank.domain.identifiers import InvitationId, OrganisationId, new_invitation_id
from timebank.domain.organisations.invitations import Invited, MakeInvitation, WithdrawInvitation
from timebank.projections.organisations import invitations
from timebank.projections.organisations.invitations import InvitationView
from timebank.vault.invitation_codes import invitation_code


class InvitationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many may come, and until which day (included)."""

    people: Invited = 1
    until_day: date


class Invitation(Status, frozen=True, kw_only=True):
    """The code that whoever is invited says, and the page on which they do; it is good for so many."""

    invitation_id: str
    code: str
    link: str


class InvitationStatus(Status, frozen=True, kw_only=True):
    """How the invitation stands now."""

    invitation_id: str


class InvitationController(Controller):
    """`/v1/organisations/{organisation_id}/invitations`"""

    path = "/organisations/{organisation_id:str}/invitations"
    tags = ("Memberships",)

    @post(responses=WRITES, access=INVITE)
    async def make_invitation(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[InvitationRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Invitation:
        """Invite people to register themselves: on paper, by a QR code, or by a message."""
        command = MakeInvitation(
            **request.stamp,
            invitation_id=new_invitation_id(),
            organisation_id=OrganisationId(organisation_id),
            people=data.people,
            until_day=data.until_day,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, InvitationMade)
        code = invitation_code(request.services.people.keyring, fact.invitation_id)
        return Invitation(
            invitation_id=fact.invitation_id,
            code=code,
            link=f"{request.services.public_url}/register?invitation={code}",
            status="open",
            position=receipt.position,
        )

    @get(responses=READS, access=KEEP_STAFF)
    async def list_invitations(
        self, request: BankRequest, organisation_id: FromPath[str], after: WantedId = None, limit: Limit = 50
    ) -> Page[InvitationView]:
        """The invitations of the organisation, the latest first, and how many have come by each."""
        await request.sight.must_manage(OrganisationId(organisation_id))

        async def page(after: str | None, limit: int) -> list[InvitationView]:
            return await invitations.of_organisation(request.pool, request.bank_id, organisation_id, after, limit)

        return await listed(request, page, after, limit, "invitation_id")

    @post("/{invitation_id:str}/withdraw", status_code=200, responses=WRITES, access=KEEP_STAFF)
    async def withdraw_invitation(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        invitation_id: FromPath[str],
        idempotency_key: IdempotencyHeader = None,
    ) -> InvitationStatus:
        """Have nobody register by an invitation any more."""
        command = WithdrawInvitation(
            **request.stamp,
            invitation_id=InvitationId(invitation_id),
            organisation_id=OrganisationId(organisation_id),
        )
        receipt = await request.execute(command, idempotency_key)
        return InvitationStatus(invitation_id=invitation_id, status="withdrawn", position=receipt.position)

"""Organisations: the register, and what the bank decides about them."""

from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.table import ADMINISTRATORS, EVERYBODY
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Status,
    happened,
)
from timebank.domain.facts.organisations import Kind, OrganisationRegistered
from timebank.domain.identifiers import OfficialCode, OrganisationId, new_organisation_id
from timebank.domain.kernel import Command
from timebank.domain.organisations.organisations import (
    ApproveOrganisation,
    RegisterOrganisation,
    ReinstateOrganisation,
    SuspendOrganisation,
)
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.text import Line
from timebank.projections.organisations import organisations
from timebank.projections.organisations.organisations import OrganisationView

OfficialCodeText = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9A-Z]{6,20}$(?!\n)", description="The official code (统一社会信用代码).")
]


class OrganisationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body that wants to take part."""

    name: Line
    kind: Kind
    official_code: OfficialCodeText | None = None


class OrganisationStatus(Status, frozen=True, kw_only=True):
    """How the organisation stands now."""

    organisation_id: str
    status: Literal["registered", "approved", "suspended"]


class OrganisationController(Controller):
    """`/v1/organisations`"""

    path = "/organisations"
    tags = ("Organisations",)

    @post(responses=WRITES, access=ADMINISTRATORS)
    async def register_organisation(
        self, request: BankRequest, data: JSONBody[OrganisationRequest], idempotency_key: IdempotencyHeader = None
    ) -> OrganisationStatus:
        """Take a body into the register; it can log service once it is approved."""
        command = RegisterOrganisation(
            **request.stamp,
            organisation_id=new_organisation_id(),
            name=data.name,
            kind=data.kind,
            code=OfficialCode(data.official_code) if data.official_code else None,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, OrganisationRegistered)
        return OrganisationStatus(organisation_id=fact.organisation_id, status="registered", position=receipt.position)

    @get(responses=READS, access=EVERYBODY)
    async def list_organisations(
        self,
        request: BankRequest,
        status: Annotated[Literal["registered", "approved", "suspended"] | None, QueryParameter()] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Page[OrganisationView]:
        """Organisations in the order they registered."""

        async def page(after: str, limit: int) -> list[OrganisationView]:
            return await organisations.page(request.pool, request.bank_id, status, after, limit)

        return await listed(request, page, after, limit, "organisation_id")

    @get("/{organisation_id:str}", responses=READS, access=EVERYBODY)
    async def get_organisation(self, request: BankRequest, organisation_id: FromPath[str]) -> OrganisationView:
        """One organisation."""
        organisation = await organisations.one(request.pool, request.bank_id, organisation_id)
        if organisation is None:
            raise OrganisationUnknown(organisation_id=organisation_id)
        return organisation

    @post("/{organisation_id:str}/approve", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def approve_organisation(
        self, request: BankRequest, organisation_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> OrganisationStatus:
        """Let an organisation log service."""
        command = ApproveOrganisation(**request.stamp, organisation_id=OrganisationId(organisation_id))
        return await _decided(request, organisation_id, command, "approved", idempotency_key)

    @post("/{organisation_id:str}/suspend", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def suspend_organisation(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> OrganisationStatus:
        """Accept nothing more from an organisation for now."""
        command = SuspendOrganisation(
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            reason=data.reason,
        )
        return await _decided(request, organisation_id, command, "suspended", idempotency_key)

    @post("/{organisation_id:str}/reinstate", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def reinstate_organisation(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> OrganisationStatus:
        """End a suspension."""
        command = ReinstateOrganisation(
            **request.stamp,
            organisation_id=OrganisationId(organisation_id),
            reason=data.reason,
        )
        return await _decided(request, organisation_id, command, "approved", idempotency_key)


async def _decided(
    request: BankRequest,
    organisation_id: str,
    command: Command,
    status: Literal["approved", "suspended"],
    key: str | None,
) -> OrganisationStatus:
    receipt = await request.execute(command, key)
    return OrganisationStatus(organisation_id=organisation_id, status=status, position=receipt.position)

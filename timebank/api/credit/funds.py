"""Funds: credit that is given to a community or set aside for a project, and granted from there."""

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import ADMINISTRATORS, EVERYBODY, KEEP_FUND, VIEW_GRANTS
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Somebody,
    Status,
    WantedId,
    happened,
)
from timebank.domain.credit.funds import CloseFund, OpenFund
from timebank.domain.credit.refusals import FundUnknown
from timebank.domain.credit.transfers import GrantCredit, TransferMinutes
from timebank.domain.facts.credit import CreditGranted, FundKind, FundOpened
from timebank.domain.identifiers import FundId, OrganisationId, VolunteerId, new_fund_id, new_transfer_id
from timebank.domain.text import Line, Text
from timebank.projections.credit import funds, transfers
from timebank.projections.credit.funds import FundView
from timebank.projections.credit.transfers import TransferView


class FundRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fund, what it is for, and which organisation keeps it, if it is not the bank itself."""

    name: Line
    kind: FundKind = "community"
    organisation_id: Id | None = None
    purpose: Text | None = None


class GrantRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many minutes to grant to whom, a volunteer or another fund, and why."""

    minutes: TransferMinutes
    reason: Text
    to_volunteer_id: Somebody | None = None
    to_fund_id: Id | None = None


class FundStatus(Status, frozen=True, kw_only=True):
    """How the fund stands now."""

    fund_id: str


class Granted(msgspec.Struct, frozen=True):
    """The grant that was made."""

    transfer_id: str
    fund_id: str
    minutes: int
    position: int


class FundController(Controller):
    """`/v1/funds`"""

    path = "/funds"
    tags = ("Gifts and funds",)

    @get(responses=READS, access=EVERYBODY)
    async def list_funds(self, request: BankRequest, after: After = "", limit: Limit = 50) -> Page[FundView]:
        """The funds, and how many minutes are in each."""

        async def page(after: str, limit: int) -> list[FundView]:
            return await funds.page(request.pool, request.bank_id, after, limit)

        return await listed(request, page, after, limit, "fund_id")

    @post(responses=WRITES, access=ADMINISTRATORS)
    async def open_fund(
        self, request: BankRequest, data: JSONBody[FundRequest], idempotency_key: IdempotencyHeader = None
    ) -> FundStatus:
        """Open a fund."""
        command = OpenFund(
            **request.stamp,
            fund_id=new_fund_id(),
            name=data.name,
            kind=data.kind,
            organisation_id=OrganisationId(data.organisation_id) if data.organisation_id else None,
            purpose=data.purpose,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, FundOpened)
        return FundStatus(fund_id=fact.fund_id, status="open", position=receipt.position)

    @post("/{fund_id:str}/close", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def close_fund(
        self,
        request: BankRequest,
        fund_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> FundStatus:
        """Close a fund that nothing is in any more."""
        command = CloseFund(**request.stamp, fund_id=FundId(fund_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return FundStatus(fund_id=fund_id, status="closed", position=receipt.position)

    @get("/{fund_id:str}/grants", responses=READS, access=VIEW_GRANTS)
    async def list_grants(
        self,
        request: BankRequest,
        fund_id: FromPath[str],
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[TransferView]:
        """What was granted from a fund, and to it from others; newest first. Its keepers see it, and auditors."""
        fund = await funds.one(request.pool, request.bank_id, fund_id)
        if fund is None:
            raise FundUnknown(fund_id=fund_id)
        await request.sight.must_see_grants(fund)

        async def page(before: str | None, limit: int) -> list[TransferView]:
            return await transfers.page(
                request.pool, request.bank_id, "grant", volunteer_id=None, fund_id=fund_id, before=before, limit=limit
            )

        return await listed(request, page, after, limit, "transfer_id")

    @post("/{fund_id:str}/grants", responses=WRITES, access=KEEP_FUND)
    async def grant_credit(
        self,
        request: BankRequest,
        fund_id: FromPath[str],
        data: JSONBody[GrantRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Granted:
        """Give credit from a fund to a volunteer, or to another fund as one for a project."""
        command = GrantCredit(
            **request.stamp,
            transfer_id=new_transfer_id(),
            fund_id=FundId(fund_id),
            to_volunteer_id=VolunteerId(data.to_volunteer_id) if data.to_volunteer_id else None,
            to_fund_id=FundId(data.to_fund_id) if data.to_fund_id else None,
            minutes=data.minutes,
            reason=data.reason,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, CreditGranted)
        return Granted(fact.transfer_id, fact.fund_id, fact.minutes, receipt.position)

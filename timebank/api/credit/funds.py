"""Funds: credit that is given to a community or set aside for a project, and granted from there."""

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.api.http.guard import organisations_seen, sees_all
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    MinPosition,
    Page,
    ReasonRequest,
    WantedId,
    do,
    now,
    page_of,
    services,
    volunteer_meant,
    wait_for_reads,
)
from timebank.domain.credit.funds import CloseFund, OpenFund
from timebank.domain.credit.refusals import FundUnknown
from timebank.domain.credit.transfers import GrantCredit, TransferMinutes
from timebank.domain.facts.credit import CreditGranted, FundKind, FundOpened
from timebank.domain.identifiers import FundId, OrganisationId, new_fund_id, new_transfer_id
from timebank.domain.organisations.memberships import MANAGES_MEMBERS
from timebank.domain.refusals import OfficeMissing
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
    """How many minutes to grant to whom, a volunteer (by id or by number) or another fund, and why."""

    minutes: TransferMinutes
    reason: Text
    to_volunteer_id: Id | None = None
    to_fund_id: Id | None = None


class FundStatus(msgspec.Struct, frozen=True):
    """How the fund stands now."""

    fund_id: str
    status: str
    position: int


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

    @get(responses=READS)
    async def list_funds(
        self, request: BankRequest, after: After = "", limit: Limit = 50, min_position: MinPosition = None
    ) -> Page[FundView]:
        """The funds, and how many minutes are in each."""
        await wait_for_reads(request, min_position)
        found = await funds.page(services(request).pool, request.user.bank_id, after, limit + 1)
        return page_of(found, limit, "fund_id")

    @post(responses=WRITES)
    async def open_fund(
        self, request: BankRequest, data: JSONBody[FundRequest], idempotency_key: IdempotencyHeader = None
    ) -> FundStatus:
        """Open a fund."""
        command = OpenFund(
            by=request.user.acting,
            at=now(request),
            fund_id=new_fund_id(),
            name=data.name.strip(),
            kind=data.kind,
            organisation_id=OrganisationId(data.organisation_id) if data.organisation_id else None,
            purpose=data.purpose,
        )
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[0]
        assert isinstance(fact, FundOpened)
        return FundStatus(fact.fund_id, "open", receipt.position)

    @post("/{fund_id:str}/close", status_code=200, responses=WRITES)
    async def close_fund(
        self,
        request: BankRequest,
        fund_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> FundStatus:
        """Close a fund that nothing is in any more."""
        command = CloseFund(by=request.user.acting, at=now(request), fund_id=FundId(fund_id), reason=data.reason)
        receipt = await do(request, command, idempotency_key)
        return FundStatus(fund_id, "closed", receipt.position)

    @get("/{fund_id:str}/grants", responses=READS)
    async def list_grants(
        self,
        request: BankRequest,
        fund_id: FromPath[str],
        after: WantedId = None,
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[TransferView]:
        """What was granted from a fund, and to it from others; newest first. Its keepers see it, and auditors."""
        await wait_for_reads(request, min_position)
        fund = await funds.one(services(request).pool, request.user.bank_id, fund_id)
        if fund is None:
            raise FundUnknown(fund_id=fund_id)
        if not sees_all(request) and fund.organisation_id not in await organisations_seen(request, MANAGES_MEMBERS):
            raise OfficeMissing(office="administrator or auditor")
        found = await transfers.page(
            services(request).pool,
            request.user.bank_id,
            "grant",
            volunteer_id=None,
            fund_id=fund_id,
            before=after,
            limit=limit + 1,
        )
        return page_of(found, limit, "transfer_id")

    @post("/{fund_id:str}/grants", responses=WRITES)
    async def grant_credit(
        self,
        request: BankRequest,
        fund_id: FromPath[str],
        data: JSONBody[GrantRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Granted:
        """Give credit from a fund to a volunteer, or to another fund as one for a project."""
        command = GrantCredit(
            by=request.user.acting,
            at=now(request),
            transfer_id=new_transfer_id(),
            fund_id=FundId(fund_id),
            to_volunteer_id=await volunteer_meant(request, data.to_volunteer_id) if data.to_volunteer_id else None,
            to_fund_id=FundId(data.to_fund_id) if data.to_fund_id else None,
            minutes=data.minutes,
            reason=data.reason,
        )
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[0]
        assert isinstance(fact, CreditGranted)
        return Granted(fact.transfer_id, fact.fund_id, fact.minutes, receipt.position)

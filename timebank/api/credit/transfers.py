"""Gifts to other volunteers, and donations to funds."""

from functools import partial
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter

from timebank.access.sight import masked
from timebank.access.table import GIVE, VIEW_ACCOUNT
from timebank.api.http.lists import listed, newest_of
from timebank.api.http.named import WHO
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    Somebody,
    WantedId,
    WantedPerson,
    happened,
)
from timebank.domain.credit.transfers import DonateCredit, GiveCredit, TransferMinutes
from timebank.domain.facts.credit import CreditDonated, CreditGiven
from timebank.domain.identifiers import FundId, VolunteerId, new_transfer_id
from timebank.domain.people.refusals import RegistrationMerged, VolunteerUnknown
from timebank.projections.credit import transfers
from timebank.projections.credit.transfers import TransferKind, TransferView
from timebank.projections.people import volunteers


class GiftRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom, and how many minutes."""

    to_volunteer_id: Somebody
    minutes: TransferMinutes


class DonationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To which fund, and how many minutes."""

    fund_id: Id
    minutes: TransferMinutes


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Who would get it: enough of the name to be sure that it is who is meant."""

    volunteer_id: str
    number: str
    name: str | None


class Given(msgspec.Struct, frozen=True):
    """The gift or donation that was made, and to whom."""

    transfer_id: str
    to: str
    minutes: int
    position: int


class GiftController(Controller):
    """`/v1/gifts`"""

    path = "/gifts"
    tags = ("Gifts and funds",)

    @get(responses=READS, access=VIEW_ACCOUNT)
    async def list_gifts(
        self,
        request: BankRequest,
        volunteer_id: WantedPerson = None,
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[TransferView]:
        """Gifts that one made or got, newest first; everybody's for administrators and auditors."""
        return await _page(request, "gift", volunteer_id, after, limit)

    @get("/recipient", responses=READS, access=GIVE)
    async def get_recipient(
        self, request: BankRequest, to_volunteer_id: Annotated[Somebody, QueryParameter(description=WHO)]
    ) -> Recipient:
        """Who has a number, before one gives: the first character of the name. It is noted who asks."""
        found = await volunteers.one(request.pool, request.services.people, request.bank_id, to_volunteer_id)
        if found is None or found.status == "erased":
            raise VolunteerUnknown(volunteer_id=to_volunteer_id)
        if found.kept_number:
            raise RegistrationMerged(volunteer_id=to_volunteer_id, kept_number=found.kept_number)
        await request.note_again("people-read", people=1)
        return Recipient(volunteer_id=found.volunteer_id, number=found.number, name=masked(found.name))

    @post(responses=WRITES, access=GIVE)
    async def give_credit(
        self, request: BankRequest, data: JSONBody[GiftRequest], idempotency_key: IdempotencyHeader = None
    ) -> Given:
        """Give credit to another volunteer, as far as the rule book allows; what they owe is repaid first."""
        command = GiveCredit(
            **request.stamp,
            transfer_id=new_transfer_id(),
            volunteer_id=request.acting.own_id or VolunteerId(request.user.actor),
            to_volunteer_id=VolunteerId(data.to_volunteer_id),
            minutes=data.minutes,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, CreditGiven)
        return Given(fact.transfer_id, fact.to_volunteer_id, fact.minutes, receipt.position)


class DonationController(Controller):
    """`/v1/donations`"""

    path = "/donations"
    tags = ("Gifts and funds",)

    @get(responses=READS, access=VIEW_ACCOUNT)
    async def list_donations(
        self,
        request: BankRequest,
        volunteer_id: WantedPerson = None,
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[TransferView]:
        """Donations that one made, newest first; everybody's for administrators and auditors."""
        return await _page(request, "donation", volunteer_id, after, limit)

    @post(responses=WRITES, access=GIVE)
    async def donate_credit(
        self, request: BankRequest, data: JSONBody[DonationRequest], idempotency_key: IdempotencyHeader = None
    ) -> Given:
        """Give credit to a fund."""
        command = DonateCredit(
            **request.stamp,
            transfer_id=new_transfer_id(),
            volunteer_id=request.acting.own_id or VolunteerId(request.user.actor),
            fund_id=FundId(data.fund_id),
            minutes=data.minutes,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, CreditDonated)
        return Given(fact.transfer_id, fact.fund_id, fact.minutes, receipt.position)


async def _page(
    request: BankRequest,
    kind: TransferKind,
    volunteer_id: str | None,
    after: str | None,
    limit: int,
) -> Page[TransferView]:
    whose = request.sight.transfers_of(volunteer_id)

    async def page(before: str | None, limit: int) -> list[TransferView]:
        asked = partial(transfers.page, request.pool, request.bank_id, kind, fund_id=None, before=before, limit=limit)
        return newest_of([await asked(volunteer_id=each) for each in whose or (None,)], "transfer_id", limit)

    return await listed(request, page, after, limit, "transfer_id")

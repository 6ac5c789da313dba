"""Redemptions: reserving a reward under a code, showing the code again, fulfilling it, and giving it up."""

import io
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

import msgspec
import segno
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.sight import RedemptionsSeen
from timebank.access.table import CANCEL_REDEMPTION, FULFIL_REWARDS, REDEEM, VIEW_REDEMPTIONS
from timebank.api.http.lists import listed, newest_of, no_cursor
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    Somebody,
    Status,
    WantedId,
    WantedPerson,
    happened,
)
from timebank.api.http.telling.shapes import InvalidRequestError
from timebank.api.http.telling.troubles import FieldTrouble
from timebank.domain.credit.redemption_codes import code_hash
from timebank.domain.credit.redemptions import CancelRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.refusals import RedemptionCodeUnknown, RedemptionNotOpen, RedemptionUnknown
from timebank.domain.facts.credit import RewardFulfilled, RewardReserved
from timebank.domain.identifiers import RedemptionId, RewardId, VolunteerId, new_redemption_id
from timebank.domain.kernel import Moment
from timebank.domain.refusals import OfficeMissing
from timebank.domain.refusing import Refusal
from timebank.projections.credit import redemptions
from timebank.projections.credit.redemptions import RedemptionView
from timebank.vault.redemption_codes import code_of, new_code

RedemptionStatusName = Literal["reserved", "fulfilled", "cancelled", "expired"]

RedemptionCode = Annotated[
    str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z０-９Ａ-Ｚａ-ｚ　－ -]+$(?!\n)")
]


ONLY_OF_ALL = (
    "In this order there is what is reserved in the whole bank, for those who see all of it: add no other filter."
)


class RedeemRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom (oneself, if nobody is named), and at which slot, if the reward has some.

    `cost_minutes` are those that one has seen that it takes: where it takes others by now, nothing happens.
    """

    beneficiary_id: Somebody | None = None
    slot: Moment | None = None
    cost_minutes: int | None = None


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """What was reserved. `redemption_code` is what the provider asks for; it can be asked for again.

    It is null where the same request is repeated after the key file lost the key it was made by.
    """

    redemption_id: str
    redemption_code: str | None
    expires_at: datetime
    cost_minutes: int
    slot: datetime | None
    position: int


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider asks for, and until when."""

    redemption_id: str
    redemption_code: str
    expires_at: datetime


class RedemptionCodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code, with or without hyphens, in capitals or not, full-width or not."""

    redemption_code: RedemptionCode


class Fulfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be handed out for the code, to whom."""

    redemption_id: str
    status: Literal["fulfilled"]
    name: str
    provider_id: str
    beneficiary_id: str
    beneficiary_name: str | None = None
    slot: datetime | None
    position: int


class RedemptionStatus(Status, frozen=True, kw_only=True):
    """How the redemption stands now."""

    redemption_id: str
    status: RedemptionStatusName


class RewardRedemptionController(Controller):
    """`/v1/rewards/{reward_id}/redemptions`"""

    path = "/rewards/{reward_id:str}/redemptions"
    tags = ("Redemptions",)

    @post(responses=WRITES, access=REDEEM)
    async def redeem_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[RedeemRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> Reserved:
        """Reserve a reward, the credit for it and, where it has slots, one of them: all or nothing."""
        wanted, keyring = data or RedeemRequest(), request.services.people.keyring
        own = request.acting.own_id or VolunteerId(request.user.actor)
        redemption_id = new_redemption_id()
        code = new_code(keyring, redemption_id)
        command = ReserveReward(
            **request.stamp,
            redemption_id=redemption_id,
            reward_id=RewardId(reward_id),
            volunteer_id=own,
            beneficiary_id=VolunteerId(wanted.beneficiary_id) if wanted.beneficiary_id else own,
            code_hash=code_hash(code),
            slot=wanted.slot,
            seen_minutes=wanted.cost_minutes,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, RewardReserved)
        is_new = fact.redemption_id == redemption_id
        return Reserved(
            redemption_id=fact.redemption_id,
            redemption_code=code if is_new else code_of(keyring, fact.redemption_id, fact.code_hash),
            expires_at=fact.expires_at,
            cost_minutes=fact.cost_minutes,
            slot=fact.slot,
            position=receipt.position,
        )


class RedemptionController(Controller):
    """`/v1/redemptions`"""

    path = "/redemptions"
    tags = ("Redemptions",)

    @get(responses=READS, access=VIEW_REDEMPTIONS)
    async def list_redemptions(
        self,
        request: BankRequest,
        volunteer_id: WantedPerson = None,
        provider_id: WantedId = None,
        reward_id: WantedId = None,
        status: Annotated[RedemptionStatusName | None, QueryParameter()] = None,
        order: Annotated[
            Literal["newest", "expiring"],
            QueryParameter(description="With `status=reserved` alone, `expiring` is what expires next first."),
        ] = "newest",
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[RedemptionView]:
        """Redemptions: one's own, and those one provides; all for administrators and auditors.

        `order=expiring` is for the latter: no index serves it for some redemptions alone.
        """
        seen, is_alone = await request.sight.redemptions(provider_id), not (volunteer_id or reward_id)
        if order == "expiring" and seen.provider_ids is not None:
            raise OfficeMissing(office="administrator or auditor")
        if order == "expiring" and not (status == "reserved" and is_alone):
            raise InvalidRequestError(FieldTrouble("order", ONLY_OF_ALL, {}))

        async def page(before: str | None, limit: int) -> list[RedemptionView]:
            if order == "expiring":
                return await _expiring(request, before, limit)
            return await _theirs(request, seen, volunteer_id, reward_id, status, before, limit)

        return await listed(request, page, after, limit, "redemption_id")

    @get("/{redemption_id:str}", responses=READS, access=VIEW_REDEMPTIONS)
    async def get_redemption(self, request: BankRequest, redemption_id: FromPath[str]) -> RedemptionView:
        """One redemption as it now stands."""
        (shown,) = await request.named([await _seen(request, redemption_id)])
        return shown

    @get("/{redemption_id:str}/code", responses=READS, access=REDEEM, secret=True)
    async def get_redemption_code(self, request: BankRequest, redemption_id: FromPath[str]) -> Code:
        """The code of what one has reserved, as often as one asks, until it is fulfilled, cancelled or expired."""
        redemption, code = await _own_code(request, redemption_id)
        return Code(redemption_id=redemption_id, redemption_code=code, expires_at=redemption.expires_at)

    @get(
        "/{redemption_id:str}/qr",
        responses=READS,
        media_type="image/svg+xml",
        response_description="The code as a QR code, to be scanned by the provider.",
        access=REDEEM,
        secret=True,
    )
    async def draw_redemption_code(self, request: BankRequest, redemption_id: FromPath[str]) -> Response[str]:
        """The same code as a QR code."""
        _, code = await _own_code(request, redemption_id)
        return Response(_drawn(code), media_type="image/svg+xml")

    @post("/{redemption_id:str}/cancel", status_code=200, responses=WRITES, access=CANCEL_REDEMPTION)
    async def cancel_redemption(
        self,
        request: BankRequest,
        redemption_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> RedemptionStatus:
        """Give up what is reserved: exactly the minutes that were reserved are available again."""
        command = CancelRedemption(**request.stamp, redemption_id=RedemptionId(redemption_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return RedemptionStatus(redemption_id=redemption_id, status="cancelled", position=receipt.position)

    @post("/fulfil", status_code=200, responses=WRITES, access=FULFIL_REWARDS)
    async def fulfil_redemption(
        self,
        request: BankRequest,
        data: JSONBody[RedemptionCodeRequest],
        dry_run: Annotated[bool, QueryParameter(description="Say what it is for, and write nothing.")] = False,
        idempotency_key: IdempotencyHeader = None,
    ) -> Fulfilled:
        """Accept a code, once: by whoever provides what is reserved under it."""
        command = FulfilRedemption(**request.stamp, code_hash=code_hash(data.redemption_code))
        if dry_run:
            (receipt,) = await request.submit([command], None, dry_run=True)
            if isinstance(receipt, Refusal):
                raise receipt
        else:
            receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, RewardFulfilled)
        fulfilled = Fulfilled(
            redemption_id=fact.redemption_id,
            status="fulfilled",
            name=fact.name,
            provider_id=fact.provider_id,
            beneficiary_id=fact.beneficiary_id,
            slot=fact.slot,
            position=receipt.position,
        )
        (shown,) = await request.named([fulfilled])
        return shown


async def _seen(request: BankRequest, redemption_id: str) -> RedemptionView:
    """A redemption that the asker may see; to others it does not exist."""
    redemption = await redemptions.one(request.pool, request.bank_id, redemption_id)
    if redemption is None or not await request.sight.sees_redemption(redemption):
        raise RedemptionUnknown(redemption_id=redemption_id)
    return redemption


async def _theirs(
    request: BankRequest,
    seen: RedemptionsSeen,
    volunteer_id: str | None,
    reward_id: str | None,
    status: str | None,
    before: str | None,
    limit: int,
) -> list[RedemptionView]:
    """Those that whoever asks sees, newest first; their own are also those under what was merged with theirs."""
    asked = partial(
        redemptions.page,
        *(request.pool, request.bank_id),
        reward_id=reward_id,
        status=status,
        before=before,
        limit=limit,
    )
    theirs, own_id = request.sight.registrations, seen.own_id
    if own_id and volunteer_id in theirs[1:]:
        return await asked(volunteer_id=volunteer_id, provider_ids=seen.provider_ids, own_id=volunteer_id)
    found = [await asked(volunteer_id=volunteer_id, provider_ids=seen.provider_ids, own_id=own_id)]
    if own_id and volunteer_id in (None, own_id):
        found += [await asked(volunteer_id=each, provider_ids=[], own_id=each) for each in theirs[1:]]
    return newest_of(found, "redemption_id", limit)


async def _expiring(request: BankRequest, after: str | None, limit: int) -> list[RedemptionView]:
    """What expires next of the whole bank, after one of these. Raises `InvalidRequestError` where there is none."""
    try:
        return await redemptions.expiring(request.pool, request.bank_id, after, limit)
    except ValueError:
        raise no_cursor() from None


async def _own_code(request: BankRequest, redemption_id: str) -> tuple[RedemptionView, str]:
    """What one has reserved, and its code; to others it does not exist.

    Raises `RedemptionNotOpen`, or `RedemptionCodeUnknown` after the key file lost the key it was made by.
    """
    redemption = await _seen(request, redemption_id)
    if redemption.volunteer_id != request.user.person_id:
        raise RedemptionUnknown(redemption_id=redemption_id)
    if redemption.status != "reserved" or redemption.expires_at <= request.now:
        status = "expired" if redemption.status == "reserved" else redemption.status
        raise RedemptionNotOpen(redemption_id=redemption_id, status=status)
    wanted = await redemptions.code_hash(request.pool, request.bank_id, redemption_id)
    code = code_of(request.services.people.keyring, RedemptionId(redemption_id), wanted)
    if code is None:
        raise RedemptionCodeUnknown
    return redemption, code


def _drawn(code: str) -> str:
    image = io.BytesIO()
    segno.make(code, error="m", micro=False).save(image, kind="svg", scale=8, light="white")
    return image.getvalue().decode()

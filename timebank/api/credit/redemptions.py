"""Redemptions: reserving a reward under a code, showing the code, fulfilling it, and giving it up."""

import base64
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
import segno
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.api.http.guard import organisations_seen, sees_all
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
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
from timebank.domain.credit.codes import code_hash
from timebank.domain.credit.redemptions import FULFILS_REWARDS, CancelRedemption, FulfilRedemption, ReserveReward
from timebank.domain.credit.refusals import RedemptionCodeUnknown, RedemptionNotOpen, RedemptionUnknown
from timebank.domain.facts.credit import RewardFulfilled, RewardReserved
from timebank.domain.identifiers import RedemptionId, RewardId, VolunteerId, new_redemption_id
from timebank.domain.kernel import Moment
from timebank.domain.times import must_be_believable
from timebank.projections.credit import redemptions
from timebank.projections.credit.redemptions import RedemptionView

RedemptionStatusName = Literal["reserved", "fulfilled", "cancelled", "expired"]

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z -]+$(?!\n)")]

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class RedeemRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom (by id or by number; oneself, if nobody is named), and at which appointment, if the reward has some."""

    beneficiary_id: Id | None = None
    slot: Moment | None = None


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """What was reserved. `code` is what the provider asks for: it is shown here, and kept nowhere.

    The same request with the same Idempotency-Key shows it again; after the key file got a new key it is null.
    """

    redemption_id: str
    code: str | None
    expires_at: datetime
    cost_minutes: int
    slot: datetime | None
    position: int


class RedemptionCodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code, with or without hyphens, in capitals or not."""

    code: Code


class Fulfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be handed out for the code, to whom."""

    redemption_id: str
    status: Literal["fulfilled"]
    name: str
    beneficiary_id: str
    slot: datetime | None
    position: int


class RedemptionStatus(msgspec.Struct, frozen=True):
    """How the redemption stands now."""

    redemption_id: str
    status: RedemptionStatusName
    position: int


class RewardRedemptionController(Controller):
    """`/v1/rewards/{reward_id}/redemptions`"""

    path = "/rewards/{reward_id:str}/redemptions"
    tags = ("Redemptions",)

    @post(responses=WRITES)
    async def redeem_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[RedeemRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> Reserved:
        """Reserve a reward, the credit for it and, where it has appointments, one of them: all or nothing."""
        wanted = data or RedeemRequest()
        must_be_believable(slot=wanted.slot)
        own = request.user.acting.own_id or VolunteerId(request.user.actor)
        beneficiary = await volunteer_meant(request, wanted.beneficiary_id) if wanted.beneficiary_id else own
        redemption_id = new_redemption_id()
        command = ReserveReward(
            by=request.user.acting,
            at=now(request),
            redemption_id=redemption_id,
            reward_id=RewardId(reward_id),
            volunteer_id=own,
            beneficiary_id=beneficiary,
            code_hash=code_hash(_codes(request, redemption_id)[0]),
            slot=wanted.slot,
        )
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[0]
        assert isinstance(fact, RewardReserved)
        known = (code for code in _codes(request, fact.redemption_id) if code_hash(code) == fact.code_hash)
        return Reserved(
            redemption_id=fact.redemption_id,
            code=next(known, None),
            expires_at=fact.expires_at.astimezone(now(request).tzinfo),
            cost_minutes=fact.cost_minutes,
            slot=fact.slot,
            position=receipt.position,
        )


class RedemptionController(Controller):
    """`/v1/redemptions`"""

    path = "/redemptions"
    tags = ("Redemptions",)

    @get(responses=READS)
    async def list_redemptions(
        self,
        request: BankRequest,
        volunteer_id: WantedId = None,
        provider_id: WantedId = None,
        reward_id: WantedId = None,
        status: Annotated[RedemptionStatusName | None, QueryParameter()] = None,
        after: WantedId = None,
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[RedemptionView]:
        """Redemptions, newest first: one's own, and those one provides; all for administrators and auditors."""
        await wait_for_reads(request, min_position)
        providers = None if sees_all(request) else await _provided(request)
        own_id = request.user.acting.own_id
        if provider_id:
            providers = [provider_id] if providers is None or provider_id in providers else []
            own_id = None
        found = await redemptions.page(
            services(request).pool,
            request.user.bank_id,
            volunteer_id=volunteer_id,
            provider_ids=providers,
            own_id=own_id,
            zone=now(request).tzinfo,
            reward_id=reward_id,
            status=status,
            before=after,
            limit=limit + 1,
        )
        return page_of(found, limit, "redemption_id")

    @get("/{redemption_id:str}", responses=READS)
    async def get_redemption(
        self, request: BankRequest, redemption_id: FromPath[str], min_position: MinPosition = None
    ) -> RedemptionView:
        """One redemption as it now stands."""
        await wait_for_reads(request, min_position)
        found = await redemptions.one(services(request).pool, request.user.bank_id, redemption_id, now(request).tzinfo)
        if found is None or not await _may_see(request, found):
            raise RedemptionUnknown(redemption_id=redemption_id)
        return found

    @post(
        "/{redemption_id:str}/qr",
        status_code=200,
        responses=WRITES,
        media_type="image/svg+xml",
        response_description="The code as a QR code, to be scanned by the provider.",
    )
    async def draw_code(
        self, request: BankRequest, redemption_id: FromPath[str], data: JSONBody[RedemptionCodeRequest]
    ) -> Response[str]:
        """The code of one's redemption as a QR code. It is in the body, so that no log of addresses has it."""
        await wait_for_reads(request, None)
        found = await redemptions.one(services(request).pool, request.user.bank_id, redemption_id, now(request).tzinfo)
        if found is None or not await _may_see(request, found):
            raise RedemptionUnknown(redemption_id=redemption_id)
        if found.status != "reserved" or found.expires_at <= now(request):
            status = "expired" if found.status == "reserved" else found.status
            raise RedemptionNotOpen(redemption_id=redemption_id, status=status)
        wanted = code_hash(data.code)
        code = next((each for each in _codes(request, redemption_id) if code_hash(each) == wanted), None)
        if code is None:
            raise RedemptionCodeUnknown
        return Response(_drawn(code), media_type="image/svg+xml")

    @post("/{redemption_id:str}/cancel", status_code=200, responses=WRITES)
    async def cancel_redemption(
        self,
        request: BankRequest,
        redemption_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> RedemptionStatus:
        """Give up what is reserved: exactly the minutes that were reserved are available again."""
        command = CancelRedemption(
            by=request.user.acting, at=now(request), redemption_id=RedemptionId(redemption_id), reason=data.reason
        )
        receipt = await do(request, command, idempotency_key)
        return RedemptionStatus(redemption_id, "cancelled", receipt.position)

    @post("/fulfil", status_code=200, responses=WRITES)
    async def fulfil_redemption(
        self, request: BankRequest, data: JSONBody[RedemptionCodeRequest], idempotency_key: IdempotencyHeader = None
    ) -> Fulfilled:
        """Accept a code, once: by whoever provides what is reserved under it."""
        command = FulfilRedemption(by=request.user.acting, at=now(request), code_hash=code_hash(data.code))
        receipt = await do(request, command, idempotency_key)
        fact = receipt.facts[0]
        assert isinstance(fact, RewardFulfilled)
        return Fulfilled(
            redemption_id=fact.redemption_id,
            status="fulfilled",
            name=fact.name,
            beneficiary_id=fact.beneficiary_id,
            slot=fact.slot,
            position=receipt.position,
        )


def _codes(request: BankRequest, redemption_id: str) -> list[str]:
    """The codes a redemption can have, by the current key and by those before it: 60 bits of a keyed hash of its id.

    Made, not kept: whoever has the database alone knows none, and a repeated request is told the same one.
    """
    hashes = services(request).people.keyring.indexes("redemption-code", redemption_id)
    return [_written(int.from_bytes(base64.urlsafe_b64decode(f"{each}=="))) for each in hashes]


def _written(number: int) -> str:
    digits = [_DIGITS[number >> shift & 31] for shift in range(0, 60, 5)]
    return "-".join("".join(digits[start : start + 4]) for start in (0, 4, 8))


def _drawn(code: str) -> str:
    drawn = io.BytesIO()
    segno.make(code, error="m", micro=False).save(drawn, kind="svg", scale=8, light="white")
    return drawn.getvalue().decode()


async def _provided(request: BankRequest) -> Sequence[str]:
    """For which providers the asker accepts codes; not as somebody's proxy."""
    return [] if request.user.acting.on_behalf_of else await organisations_seen(request, FULFILS_REWARDS)


async def _may_see(request: BankRequest, redemption: RedemptionView) -> bool:
    if sees_all(request) or request.user.acting.own_id in {redemption.volunteer_id, redemption.beneficiary_id}:
        return True
    return redemption.provider_id in await _provided(request)

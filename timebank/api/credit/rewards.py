"""Rewards: what credit can be spent on. Everybody sees them; administrators publish, amend, pause and withdraw."""

from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

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
    do,
    now,
    page_of,
    services,
    wait_for_reads,
)
from timebank.domain.credit.refusals import RewardUnknown
from timebank.domain.credit.rewards import AmendReward, PauseReward, PublishReward, ResumeReward, WithdrawReward
from timebank.domain.facts.credit import Eligibility, RewardKind, RewardTerms, Slot
from timebank.domain.identifiers import RewardId, new_reward_id
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_believable
from timebank.projections.credit import rewards
from timebank.projections.credit.rewards import RewardView

RewardStatusName = Literal["published", "paused", "withdrawn"]


class SlotRequest(Slot, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An appointment that can be taken with the reward: when it starts, and for how many people."""


class EligibilityRequest(Eligibility, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may redeem: who served so many minutes, in so many days up to today or ever; who has so many stars."""


class RewardRequest(RewardTerms, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of a reward. A quota is for each period, or for all time; dates are local and included."""

    name: Line
    provider_id: Id  # type: ignore[assignment]
    funder_id: Id | None = None  # type: ignore[assignment]
    description: Text | None = None
    eligibility: EligibilityRequest = EligibilityRequest()
    slots: Annotated[tuple[SlotRequest, ...], msgspec.Meta(max_length=500)] = ()

    def terms(self) -> RewardTerms:
        """The same, as the domain knows it. Refuses times that cannot be."""
        for slot in self.slots:
            must_be_believable(slots=slot.starts_at)
        return msgspec.convert(msgspec.to_builtins(self) | {"name": self.name.strip()}, RewardTerms)


class RewardStatus(msgspec.Struct, frozen=True):
    """How the reward stands now."""

    reward_id: str
    status: RewardStatusName
    position: int


class Amended(msgspec.Struct, frozen=True):
    """The reward that has other terms now."""

    reward_id: str
    position: int


class RewardController(Controller):
    """`/v1/rewards`"""

    path = "/rewards"
    tags = ("Rewards",)

    @get(responses=READS)
    async def list_rewards(
        self,
        request: BankRequest,
        status: Annotated[
            RewardStatusName | None, QueryParameter(description="Without it: those that are not withdrawn.")
        ] = None,
        kind: Annotated[RewardKind | None, QueryParameter()] = None,
        after: After = "",
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[RewardView]:
        """What there is to redeem, what it costs, and how much of it is left."""
        await wait_for_reads(request, min_position)
        statuses: list[str] = [status] if status else ["published", "paused"]
        today = now(request).date()
        pool, bank_id = services(request).pool, request.user.bank_id
        found = await rewards.page(pool, bank_id, statuses, kind, today, after, limit + 1)
        return page_of(found, limit, "reward_id")

    @get("/{reward_id:str}", responses=READS)
    async def get_reward(
        self, request: BankRequest, reward_id: FromPath[str], min_position: MinPosition = None
    ) -> RewardView:
        """One reward, on its terms of now."""
        await wait_for_reads(request, min_position)
        found = await rewards.one(services(request).pool, request.user.bank_id, reward_id, now(request).date())
        if found is None:
            raise RewardUnknown(reward_id=reward_id)
        return found

    @post(responses=WRITES)
    async def publish_reward(
        self, request: BankRequest, data: JSONBody[RewardRequest], idempotency_key: IdempotencyHeader = None
    ) -> RewardStatus:
        """Offer a reward."""
        command = PublishReward(by=request.user.acting, at=now(request), reward_id=new_reward_id(), terms=data.terms())
        receipt = await do(request, command, idempotency_key)
        return RewardStatus(receipt.facts[0].reward_id, "published", receipt.position)  # type: ignore[attr-defined]

    @put("/{reward_id:str}", responses=WRITES)
    async def amend_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[RewardRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Amended:
        """Put other terms in the place of a reward's. What is reserved already stays on those it was reserved on."""
        command = AmendReward(
            by=request.user.acting, at=now(request), reward_id=RewardId(reward_id), terms=data.terms()
        )
        return Amended(reward_id, (await do(request, command, idempotency_key)).position)

    @post("/{reward_id:str}/pause", status_code=200, responses=WRITES)
    async def pause_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> RewardStatus:
        """Let nobody redeem a reward for now."""
        command = PauseReward(
            by=request.user.acting, at=now(request), reward_id=RewardId(reward_id), reason=data.reason
        )
        return RewardStatus(reward_id, "paused", (await do(request, command, idempotency_key)).position)

    @post("/{reward_id:str}/resume", status_code=200, responses=WRITES)
    async def resume_reward(
        self, request: BankRequest, reward_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> RewardStatus:
        """Let it be redeemed again."""
        command = ResumeReward(by=request.user.acting, at=now(request), reward_id=RewardId(reward_id))
        return RewardStatus(reward_id, "published", (await do(request, command, idempotency_key)).position)

    @post("/{reward_id:str}/withdraw", status_code=200, responses=WRITES)
    async def withdraw_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> RewardStatus:
        """Offer a reward no more, for good. What is reserved can still be fulfilled."""
        command = WithdrawReward(
            by=request.user.acting, at=now(request), reward_id=RewardId(reward_id), reason=data.reason
        )
        return RewardStatus(reward_id, "withdrawn", (await do(request, command, idempotency_key)).position)

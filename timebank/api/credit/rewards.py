"""Rewards: what credit can be spent on. Everybody sees them; administrators publish, amend, pause and withdraw."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.access.table import ADMINISTRATORS, EVERYBODY
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
    Status,
    happened,
)
from timebank.domain.credit.refusals import RewardUnknown
from timebank.domain.credit.rewards import AmendReward, PauseReward, PublishReward, ResumeReward, WithdrawReward
from timebank.domain.facts.credit import (
    Every,
    Places,
    RewardKind,
    RewardPublished,
    RewardTerms,
    Some,
    SomeMinutes,
    Stars,
    WithinDays,
)
from timebank.domain.identifiers import RewardId, new_reward_id
from timebank.domain.kernel import Moment
from timebank.domain.text import Line, Text
from timebank.projections.credit import rewards
from timebank.projections.credit.rewards import RewardView

RewardStatusName = Literal["published", "paused", "withdrawn"]


class SlotRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time slot that can be taken with the reward: when it starts, and for how many people."""

    starts_at: Moment
    places: Places


class EligibilityRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may redeem: who served so many minutes, in so many days up to today or ever; who has so many stars."""

    service_minutes: SomeMinutes = 0
    within_days: WithinDays | None = None
    stars: Stars = 0


class RewardRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of a reward. A quota is for each period, or for all time; dates are local and included."""

    name: Line
    kind: RewardKind
    cost_minutes: Some
    provider_id: Id
    funder_id: Id | None = None
    description: Text | None = None
    quota: Some | None = None
    quota_per_person: Some | None = None
    quota_every: Every | None = None
    available_from: date | None = None
    available_until: date | None = None
    eligibility: EligibilityRequest = EligibilityRequest()
    slots: Annotated[tuple[SlotRequest, ...], msgspec.Meta(max_length=500)] = ()

    def terms(self) -> RewardTerms:
        """These terms as the domain takes them."""
        return msgspec.convert(msgspec.to_builtins(self), RewardTerms)


class RewardStatus(Status, frozen=True, kw_only=True):
    """How the reward stands now."""

    reward_id: str
    status: RewardStatusName


class Amended(msgspec.Struct, frozen=True):
    """The reward that has other terms now."""

    reward_id: str
    position: int


class RewardController(Controller):
    """`/v1/rewards`"""

    path = "/rewards"
    tags = ("Rewards",)

    @get(responses=READS, access=EVERYBODY)
    async def list_rewards(
        self,
        request: BankRequest,
        status: Annotated[
            RewardStatusName | None, QueryParameter(description="Without it: those that are not withdrawn.")
        ] = None,
        kind: Annotated[RewardKind | None, QueryParameter()] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Page[RewardView]:
        """What there is to redeem, what it costs, and how much of it is left."""
        statuses: list[str] = [status] if status else ["published", "paused"]

        async def page(after: str, limit: int) -> list[RewardView]:
            return await rewards.page(request.pool, request.bank_id, statuses, kind, request.today, after, limit)

        return await listed(request, page, after, limit, "reward_id")

    @get("/{reward_id:str}", responses=READS, access=EVERYBODY)
    async def get_reward(self, request: BankRequest, reward_id: FromPath[str]) -> RewardView:
        """One reward, on its terms of now."""
        reward = await rewards.one(request.pool, request.bank_id, reward_id, request.today)
        if reward is None:
            raise RewardUnknown(reward_id=reward_id)
        (shown,) = await request.named([reward])
        return shown

    @post(responses=WRITES, access=ADMINISTRATORS)
    async def publish_reward(
        self, request: BankRequest, data: JSONBody[RewardRequest], idempotency_key: IdempotencyHeader = None
    ) -> RewardStatus:
        """Offer a reward."""
        command = PublishReward(**request.stamp, reward_id=new_reward_id(), terms=data.terms())
        receipt = await request.execute(command, idempotency_key)
        reward_id = happened(receipt, RewardPublished).reward_id
        return RewardStatus(reward_id=reward_id, status="published", position=receipt.position)

    @put("/{reward_id:str}", responses=WRITES, access=ADMINISTRATORS)
    async def amend_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[RewardRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Amended:
        """Put other terms in the place of a reward's. What is reserved already stays on those it was reserved on."""
        command = AmendReward(**request.stamp, reward_id=RewardId(reward_id), terms=data.terms())
        return Amended(reward_id, (await request.execute(command, idempotency_key)).position)

    @post("/{reward_id:str}/pause", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def pause_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> RewardStatus:
        """Let nobody redeem a reward for now."""
        command = PauseReward(**request.stamp, reward_id=RewardId(reward_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return RewardStatus(reward_id=reward_id, status="paused", position=receipt.position)

    @post("/{reward_id:str}/resume", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def resume_reward(
        self, request: BankRequest, reward_id: FromPath[str], idempotency_key: IdempotencyHeader = None
    ) -> RewardStatus:
        """Let it be redeemed again."""
        command = ResumeReward(**request.stamp, reward_id=RewardId(reward_id))
        receipt = await request.execute(command, idempotency_key)
        return RewardStatus(reward_id=reward_id, status="published", position=receipt.position)

    @post("/{reward_id:str}/withdraw", status_code=200, responses=WRITES, access=ADMINISTRATORS)
    async def withdraw_reward(
        self,
        request: BankRequest,
        reward_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> RewardStatus:
        """Offer a reward no more, for good. What is reserved can still be fulfilled."""
        command = WithdrawReward(**request.stamp, reward_id=RewardId(reward_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return RewardStatus(reward_id=reward_id, status="withdrawn", position=receipt.position)

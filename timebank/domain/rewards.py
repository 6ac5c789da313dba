"""Rewards: what credit can be spent on, at which cost, how many there are, for whom, and who provides it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from timebank.domain.bank import must_govern
from timebank.domain.identifiers import OrganisationId, RewardId
from timebank.domain.kernel import Command, Fact, Memory, Moment, event
from timebank.domain.organisations import Organisation
from timebank.domain.refusals import (
    NothingChanges,
    RewardNotOffered,
    RewardStatusDiffers,
    RewardUnknown,
    SlotNeeded,
    SlotsTwice,
    SlotUnknown,
    TermEndsBeforeItStarts,
)

RewardKind = Literal["health-check", "travel", "goods", "service", "voucher", "honour"]

Every = Literal["week", "month", "quarter", "year"]
"""How long a quota lasts before there is a new one, in the bank's local time."""

Some = Annotated[int, Meta(ge=1, le=10**9)]


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment that can be taken with the reward: when it starts, and for how many people."""

    starts_at: Moment
    places: Annotated[int, Meta(ge=1, le=100_000)]


class Eligibility(msgspec.Struct, frozen=True, kw_only=True):
    """Who may redeem: who served so many minutes, in so many days up to today or ever; who has so many stars."""

    service_minutes: Annotated[int, Meta(ge=0, le=10**9)] = 0
    within_days: Annotated[int, Meta(ge=1, le=3660)] | None = None
    stars: Annotated[int, Meta(ge=0, le=20)] = 0


class RewardTerms(msgspec.Struct, frozen=True, kw_only=True):
    """On which terms a reward is to be had.

    `quota` is how many there are in all, or with `quota_every` in each week, month, quarter or year; `quota_per_person`
    how many of those for one person. From `available_from` until `available_until` (included) it can be redeemed.
    Whoever provides it accepts the codes; who funds it is told, and no more.
    """

    name: str
    kind: RewardKind
    cost_minutes: Some
    provider_id: OrganisationId
    funder_id: OrganisationId | None = None
    description: str | None = None
    quota: Some | None = None
    quota_per_person: Some | None = None
    quota_every: Every | None = None
    available_from: date | None = None
    available_until: date | None = None
    eligibility: Eligibility = Eligibility()
    slots: tuple[Slot, ...] = ()

    def period(self, day: date) -> str:
        """For which period the quotas of a day are: `all`, or as `2026`, `2026-Q4`, `2026-11` or `2026-W47`."""
        if self.quota_every == "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        if self.quota_every == "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        return {"month": f"{day:%Y-%m}", "year": f"{day.year}"}.get(self.quota_every or "", "all")

    def slot_at(self, moment: datetime | None) -> Slot | None:
        """The slot that was asked for; refuses if there is no such slot, or if one has to be chosen."""
        if moment is None:
            if self.slots:
                raise SlotNeeded
            return None
        for slot in self.slots:
            if slot.starts_at.astimezone(UTC) == moment.astimezone(UTC):
                return slot
        raise SlotUnknown(slot=moment.isoformat())

    def must_be_possible(self) -> None:
        """Refuse terms that contradict themselves."""
        if self.available_from and self.available_until and self.available_until < self.available_from:
            raise TermEndsBeforeItStarts
        if len({slot.starts_at.astimezone(UTC) for slot in self.slots}) < len(self.slots):
            raise SlotsTwice


class RewardPublished(Fact, frozen=True, kw_only=True):
    """A reward can be redeemed from now on, on these terms."""

    TOPIC = "reward-published"
    reward_id: RewardId
    provider_id: OrganisationId
    terms: RewardTerms


class RewardAmended(Fact, frozen=True, kw_only=True):
    """The terms of a reward are others for whoever redeems it from now on; what is reserved stays as it was."""

    TOPIC = "reward-amended"
    reward_id: RewardId
    provider_id: OrganisationId
    terms: RewardTerms


class RewardPaused(Fact, frozen=True, kw_only=True):
    """The reward cannot be redeemed for now; what is reserved stays reserved."""

    TOPIC = "reward-paused"
    reward_id: RewardId
    reason: str


class RewardResumed(Fact, frozen=True, kw_only=True):
    """The reward can be redeemed again."""

    TOPIC = "reward-resumed"
    reward_id: RewardId


class RewardWithdrawn(Fact, frozen=True, kw_only=True):
    """The reward is not offered any more, for good; what is reserved can still be fulfilled."""

    TOPIC = "reward-withdrawn"
    reward_id: RewardId
    reason: str


class Reward(Memory):
    """One reward, as it now stands."""

    status = "unknown"
    terms: RewardTerms

    @event(RewardPublished)
    def _(self, terms: RewardTerms) -> None:
        self.status, self.terms = "published", terms

    @event(RewardAmended)
    def _(self, terms: RewardTerms) -> None:
        self.terms = terms

    @event(RewardPaused)
    def _(self) -> None:
        self.status = "paused"

    @event(RewardResumed)
    def _(self) -> None:
        self.status = "published"

    @event(RewardWithdrawn)
    def _(self) -> None:
        self.status = "withdrawn"

    def must_exist(self, reward_id: RewardId) -> None:
        """Refuse for a reward nobody knows."""
        if self.status == "unknown":
            raise RewardUnknown(reward_id=reward_id)

    def must_be(self, reward_id: RewardId, *statuses: str) -> None:
        """Refuse for a reward in another status."""
        self.must_exist(reward_id)
        if self.status not in statuses:
            raise RewardStatusDiffers(reward_id=reward_id, status=self.status, wanted=" or ".join(statuses))

    def must_be_offered(self, reward_id: RewardId, on: date) -> None:
        """Refuse for a reward that cannot be redeemed on a day."""
        self.must_exist(reward_id)
        if self.status != "published":
            raise RewardNotOffered(reward_id=reward_id, why=f"it is {self.status}")
        if self.terms.available_from and on < self.terms.available_from:
            raise RewardNotOffered(reward_id=reward_id, why=f"it is from {self.terms.available_from} on")
        if self.terms.available_until and on > self.terms.available_until:
            raise RewardNotOffered(reward_id=reward_id, why=f"it was until {self.terms.available_until}")


class PublishReward(Command, frozen=True, kw_only=True):
    """Offer a reward. Whoever provides it, and whoever funds it, are organisations of the bank."""

    reward_id: RewardId
    terms: RewardTerms

    def needs(self) -> Sequence[Memory]:
        return _organisations(self.terms)

    def decide(self, provider: Organisation, *funder: Organisation) -> Iterator[Fact]:
        must_govern(self.by)
        _must_be_provided(self.terms, provider, *funder)
        yield RewardPublished(reward_id=self.reward_id, provider_id=self.terms.provider_id, terms=self.terms)


class AmendReward(Command, frozen=True, kw_only=True):
    """Change the terms of a reward for whoever redeems it from now on."""

    reward_id: RewardId
    terms: RewardTerms

    def needs(self) -> Sequence[Memory]:
        return Reward(self.reward_id), *_organisations(self.terms)

    def decide(self, reward: Reward, provider: Organisation, *funder: Organisation) -> Iterator[Fact]:
        must_govern(self.by)
        reward.must_be(self.reward_id, "published", "paused")
        _must_be_provided(self.terms, provider, *funder)
        if self.terms == reward.terms:
            raise NothingChanges
        yield RewardAmended(reward_id=self.reward_id, provider_id=self.terms.provider_id, terms=self.terms)


class _OnReward(Command, frozen=True, kw_only=True):
    """What the shorter decisions on a reward have in common."""

    reward_id: RewardId

    def needs(self) -> Sequence[Memory]:
        return (Reward(self.reward_id),)


class PauseReward(_OnReward, frozen=True, kw_only=True):
    """Let nobody redeem the reward for now."""

    reason: str

    def decide(self, reward: Reward) -> Iterator[Fact]:
        must_govern(self.by)
        reward.must_be(self.reward_id, "published")
        yield RewardPaused(reward_id=self.reward_id, reason=self.reason)


class ResumeReward(_OnReward, frozen=True, kw_only=True):
    """Let it be redeemed again."""

    def decide(self, reward: Reward) -> Iterator[Fact]:
        must_govern(self.by)
        reward.must_be(self.reward_id, "paused")
        yield RewardResumed(reward_id=self.reward_id)


class WithdrawReward(_OnReward, frozen=True, kw_only=True):
    """Offer the reward no more, for good."""

    reason: str

    def decide(self, reward: Reward) -> Iterator[Fact]:
        must_govern(self.by)
        reward.must_be(self.reward_id, "published", "paused")
        yield RewardWithdrawn(reward_id=self.reward_id, reason=self.reason)


def _organisations(terms: RewardTerms) -> tuple[Organisation, ...]:
    return tuple(Organisation(each) for each in (terms.provider_id, terms.funder_id) if each)


def _must_be_provided(terms: RewardTerms, provider: Organisation, *funder: Organisation) -> None:
    provider.must_be_approved(terms.provider_id)
    for organisation in funder:
        assert terms.funder_id, "its memory was asked for"
        organisation.must_exist(terms.funder_id)
    terms.must_be_possible()

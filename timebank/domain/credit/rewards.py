"""Rewards: what credit can be spent on, at which cost, how many there are, for whom, and who provides it.

`ReserveReward` in `redemptions.py` asks whether somebody can pay the cost, is entitled, and whether any are left.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta

from timebank.domain.acting import must_govern
from timebank.domain.credit.refusals import (
    AGAIN_FROM,
    NO_LONGER,
    NOT_YET,
    STANDS_OTHERWISE,
    RewardNotOffered,
    RewardStatusDiffers,
    RewardUnknown,
    SlotNeeded,
    SlotsTwice,
    SlotUnknown,
)
from timebank.domain.facts.credit import (
    RewardAmended,
    RewardPaused,
    RewardPublished,
    RewardResumed,
    RewardTerms,
    RewardWithdrawn,
    Slot,
)
from timebank.domain.identifiers import RewardId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event, must_fit
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.refusals import NothingChanges, TermEndsBeforeItStarts
from timebank.domain.text import Line, Text, normal
from timebank.domain.times import must_be_believable

SlotCount = Annotated[int, Meta(le=500)]


class Reward(Memory):
    """One reward, as it now stands."""

    status = "unknown"
    terms: RewardTerms

    def __init__(self, reward_id: RewardId) -> None:
        super().__init__(reward_id)
        self.reward_id = reward_id

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

    def must_exist(self) -> None:
        """Refuse for a reward nobody knows."""
        if self.status == "unknown":
            raise RewardUnknown(reward_id=self.reward_id)

    def must_be(self, *statuses: str) -> None:
        """Refuse for a reward in another status."""
        self.must_exist()
        if self.status not in statuses:
            raise RewardStatusDiffers(reward_id=self.reward_id, status=self.status, wanted=" or ".join(statuses))

    def must_be_offered(self, on: date) -> None:
        """Refuse for a reward that cannot be redeemed on a day."""
        self.must_exist()
        if self.status != "published":
            raise RewardNotOffered(reward_id=self.reward_id, why=STANDS_OTHERWISE, status=self.status)
        if self.terms.available_from and on < self.terms.available_from:
            raise RewardNotOffered(reward_id=self.reward_id, why=NOT_YET, day=self.terms.available_from.isoformat())
        if self.terms.available_until and on > self.terms.available_until:
            raise RewardNotOffered(reward_id=self.reward_id, why=NO_LONGER, day=self.terms.available_until.isoformat())


class _OnTerms(Command, frozen=True, kw_only=True):
    """What publishing and amending have in common: terms that have to be possible, and provided by somebody."""

    reward_id: RewardId
    terms: RewardTerms

    def checked(self) -> Self:
        must_fit(self.terms.name, Line, "name")
        must_fit(self.terms.description, Text | None, "description")
        must_fit(len(self.terms.slots), SlotCount, "slots")
        for slot in self.terms.slots:
            must_be_believable(slots=slot.starts_at)
        terms = msgspec.structs.replace(self.terms, name=normal(self.terms.name))
        must_fit(terms.name, Line, "name")
        return msgspec.structs.replace(super().checked(), terms=terms)

    def needs(self) -> Sequence[Key]:
        concerned = (self.terms.provider_id, self.terms.funder_id)
        return tuple(about(Organisation, each) for each in concerned if each)

    def must_be_provided(self, known: Known) -> None:
        """Refuse terms that contradict themselves, or that nobody of the bank provides, or funds."""
        terms = self.terms
        known(Organisation, terms.provider_id).must_be_approved()
        if terms.funder_id:
            known(Organisation, terms.funder_id).must_exist()
        if terms.available_from and terms.available_until and terms.available_until < terms.available_from:
            raise TermEndsBeforeItStarts
        if len({slot.starts_at.astimezone(UTC) for slot in terms.slots}) < len(terms.slots):
            raise SlotsTwice


class PublishReward(_OnTerms, frozen=True, kw_only=True):
    """Offer a reward. Whoever provides it, and whoever funds it, are organisations of the bank."""

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        self.must_be_provided(known)
        yield RewardPublished(reward_id=self.reward_id, provider_id=self.terms.provider_id, terms=self.terms)


class AmendReward(_OnTerms, frozen=True, kw_only=True):
    """Change the terms of a reward for whoever redeems it from now on."""

    def needs(self) -> Sequence[Key]:
        return about(Reward, self.reward_id), *super().needs()

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        reward = known(Reward, self.reward_id)
        reward.must_be("published", "paused")
        self.must_be_provided(known)
        if self.terms == reward.terms:
            raise NothingChanges
        yield RewardAmended(reward_id=self.reward_id, provider_id=self.terms.provider_id, terms=self.terms)


class _OnReward(Command, frozen=True, kw_only=True):
    """What the shorter decisions on a reward have in common."""

    reward_id: RewardId

    def needs(self) -> Sequence[Key]:
        return (about(Reward, self.reward_id),)


class PauseReward(_OnReward, frozen=True, kw_only=True):
    """Let nobody redeem the reward for now."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        known(Reward, self.reward_id).must_be("published")
        yield RewardPaused(reward_id=self.reward_id, reason=self.reason)


class ResumeReward(_OnReward, frozen=True, kw_only=True):
    """Let it be redeemed again."""

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        known(Reward, self.reward_id).must_be("paused")
        yield RewardResumed(reward_id=self.reward_id)


class WithdrawReward(_OnReward, frozen=True, kw_only=True):
    """Offer the reward no more, for good."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        known(Reward, self.reward_id).must_be("published", "paused")
        yield RewardWithdrawn(reward_id=self.reward_id, reason=self.reason)


def slot_at(terms: RewardTerms, moment: datetime | None, zone: tzinfo | None) -> Slot | None:
    """The slot that was asked for, in local time; refuses if there is no such slot, or if one has to be chosen."""
    if moment is None:
        if terms.slots:
            raise SlotNeeded
        return None
    for slot in terms.slots:
        if slot.starts_at.astimezone(UTC) == moment.astimezone(UTC):
            return msgspec.structs.replace(slot, starts_at=slot.starts_at.astimezone(zone))
    raise SlotUnknown(slot=moment.astimezone(zone).isoformat())


def until_when(terms: RewardTerms, today: date, otherwise: str) -> dict[str, Any]:
    """For which period a quota is reached, and what to do: to wait for the next one, or `otherwise`."""
    again, period = next_period(terms, today), terms.period(today)
    return (
        {"period": period, "why": AGAIN_FROM, "day": again.isoformat()}
        if again
        else {"period": period, "why": otherwise}
    )


def next_period(terms: RewardTerms, day: date) -> date | None:
    """The first day of the next period of the quotas; None if there is none, or the reward is not offered then."""
    if terms.quota_every is None:
        return None
    now = terms.period(day)
    later = next(each for each in (day + timedelta(days) for days in range(1, 367)) if terms.period(each) != now)
    return later if terms.available_until is None or later <= terms.available_until else None

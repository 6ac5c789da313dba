"""Redeeming: reserving credit for a reward together with one of its places, and releasing it again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from timebank.domain.accounts import Balance, ServedDays
from timebank.domain.identifiers import ActorId, RedemptionId, RewardId, VolunteerId
from timebank.domain.kernel import Command, Fact, Memory, Moment
from timebank.domain.memberships import must_act_for, right_of
from timebank.domain.organisations import Organisation
from timebank.domain.policy import RuleBook, Rules
from timebank.domain.redemptions import (
    FULFILS_REWARDS,
    Redemption,
    ReservationCancelled,
    ReservationExpired,
    RewardClaims,
    RewardReserved,
    RewardStock,
)
from timebank.domain.refusals import (
    NotEligible,
    NotYourOwn,
    OrganisationUnknown,
    ProxyIsBeneficiary,
    RedemptionUnknown,
    SlotIsOver,
)
from timebank.domain.rewards import Reward, RewardTerms, Slot
from timebank.domain.volunteers import Volunteer

COLLECTED_WITHIN = timedelta(days=1)
"""How long after its appointment what was reserved with one can still be accepted."""


class ReserveReward(Command, frozen=True, kw_only=True):
    """Reserve a reward: credit, stock and, where there are any, an appointment; all of it or nothing."""

    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    code_hash: str
    slot: Moment | None = None

    def needs(self) -> Sequence[Memory]:
        return (
            Reward(self.reward_id),
            RewardStock(self.reward_id),
            Volunteer(self.volunteer_id),
            Volunteer(self.beneficiary_id),
            Balance(self.volunteer_id),
            RuleBook(),
        )

    def also_needs(self, reward: Reward, *_: Memory) -> Sequence[Memory]:
        if reward.status == "unknown":
            return ()
        people = dict.fromkeys((self.volunteer_id, self.beneficiary_id))
        provider = Organisation(reward.terms.provider_id)
        claims = [RewardClaims(self.reward_id, each) for each in people] if reward.terms.quota_per_person else []
        days = [ServedDays(self.volunteer_id)] if reward.terms.eligibility.within_days else []
        return [provider, *claims, *days]

    def decide(
        self,
        reward: Reward,
        stock: RewardStock,
        volunteer: Volunteer,
        beneficiary: Volunteer,
        balance: Balance,
        book: RuleBook,
        *others: Memory,
    ) -> Iterator[Fact]:
        today = self.at.date()
        reward.must_be_offered(self.reward_id, today)
        provider, *more = others
        assert isinstance(provider, Organisation), "asked for first"
        provider.must_be_approved(reward.terms.provider_id)
        if self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        volunteer.must_be_active(self.volunteer_id)
        beneficiary.must_exist(self.beneficiary_id)
        if self.by.on_behalf_of and self.beneficiary_id == self.by.volunteer_id:
            raise ProxyIsBeneficiary
        terms, rules, period = reward.terms, book.on(today).rules, reward.terms.period(today)
        self.must_be_eligible(terms, rules, balance, more)
        slot = terms.slot_at(self.slot)
        if slot and slot.starts_at.astimezone(UTC) <= self.at.astimezone(UTC):
            raise SlotIsOver(slot=slot.starts_at.isoformat())
        for claims in more:
            if isinstance(claims, RewardClaims):
                claims.must_have_left(terms, period)
        stock.must_have_left(terms, period, slot)
        balance.must_cover(terms.cost_minutes)
        beneficiary.must_be_able_to_receive(self.beneficiary_id)
        yield RewardReserved(
            redemption_id=self.redemption_id,
            reward_id=self.reward_id,
            volunteer_id=self.volunteer_id,
            beneficiary_id=self.beneficiary_id,
            provider_id=terms.provider_id,
            name=terms.name,
            kind=terms.kind,
            cost_minutes=terms.cost_minutes,
            period=period,
            code_hash=self.code_hash,
            expires_at=expires_at(self.at, rules, slot),
            reserved_by=self.by.actor,
            slot=slot.starts_at if slot else None,
        )

    def must_be_eligible(self, terms: RewardTerms, rules: Rules, balance: Balance, more: Sequence[Memory]) -> None:
        """Refuse whoever has not served enough for it."""
        wanted, served = terms.eligibility, balance.service_minutes
        if rules.stars(served) < wanted.stars:
            raise NotEligible(why=f"it takes {wanted.stars} stars, and there are {rules.stars(served)}")
        if wanted.within_days:
            days = next(memory for memory in more if isinstance(memory, ServedDays))
            served = days.within(wanted.within_days, self.at.date())
        if served < wanted.service_minutes:
            within = f" in {wanted.within_days} days" if wanted.within_days else ""
            raise NotEligible(
                why=f"it takes {wanted.service_minutes} minutes of service{within}, and there are {served}"
            )


def expires_at(at: datetime, rules: Rules, slot: Slot | None) -> datetime:
    """Until when what is reserved now can be accepted: as the rules say, or until a day after its appointment.

    In UTC, where an hour is an hour, also in the night in which clocks are set back.
    """
    if slot:
        return slot.starts_at.astimezone(UTC) + COLLECTED_WITHIN
    return at.astimezone(UTC) + timedelta(hours=rules.reservation_hours)


class _Release(Command, frozen=True, kw_only=True):
    """What giving reserved credit back has in common."""

    redemption_id: RedemptionId

    def needs(self) -> Sequence[Memory]:
        return (Redemption(self.redemption_id),)

    def also_needs(self, redemption: Redemption) -> Sequence[Memory]:
        if redemption.status == "unknown":
            return ()
        reserved = redemption.reserved
        return Balance(reserved.volunteer_id), *right_of(self.by, reserved.provider_id)


class CancelRedemption(_Release, frozen=True, kw_only=True):
    """Give up what is reserved: by the volunteer whose credit it is, or by those who cannot provide it."""

    reason: str

    def decide(self, redemption: Redemption, *others: Memory) -> Iterator[Fact]:
        if redemption.status == "unknown":
            raise RedemptionUnknown(redemption_id=self.redemption_id)
        balance, *right = others
        assert isinstance(balance, Balance), "asked for first"
        reserved = redemption.reserved
        if self.by.own_id != reserved.volunteer_id:
            try:
                must_act_for(reserved.provider_id, self.by, FULFILS_REWARDS, self.at.date(), right)
            except OrganisationUnknown:
                raise RedemptionUnknown(redemption_id=self.redemption_id) from None
        redemption.must_be_open(self.at)
        yield cancelled(reserved, self.by.actor, self.reason, balance.debt_change(reserved.cost_minutes))


def cancelled(reserved: RewardReserved, by: ActorId, reason: str, debt_change_minutes: int) -> ReservationCancelled:
    """The end of a reservation that is not wanted any more."""
    return ReservationCancelled(
        **_what_was(reserved),
        debt_change_minutes=debt_change_minutes,
        reason=reason,
        cancelled_by=by,
    )


class ExpireRedemption(_Release, frozen=True, kw_only=True):
    """Take back what nobody came for in time; where there is nothing to take back, nothing happens."""

    def decide(self, redemption: Redemption, *others: Memory) -> Iterator[Fact]:
        if redemption.status != "reserved" or redemption.reserved.expires_at > self.at:
            return
        balance, *_ = others
        assert isinstance(balance, Balance), "asked for first"
        reserved = redemption.reserved
        yield ReservationExpired(
            **_what_was(reserved),
            debt_change_minutes=balance.debt_change(reserved.cost_minutes),
        )


def _what_was(reserved: RewardReserved) -> dict[str, Any]:
    """What giving credit back says of the reservation: all that either fact about it has."""
    return {name: getattr(reserved, name) for name in _SHARED}


_SHARED = [name for name in RewardReserved.__struct_fields__ if name in ReservationExpired.__struct_fields__]

"""Redemptions: credit reserved for a reward under a code, and what becomes of it: fulfilled, cancelled or expired.

Reserving takes credit together with one of the reward's places. Each of the three ends happens at most once, and only
one of them; cancelling and expiring give back exactly what was reserved.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from timebank.domain.credit.accounts import Balance, ServedDays
from timebank.domain.credit.claims import ByAnother, RewardClaims, must_have_left, what_gives_way
from timebank.domain.credit.policies import RuleBook
from timebank.domain.credit.refusals import (
    NO_MORE,
    SERVICE_MISSING,
    SERVICE_MISSING_LATELY,
    STARS_MISSING,
    CostIsAnother,
    FulfillerIsBeneficiary,
    NotEligible,
    PersonalQuotaReached,
    ProxyIsBeneficiary,
    RedemptionCodeUnknown,
    RedemptionNotOpen,
    RedemptionUnknown,
    RewardSoldOut,
    SlotFull,
    SlotIsOver,
)
from timebank.domain.credit.rewards import Reward, slot_at, until_when
from timebank.domain.facts.credit import (
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
    RewardTerms,
    Rules,
    Slot,
)
from timebank.domain.facts.organisations import Role
from timebank.domain.identifiers import (
    ActorId,
    CodeHash,
    RedemptionId,
    RedemptionTag,
    RewardId,
    VolunteerId,
    redemption_tag,
)
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, Moment, about, event
from timebank.domain.organisations.memberships import must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.people.refusals import CannotReceive
from timebank.domain.people.volunteers import Volunteer, is_one_of, registrations_of
from timebank.domain.refusals import NotYourOwn
from timebank.domain.text import Text
from timebank.domain.times import must_be_believable

FULFILS_REWARDS: tuple[Role, ...] = ("merchant", "coordinator")

RESERVED_BY_THEMSELVES = "whom it was for reserved it themselves"

COLLECTED_WITHIN = timedelta(days=1)
"""How long after its slot what was reserved with one can still be accepted."""


class Redemption(Memory):
    """One redemption, found by its id or by its code, as it now stands."""

    status = "unknown"
    reserved: RewardReserved

    def __init__(self, found_by: RedemptionId | RedemptionTag) -> None:
        super().__init__(found_by)

    @event(RewardReserved)
    def _(self, fact: RewardReserved) -> None:
        self.status, self.reserved = "reserved", fact

    @event(RewardFulfilled)
    def _(self) -> None:
        self.status = "fulfilled"

    @event(ReservationCancelled)
    def _(self) -> None:
        self.status = "cancelled"

    @event(ReservationExpired)
    def _(self) -> None:
        self.status = "expired"

    @property
    def is_known(self) -> bool:
        """Whether anything was ever reserved under this id, or code."""
        return self.status != "unknown"

    def must_be_open(self, at: datetime) -> None:
        """Refuse a redemption that is no longer open, or whose time is over though nobody took it back yet."""
        status = "expired" if self.status == "reserved" and self.reserved.expires_at <= at else self.status
        if status != "reserved":
            raise RedemptionNotOpen(redemption_id=self.reserved.redemption_id, status=status)


class RewardStock(Memory):
    """How much of a reward is taken: by period of its quota, and by slot."""

    def __init__(self, reward_id: RewardId) -> None:
        super().__init__(reward_id)
        self.taken: dict[str, int] = {}
        self.places: dict[datetime, int] = {}

    @event(RewardReserved)
    def _(self, period: str, slot: datetime | None) -> None:
        self._count(period, slot, 1)

    @event(ReservationCancelled)
    def _(self, period: str, slot: datetime | None) -> None:
        self._count(period, slot, -1)

    @event(ReservationExpired)
    def _(self, period: str, slot: datetime | None) -> None:
        self._count(period, slot, -1)

    def _count(self, period: str, slot: datetime | None, change: int) -> None:
        self.taken[period] = self.taken.get(period, 0) + change
        if slot:
            at = slot.astimezone(UTC)
            self.places[at] = self.places.get(at, 0) + change

    def must_have_left(self, terms: RewardTerms, today: date, slot: Slot | None) -> None:
        """Refuse where the quota of the period, or the slot, is used up."""
        if terms.quota is not None and self.taken.get(terms.period(today), 0) >= terms.quota:
            raise RewardSoldOut(**until_when(terms, today, NO_MORE))
        if slot and self.places.get(slot.starts_at.astimezone(UTC), 0) >= slot.places:
            raise SlotFull(slot=slot.starts_at.isoformat())


class ReserveReward(Command, frozen=True, kw_only=True):
    """Reserve a reward: credit, stock and, where there are any, a slot; all of it or nothing.

    `seen_minutes` is the cost that whoever reserves has seen; where it is another by now, nothing happens.
    """

    proxy_scope = "redeem"

    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    code_hash: CodeHash
    slot: Moment | None = None
    seen_minutes: int | None = None

    def checked(self) -> Self:
        must_be_believable(slot=self.slot)
        return super().checked()

    def needs(self) -> Sequence[Key]:
        return (
            about(Reward, self.reward_id),
            about(RewardStock, self.reward_id),
            about(Volunteer, self.volunteer_id),
            about(Volunteer, self.beneficiary_id),
            about(Balance, self.volunteer_id),
            about(RuleBook),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        reward = known(Reward, self.reward_id)
        if reward.status == "unknown":
            return ()
        claimants = self.claimants if reward.terms.quota_per_person else ()
        served = registrations_of(known, self.volunteer_id)
        return (
            about(Organisation, reward.terms.provider_id),
            *(about(RewardClaims, self.reward_id, each) for who in claimants for each in registrations_of(known, who)),
            *self.memories_of_what_gives_way(known, reward.terms),
            *(about(Balance, each) for each in served),
            *(about(ServedDays, each) for each in served if reward.terms.eligibility.within_days),
        )

    @property
    def claimants(self) -> tuple[VolunteerId, ...]:
        """The people whose quota per person this counts against: who pays, and who gets the reward."""
        return tuple(dict.fromkeys((self.volunteer_id, self.beneficiary_id)))

    def gives_way(self, known: Known, terms: RewardTerms) -> ByAnother | None:
        """What somebody else has reserved for whom it is for, where that alone keeps them from reserving it themselves.

        They had no say in it: else anybody could keep them from a reward for as long as they like.
        """
        is_own = self.volunteer_id == self.beneficiary_id and terms.quota_per_person
        return what_gives_way(known, self.reward_id, self.volunteer_id, terms, self.at.date()) if is_own else None

    def memories_of_what_gives_way(self, known: Known, terms: RewardTerms) -> Sequence[Key]:
        """The memories in which it is found what that was, and what its payer has."""
        found = self.gives_way(known, terms)
        return (about(Redemption, found.redemption_id), about(Balance, found.payer_id)) if found else ()

    def decide(self, known: Known) -> Iterator[Fact]:
        today, reward = self.at.date(), known(Reward, self.reward_id)
        reward.must_be_offered(today)
        terms, rules = reward.terms, known(RuleBook).on(today).rules
        known(Organisation, terms.provider_id).must_be_approved()
        self.must_be_for_them(known)
        if self.seen_minutes not in (None, terms.cost_minutes):
            raise CostIsAnother(minutes=terms.cost_minutes)
        self.must_be_eligible(known, terms, rules)
        slot, found = self.open_slot(terms), self.gives_way(known, terms)
        self.must_be_left(known, terms, slot, found)
        known(Balance, self.volunteer_id).must_have_reservations_left(rules.open_reservations)
        known(Balance, self.volunteer_id).must_cover(terms.cost_minutes)
        self.must_be_able_to_have_it(known, terms)
        if found:
            before = known(Redemption, found.redemption_id).reserved
            yield cancelled(before, known(Balance, found.payer_id), self.by.actor, RESERVED_BY_THEMSELVES)
        yield RewardReserved(
            redemption_id=self.redemption_id,
            reward_id=self.reward_id,
            volunteer_id=self.volunteer_id,
            beneficiary_id=self.beneficiary_id,
            provider_id=terms.provider_id,
            name=terms.name,
            kind=terms.kind,
            cost_minutes=terms.cost_minutes,
            period=terms.period(today),
            code_hash=self.code_hash,
            expires_at=expires_at(self.at, rules, slot),
            reserved_by=self.by.actor,
            slot=slot.starts_at if slot else None,
        )

    def must_be_for_them(self, known: Known) -> None:
        """Refuse whoever spends another's credit, or spends it on themselves."""
        if self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        known(Volunteer, self.volunteer_id).must_be_active()
        known(Volunteer, self.beneficiary_id).must_exist()
        if self.by.on_behalf_of and self.beneficiary_id == self.by.volunteer_id:
            raise ProxyIsBeneficiary

    def must_be_eligible(self, known: Known, terms: RewardTerms, rules: Rules) -> None:
        """Refuse whoever has not served enough for it."""
        wanted, people = terms.eligibility, registrations_of(known, self.volunteer_id)
        served = sum(known(Balance, each).service_minutes for each in people)
        if rules.stars(served) < wanted.stars:
            raise NotEligible(why=STARS_MISSING, wanted=wanted.stars, stars=rules.stars(served))
        if wanted.within_days:
            served = sum(known(ServedDays, each).within(wanted.within_days, self.at.date()) for each in people)
        if served < wanted.service_minutes:
            why = SERVICE_MISSING_LATELY if wanted.within_days else SERVICE_MISSING
            raise NotEligible(why=why, minutes=wanted.service_minutes, days=wanted.within_days, served=served)

    def open_slot(self, terms: RewardTerms) -> Slot | None:
        """The slot that is asked for, if the reward has any; refuses one that has begun."""
        slot = slot_at(terms, self.slot, self.at.tzinfo)
        if slot and slot.starts_at.astimezone(UTC) <= self.at.astimezone(UTC):
            raise SlotIsOver(slot=slot.starts_at.isoformat())
        return slot

    def must_be_left(self, known: Known, terms: RewardTerms, slot: Slot | None, found: ByAnother | None) -> None:
        """Refuse where the payer's quota, or that for all, is used up, but for what gives way."""
        today = self.at.date()
        if not found:
            must_have_left(known, self.reward_id, self.volunteer_id, terms, today)
        known(RewardStock, self.reward_id).must_have_left(terms, today, slot)

    def must_be_able_to_have_it(self, known: Known, terms: RewardTerms) -> None:
        """Refuse for somebody who cannot get it; a payer learns no cause, as what others have redeemed is theirs."""
        known(Volunteer, self.beneficiary_id).must_be_able_to_receive()
        if self.beneficiary_id != self.volunteer_id:
            try:
                must_have_left(known, self.reward_id, self.beneficiary_id, terms, self.at.date())
            except PersonalQuotaReached:
                raise CannotReceive(volunteer_id=self.beneficiary_id) from None


def expires_at(at: datetime, rules: Rules, slot: Slot | None) -> datetime:
    """Until when what is reserved now can be accepted: as the rules say, or until a day after its slot.

    In UTC, where an hour is an hour, also in the night in which clocks are set back.
    """
    if slot:
        return slot.starts_at.astimezone(UTC) + COLLECTED_WITHIN
    return at.astimezone(UTC) + timedelta(hours=rules.reservation_hours)


class FulfilRedemption(Command, frozen=True, kw_only=True):
    """Give what was reserved under a code: by those who provide it, and never to themselves."""

    code_hash: CodeHash

    def needs(self) -> Sequence[Key]:
        return (about(Redemption, redemption_tag(self.code_hash)),)

    def also_needs(self, known: Known) -> Sequence[Key]:
        redemption = known(Redemption, redemption_tag(self.code_hash))
        if not redemption.is_known:
            return ()
        reserved = redemption.reserved
        people = sorted({reserved.volunteer_id, reserved.beneficiary_id})
        return (
            about(Organisation, reserved.provider_id),
            *right_of(self.by, reserved.provider_id),
            *(about(Volunteer, each) for each in people),
            *(key for each in people for key in memories_of_benefit(self.by, each, known)),
        )

    def decide(self, known: Known) -> Iterator[Fact]:
        redemption = known(Redemption, redemption_tag(self.code_hash))
        if not redemption.is_known:
            raise RedemptionCodeUnknown
        reserved = redemption.reserved
        try:
            must_act_for(reserved.provider_id, self.by, FULFILS_REWARDS, self.at.date(), known)
        except OrganisationUnknown:
            raise RedemptionCodeUnknown from None  # to those who do not provide it no code is known
        if not self.by.governs:
            known(Organisation, reserved.provider_id).must_be_approved()
        people, today = (reserved.volunteer_id, reserved.beneficiary_id), self.at.date()
        is_reserver = is_one_of(known, VolunteerId(reserved.reserved_by), self.by.eyes)
        if is_reserver or any(benefits(known, self.by, each, today) for each in people):
            raise FulfillerIsBeneficiary
        redemption.must_be_open(self.at)
        yield RewardFulfilled(**_as_reserved(reserved, RewardFulfilled), fulfilled_by=self.by.actor)


class _Release(Command, frozen=True, kw_only=True):
    """What giving reserved credit back has in common."""

    redemption_id: RedemptionId

    def needs(self) -> Sequence[Key]:
        return (about(Redemption, self.redemption_id),)

    def also_needs(self, known: Known) -> Sequence[Key]:
        redemption = known(Redemption, self.redemption_id)
        if not redemption.is_known:
            return ()
        reserved = redemption.reserved
        return about(Balance, reserved.volunteer_id), *right_of(self.by, reserved.provider_id)


class CancelRedemption(_Release, frozen=True, kw_only=True):
    """Give up what is reserved: whose credit it is, whom it is for, or those who cannot provide it.

    Whom it is for had no say in it, and it takes from what one person can have.
    """

    proxy_scope = "redeem"

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        redemption = known(Redemption, self.redemption_id)
        if not redemption.is_known:
            raise RedemptionUnknown(redemption_id=self.redemption_id)
        reserved = redemption.reserved
        if self.by.own_id not in {reserved.volunteer_id, reserved.beneficiary_id}:
            try:
                must_act_for(reserved.provider_id, self.by, FULFILS_REWARDS, self.at.date(), known)
            except OrganisationUnknown:
                raise RedemptionUnknown(redemption_id=self.redemption_id) from None
        redemption.must_be_open(self.at)
        yield cancelled(reserved, known(Balance, reserved.volunteer_id), self.by.actor, self.reason)


def cancelled(reserved: RewardReserved, balance: Balance, by: ActorId, reason: str) -> ReservationCancelled:
    """The fact that a reservation is cancelled, and its minutes are given back."""
    return ReservationCancelled(
        **_as_reserved(reserved, ReservationCancelled),
        debt_change_minutes=balance.debt_change(reserved.cost_minutes),
        reason=reason,
        cancelled_by=by,
    )


class ExpireRedemption(_Release, frozen=True, kw_only=True):
    """Take back what nobody came for in time; where there is nothing to take back, nothing happens."""

    def decide(self, known: Known) -> Iterator[Fact]:
        redemption = known(Redemption, self.redemption_id)
        if redemption.status != "reserved" or redemption.reserved.expires_at > self.at:
            return
        reserved = redemption.reserved
        yield ReservationExpired(
            **_as_reserved(reserved, ReservationExpired),
            debt_change_minutes=known(Balance, reserved.volunteer_id).debt_change(reserved.cost_minutes),
        )


def _as_reserved(reserved: RewardReserved, end: type[Fact]) -> dict[str, Any]:
    """The fields that the fact that ends a reservation copies from it: all that both have."""
    shared = [name for name in end.__struct_fields__ if name in RewardReserved.__struct_fields__]
    return {name: getattr(reserved, name) for name in shared}

"""Redemptions: credit reserved for a reward under a code, and what becomes of it: fulfilled, cancelled or expired.

Each of the three happens at most once, and only one of them. Reserving and releasing move credit (`redeeming.py`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    RedemptionId,
    RewardId,
    VolunteerId,
    redemption_code_tag,
)
from timebank.domain.kernel import Command, Fact, Memory, Moment, event
from timebank.domain.memberships import Role, must_act_for, right_of
from timebank.domain.organisations import Organisation
from timebank.domain.refusals import (
    CodeUnknown,
    FulfillerIsBeneficiary,
    OrganisationUnknown,
    PersonalQuotaReached,
    RedemptionNotOpen,
    RewardSoldOut,
    SlotFull,
)
from timebank.domain.rewards import RewardKind, RewardTerms, Slot

FULFILS_REWARDS: tuple[Role, ...] = ("merchant", "coordinator")


def code_hash(code: str) -> str:
    """By what a code is known: the SHA-256, in hexadecimal, of its letters and digits, however they were typed.

    Codes are Crockford's base 32 (https://www.crockford.com/base32.html): O is read as 0, I and L as 1.
    """
    plain = "".join(letter for letter in code.upper() if letter.isalnum()).translate(_ALIKE)
    return hashlib.sha256(plain.encode()).hexdigest()


_ALIKE = str.maketrans("OIL", "011")


class RewardReserved(Fact, frozen=True, kw_only=True):
    """Credit of `volunteer_id` is reserved for a reward for `beneficiary_id`, until `expires_at`, under a code.

    By themselves or, as their proxy, by `reserved_by`.
    The terms are those of this moment, whatever becomes of the reward. `period` is the one whose quotas it counts for.
    Of the code only its SHA-256, in hexadecimal, is known.
    """

    TOPIC = "reward-reserved"
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    name: str
    kind: RewardKind
    cost_minutes: int
    period: str
    code_hash: str
    expires_at: Moment
    reserved_by: ActorId
    slot: Moment | None = None


class RewardFulfilled(Fact, frozen=True, kw_only=True):
    """The provider gave what was reserved; the credit is spent."""

    TOPIC = "reward-fulfilled"
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    name: str
    cost_minutes: int
    code_hash: str
    fulfilled_by: ActorId
    slot: Moment | None = None


class ReservationCancelled(Fact, frozen=True, kw_only=True):
    """It was not wanted, or not possible, any more; the very minutes reserved are available again, or repay a debt."""

    TOPIC = "reservation-cancelled"
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    cost_minutes: int
    period: str
    code_hash: str
    slot: Moment | None = None
    debt_change_minutes: int = 0
    reason: str
    cancelled_by: ActorId


class ReservationExpired(Fact, frozen=True, kw_only=True):
    """Nobody came for it in time; the very minutes reserved are available again, or repay a debt."""

    TOPIC = "reservation-expired"
    redemption_id: RedemptionId
    reward_id: RewardId
    volunteer_id: VolunteerId
    beneficiary_id: VolunteerId
    provider_id: OrganisationId
    cost_minutes: int
    period: str
    code_hash: str
    slot: Moment | None = None
    debt_change_minutes: int = 0


class Redemption(Memory):
    """One redemption, found by its id or by its code, as it now stands."""

    status = "unknown"
    reserved: RewardReserved

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

    def must_be_open(self, at: datetime) -> None:
        """Refuse what is over already: also what has expired and was not taken back yet."""
        status = "expired" if self.status == "reserved" and self.reserved.expires_at <= at else self.status
        if status != "reserved":
            raise RedemptionNotOpen(redemption_id=self.reserved.redemption_id, status=status)


class RewardStock(Memory):
    """How much of a reward is taken: by period of its quota, and by slot."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
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

    def must_have_left(self, terms: RewardTerms, period: str, slot: Slot | None) -> None:
        """Refuse one more than there are."""
        if terms.quota is not None and self.taken.get(period, 0) >= terms.quota:
            raise RewardSoldOut(period=period)
        if slot and self.places.get(slot.starts_at.astimezone(UTC), 0) >= slot.places:
            raise SlotFull(slot=slot.starts_at.isoformat())


class RewardClaims(Memory):
    """How much of a reward one person has taken or been given, by period of its quota."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.taken: dict[str, int] = {}

    @event(RewardReserved)
    def _(self, period: str) -> None:
        self.taken[period] = self.taken.get(period, 0) + 1

    @event(ReservationCancelled)
    def _(self, period: str) -> None:
        self.taken[period] = self.taken.get(period, 0) - 1

    @event(ReservationExpired)
    def _(self, period: str) -> None:
        self.taken[period] = self.taken.get(period, 0) - 1

    def must_have_left(self, terms: RewardTerms, period: str) -> None:
        """Refuse one more than a person can have."""
        if terms.quota_per_person is not None and self.taken.get(period, 0) >= terms.quota_per_person:
            raise PersonalQuotaReached(quota=terms.quota_per_person, period=period)


class FulfilRedemption(Command, frozen=True, kw_only=True):
    """Give what was reserved under a code: by those who provide it, and never to themselves."""

    code_hash: str

    def needs(self) -> Sequence[Memory]:
        return (Redemption(redemption_code_tag(self.code_hash)),)

    def also_needs(self, redemption: Redemption) -> Sequence[Memory]:
        if redemption.status == "unknown":
            return ()
        provider_id = redemption.reserved.provider_id
        return Organisation(provider_id), *right_of(self.by, provider_id)

    def decide(self, redemption: Redemption, *others: Memory) -> Iterator[Fact]:
        if redemption.status == "unknown":
            raise CodeUnknown
        reserved = redemption.reserved
        provider, *right = others
        assert isinstance(provider, Organisation), "asked for first"
        try:
            must_act_for(reserved.provider_id, self.by, FULFILS_REWARDS, self.at.date(), right)
        except OrganisationUnknown:
            raise CodeUnknown from None  # to those who do not provide it no code is known
        if not self.by.governs:
            provider.must_be_approved(reserved.provider_id)
        if self.by.volunteer_id in {reserved.volunteer_id, reserved.beneficiary_id, reserved.reserved_by}:
            raise FulfillerIsBeneficiary
        redemption.must_be_open(self.at)
        yield RewardFulfilled(
            redemption_id=reserved.redemption_id,
            reward_id=reserved.reward_id,
            volunteer_id=reserved.volunteer_id,
            beneficiary_id=reserved.beneficiary_id,
            provider_id=reserved.provider_id,
            name=reserved.name,
            cost_minutes=reserved.cost_minutes,
            code_hash=reserved.code_hash,
            fulfilled_by=self.by.actor,
            slot=reserved.slot,
        )

"""Accounts: what facts add to them and take from them. All balances come from here.

`postings(fact)` says what a fact does to every account, as lines that sum to zero. The balance memory, the balance
table, the statement, `rebuild` and `verify` all use it. Three quantities are kept apart: service (time really served),
credit (what the rules made of it) and what of the credit can be spent.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple, Self

from timebank.domain.credit.refusals import NotEnoughCredit, TooManyReservations
from timebank.domain.facts.credit import (
    CreditDonated,
    CreditGiven,
    CreditGranted,
    FundOpened,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
)
from timebank.domain.facts.people import RegistrationsMerged, VolunteerRegistered
from timebank.domain.facts.service import (
    Capacity,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceVoided,
    counts_as_volunteering,
)
from timebank.domain.identifiers import FundId, VolunteerId
from timebank.domain.kernel import Fact, Memory

Account = Literal["available", "reserved", "debt", "issued", "redeemed", "fund", "served", "received"]
"""Of credit: a volunteer's `available`, `reserved` and `debt` (never above zero) minutes, what the bank `issued` for
them (never above zero) and what they `redeemed`; what is in a `fund`. Of service: what a volunteer `served`, and the
community `received` (the same, below zero)."""

Holder = VolunteerId | FundId


class Posting(NamedTuple):
    """One line: `minutes` more, or less, on an account.

    `day` is the local day the line is about, where that is not the day on which the fact is recorded.
    """

    account: Account
    holder: Holder
    minutes: int
    day: date | None = None


def postings(fact: Fact) -> tuple[Posting, ...]:
    """What a fact does to every account. The lines sum to zero."""
    post = _POSTS.get(type(fact))
    return post(fact) if post else ()


def opened(fact: Fact) -> tuple[Account, Holder] | None:
    """The account that a fact opens, if it opens one: a volunteer's, or a fund's."""
    if isinstance(fact, VolunteerRegistered):
        return "available", fact.volunteer_id
    return ("fund", fact.fund_id) if isinstance(fact, FundOpened) else None


def _credit(
    holder: VolunteerId, minutes: int, day: date, debt_change_minutes: int = 0, account_id: VolunteerId | None = None
) -> tuple[Posting, ...]:
    """Credit for service: on another account since registrations were merged, where it came on the day of that."""
    account, on = account_id or holder, None if account_id else day
    return (
        Posting("available", account, minutes + debt_change_minutes, on),
        Posting("debt", account, -debt_change_minutes, on),
        Posting("issued", holder, -minutes, day),
    )


def _service(holder: VolunteerId, minutes: int, day: date) -> tuple[Posting, ...]:
    return Posting("served", holder, minutes, day), Posting("received", holder, -minutes, day)


def _counted(capacity: Capacity, minutes: int) -> int:
    return minutes if counts_as_volunteering(capacity) else 0


def _confirmed(fact: ServiceConfirmed) -> tuple[Posting, ...]:
    return (
        *_credit(fact.volunteer_id, fact.credited_minutes, fact.local_date, fact.debt_change_minutes),
        *_service(fact.volunteer_id, _counted(fact.capacity, fact.minutes), fact.local_date),
    )


def _corrected(fact: ServiceCorrected) -> tuple[Posting, ...]:
    """A correction may move service to another day: then it is two things, each on its own day."""
    before, day = fact.previous_local_date, fact.local_date
    return (
        *_credit(fact.volunteer_id, -fact.previous_credited_minutes, before, 0, fact.account_id),
        *_service(fact.volunteer_id, -_counted(fact.previous_capacity, fact.previous_minutes), before),
        *_credit(fact.volunteer_id, fact.credited_minutes, day, fact.debt_change_minutes, fact.account_id),
        *_service(fact.volunteer_id, _counted(fact.capacity, fact.minutes), day),
    )


def _voided(fact: ServiceVoided) -> tuple[Posting, ...]:
    return (
        *_credit(fact.volunteer_id, -fact.credited_minutes, fact.local_date, fact.debt_change_minutes, fact.account_id),
        *_service(fact.volunteer_id, -_counted(fact.capacity, fact.minutes), fact.local_date),
    )


def _reserved(fact: RewardReserved) -> tuple[Posting, ...]:
    return (
        Posting("available", fact.volunteer_id, -fact.cost_minutes),
        Posting("reserved", fact.volunteer_id, fact.cost_minutes),
    )


def _fulfilled(fact: RewardFulfilled) -> tuple[Posting, ...]:
    return (
        Posting("reserved", fact.volunteer_id, -fact.cost_minutes),
        Posting("redeemed", fact.volunteer_id, fact.cost_minutes),
    )


def _released(fact: ReservationCancelled | ReservationExpired) -> tuple[Posting, ...]:
    taken = Posting("reserved", fact.volunteer_id, -fact.cost_minutes)
    return taken, *_receive(fact.volunteer_id, fact.cost_minutes, fact.debt_change_minutes)


def _receive(holder: VolunteerId, minutes: int, debt_change_minutes: int) -> tuple[Posting, ...]:
    return (
        Posting("available", holder, minutes + debt_change_minutes),
        Posting("debt", holder, -debt_change_minutes),
    )


def _given(fact: CreditGiven) -> tuple[Posting, ...]:
    taken = Posting("available", fact.volunteer_id, -fact.minutes)
    return taken, *_receive(fact.to_volunteer_id, fact.minutes, fact.debt_change_minutes)


def _donated(fact: CreditDonated) -> tuple[Posting, ...]:
    return Posting("available", fact.volunteer_id, -fact.minutes), Posting("fund", fact.fund_id, fact.minutes)


def _granted(fact: CreditGranted) -> tuple[Posting, ...]:
    taken = Posting("fund", fact.fund_id, -fact.minutes)
    if fact.to_fund_id:
        return taken, Posting("fund", fact.to_fund_id, fact.minutes)
    if fact.to_volunteer_id:
        return taken, *_receive(fact.to_volunteer_id, fact.minutes, fact.debt_change_minutes)
    return ()


def _merged(fact: RegistrationsMerged) -> tuple[Posting, ...]:
    return (
        Posting("available", fact.merged_id, -fact.available_minutes),
        Posting("debt", fact.merged_id, fact.debt_minutes),
        *_receive(fact.kept_id, fact.available_minutes - fact.debt_minutes, fact.debt_change_minutes),
    )


_POSTS: dict[type[Fact], Callable[[Any], tuple[Posting, ...]]] = {
    ServiceConfirmed: _confirmed,
    ServiceCorrected: _corrected,
    ServiceVoided: _voided,
    RewardReserved: _reserved,
    RewardFulfilled: _fulfilled,
    ReservationCancelled: _released,
    ReservationExpired: _released,
    CreditGiven: _given,
    CreditDonated: _donated,
    CreditGranted: _granted,
    RegistrationsMerged: _merged,
}

POSTED: tuple[type[Fact], ...] = tuple(_POSTS)
"""The facts that do something to an account."""

BOOKED = frozenset(fact.TOPIC for fact in POSTED) | {VolunteerRegistered.TOPIC, FundOpened.TOPIC}
"""The topics of the facts that open an account, or do something to one."""


class _Holding(Memory):
    """What is posted to the accounts of one holder: it remembers whatever is posted."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(holder)
        self.holder = holder
        self.minutes: dict[Account, int] = {"available": 0, "debt": 0}

    @classmethod
    def remembered(cls) -> Sequence[type[Fact]]:
        return POSTED

    def remember(self, fact: Fact) -> None:
        for account, holder, minutes, _ in postings(fact):
            if holder == self.holder:
                self.minutes[account] = self.minutes.get(account, 0) + minutes


class Balance(_Holding):
    """What one volunteer can spend, and owes."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.open_reservations = 0

    def remember(self, fact: Fact) -> None:
        super().remember(fact)
        match fact:
            case RewardReserved() if fact.volunteer_id == self.holder:
                self.open_reservations += 1
            case RewardFulfilled() | ReservationCancelled() | ReservationExpired() if fact.volunteer_id == self.holder:
                self.open_reservations -= 1

    @property
    def available_minutes(self) -> int:
        """The credit that can be spent."""
        return self.minutes["available"]

    @property
    def debt_minutes(self) -> int:
        """The credit that is owed."""
        return -self.minutes["debt"]

    @property
    def credited_minutes(self) -> int:
        """The credit that all service has come to."""
        return -self.minutes.get("issued", 0)

    @property
    def service_minutes(self) -> int:
        """All confirmed service, paid duty aside."""
        return self.minutes.get("served", 0)

    def must_cover(self, minutes: int) -> None:
        """Refuse to spend more than is available."""
        assert minutes > 0, "what is spent is said as a positive number"
        if minutes > self.available_minutes:
            raise NotEnoughCredit(minutes=minutes, available_minutes=self.available_minutes)

    def must_have_reservations_left(self, most: int) -> None:
        """Refuse whoever has as many open reservations as the rule book allows, or more."""
        if self.open_reservations >= most:
            raise TooManyReservations(open=self.open_reservations, most=most)

    def debt_change(self, credit_change: int) -> int:
        """By how much the debt changes with the credit: credit repays debt first, and a shortfall becomes debt."""
        if credit_change >= 0:
            return -min(self.debt_minutes, credit_change)
        return max(0, -credit_change - self.available_minutes)

    def after(self, fact: Fact) -> Self:
        """Another balance: this one with a further fact. This memory itself is not changed."""
        later = type(self)(VolunteerId(self.holder))
        vars(later).update(self.state())
        later.remember(fact)
        return later


class FundBalance(_Holding):
    """What is in one fund."""

    def __init__(self, fund_id: FundId) -> None:
        super().__init__(fund_id)

    @classmethod
    def remembered(cls) -> Sequence[type[Fact]]:
        return CreditDonated, CreditGranted

    @property
    def fund_minutes(self) -> int:
        """The credit that can be granted."""
        return self.minutes.get("fund", 0)


class ServedDays(Memory):
    """What one volunteer served, by the local day it counts for."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id
        self.minutes: dict[date, int] = {}

    @classmethod
    def remembered(cls) -> Sequence[type[Fact]]:
        return ServiceConfirmed, ServiceCorrected, ServiceVoided

    def remember(self, fact: Fact) -> None:
        for account, holder, minutes, day in postings(fact):
            if account == "served" and day and holder == self.volunteer_id:
                self.minutes[day] = self.minutes.get(day, 0) + minutes

    def within(self, days: int, until: date) -> int:
        """The minutes of as many days as are asked for, up to a last one."""
        return sum(self.minutes.get(until - timedelta(days=back), 0) for back in range(days))

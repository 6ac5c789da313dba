"""Accounts: the one place that does arithmetic on minutes.

`postings(fact)` says what a fact does to every account, as lines that sum to zero. The balance memory, the balance
table, `rebuild` and `verify` all use it. Three quantities are kept apart: service (time really served), credit (what
the rules made of it) and what of the credit can be spent.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from timebank.domain.funds import FundOpened
from timebank.domain.identifiers import FundId, VolunteerId
from timebank.domain.kernel import Fact, Memory, event
from timebank.domain.policy import Capacity, counts_as_volunteering
from timebank.domain.redemptions import ReservationCancelled, ReservationExpired, RewardFulfilled, RewardReserved
from timebank.domain.refusals import NotEnoughCredit
from timebank.domain.service import ServiceConfirmed, ServiceCorrected, ServiceVoided
from timebank.domain.transfers import CreditDonated, CreditGiven, CreditGranted
from timebank.domain.volunteers import VolunteerRegistered

Account = Literal["available", "reserved", "debt", "issued", "redeemed", "fund", "served", "received"]
"""Of credit: a volunteer's `available`, `reserved` and `debt` (never above zero) minutes, what the bank `issued` for
them (never above zero) and what they `redeemed`; what is in a `fund`. Of service: what a volunteer `served`, and the
community `received` (the same, below zero)."""


class Posting(NamedTuple):
    """One line: `minutes` more, or less, on an account."""

    account: Account
    holder: VolunteerId | FundId
    minutes: int


def postings(fact: Fact) -> tuple[Posting, ...]:
    """What a fact does to every account. The lines sum to zero; a line of zero minutes opens an account."""
    book = _BOOKING.get(type(fact))
    return book(fact) if book else ()


def _credit(holder: VolunteerId, minutes: int, debt_change_minutes: int) -> tuple[Posting, ...]:
    return (
        Posting("available", holder, minutes + debt_change_minutes),
        Posting("debt", holder, -debt_change_minutes),
        Posting("issued", holder, -minutes),
    )


def _service(holder: VolunteerId, minutes: int) -> tuple[Posting, ...]:
    return Posting("served", holder, minutes), Posting("received", holder, -minutes)


def _counted(capacity: Capacity, minutes: int) -> int:
    return minutes if counts_as_volunteering(capacity) else 0


def _registered(fact: VolunteerRegistered) -> tuple[Posting, ...]:
    return (Posting("available", fact.volunteer_id, 0),)


def _confirmed(fact: ServiceConfirmed) -> tuple[Posting, ...]:
    credit = _credit(fact.volunteer_id, fact.credited_minutes, fact.debt_change_minutes)
    return credit + _service(fact.volunteer_id, _counted(fact.capacity, fact.minutes))


def _corrected(fact: ServiceCorrected) -> tuple[Posting, ...]:
    change = fact.credited_minutes - fact.previous_credited_minutes
    served = _counted(fact.capacity, fact.minutes) - _counted(fact.previous_capacity, fact.previous_minutes)
    return _credit(fact.volunteer_id, change, fact.debt_change_minutes) + _service(fact.volunteer_id, served)


def _voided(fact: ServiceVoided) -> tuple[Posting, ...]:
    credit = _credit(fact.volunteer_id, -fact.credited_minutes, fact.debt_change_minutes)
    return credit + _service(fact.volunteer_id, -_counted(fact.capacity, fact.minutes))


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


def _fund_opened(fact: FundOpened) -> tuple[Posting, ...]:
    return (Posting("fund", fact.fund_id, 0),)


_BOOKING: dict[type[Fact], Callable[[Any], tuple[Posting, ...]]] = {
    VolunteerRegistered: _registered,
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
    FundOpened: _fund_opened,
}

BOOKED = frozenset(fact.TOPIC for fact in _BOOKING)
"""The topics of the facts that do something to an account."""


class Balance(Memory):
    """What one volunteer can spend, and owes."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.minutes: dict[Account, int] = {"available": 0, "debt": 0}

    @event(ServiceConfirmed)
    def _(self, fact: ServiceConfirmed) -> None:
        self._post(fact)

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        self._post(fact)

    @event(ServiceVoided)
    def _(self, fact: ServiceVoided) -> None:
        self._post(fact)

    @event(RewardReserved)
    def _(self, fact: RewardReserved) -> None:
        self._post(fact)

    @event(RewardFulfilled)
    def _(self, fact: RewardFulfilled) -> None:
        self._post(fact)

    @event(ReservationCancelled)
    def _(self, fact: ReservationCancelled) -> None:
        self._post(fact)

    @event(ReservationExpired)
    def _(self, fact: ReservationExpired) -> None:
        self._post(fact)

    @event(CreditGiven)
    def _(self, fact: CreditGiven) -> None:
        self._post(fact)

    @event(CreditDonated)
    def _(self, fact: CreditDonated) -> None:
        self._post(fact)

    @event(CreditGranted)
    def _(self, fact: CreditGranted) -> None:
        self._post(fact)

    def _post(self, fact: Fact) -> None:
        for account, holder, minutes in postings(fact):
            if self.boundary_tags == (holder,):
                self.minutes[account] = self.minutes.get(account, 0) + minutes

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
        if minutes > self.minutes["available"]:
            raise NotEnoughCredit(minutes=minutes, available_minutes=self.minutes["available"])

    def debt_change(self, credit_change: int) -> int:
        """By how much the debt changes with the credit: credit repays debt first, and a shortfall becomes debt."""
        debt = -self.minutes["debt"]
        if credit_change >= 0:
            return -min(debt, credit_change)
        return max(0, -credit_change - self.minutes["available"])


class FundBalance(Memory):
    """What is in one fund."""

    minutes = 0

    @event(CreditDonated)
    def _(self, fact: CreditDonated) -> None:
        self._post(fact)

    @event(CreditGranted)
    def _(self, fact: CreditGranted) -> None:
        self._post(fact)

    def _post(self, fact: Fact) -> None:
        self.minutes += sum(line.minutes for line in postings(fact) if self.boundary_tags == (line.holder,))


class ServedDays(Memory):
    """What one volunteer served, by the local day it counts for."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.minutes: dict[date, int] = {}

    @event(ServiceConfirmed)
    def _(self, fact: ServiceConfirmed) -> None:
        self._count(fact.local_date, _counted(fact.capacity, fact.minutes))

    @event(ServiceCorrected)
    def _(self, fact: ServiceCorrected) -> None:
        self._count(fact.previous_local_date, -_counted(fact.previous_capacity, fact.previous_minutes))
        self._count(fact.local_date, _counted(fact.capacity, fact.minutes))

    @event(ServiceVoided)
    def _(self, fact: ServiceVoided) -> None:
        self._count(fact.local_date, -_counted(fact.capacity, fact.minutes))

    def _count(self, day: date, minutes: int) -> None:
        self.minutes[day] = self.minutes.get(day, 0) + minutes

    def within(self, days: int, until: date) -> int:
        """The minutes of so many days, the last of which is given."""
        return sum(self.minutes.get(until - timedelta(days=back), 0) for back in range(days))

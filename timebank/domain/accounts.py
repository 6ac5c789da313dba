"""Accounts: the one place that does arithmetic on minutes.

`postings(fact)` says what a fact does to every account, as lines that sum to zero. The balance memory, the balance
table, `rebuild` and `verify` all use it. Three quantities are kept apart: service (time really served), credit (what
the rules made of it) and what of the credit can be spent.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Fact, Memory, event
from timebank.domain.service import (
    Capacity,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceVoided,
    counts_as_volunteering,
)
from timebank.domain.volunteers import VolunteerRegistered

Account = Literal["available", "reserved", "debt", "issued", "served", "received"]
"""A volunteer's `available`, `reserved` and `debt` (never above zero) minutes of credit, what the bank `issued` for
them (never above zero); and, of service, what they `served` and the community `received` (the same, below zero)."""


class Posting(NamedTuple):
    """One line: `minutes` more, or less, on an account."""

    account: Account
    holder: VolunteerId
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


_BOOKING: dict[type[Fact], Callable[[Any], tuple[Posting, ...]]] = {
    VolunteerRegistered: _registered,
    ServiceConfirmed: _confirmed,
    ServiceCorrected: _corrected,
    ServiceVoided: _voided,
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

    def _post(self, fact: Fact) -> None:
        for account, _, minutes in postings(fact):
            self.minutes[account] = self.minutes.get(account, 0) + minutes

    def debt_change(self, credit_change: int) -> int:
        """By how much the debt changes with the credit: credit repays debt first, and a shortfall becomes debt."""
        debt = -self.minutes["debt"]
        if credit_change >= 0:
            return -min(debt, credit_change)
        return max(0, -credit_change - self.minutes["available"])


def credit_for(minutes: int, capacity: Capacity) -> int:
    """The credit for confirmed service: minute for minute, and none for paid duty."""
    return _counted(capacity, minutes)

"""Causes: why as many minutes are available as are, told fact by fact as they are taken in.

Made from the same facts and the same `postings` as the balance itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from timebank.domain.credit.accounts import Account, postings
from timebank.domain.facts.credit import (
    CreditDonated,
    CreditGiven,
    CreditGranted,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
    Rule,
    RuleEffect,
)
from timebank.domain.facts.people import RegistrationsMerged
from timebank.domain.facts.service import ServiceConfirmed, ServiceCorrected, ServiceVoided
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Fact

Cause = (
    Rule
    | Literal["service", "debt", "reserved", "redeemed", "gift-given", "gift-received", "donated", "granted", "merged"]
)
"""Why available minutes are what they are: service, what rules made of it, and what became of the credit."""


class Part(msgspec.Struct, frozen=True):
    """How many available minutes more, or less, there are for one cause."""

    cause: Cause
    minutes: int


def listed(minutes: Mapping[Cause, int]) -> list[Part]:
    """The causes whose minutes are not zero."""
    return [Part(cause, each) for cause, each in minutes.items() if each]


class Running:
    """What is on an account, and for which causes, after its facts up to some point of the log.

    It can start from what an earlier one came to. Then facts from before it that later ones refer to, such as the
    confirmation of a record that is corrected now, are given to `recall`.
    """

    def __init__(
        self,
        holder: VolunteerId,
        accounts: Mapping[Account, int] | None = None,
        causes: Mapping[Cause, int] | None = None,
    ) -> None:
        self.holder = holder
        self.accounts: Counter[Account] = Counter(accounts)
        self.causes: Counter[Cause] = Counter(causes)
        self._credits: dict[str, Counter[Cause]] = {}

    def recall(self, earlier: Iterable[Fact]) -> None:
        """Remember what these facts credited service for, and no others; they are not counted once more."""
        self._credits.clear()
        for fact in earlier:
            self._remember(fact)

    def _remember(self, fact: Fact) -> None:
        if isinstance(fact, ServiceConfirmed | ServiceCorrected):
            self._credits[fact.record_id] = _credit(fact)
        elif isinstance(fact, ServiceVoided):
            self._credits[fact.record_id] = Counter()

    def take(self, fact: Fact) -> list[Part] | None:
        """Take in the next fact. Says for which causes the available minutes changed; None if it moved nothing."""
        moved = [line for line in postings(fact) if line.holder == self.holder]
        if not moved:
            return None
        parts = self._parts(fact)
        for line in moved:
            self.accounts[line.account] += line.minutes
        for part in parts:
            self.causes[part.cause] += part.minutes
        change = sum(line.minutes for line in moved if line.account == "available")
        assert change == sum(part.minutes for part in parts), f"the parts of {fact!r} sum to its change"
        return parts

    def _parts(self, fact: Fact) -> list[Part]:
        match fact:
            case ServiceConfirmed() | ServiceCorrected() | ServiceVoided():
                return self._service(fact)
            case RewardReserved():
                return listed({"reserved": -fact.cost_minutes})
            case RewardFulfilled():
                # What was taken when it was reserved is what it is spent on now.
                return listed({"reserved": fact.cost_minutes, "redeemed": -fact.cost_minutes})
            case ReservationCancelled() | ReservationExpired():
                return listed({"reserved": fact.cost_minutes, "debt": fact.debt_change_minutes})
            case CreditGiven() if fact.volunteer_id == self.holder:
                return listed({"gift-given": -fact.minutes})
            case CreditGiven():
                return listed({"gift-received": fact.minutes, "debt": fact.debt_change_minutes})
            case CreditDonated():
                return listed({"donated": -fact.minutes})
            case CreditGranted():
                return listed({"granted": fact.minutes, "debt": fact.debt_change_minutes})
            case RegistrationsMerged() if fact.merged_id == self.holder:
                return listed({"merged": -fact.available_minutes})
            case RegistrationsMerged():
                came = fact.available_minutes - fact.debt_minutes
                return listed({"merged": came, "debt": fact.debt_change_minutes})
        return []

    def _service(self, fact: ServiceConfirmed | ServiceCorrected | ServiceVoided) -> list[Part]:
        """What service adds to what it added before."""
        before = self._credits.get(fact.record_id, Counter())
        self._remember(fact)
        change = self._credits[fact.record_id].copy()
        change.subtract(before)
        if not isinstance(fact, ServiceConfirmed) and fact.account_id is not None:
            return self._of_merged(fact) if fact.account_id == self.holder else []
        return listed({**change, "debt": fact.debt_change_minutes})

    def _of_merged(self, fact: ServiceCorrected | ServiceVoided) -> list[Part]:
        """What is put right of service that was recorded under a number that is merged: its credit came with that."""
        now, before = (0, fact.credited_minutes)
        if isinstance(fact, ServiceCorrected):
            now, before = fact.credited_minutes, fact.previous_credited_minutes
        return listed({"merged": now - before, "debt": fact.debt_change_minutes})


def _credit(fact: ServiceConfirmed | ServiceCorrected) -> Counter[Cause]:
    effects = fact.rules_applied
    if not effects and fact.credited_minutes != fact.minutes:
        # From before effects were stored, when only paid duty made a difference.
        effects = (RuleEffect("paid-duty", fact.credited_minutes - fact.minutes),)
    credit: Counter[Cause] = Counter({"service": fact.minutes})
    for effect in effects:
        credit[effect.rule] += effect.minutes
    return credit

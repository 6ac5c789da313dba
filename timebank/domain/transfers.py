"""Transfers: credit that goes from hand to hand, as a gift (转赠), a donation (捐赠) to a fund, or a grant from one.

They move credit as it is: no service comes of it, and none goes.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from timebank.domain.identifiers import FundId, TransferId, VolunteerId
from timebank.domain.kernel import Fact, Memory, event
from timebank.domain.policy import GiftRules
from timebank.domain.refusals import GiftLimitReached, GiftsNotAllowed, GiftTooLarge

TransferMinutes = Annotated[int, Meta(ge=1, le=10**9)]


class CreditGiven(Fact, frozen=True, kw_only=True):
    """A volunteer gave credit to another. Where that one had a debt, `debt_change_minutes` (negative) repaid it."""

    TOPIC = "credit-given"
    transfer_id: TransferId
    volunteer_id: VolunteerId
    to_volunteer_id: VolunteerId
    minutes: int
    debt_change_minutes: int = 0
    local_date: date


class CreditDonated(Fact, frozen=True, kw_only=True):
    """A volunteer gave credit to a fund."""

    TOPIC = "credit-donated"
    transfer_id: TransferId
    volunteer_id: VolunteerId
    fund_id: FundId
    minutes: int


class CreditGranted(Fact, frozen=True, kw_only=True):
    """A fund gave credit to a volunteer, or to another fund, as one for a project."""

    TOPIC = "credit-granted"
    transfer_id: TransferId
    fund_id: FundId
    to_volunteer_id: VolunteerId | None = None
    to_fund_id: FundId | None = None
    minutes: int
    debt_change_minutes: int = 0
    reason: str


class Giving(Memory):
    """How much one volunteer has given in the month they gave last."""

    month: tuple[int, int] | None = None
    minutes = 0

    @event(CreditGiven)
    def _(self, fact: CreditGiven) -> None:
        if self.boundary_tags == (fact.volunteer_id,):
            month = fact.local_date.year, fact.local_date.month
            self.minutes = fact.minutes + (self.minutes if month == self.month else 0)
            self.month = month

    def must_be_within(self, rules: GiftRules, minutes: int, on: date) -> None:
        """Refuse a gift that the rules do not allow."""
        if not rules.allowed:
            raise GiftsNotAllowed
        if rules.most_minutes is not None and minutes > rules.most_minutes:
            raise GiftTooLarge(most_minutes=rules.most_minutes)
        given = self.minutes if self.month == (on.year, on.month) else 0
        most = rules.most_minutes_per_month
        if most is not None and given + minutes > most:
            raise GiftLimitReached(given_minutes=given, most_minutes=most)

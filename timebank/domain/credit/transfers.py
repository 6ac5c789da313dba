"""Transfers: credit that goes from hand to hand, as a gift (转赠), a donation (捐赠) to a fund, or a grant from one.

They move credit; service minutes never change. What one person may give another is limited by gift and month; what a
proxy may spend a day is limited with the proxy (`people/proxies.py`).
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from msgspec import Meta

from timebank.domain.acting import must_govern
from timebank.domain.credit.accounts import Balance, FundBalance
from timebank.domain.credit.funds import Fund
from timebank.domain.credit.policies import RuleBook
from timebank.domain.credit.refusals import (
    FundTooSmall,
    GiftLimitReached,
    GiftsNotAllowed,
    GiftTooLarge,
    GiftToOneself,
    GranterIsBeneficiary,
    OneRecipient,
    ProxyIsBeneficiary,
)
from timebank.domain.facts.credit import CreditDonated, CreditGiven, CreditGranted, GiftRules
from timebank.domain.identifiers import FundId, TransferId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import MANAGES_MEMBERS, must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.people.proxies import benefits, memories_of_benefit
from timebank.domain.people.volunteers import Volunteer, registrations_of
from timebank.domain.refusals import NotYourOwn, OfficeMissing
from timebank.domain.text import Text

TransferMinutes = Annotated[int, Meta(ge=1, le=10**9)]


class Giving(Memory):
    """How much was given under one number in the month in which somebody gave last."""

    month: tuple[int, int] | None = None
    minutes = 0

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id

    @event(CreditGiven)
    def _(self, fact: CreditGiven) -> None:
        if self.volunteer_id == fact.volunteer_id:
            month = fact.local_date.year, fact.local_date.month
            self.minutes = fact.minutes + (self.minutes if month == self.month else 0)
            self.month = month

    def within_month(self, day: date) -> int:
        """The minutes given in the month of a day that is not before the last gift."""
        return self.minutes if self.month == (day.year, day.month) else 0


def must_be_within(rules: GiftRules, minutes: int, given_minutes: int) -> None:
    """Refuse a gift that the rules do not allow to who gave so much in the month already."""
    if not rules.allowed:
        raise GiftsNotAllowed
    if rules.minutes_max is not None and minutes > rules.minutes_max:
        raise GiftTooLarge(minutes_max=rules.minutes_max)
    limit = rules.minutes_max_per_month
    if limit is not None and given_minutes + minutes > limit:
        raise GiftLimitReached(given_minutes=given_minutes, minutes_max=limit)


class _Transfer(Command, frozen=True, kw_only=True):
    """What giving and donating have in common: it is one's own credit."""

    proxy_scope = "give"

    transfer_id: TransferId
    volunteer_id: VolunteerId
    minutes: TransferMinutes

    def needs(self) -> Sequence[Key]:
        return about(Volunteer, self.volunteer_id), about(Balance, self.volunteer_id)

    def must_be_own(self, known: Known) -> None:
        """Refuse whoever gives what is another's, or may give nothing at present."""
        if self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        known(Volunteer, self.volunteer_id).must_be_active()


class GiveCredit(_Transfer, frozen=True, kw_only=True):
    """Give credit to another volunteer, as far as the rule book allows."""

    to_volunteer_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        return (
            *super().needs(),
            about(Volunteer, self.to_volunteer_id),
            about(Balance, self.to_volunteer_id),
            about(RuleBook),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        return [about(Giving, each) for each in registrations_of(known, self.volunteer_id)]

    def decide(self, known: Known) -> Iterator[Fact]:
        self.must_be_own(known)
        if self.to_volunteer_id == self.volunteer_id:
            raise GiftToOneself
        if self.by.on_behalf_of and self.to_volunteer_id == self.by.volunteer_id:
            raise ProxyIsBeneficiary
        today = self.at.date()
        people = registrations_of(known, self.volunteer_id)
        given = sum(known(Giving, each).within_month(today) for each in people)
        must_be_within(known(RuleBook).on(today).rules.gifts, self.minutes, given)
        known(Balance, self.volunteer_id).must_cover(self.minutes)
        known(Volunteer, self.to_volunteer_id).must_be_able_to_receive()
        yield CreditGiven(
            transfer_id=self.transfer_id,
            volunteer_id=self.volunteer_id,
            to_volunteer_id=self.to_volunteer_id,
            minutes=self.minutes,
            debt_change_minutes=known(Balance, self.to_volunteer_id).debt_change(self.minutes),
            local_date=today,
        )


class DonateCredit(_Transfer, frozen=True, kw_only=True):
    """Give credit to a fund."""

    fund_id: FundId

    def needs(self) -> Sequence[Key]:
        return *super().needs(), about(Fund, self.fund_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        self.must_be_own(known)
        known(Fund, self.fund_id).must_be_open()
        known(Balance, self.volunteer_id).must_cover(self.minutes)
        yield CreditDonated(
            transfer_id=self.transfer_id, volunteer_id=self.volunteer_id, fund_id=self.fund_id, minutes=self.minutes
        )


class GrantCredit(Command, frozen=True, kw_only=True):
    """Give credit from a fund to a volunteer or to another fund: by administrators, and by those who keep the fund."""

    transfer_id: TransferId
    fund_id: FundId
    to_volunteer_id: VolunteerId | None = None
    to_fund_id: FundId | None = None
    minutes: TransferMinutes
    reason: Text

    def needs(self) -> Sequence[Key]:
        keys: list[Key] = [about(Fund, self.fund_id), about(FundBalance, self.fund_id)]
        if self.to_volunteer_id:
            keys += about(Volunteer, self.to_volunteer_id), about(Balance, self.to_volunteer_id)
            keys += memories_of_benefit(self.by, self.to_volunteer_id)
        if self.to_fund_id:
            keys.append(about(Fund, self.to_fund_id))
        return keys

    def also_needs(self, known: Known) -> Sequence[Key]:
        keeper = known(Fund, self.fund_id).organisation_id
        return (about(Organisation, keeper), *right_of(self.by, keeper)) if keeper else ()

    def decide(self, known: Known) -> Iterator[Fact]:
        fund = known(Fund, self.fund_id)
        fund.must_be_open()
        self.must_keep(fund, known)
        if (self.to_volunteer_id is None) == (self.to_fund_id is None):
            raise OneRecipient
        debt_change = self.received_by(known)
        in_fund = known(FundBalance, self.fund_id).fund_minutes
        if self.minutes > in_fund:
            raise FundTooSmall(minutes=self.minutes, fund_minutes=in_fund)
        yield CreditGranted(
            transfer_id=self.transfer_id,
            fund_id=self.fund_id,
            to_volunteer_id=self.to_volunteer_id,
            to_fund_id=self.to_fund_id,
            minutes=self.minutes,
            debt_change_minutes=debt_change,
            reason=self.reason,
        )

    def received_by(self, known: Known) -> int:
        """By how much a debt of whoever gets it changes; refuses whoever cannot get it."""
        if self.to_volunteer_id:
            known(Volunteer, self.to_volunteer_id).must_be_active()
            if benefits(known, self.by, self.to_volunteer_id, self.at.date()):
                raise GranterIsBeneficiary
            return known(Balance, self.to_volunteer_id).debt_change(self.minutes)
        if self.to_fund_id:
            known(Fund, self.to_fund_id).must_be_open()
            if self.to_fund_id == self.fund_id:
                raise GiftToOneself
        return 0

    def must_keep(self, fund: Fund, known: Known) -> None:
        """Refuse whoever does not keep the fund; that there is one is no secret."""
        if fund.organisation_id is None:
            must_govern(self.by)
            return
        try:
            must_act_for(fund.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), known)
        except OrganisationUnknown:
            raise OfficeMissing(office="administrator") from None
        if not self.by.governs:
            known(Organisation, fund.organisation_id).must_be_approved()

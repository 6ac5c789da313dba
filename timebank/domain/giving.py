"""Giving: gifts, donations and grants; nobody gives what they do not have."""

from collections.abc import Iterator, Sequence

from timebank.domain.accounts import Balance, FundBalance
from timebank.domain.bank import must_govern
from timebank.domain.funds import Fund, FundClosed
from timebank.domain.identifiers import FundId, TransferId, VolunteerId
from timebank.domain.kernel import Command, Fact, Memory
from timebank.domain.memberships import MANAGES_MEMBERS, must_act_for, right_of
from timebank.domain.organisations import Organisation
from timebank.domain.policy import RuleBook
from timebank.domain.refusals import (
    FundNotEmpty,
    FundTooSmall,
    GiftToOneself,
    GranterIsBeneficiary,
    NotYourOwn,
    OfficeMissing,
    OneRecipient,
    OrganisationUnknown,
    ProxyIsBeneficiary,
)
from timebank.domain.transfers import CreditDonated, CreditGiven, CreditGranted, Giving, TransferMinutes
from timebank.domain.volunteers import Volunteer


class GiveCredit(Command, frozen=True, kw_only=True):
    """Give credit to another volunteer, as far as the rule book allows."""

    transfer_id: TransferId
    volunteer_id: VolunteerId
    to_volunteer_id: VolunteerId
    minutes: TransferMinutes

    def needs(self) -> Sequence[Memory]:
        return (
            Volunteer(self.volunteer_id),
            Balance(self.volunteer_id),
            Volunteer(self.to_volunteer_id),
            Balance(self.to_volunteer_id),
            Giving(self.volunteer_id),
            RuleBook(),
        )

    def decide(
        self,
        volunteer: Volunteer,
        balance: Balance,
        other: Volunteer,
        other_balance: Balance,
        giving: Giving,
        book: RuleBook,
    ) -> Iterator[Fact]:
        _must_be_own(self, volunteer)
        if self.to_volunteer_id == self.volunteer_id:
            raise GiftToOneself
        if self.by.on_behalf_of and self.to_volunteer_id == self.by.volunteer_id:
            raise ProxyIsBeneficiary
        today = self.at.date()
        giving.must_be_within(book.on(today).rules.gifts, self.minutes, today)
        balance.must_cover(self.minutes)
        other.must_be_able_to_receive(self.to_volunteer_id)
        yield CreditGiven(
            transfer_id=self.transfer_id,
            volunteer_id=self.volunteer_id,
            to_volunteer_id=self.to_volunteer_id,
            minutes=self.minutes,
            debt_change_minutes=other_balance.debt_change(self.minutes),
            local_date=today,
        )


class DonateCredit(Command, frozen=True, kw_only=True):
    """Give credit to a fund."""

    transfer_id: TransferId
    volunteer_id: VolunteerId
    fund_id: FundId
    minutes: TransferMinutes

    def needs(self) -> Sequence[Memory]:
        return Volunteer(self.volunteer_id), Balance(self.volunteer_id), Fund(self.fund_id)

    def decide(self, volunteer: Volunteer, balance: Balance, fund: Fund) -> Iterator[Fact]:
        _must_be_own(self, volunteer)
        fund.must_be_open(self.fund_id)
        balance.must_cover(self.minutes)
        yield CreditDonated(
            transfer_id=self.transfer_id, volunteer_id=self.volunteer_id, fund_id=self.fund_id, minutes=self.minutes
        )


def _must_be_own(command: GiveCredit | DonateCredit, volunteer: Volunteer) -> None:
    if command.by.own_id != command.volunteer_id:
        raise NotYourOwn
    volunteer.must_be_active(command.volunteer_id)


class GrantCredit(Command, frozen=True, kw_only=True):
    """Give credit from a fund to a volunteer or to another fund: by administrators, and by those who keep the fund."""

    transfer_id: TransferId
    fund_id: FundId
    to_volunteer_id: VolunteerId | None = None
    to_fund_id: FundId | None = None
    minutes: TransferMinutes
    reason: str

    def needs(self) -> Sequence[Memory]:
        return Fund(self.fund_id), FundBalance(self.fund_id)

    def also_needs(self, fund: Fund, _: FundBalance) -> Sequence[Memory]:
        to: tuple[Memory, ...] = ()
        if self.to_volunteer_id:
            to = Volunteer(self.to_volunteer_id), Balance(self.to_volunteer_id)
        elif self.to_fund_id:
            to = (Fund(self.to_fund_id),)
        keeper = fund.organisation_id
        return *to, *((Organisation(keeper), *right_of(self.by, keeper)) if keeper else ())

    def decide(self, fund: Fund, balance: FundBalance, *others: Memory) -> Iterator[Fact]:
        fund.must_be_open(self.fund_id)
        self.must_keep(fund, others)
        if (self.to_volunteer_id is None) == (self.to_fund_id is None):
            raise OneRecipient
        debt_change = 0
        if self.to_volunteer_id:
            volunteer, account, *_ = others
            assert isinstance(volunteer, Volunteer), "asked for first"
            assert isinstance(account, Balance), "and then what they have"
            volunteer.must_be_active(self.to_volunteer_id)
            if self.by.volunteer_id == self.to_volunteer_id:
                raise GranterIsBeneficiary
            debt_change = account.debt_change(self.minutes)
        if self.to_fund_id:
            other, *_ = others
            assert isinstance(other, Fund), "asked for first"
            other.must_be_open(self.to_fund_id)
            if self.to_fund_id == self.fund_id:
                raise GiftToOneself
        if self.minutes > balance.minutes:
            raise FundTooSmall(minutes=self.minutes, fund_minutes=balance.minutes)
        yield CreditGranted(
            transfer_id=self.transfer_id,
            fund_id=self.fund_id,
            to_volunteer_id=self.to_volunteer_id,
            to_fund_id=self.to_fund_id,
            minutes=self.minutes,
            debt_change_minutes=debt_change,
            reason=self.reason,
        )

    def must_keep(self, fund: Fund, right: Sequence[Memory]) -> None:
        """Refuse whoever does not keep the fund; that there is one is no secret."""
        if fund.organisation_id is None:
            must_govern(self.by)
            return
        try:
            must_act_for(fund.organisation_id, self.by, MANAGES_MEMBERS, self.at.date(), right)
        except OrganisationUnknown:
            raise OfficeMissing(office="administrator") from None
        for keeper in right:
            if isinstance(keeper, Organisation) and not self.by.governs:
                keeper.must_be_approved(fund.organisation_id)


class CloseFund(Command, frozen=True, kw_only=True):
    """Close a fund from which everything was granted."""

    fund_id: FundId
    reason: str

    def needs(self) -> Sequence[Memory]:
        return Fund(self.fund_id), FundBalance(self.fund_id)

    def decide(self, fund: Fund, balance: FundBalance) -> Iterator[Fact]:
        must_govern(self.by)
        fund.must_be_open(self.fund_id)
        if balance.minutes:
            raise FundNotEmpty(fund_minutes=balance.minutes)
        yield FundClosed(fund_id=self.fund_id, reason=self.reason)

"""Leaving: everything that is open ends, and what is on the account is given away or kept, as it was chosen."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from timebank.domain.accounts import Balance
from timebank.domain.appointments import Administrators, Appointment, AppointmentEnded, AppointmentMade
from timebank.domain.funds import Fund
from timebank.domain.identifiers import (
    AppointmentId,
    FundId,
    MembershipId,
    ProxyId,
    RedemptionId,
    TransferId,
    VolunteerId,
)
from timebank.domain.kernel import Command, Fact, Memory, event
from timebank.domain.memberships import (
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
)
from timebank.domain.offices import ended
from timebank.domain.proxies import ProxyAppointed, ProxyEnded
from timebank.domain.redeeming import cancelled
from timebank.domain.redemptions import ReservationCancelled, ReservationExpired, RewardFulfilled, RewardReserved
from timebank.domain.refusals import BalanceUndecided, FundNeeded, NotYourOwn
from timebank.domain.transfers import CreditDonated
from timebank.domain.volunteers import Consents, ConsentWithdrawn, Volunteer, VolunteerLeft

Rest = Literal["donate", "hold"]
"""What becomes of credit that is left: it goes to a fund, or stays on the account until its owner comes back."""


class Standing(Memory):
    """What is open of one volunteer: memberships, appointments, proxies on either side, and what they reserved."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.memberships: dict[MembershipId, MembershipRequested | MembershipInvited] = {}
        self.approved: set[MembershipId] = set()
        self.appointments: set[AppointmentId] = set()
        self.proxies: dict[ProxyId, ProxyAppointed] = {}
        self.reserved: dict[RedemptionId, RewardReserved] = {}

    @event(MembershipRequested)
    def _(self, fact: MembershipRequested) -> None:
        self.memberships[fact.membership_id] = fact

    @event(MembershipInvited)
    def _(self, fact: MembershipInvited) -> None:
        self.memberships[fact.membership_id] = fact

    @event(MembershipApproved)
    def _(self, membership_id: MembershipId) -> None:
        self.approved.add(membership_id)

    @event(MembershipDeclined)
    def _(self, membership_id: MembershipId) -> None:
        self.memberships.pop(membership_id, None)

    @event(MembershipEnded)
    def _(self, membership_id: MembershipId) -> None:
        self.memberships.pop(membership_id, None)

    @event(AppointmentMade)
    def _(self, appointment_id: AppointmentId) -> None:
        self.appointments.add(appointment_id)

    @event(AppointmentEnded)
    def _(self, appointment_id: AppointmentId) -> None:
        self.appointments.discard(appointment_id)

    @event(ProxyAppointed)
    def _(self, fact: ProxyAppointed) -> None:
        self.proxies[fact.proxy_id] = fact

    @event(ProxyEnded)
    def _(self, proxy_id: ProxyId) -> None:
        self.proxies.pop(proxy_id, None)

    @event(RewardReserved)
    def _(self, fact: RewardReserved) -> None:
        if self.boundary_tags == (fact.volunteer_id,):
            self.reserved[fact.redemption_id] = fact

    @event(RewardFulfilled)
    def _(self, redemption_id: RedemptionId) -> None:
        self.reserved.pop(redemption_id, None)

    @event(ReservationCancelled)
    def _(self, redemption_id: RedemptionId) -> None:
        self.reserved.pop(redemption_id, None)

    @event(ReservationExpired)
    def _(self, redemption_id: RedemptionId) -> None:
        self.reserved.pop(redemption_id, None)


class Departure(Command, frozen=True, kw_only=True):
    """What leaving and being erased have in common. What to do with credit has to be said, if there is any."""

    volunteer_id: VolunteerId
    rest: Rest | None = None
    fund_id: FundId | None = None
    transfer_id: TransferId | None = None

    def needs(self) -> Sequence[Memory]:
        return (
            Volunteer(self.volunteer_id),
            Consents(self.volunteer_id),
            Standing(self.volunteer_id),
            Balance(self.volunteer_id),
            Administrators(),
            *((Fund(self.fund_id),) if self.fund_id else ()),
        )

    def also_needs(self, volunteer: Volunteer, consents: Consents, standing: Standing, *_: Memory) -> Sequence[Memory]:
        return [Appointment(each) for each in sorted(standing.appointments)]

    def must_be_allowed(self) -> None:
        """Refuse unless they leave themselves, or an administrator sees to it."""
        is_own = self.by.authority == "volunteer" and self.by.volunteer_id == self.volunteer_id
        if not (is_own or self.by.governs):
            raise NotYourOwn

    def ends(
        self, volunteer: Volunteer, consents: Consents, standing: Standing, balance: Balance, *others: Any
    ) -> Iterator[Fact]:
        """All that ends, first; then the last fact, which tells what is kept on hold."""
        if (self.rest == "donate") != (self.fund_id is not None):
            raise FundNeeded
        administrators, *more = others
        administrators.must_remain_without(standing.appointments, self.at.date())
        for purpose in consents.purposes:
            yield ConsentWithdrawn(volunteer_id=self.volunteer_id, purpose=purpose)
        for appointment in more:
            if isinstance(appointment, Appointment):
                yield from ended(appointment, self.by.actor, None)
        yield from self._memberships_and_proxies(standing)
        yield from self._credit(volunteer, standing, balance, [fund for fund in more if isinstance(fund, Fund)])

    def last(self, held_minutes: int) -> Fact:
        """What happened, after all."""
        raise NotImplementedError  # pragma: no cover

    def _memberships_and_proxies(self, standing: Standing) -> Iterator[Fact]:
        for asked in standing.memberships.values():
            end = MembershipEnded if asked.membership_id in standing.approved else MembershipDeclined
            yield end(
                membership_id=asked.membership_id,
                organisation_id=asked.organisation_id,
                volunteer_id=self.volunteer_id,
            )
        for proxy in standing.proxies.values():
            yield ProxyEnded(
                proxy_id=proxy.proxy_id,
                volunteer_id=proxy.volunteer_id,
                proxy_volunteer_id=proxy.proxy_volunteer_id,
                ended_by=self.by.actor,
            )

    def _credit(
        self, volunteer: Volunteer, standing: Standing, balance: Balance, funds: Sequence[Fund]
    ) -> Iterator[Fact]:
        account = Balance(self.volunteer_id)
        account.minutes = balance.minutes.copy()
        for reserved in standing.reserved.values():
            released = cancelled(reserved, self.by.actor, LEFT, account.debt_change(reserved.cost_minutes))
            account.remember(released)
            yield released
        left = account.minutes["available"]
        rest = self.rest or ("hold" if volunteer.has_left else None)
        if left and rest is None:
            raise BalanceUndecided(minutes=left)
        if left and rest == "donate":
            assert self.fund_id, "a donation goes to a fund"
            assert self.transfer_id, "and is known by an identifier"
            (fund,) = funds
            fund.must_be_open(self.fund_id)
            yield CreditDonated(
                transfer_id=self.transfer_id, volunteer_id=self.volunteer_id, fund_id=self.fund_id, minutes=left
            )
            left = 0
        yield self.last(left)


LEFT = "the volunteer left"


class LeaveBank(Departure, frozen=True, kw_only=True):
    """Leave the bank, and come back one day, perhaps: who one is stays known, and the account stays."""

    def decide(self, volunteer: Volunteer, *others: Any) -> Iterator[Fact]:
        volunteer.must_be_active(self.volunteer_id)
        self.must_be_allowed()
        yield from self.ends(volunteer, *others)

    def last(self, held_minutes: int) -> Fact:
        return VolunteerLeft(volunteer_id=self.volunteer_id, held_minutes=held_minutes)

"""Leaving and being erased: everything that is open ends, and what is on the account is given away or kept.

It concerns every subject at once, which is why it stands above them.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from timebank.domain.credit.accounts import Balance
from timebank.domain.credit.funds import Fund
from timebank.domain.credit.redemptions import cancelled
from timebank.domain.credit.refusals import BalanceUndecided, FundNeeded
from timebank.domain.facts.credit import (
    CreditDonated,
    ReservationCancelled,
    ReservationExpired,
    RewardFulfilled,
    RewardReserved,
)
from timebank.domain.facts.organisations import (
    AppointmentEnded,
    AppointmentMade,
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
)
from timebank.domain.facts.people import ConsentWithdrawn, ProxyAppointed, ProxyEnded, VolunteerErased, VolunteerLeft
from timebank.domain.identifiers import (
    AppointmentId,
    FundId,
    MembershipId,
    ProxyId,
    RedemptionId,
    TransferId,
    VolunteerId,
)
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.offices import Administrators, Appointment, ended
from timebank.domain.organisations.rosters import TeamsOf
from timebank.domain.people.volunteers import Consents, Volunteer
from timebank.domain.person import Person
from timebank.domain.places.nodes import DAY
from timebank.domain.places.residences import Residence, moved
from timebank.domain.refusals import NotYourOwn

Rest = Literal["donate", "hold"]
"""What becomes of credit that is left: it goes to a fund, or stays on the account until its owner comes back."""


class Standing(Memory):
    """What is open of one volunteer: memberships, appointments, proxies on either side, and what they reserved."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id
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
        if fact.volunteer_id == self.volunteer_id:
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


LEFT = "the volunteer left"


class _Departure(Command, frozen=True, kw_only=True):
    """What leaving and being erased have in common. What to do with credit has to be said, if there is any."""

    volunteer_id: VolunteerId
    rest: Rest | None = None
    fund_id: FundId | None = None
    transfer_id: TransferId | None = None

    def needs(self) -> Sequence[Key]:
        return (
            about(Volunteer, self.volunteer_id),
            about(Consents, self.volunteer_id),
            about(Standing, self.volunteer_id),
            about(TeamsOf, self.volunteer_id),
            about(Balance, self.volunteer_id),
            about(Residence, self.volunteer_id),
            about(Administrators),
            *((about(Fund, self.fund_id),) if self.fund_id else ()),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        return [about(Appointment, each) for each in sorted(known(Standing, self.volunteer_id).appointments)]

    def must_be_allowed(self) -> None:
        """Refuse unless they leave themselves, or an administrator sees to it."""
        is_own = self.by.authority == "volunteer" and self.by.volunteer_id == self.volunteer_id
        if not (is_own or self.by.governs):
            raise NotYourOwn

    def ends(self, known: Known) -> Iterator[Fact]:
        """All that ends; the credit that is reserved is given back, and goes where it is said."""
        if (self.rest == "donate") != (self.fund_id is not None):
            raise FundNeeded
        standing = known(Standing, self.volunteer_id)
        known(Administrators).must_remain_without(standing.appointments, self.at.date())
        for purpose in known(Consents, self.volunteer_id).purposes:
            yield ConsentWithdrawn(volunteer_id=self.volunteer_id, purpose=purpose)
        for appointment_id in sorted(standing.appointments):
            yield from ended(known(Appointment, appointment_id), self.by.actor, None)
        teams = known(TeamsOf, self.volunteer_id)
        yield from teams.left(teams.teams)
        yield from self._memberships(standing)
        yield from self._proxies(standing)
        residence = known(Residence, self.volunteer_id)
        if residence.node_id:
            tomorrow = max(self.at.date() + DAY, residence.from_day or date.min)
            yield moved(self.volunteer_id, residence, None, tomorrow)
        yield from self._credit(known)

    def last(self, held_minutes: int) -> Fact:
        """What happened, after all."""
        raise NotImplementedError  # pragma: no cover

    def _memberships(self, standing: Standing) -> Iterator[Fact]:
        for asked in standing.memberships.values():
            end = MembershipEnded if asked.membership_id in standing.approved else MembershipDeclined
            yield end(
                membership_id=asked.membership_id,
                organisation_id=asked.organisation_id,
                volunteer_id=self.volunteer_id,
            )

    def _proxies(self, standing: Standing) -> Iterator[Fact]:
        for proxy in standing.proxies.values():
            yield ProxyEnded(
                proxy_id=proxy.proxy_id,
                volunteer_id=proxy.volunteer_id,
                proxy_volunteer_id=proxy.proxy_volunteer_id,
                ended_by=self.by.actor,
            )

    def _credit(self, known: Known) -> Iterator[Fact]:
        """Give back what is reserved, and donate or keep what there is then; the last fact tells what is kept."""
        balance = known(Balance, self.volunteer_id)
        for reserved in known(Standing, self.volunteer_id).reserved.values():
            released = cancelled(reserved, balance, self.by.actor, LEFT)
            balance = balance.after(released)
            yield released
        left = balance.available_minutes
        rest = self.rest or ("hold" if known(Volunteer, self.volunteer_id).has_left else None)
        if left and rest is None:
            raise BalanceUndecided(minutes=left)
        if left and self.fund_id:
            assert self.transfer_id, "a donation is known by an identifier"
            known(Fund, self.fund_id).must_be_open()
            yield CreditDonated(
                transfer_id=self.transfer_id, volunteer_id=self.volunteer_id, fund_id=self.fund_id, minutes=left
            )
            left = 0
        yield self.last(left)


class LeaveBank(_Departure, frozen=True, kw_only=True):
    """Leave the bank, and come back one day, perhaps: who one is stays known, and the account stays."""

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Volunteer, self.volunteer_id).must_be_active()
        self.must_be_allowed()
        yield from self.ends(known)

    def last(self, held_minutes: int) -> Fact:
        return VolunteerLeft(volunteer_id=self.volunteer_id, held_minutes=held_minutes)


class EraseVolunteer(_Departure, frozen=True, kw_only=True):
    """Erase all that is personal about a volunteer: at their own wish, or by an administrator. It cannot be undone.

    Right to erasure: Personal Information Protection Law (个人信息保护法), art. 47. The records of service stay, under
    a number that names nobody: those who keep them have to (志愿服务记录与证明出具办法).
    """

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Volunteer, self.volunteer_id).must_not_be_erased()
        self.must_be_allowed()
        yield from self.ends(known)

    def last(self, held_minutes: int) -> Fact:
        return VolunteerErased(volunteer_id=self.volunteer_id, held_minutes=held_minutes)

    def personal(self) -> Person:
        return Person.nobody(self.volunteer_id)

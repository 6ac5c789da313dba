"""Endings: what is open of a volunteer ends when they leave, are erased, or turn out to be registered twice.

It concerns every subject at once, which is why it stands above them.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from timebank.domain.activities.activities import Activity
from timebank.domain.activities.sign_ups import SignUps, signed_off
from timebank.domain.credit.accounts import Balance
from timebank.domain.credit.redemptions import cancelled
from timebank.domain.facts.credit import (
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
from timebank.domain.facts.people import ConsentWithdrawn, ProxyAppointed, ProxyEnded
from timebank.domain.identifiers import ActorId, AppointmentId, MembershipId, ProxyId, RedemptionId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.offices import Administrators, Appointment, ended
from timebank.domain.organisations.rosters import TeamsOf
from timebank.domain.people.volunteers import Consents
from timebank.domain.places.nodes import DAY
from timebank.domain.places.residences import Residence, moved


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


def memories_of_what_ends(volunteer_id: VolunteerId) -> Sequence[Key]:
    """The keys of the memories that say what is open of a volunteer, for `all_that_ends`."""
    return (
        about(Consents, volunteer_id),
        about(Standing, volunteer_id),
        about(TeamsOf, volunteer_id),
        about(SignUps, volunteer_id),
        about(Balance, volunteer_id),
        about(Residence, volunteer_id),
        about(Administrators),
    )


def memories_of_each(known: Known, volunteer_id: VolunteerId) -> list[Key]:
    """The keys of the memories of each office that a volunteer holds and each activity they signed up for.

    To be asked once the memories of `memories_of_what_ends` are known, which say which those are.
    """
    offices = [about(Appointment, each) for each in sorted(known(Standing, volunteer_id).appointments)]
    return [*offices, *(about(Activity, each) for each in sorted(known(SignUps, volunteer_id).open))]


def all_that_ends(known: Known, volunteer_id: VolunteerId, command: Command) -> Iterator[Fact]:
    """End a volunteer's consents, offices, sign-ups, teams, memberships, proxies and residence: the facts of that.

    Raises `LastAdministrator`.
    """
    standing, by = known(Standing, volunteer_id), command.by.actor
    known(Administrators).must_remain_without(standing.appointments, command.at.date())
    for purpose in known(Consents, volunteer_id).purposes:
        yield ConsentWithdrawn(volunteer_id=volunteer_id, purpose=purpose)
    for appointment_id in sorted(standing.appointments):
        yield from ended(known(Appointment, appointment_id), by, None)
    yield from _sign_ups(known, volunteer_id, command)
    teams = known(TeamsOf, volunteer_id)
    yield from teams.left(teams.teams)
    yield from _memberships(standing)
    yield from _proxies(standing, by)
    residence = known(Residence, volunteer_id)
    if residence.node_id:
        tomorrow = max(command.at.date() + DAY, residence.from_day or date.min)
        yield moved(volunteer_id, residence, None, tomorrow)


def _sign_ups(known: Known, volunteer_id: VolunteerId, command: Command) -> Iterator[Fact]:
    """Whoever goes does not come to what is still to be; what is over stays as it was."""
    for activity_id in sorted(known(SignUps, volunteer_id).open):
        activity = known(Activity, activity_id)
        if activity.status == "published" and command.at < activity.plan.ends_at:
            yield from signed_off(activity, volunteer_id, command.by.actor)


def _memberships(standing: Standing) -> Iterator[Fact]:
    for asked in standing.memberships.values():
        end = MembershipEnded if asked.membership_id in standing.approved else MembershipDeclined
        yield end(
            membership_id=asked.membership_id,
            organisation_id=asked.organisation_id,
            volunteer_id=standing.volunteer_id,
        )


def _proxies(standing: Standing, by: ActorId) -> Iterator[Fact]:
    for proxy in standing.proxies.values():
        yield ProxyEnded(
            proxy_id=proxy.proxy_id,
            volunteer_id=proxy.volunteer_id,
            proxy_volunteer_id=proxy.proxy_volunteer_id,
            ended_by=by,
        )


def released(known: Known, volunteer_id: VolunteerId, by: ActorId, reason: str) -> tuple[list[Fact], Balance]:
    """Cancel all reservations of a volunteer: the facts of that, and the balance after them."""
    balance, facts = known(Balance, volunteer_id), list[Fact]()
    for reserved in known(Standing, volunteer_id).reserved.values():
        facts.append(cancelled(reserved, balance, by, reason))
        balance = balance.after(facts[-1])
    return facts, balance

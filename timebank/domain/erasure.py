"""Erasure: a person goes, their account stays. What they could do ends, by facts; what is personal goes with them.

Right to erasure: Personal Information Protection Law (个人信息保护法), art. 47. The records of service stay, under a
number that names nobody: those who keep them have to (志愿服务记录与证明出具办法).
"""

from collections.abc import Iterator, Sequence

from timebank.domain.appointments import Administrators, Appointment, AppointmentEnded, AppointmentMade
from timebank.domain.identifiers import AppointmentId, MembershipId, ProxyId, VolunteerId
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
from timebank.domain.refusals import NotYourOwn
from timebank.domain.volunteers import Consents, ConsentWithdrawn, Volunteer, VolunteerErased


class Standing(Memory):
    """What is open of one volunteer: memberships, appointments, and proxies on either side."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.memberships: dict[MembershipId, MembershipRequested | MembershipInvited] = {}
        self.approved: set[MembershipId] = set()
        self.appointments: set[AppointmentId] = set()
        self.proxies: dict[ProxyId, ProxyAppointed] = {}

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


class EraseVolunteer(Command, frozen=True, kw_only=True):
    """Erase all that is personal about a volunteer: at their own wish, or by an administrator. It cannot be undone."""

    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Memory]:
        return Volunteer(self.volunteer_id), Consents(self.volunteer_id), Standing(self.volunteer_id), Administrators()

    def also_needs(
        self, volunteer: Volunteer, consents: Consents, standing: Standing, administrators: Administrators
    ) -> Sequence[Memory]:
        return [Appointment(each) for each in sorted(standing.appointments)]

    def decide(
        self,
        volunteer: Volunteer,
        consents: Consents,
        standing: Standing,
        administrators: Administrators,
        *appointments: Appointment,
    ) -> Iterator[Fact]:
        volunteer.must_not_be_erased(self.volunteer_id)
        is_own = self.by.authority == "volunteer" and self.by.volunteer_id == self.volunteer_id
        if not (is_own or self.by.governs):
            raise NotYourOwn
        administrators.must_remain_without(standing.appointments, self.at.date())
        for purpose in consents.purposes:
            yield ConsentWithdrawn(volunteer_id=self.volunteer_id, purpose=purpose)
        for appointment in appointments:
            yield from ended(appointment, self.by.actor, None)
        yield from self.ends(standing)
        yield VolunteerErased(volunteer_id=self.volunteer_id)

    def ends(self, standing: Standing) -> Iterator[Fact]:
        """The ends of memberships and proxies."""
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

    def erases(self) -> VolunteerId:
        return self.volunteer_id

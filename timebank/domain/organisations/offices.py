"""Appointments: that somebody holds an office, from when until when; and what decisions remember of it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from timebank.domain.acting import Office
from timebank.domain.facts.organisations import AppointmentEnded, AppointmentMade
from timebank.domain.identifiers import ActorId, AppointmentId, NodeId, OrganisationId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.memberships import must_be_a_term
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import (
    AppointmentAlreadyHeld,
    AppointmentUnknown,
    LastAdministrator,
    NotWithinYourOffice,
    OfficeHasNoScope,
    OfficeNeedsScope,
)
from timebank.domain.people.volunteers import Volunteer
from timebank.domain.refusals import OfficeMissing, TermEndsBeforeItStarts
from timebank.domain.text import Text


class Offices(Memory):
    """The appointments of one volunteer."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.held: dict[AppointmentId, AppointmentMade] = {}

    @event(AppointmentMade)
    def _(self, fact: AppointmentMade) -> None:
        self.held[fact.appointment_id] = fact

    @event(AppointmentEnded)
    def _(self, appointment_id: AppointmentId) -> None:
        self.held.pop(appointment_id, None)

    def find(
        self, office: str, scope: OrganisationId | None, on: date, node_id: NodeId | None = None
    ) -> AppointmentMade | None:
        """The appointment to an office that is in force on a day; one's own rather than one that was passed on."""
        held = self.to(office, scope, node_id)
        in_force = [each for each in held if (each.valid_from or on) <= on <= (each.valid_until or on)]
        return min(in_force, key=lambda each: each.delegated_from is not None, default=None)

    def to(self, office: str, scope: OrganisationId | None, node_id: NodeId | None = None) -> list[AppointmentMade]:
        """The appointments to an office, whenever they are in force."""
        wanted = office, scope, node_id
        return [each for each in self.held.values() if (each.office, each.organisation_id, each.node_id) == wanted]


class Appointment(Memory):
    """One appointment, and those that pass it on."""

    def __init__(self, appointment_id: AppointmentId) -> None:
        super().__init__(appointment_id)
        self.in_force: dict[AppointmentId, AppointmentMade] = {}

    @event(AppointmentMade)
    def _(self, fact: AppointmentMade) -> None:
        self.in_force[fact.appointment_id] = fact

    @event(AppointmentEnded)
    def _(self, appointment_id: AppointmentId) -> None:
        self.in_force.pop(appointment_id, None)


class Term(NamedTuple):
    """From which day until which somebody is appointed."""

    valid_from: date | None
    valid_until: date | None


class Administrators(Memory):
    """The terms of all who are appointed administrators of the bank."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: dict[AppointmentId, Term] = {}

    @event(AppointmentMade)
    def _(self, fact: AppointmentMade) -> None:
        if fact.office == "administrator":
            self.terms[fact.appointment_id] = Term(fact.valid_from, fact.valid_until)

    @event(AppointmentEnded)
    def _(self, appointment_id: AppointmentId) -> None:
        self.terms.pop(appointment_id, None)

    def must_remain_without(self, ending: Collection[AppointmentId], on: date) -> None:
        """Refuse to end appointments after which nobody would be left who is appointed for good."""
        for_good = {
            each for each, term in self.terms.items() if term.valid_until is None and (term.valid_from or on) <= on
        }
        if for_good and for_good <= set(ending):
            raise LastAdministrator


class Appoint(Command, frozen=True, kw_only=True):
    """Appoint somebody to an office. Administrators appoint to any; node leaders appoint deputies to their own."""

    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    office: Office
    organisation_id: OrganisationId | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def needs(self) -> Sequence[Key]:
        return (
            about(Volunteer, self.volunteer_id),
            about(Offices, self.volunteer_id),
            *((about(Organisation, self.organisation_id),) if self.organisation_id else ()),
            *self.own_offices(),
        )

    def own_offices(self) -> tuple[Key, ...]:
        """The memory of what a node leader can pass on."""
        leads = self.by.authority == "node-leader" and self.by.volunteer_id
        return (about(Offices, leads),) if leads else ()

    def decide(self, known: Known) -> Iterator[Fact]:
        delegated_from = self.what_is_passed_on(known)
        known(Volunteer, self.volunteer_id).must_be_active()
        self.must_have_its_scope(known)
        must_be_a_term(self.valid_from, self.valid_until)
        if self.valid_until and self.valid_until < self.at.date():
            raise TermEndsBeforeItStarts
        for held in known(Offices, self.volunteer_id).to(self.office, self.organisation_id):
            if _overlap(held, self):
                raise AppointmentAlreadyHeld(volunteer_id=self.volunteer_id, appointment_id=held.appointment_id)
        yield AppointmentMade(
            appointment_id=self.appointment_id,
            volunteer_id=self.volunteer_id,
            office=self.office,
            appointed_by=self.by.actor,
            organisation_id=self.organisation_id,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            delegated_from=delegated_from,
        )

    def what_is_passed_on(self, known: Known) -> AppointmentId | None:
        """The appointment that this one is a part of; None where an administrator appoints."""
        if self.by.governs:
            return None
        if self.by.authority != "node-leader" or self.by.volunteer_id is None:
            raise OfficeMissing(office="administrator")
        own = known(Offices, self.by.volunteer_id)
        passed_on = own.find(self.office, self.organisation_id, self.at.date())
        if passed_on is None or passed_on.delegated_from or self.by.scope != self.organisation_id:
            raise NotWithinYourOffice
        if passed_on.valid_until and (self.valid_until is None or self.valid_until > passed_on.valid_until):
            raise NotWithinYourOffice
        return passed_on.appointment_id

    def must_have_its_scope(self, known: Known) -> None:
        """Refuse a scope where there cannot be one, and none, or an unknown one, where there must be."""
        if self.office != "node-leader" and self.organisation_id:
            raise OfficeHasNoScope(office=self.office)
        if self.office == "node-leader":
            if not self.organisation_id:
                raise OfficeNeedsScope
            known(Organisation, self.organisation_id).must_exist()


def _overlap(held: AppointmentMade, asked: Appoint) -> bool:
    """Whether two terms have a day in common."""
    starts = max(held.valid_from or date.min, asked.valid_from or asked.at.date())
    return starts <= min(held.valid_until or date.max, asked.valid_until or date.max)


class EndAppointment(Command, frozen=True, kw_only=True):
    """End an appointment, and with it what was passed on of it. One may always lay down one's own."""

    appointment_id: AppointmentId
    reason: Text | None = None

    def needs(self) -> Sequence[Key]:
        return about(Appointment, self.appointment_id), about(Administrators)

    def decide(self, known: Known) -> Iterator[Fact]:
        appointment = known(Appointment, self.appointment_id)
        made = appointment.in_force.get(self.appointment_id)
        if made is None:
            raise AppointmentUnknown(appointment_id=self.appointment_id)
        gave_it = made.delegated_from is not None and made.appointed_by == self.by.actor
        if not (self.by.governs or self.by.volunteer_id == made.volunteer_id or gave_it):
            raise AppointmentUnknown(appointment_id=self.appointment_id)
        known(Administrators).must_remain_without([self.appointment_id], self.at.date())
        yield from ended(appointment, self.by.actor, self.reason)


def ended(appointment: Appointment, by: ActorId, reason: str | None) -> Iterator[Fact]:
    """The ends of an appointment and of all that pass it on."""
    for made in appointment.in_force.values():
        yield AppointmentEnded(
            appointment_id=made.appointment_id,
            volunteer_id=made.volunteer_id,
            ended_by=by,
            delegated_from=made.delegated_from,
            reason=reason,
        )

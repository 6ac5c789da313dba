"""Appointments: that somebody holds an office, from when until when; and what decisions remember of it."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from timebank.domain.identifiers import ActorId, AppointmentId, OrganisationId, VolunteerId
from timebank.domain.kernel import Fact, Memory, Office, event
from timebank.domain.refusals import LastAdministrator


class AppointmentMade(Fact, frozen=True, kw_only=True):
    """Somebody was appointed to an office, from one day until another (both included).

    `organisation_id` is what a node leader's office is limited to; `delegated_from` the appointment of whoever passed
    their own office on, for as long as they have it.
    """

    TOPIC = "appointment-made"
    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    office: Office
    appointed_by: ActorId
    organisation_id: OrganisationId | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    delegated_from: AppointmentId | None = None


class AppointmentEnded(Fact, frozen=True, kw_only=True):
    """The appointment is over."""

    TOPIC = "appointment-ended"
    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    ended_by: ActorId
    delegated_from: AppointmentId | None = None
    reason: str | None = None


class Offices(Memory):
    """The appointments of one volunteer."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.held: dict[AppointmentId, AppointmentMade] = {}

    @event(AppointmentMade)
    def _(self, fact: AppointmentMade) -> None:
        self.held[fact.appointment_id] = fact

    @event(AppointmentEnded)
    def _(self, appointment_id: AppointmentId) -> None:
        self.held.pop(appointment_id, None)

    def find(self, office: str, scope: OrganisationId | None, on: date) -> AppointmentMade | None:
        """The appointment to an office that is in force on a day; one's own rather than one that was passed on."""
        in_force = [
            each for each in self.to(office, scope) if (each.valid_from or on) <= on <= (each.valid_until or on)
        ]
        return min(in_force, key=lambda each: each.delegated_from is not None, default=None)

    def to(self, office: str, scope: OrganisationId | None) -> list[AppointmentMade]:
        """The appointments to an office, whenever they are in force."""
        return [each for each in self.held.values() if (each.office, each.organisation_id) == (office, scope)]


class Appointment(Memory):
    """One appointment, and those that pass it on."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
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

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
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

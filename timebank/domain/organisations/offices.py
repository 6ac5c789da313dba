"""Appointments: that somebody holds an office, from when until when; and what decisions remember of it."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from timebank.domain.acting import Acting, BankOffice, must_govern
from timebank.domain.facts.organisations import AppointmentEnded, AppointmentMade
from timebank.domain.identifiers import ActorId, AppointmentId, NodeId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.organisations.refusals import (
    AppointmentAlreadyHeld,
    AppointmentUnknown,
    LastAdministrator,
    NotWithinYourOffice,
)
from timebank.domain.people.volunteers import Volunteer
from timebank.domain.refusals import TermEndsBeforeItStarts
from timebank.domain.text import Text
from timebank.domain.times import must_be_a_term


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

    def find(self, office: str, on: date, node_id: NodeId | None = None) -> AppointmentMade | None:
        """The appointment to an office that is in force on a day; one's own rather than one that was passed on."""
        held = self.to(office, node_id)
        in_force = [each for each in held if (each.valid_from or on) <= on <= (each.valid_until or on)]
        return min(in_force, key=lambda each: each.delegated_from is not None, default=None)

    def to(self, office: str, node_id: NodeId | None = None) -> list[AppointmentMade]:
        """The appointments to an office, whenever they are in force.

        Those that were once limited to an organisation are to none.
        """
        wanted = office, None, node_id
        return [each for each in self.held.values() if (each.office, each.organisation_id, each.node_id) == wanted]


def own_offices(by: Acting, volunteer_id: VolunteerId) -> tuple[Key, ...]:
    """What has to be known of an administrator who gives something to themselves (`must_not_outlast`)."""
    return (about(Offices, volunteer_id),) if by.governs and by.volunteer_id == volunteer_id else ()


def must_not_outlast(known: Known, by: Acting, volunteer_id: VolunteerId, until: date | None, on: date) -> None:
    """Refuse an administrator who gives themselves a role, or an office, for longer than they are administrator."""
    if own_offices(by, volunteer_id):
        _must_be_within_own_term(known, volunteer_id, until, on)


def _must_be_within_own_term(known: Known, administrator_id: VolunteerId, until: date | None, on: date) -> None:
    own = known(Offices, administrator_id).find("administrator", on)
    own_until = own.valid_until if own else None
    if own_until and (until is None or until > own_until):
        raise NotWithinYourOffice


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
    """Appoint somebody to an office of the bank: administrators do. Places get their leaders by `AppointLeader`.

    An administrator with a term appoints no administrator for longer, nor themselves to anything.
    """

    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    office: BankOffice
    valid_from: date | None = None
    valid_until: date | None = None

    def needs(self) -> Sequence[Key]:
        own = (about(Offices, self.by.volunteer_id),) if self.by.volunteer_id else ()
        return about(Volunteer, self.volunteer_id), about(Offices, self.volunteer_id), *own

    def decide(self, known: Known) -> Iterator[Fact]:
        must_govern(self.by)
        if self.by.volunteer_id and (self.office == "administrator" or self.by.volunteer_id == self.volunteer_id):
            _must_be_within_own_term(known, self.by.volunteer_id, self.valid_until, self.at.date())
        known(Volunteer, self.volunteer_id).must_be_active()
        must_be_a_term(self.valid_from, self.valid_until)
        if self.valid_until and self.valid_until < self.at.date():
            raise TermEndsBeforeItStarts
        for held in known(Offices, self.volunteer_id).to(self.office):
            if _overlap(held, self):
                raise AppointmentAlreadyHeld(volunteer_id=self.volunteer_id, appointment_id=held.appointment_id)
        yield AppointmentMade(
            appointment_id=self.appointment_id,
            volunteer_id=self.volunteer_id,
            office=self.office,
            appointed_by=self.by.actor,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


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

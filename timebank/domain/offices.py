"""Offices: who appoints whom to what, for how long; who passes theirs on, and how it ends."""

from collections.abc import Iterator, Sequence
from datetime import date

from timebank.domain.appointments import Administrators, Appointment, AppointmentEnded, AppointmentMade, Offices
from timebank.domain.identifiers import ActorId, AppointmentId, OrganisationId, VolunteerId
from timebank.domain.kernel import Command, Fact, Memory, Office
from timebank.domain.memberships import must_be_a_term
from timebank.domain.organisations import Organisation
from timebank.domain.refusals import (
    AppointmentAlreadyHeld,
    AppointmentUnknown,
    NotWithinYourOffice,
    OfficeHasNoScope,
    OfficeMissing,
    OfficeNeedsScope,
    TermEndsBeforeItStarts,
)
from timebank.domain.volunteers import Volunteer


class Appoint(Command, frozen=True, kw_only=True):
    """Appoint somebody to an office. Administrators appoint to any; node leaders appoint deputies to their own."""

    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    office: Office
    organisation_id: OrganisationId | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    def needs(self) -> Sequence[Memory]:
        own = (Offices(self.by.volunteer_id),) if self.by.authority == "node-leader" and self.by.volunteer_id else ()
        scope = (Organisation(self.organisation_id),) if self.organisation_id else ()
        return Volunteer(self.volunteer_id), Offices(self.volunteer_id), *scope, *own

    def decide(self, volunteer: Volunteer, offices: Offices, *others: Memory) -> Iterator[Fact]:
        delegated_from = self.what_is_passed_on(others)
        volunteer.must_be_active(self.volunteer_id)
        self.must_have_its_scope(others)
        must_be_a_term(self.valid_from, self.valid_until)
        if self.valid_until and self.valid_until < self.at.date():
            raise TermEndsBeforeItStarts
        for held in offices.to(self.office, self.organisation_id):
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

    def what_is_passed_on(self, others: Sequence[Memory]) -> AppointmentId | None:
        """The appointment that this one is a part of; None where an administrator appoints."""
        if self.by.governs:
            return None
        own = others[-1] if others else None
        if not isinstance(own, Offices):
            raise OfficeMissing(office="administrator")
        passed_on = own.find(self.office, self.organisation_id, self.at.date())
        if passed_on is None or passed_on.delegated_from or self.by.scope != self.organisation_id:
            raise NotWithinYourOffice
        if passed_on.valid_until and (self.valid_until is None or self.valid_until > passed_on.valid_until):
            raise NotWithinYourOffice
        return passed_on.appointment_id

    def must_have_its_scope(self, others: Sequence[Memory]) -> None:
        """Refuse a scope where there cannot be one, and none, or an unknown one, where there must be."""
        if self.office != "node-leader" and self.organisation_id:
            raise OfficeHasNoScope(office=self.office)
        if self.office == "node-leader":
            if not self.organisation_id:
                raise OfficeNeedsScope
            organisation = others[0]
            assert isinstance(organisation, Organisation), "it is among the needs"
            organisation.must_exist(self.organisation_id)


def _overlap(held: AppointmentMade, asked: Appoint) -> bool:
    """Whether two terms have a day in common."""
    starts = max(held.valid_from or date.min, asked.valid_from or asked.at.date())
    return starts <= min(held.valid_until or date.max, asked.valid_until or date.max)


class EndAppointment(Command, frozen=True, kw_only=True):
    """End an appointment, and with it what was passed on of it. One may always lay down one's own."""

    appointment_id: AppointmentId
    reason: str | None = None

    def needs(self) -> Sequence[Memory]:
        return Appointment(self.appointment_id), Administrators()

    def decide(self, appointment: Appointment, administrators: Administrators) -> Iterator[Fact]:
        made = appointment.in_force.get(self.appointment_id)
        if made is None:
            raise AppointmentUnknown(appointment_id=self.appointment_id)
        gave_it = made.delegated_from is not None and made.appointed_by == self.by.actor
        if not (self.by.governs or self.by.volunteer_id == made.volunteer_id or gave_it):
            raise AppointmentUnknown(appointment_id=self.appointment_id)
        administrators.must_remain_without([self.appointment_id], self.at.date())
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

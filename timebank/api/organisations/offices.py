"""Appointments: whom the bank appoints to an office, and who passes theirs on."""

from datetime import date

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    WantedId,
    do,
    now,
    page_of,
    services,
)
from timebank.domain.acting import Office
from timebank.domain.facts.organisations import AppointmentMade
from timebank.domain.identifiers import AppointmentId, OrganisationId, VolunteerId, new_appointment_id
from timebank.domain.organisations.offices import Appoint, EndAppointment
from timebank.domain.text import Text
from timebank.projections.organisations import offices
from timebank.projections.organisations.offices import AppointmentView


class AppointmentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is appointed to what, for which days (both included); a node leader for the people of an organisation."""

    volunteer_id: Id
    office: Office
    organisation_id: Id | None = None
    valid_from: date | None = None
    valid_until: date | None = None


class EndRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, if there is something to say."""

    reason: Text | None = None


class AppointmentStatus(msgspec.Struct, frozen=True):
    """How the appointment stands now."""

    appointment_id: str
    status: str
    position: int


class AppointmentController(Controller):
    """`/v1/appointments`"""

    path = "/appointments"
    tags = ("Offices",)

    @get(responses=READS)
    async def list_appointments(
        self,
        request: BankRequest,
        volunteer_id: WantedId = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Page[AppointmentView]:
        """Appointments in the order they were made, those that ended as well; never older than the log."""
        found = await offices.page(services(request).pool, request.user.bank_id, volunteer_id, after, limit + 1)
        return page_of(found, limit, "appointment_id")

    @post(responses=WRITES)
    async def appoint(
        self, request: BankRequest, data: JSONBody[AppointmentRequest], idempotency_key: IdempotencyHeader = None
    ) -> AppointmentStatus:
        """Appoint somebody; a node leader appoints deputies for their own people, within their own term."""
        command = Appoint(
            by=request.user.acting_for(data.organisation_id, now(request).date()),
            at=now(request),
            appointment_id=new_appointment_id(),
            volunteer_id=VolunteerId(data.volunteer_id),
            office=data.office,
            organisation_id=OrganisationId(data.organisation_id) if data.organisation_id else None,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        receipt = await do(request, command, idempotency_key)
        (fact,) = receipt.facts
        assert isinstance(fact, AppointmentMade)
        return AppointmentStatus(fact.appointment_id, "in force", receipt.position)

    @post("/{appointment_id:str}/end", status_code=200, responses=WRITES)
    async def end_appointment(
        self,
        request: BankRequest,
        appointment_id: FromPath[str],
        data: JSONBody[EndRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> AppointmentStatus:
        """End an appointment, and what was passed on of it; one may lay down one's own, and end what one passed on."""
        command = EndAppointment(
            by=request.user.acting,
            at=now(request),
            appointment_id=AppointmentId(appointment_id),
            reason=data.reason if data else None,
        )
        receipt = await do(request, command, idempotency_key)
        return AppointmentStatus(appointment_id, "ended", receipt.position)

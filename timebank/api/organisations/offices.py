"""Appointments: whom the bank appoints to an office, and who holds one, leaders of places as well."""

from datetime import date

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import APPOINT, AUDITORS, END_APPOINTMENT
from timebank.api.http.lists import listed
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    After,
    BankRequest,
    IdempotencyHeader,
    Limit,
    Page,
    Somebody,
    Status,
    WantedPerson,
    WhyRequest,
    happened,
)
from timebank.domain.acting import BankOffice
from timebank.domain.facts.organisations import AppointmentMade
from timebank.domain.identifiers import AppointmentId, VolunteerId, new_appointment_id
from timebank.domain.organisations.offices import Appoint, EndAppointment
from timebank.projections.organisations import offices
from timebank.projections.organisations.offices import AppointmentView


class AppointmentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is appointed to what, for which days (both included). Leaders are appointed at their place."""

    volunteer_id: Somebody
    office: BankOffice
    valid_from: date | None = None
    valid_until: date | None = None


class AppointmentStatus(Status, frozen=True, kw_only=True):
    """How the appointment stands now."""

    appointment_id: str


class AppointmentController(Controller):
    """`/v1/appointments`"""

    path = "/appointments"
    tags = ("Offices",)
    opt = NEVER_BEHIND

    @get(responses=READS, access=AUDITORS)
    async def list_appointments(
        self,
        request: BankRequest,
        volunteer_id: WantedPerson = None,
        after: After = "",
        limit: Limit = 50,
    ) -> Page[AppointmentView]:
        """Appointments in the order they were made, those that ended as well; never older than the log."""

        async def page(after: str, limit: int) -> list[AppointmentView]:
            return await offices.page(request.pool, request.bank_id, volunteer_id, after, limit)

        return await listed(request, page, after, limit, "appointment_id")

    @post(responses=WRITES, access=APPOINT)
    async def appoint(
        self, request: BankRequest, data: JSONBody[AppointmentRequest], idempotency_key: IdempotencyHeader = None
    ) -> AppointmentStatus:
        """Appoint somebody to an office of the bank."""
        command = Appoint(
            **request.stamp,
            appointment_id=new_appointment_id(),
            volunteer_id=VolunteerId(data.volunteer_id),
            office=data.office,
            valid_from=data.valid_from,
            valid_until=data.valid_until,
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, AppointmentMade)
        return AppointmentStatus(appointment_id=fact.appointment_id, status="in force", position=receipt.position)

    @post(
        "/{appointment_id:str}/end",
        status_code=200,
        responses=WRITES,
        access=END_APPOINTMENT,
    )
    async def end_appointment(
        self,
        request: BankRequest,
        appointment_id: FromPath[str],
        data: JSONBody[WhyRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> AppointmentStatus:
        """End an appointment, and what was passed on of it; one may lay down one's own, and end what one passed on.

        An administrator proves who they are: with a stolen token all others could be put out.
        """
        if request.acting.governs:
            await request.must_be_proved()
        command = EndAppointment(
            **request.stamp,
            appointment_id=AppointmentId(appointment_id),
            reason=data.reason if data else None,
        )
        receipt = await request.execute(command, idempotency_key)
        return AppointmentStatus(appointment_id=appointment_id, status="ended", position=receipt.position)

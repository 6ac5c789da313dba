"""The duty register: who works for an organisation, at which hours, and when they are on leave."""

from datetime import date

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from timebank.access.table import KEEP_STAFF
from timebank.api.http.lists import listed
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import After, BankRequest, IdempotencyHeader, Limit, Page, Somebody, Status
from timebank.domain.facts.employments import EmploymentKind
from timebank.domain.identifiers import EmploymentId, OrganisationId, VolunteerId, new_employment_id
from timebank.domain.organisations.employments import DeclareEmployment, EndEmployment, Hours, NoteLeave
from timebank.projections.organisations import employments
from timebank.projections.organisations.employments import EmploymentView


class EmploymentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who works here, how, from which day on, and at which hours of the week they have duty."""

    volunteer_id: Somebody
    kind: EmploymentKind
    hours: Hours = ()
    from_day: date
    until_day: date | None = None


class EndEmploymentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose employment it is, and its last day."""

    volunteer_id: Somebody
    until_day: date


class LeaveRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose leave it is, from one day until another (both included)."""

    volunteer_id: Somebody
    first_day: date
    last_day: date


class EmploymentStatus(Status, frozen=True, kw_only=True):
    """How the employment stands now."""

    employment_id: str


class EmploymentController(Controller):
    """`/v1/organisations/{organisation_id}/employments`"""

    path = "/organisations/{organisation_id:str}/employments"
    tags = ("Organisations",)

    @get(responses=READS, access=KEEP_STAFF)
    async def list_employments(
        self, request: BankRequest, organisation_id: FromPath[str], after: After = "", limit: Limit = 50
    ) -> Page[EmploymentView]:
        """Who works for the organisation, or did; for its coordinators, and administrators."""
        await request.sight.must_manage(OrganisationId(organisation_id))

        async def page(after: str, limit: int) -> list[EmploymentView]:
            return await employments.staff(request.pool, request.bank_id, organisation_id, after, limit)

        return await listed(request, page, after, limit, "employment_id")

    @post(responses=WRITES, access=KEEP_STAFF)
    async def declare_employment(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[EmploymentRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> EmploymentStatus:
        """Say that somebody works here, and when they have duty: not about oneself."""
        employment_id = new_employment_id()
        command = DeclareEmployment(
            **request.stamp,
            employment_id=employment_id,
            volunteer_id=VolunteerId(data.volunteer_id),
            organisation_id=OrganisationId(organisation_id),
            kind=data.kind,
            hours=data.hours,
            from_day=data.from_day,
            until_day=data.until_day,
        )
        receipt = await request.execute(command, idempotency_key)
        return EmploymentStatus(employment_id=_id(receipt.facts[0]), status="declared", position=receipt.position)

    @post("/{employment_id:str}/end", status_code=200, responses=WRITES, access=KEEP_STAFF)
    async def end_employment(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        employment_id: FromPath[str],
        data: JSONBody[EndEmploymentRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> EmploymentStatus:
        """Say until when somebody works here."""
        command = EndEmployment(
            **request.stamp,
            employment_id=EmploymentId(employment_id),
            volunteer_id=VolunteerId(data.volunteer_id),
            organisation_id=OrganisationId(organisation_id),
            until_day=data.until_day,
        )
        receipt = await request.execute(command, idempotency_key)
        return EmploymentStatus(employment_id=employment_id, status="ended", position=receipt.position)

    @post("/{employment_id:str}/leaves", responses=WRITES, access=KEEP_STAFF)
    async def note_leave(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        employment_id: FromPath[str],
        data: JSONBody[LeaveRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> EmploymentStatus:
        """Say that somebody is on leave for some days, and has no duty then."""
        command = NoteLeave(
            **request.stamp,
            employment_id=EmploymentId(employment_id),
            volunteer_id=VolunteerId(data.volunteer_id),
            organisation_id=OrganisationId(organisation_id),
            first_day=data.first_day,
            last_day=data.last_day,
        )
        receipt = await request.execute(command, idempotency_key)
        return EmploymentStatus(employment_id=employment_id, status="on leave", position=receipt.position)


def _id(fact: object) -> str:
    return str(getattr(fact, "employment_id", ""))

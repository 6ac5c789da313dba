"""Service records: finding them, and deciding on them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from functools import partial
from typing import Annotated, Literal, cast

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank import words
from timebank.access.table import REVIEW_SERVICE, VIEW_RECORDS
from timebank.api.http import lists
from timebank.api.http.lists import form_of, listed, no_cursor, not_together, tabled
from timebank.api.http.problems import READS, WRITES
from timebank.api.http.requests import (
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    Page,
    ReasonRequest,
    WantedId,
    WantedPerson,
)
from timebank.api.service.recording import Changes
from timebank.api.service.reviewing import Digest
from timebank.domain.facts.credit import RuleEffect
from timebank.domain.facts.service import (
    ServiceConfirmed,
    ServiceCorrected,
    ServiceRejected,
    ServiceVoided,
)
from timebank.domain.identifiers import OrganisationId, RecordId
from timebank.domain.service.refusals import RecordUnknown
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService
from timebank.domain.service.times import ServiceMinutes
from timebank.domain.text import Text
from timebank.ledger.submission import Receipt
from timebank.projections.service import records
from timebank.projections.service.records import COUNTED, Order, ServiceRecordView, Wanted
from timebank.projections.service.statistics import By, Figures, Statistics, figures, is_kept

StatusName = Literal["logged", "withdrawn", "confirmed", "rejected", "corrected", "voided"]


WantedStatusName = StatusName | Literal["counted"]
WantedStatus = Annotated[
    WantedStatusName | None, QueryParameter(description="`counted` is what was confirmed or corrected.")
]
FirstDay = Annotated[
    date | None, QueryParameter(name="from", description="The first local day the service counts for.")
]
LastDay = Annotated[date | None, QueryParameter(name="until", description="The last local day the service counts for.")]
Late = Annotated[bool | None, QueryParameter(description="Only what was entered late, or only the rest.")]


class ConfirmRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`minutes`, if they are to be others than those logged; `digest` is that of the record as one has seen it.

    For which organisation, where it is about another's staff who served off duty.
    """

    digest: Digest | None = None
    minutes: ServiceMinutes | None = None
    reason: Text | None = None
    for_organisation_id: Id | None = None


class CorrectRequest(Changes, frozen=True, kw_only=True):
    """What is to be otherwise, and why; what is not given stays as it is. Null for `team_id` is no team."""

    reason: Text


class Decided(msgspec.Struct, frozen=True):
    """How the record stands now, and what it counts for.

    Of confirmed service, minutes and what the rules of version `policy_version` did sum to the credit.
    """

    record_id: str
    status: StatusName
    minutes: int
    credited_minutes: int
    position: int
    policy_version: int | None = None
    rules_applied: tuple[RuleEffect, ...] = ()


class ServiceRecordController(Controller):
    """`/v1/service-records`"""

    path = "/service-records"
    tags = ("Service records",)

    @get(responses=READS, access=VIEW_RECORDS)
    async def list_service_records(
        self,
        request: BankRequest,
        volunteer_id: WantedPerson = None,
        organisation_id: WantedId = None,
        status: WantedStatus = None,
        first_day: FirstDay = None,
        last_day: LastDay = None,
        late: Late = None,
        order: Annotated[
            Order, QueryParameter(description="With `status=logged`, `oldest` is what has waited longest.")
        ] = "newest",
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Page[ServiceRecordView]:
        """Records in the order of entry, or of the days asked for: one's own, or those of organisations one works for.

        Administrators see all. `late=true` goes with no status, `logged`, `confirmed` or `counted`: no index serves
        others.
        """
        asked = Wanted(volunteer_id, None, _statuses(status, late=late), first_day, last_day, late)
        wanted, earlier = await _seen(request, asked, organisation_id)
        of_them = partial(records.page, request.pool, request.bank_id, wanted, order=order, earlier_ids=earlier)

        async def page(after: str | None, limit: int) -> list[ServiceRecordView]:
            try:
                return await of_them(after=after, limit=limit)
            except ValueError:
                raise no_cursor() from None

        return await listed(request, page, after, limit, records.cursor_of if asked.of_days else "record_id")

    @get("/statistics", responses=READS, access=VIEW_RECORDS, lists=Figures)
    async def get_statistics(
        self,
        request: BankRequest,
        volunteer_id: WantedPerson = None,
        organisation_id: WantedId = None,
        status: WantedStatus = "counted",
        first_day: FirstDay = None,
        last_day: LastDay = None,
        late: Late = None,
        by: Annotated[By, QueryParameter(description="Into what else months are divided.")] = "month",
        after: WantedId = None,
        limit: Limit = 50,
    ) -> Statistics:
        """What records come to by organisation and month: always the sum of the list with the same filters.

        `total` is the whole, on every page. As a table it is the last row.
        """
        asked = Wanted(volunteer_id, None, _statuses(status, late=late), first_day, last_day, late)
        wanted, earlier = await _seen(request, asked, organisation_id)

        async def page(after: str | None, limit: int) -> Statistics:
            try:
                found = await figures(request.pool, request.bank_id, wanted, by, after, limit, earlier)
            except ValueError:
                raise no_cursor() from None
            return msgspec.structs.replace(found, items=await request.named(found.items))

        form = form_of(request)
        if form:
            return cast("Statistics", await tabled(request, form, Figures, _whole(request, page, after, wanted)))
        return await page(after, limit)

    @get("/{record_id:str}", responses=READS, access=VIEW_RECORDS)
    async def get_service_record(self, request: BankRequest, record_id: FromPath[str]) -> ServiceRecordView:
        """One record as it now stands; what it was before is in the event history."""
        record = await records.one(request.pool, request.bank_id, record_id)
        if record is None or not await request.sight.sees_record(record):
            raise RecordUnknown(record_id=record_id)
        (shown,) = await request.named([record])
        return shown

    @post("/{record_id:str}/confirm", status_code=200, responses=WRITES, access=REVIEW_SERVICE)
    async def confirm_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[ConfirmRequest | None] = None,
        idempotency_key: IdempotencyHeader = None,
    ) -> Decided:
        """Confirm that the service took place: not for whoever logged it, nor for the volunteer."""
        given = data or ConfirmRequest()
        command = ConfirmService(
            **request.stamp,
            record_id=RecordId(record_id),
            digest=given.digest,
            minutes=given.minutes,
            reason=given.reason,
            for_organisation_id=OrganisationId(given.for_organisation_id) if given.for_organisation_id else None,
        )
        return _decided("confirmed", await request.execute(command, idempotency_key))

    @post("/{record_id:str}/reject", status_code=200, responses=WRITES, access=REVIEW_SERVICE)
    async def reject_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Decided:
        """Find that a logged record is not right."""
        command = RejectService(**request.stamp, record_id=RecordId(record_id), reason=data.reason)
        return _decided("rejected", await request.execute(command, idempotency_key))

    @post("/{record_id:str}/correct", status_code=200, responses=WRITES, access=REVIEW_SERVICE)
    async def correct_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[CorrectRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Decided:
        """Put a confirmed record right; what it was stays in the history."""
        command = CorrectService(
            **request.stamp,
            record_id=RecordId(record_id),
            reason=data.reason,
            **data.changes(),
        )
        return _decided("corrected", await request.execute(command, idempotency_key))

    @post("/{record_id:str}/void", status_code=200, responses=WRITES, access=REVIEW_SERVICE)
    async def void_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Decided:
        """Withdraw a confirmed record; credit that was spent already becomes a debt."""
        command = VoidService(**request.stamp, record_id=RecordId(record_id), reason=data.reason)
        return _decided("voided", await request.execute(command, idempotency_key))


async def _seen(request: BankRequest, asked: Wanted, organisation_id: str | None) -> tuple[Wanted, tuple[str, ...]]:
    """Of the records asked for those that whoever asks may see; and under which earlier numbers there are more."""
    seen = await request.sight.records(organisation_id, asked.volunteer_id)
    wanted = asked._replace(volunteer_id=seen.volunteer_id, organisation_ids=seen.organisation_ids)
    return wanted, seen.earlier_ids


def _statuses(status: WantedStatusName | None, *, late: bool | None) -> tuple[StatusName, ...] | None:
    """The statuses that are asked for. Raises `InvalidRequestError` where no index serves them together with `late`."""
    if late and status in ("withdrawn", "rejected", "corrected", "voided"):
        raise not_together("late", "status")
    return None if status is None else COUNTED if status == "counted" else (status,)


async def _whole(
    request: BankRequest, page: Callable[[str | None, int], Awaitable[Statistics]], after: str | None, wanted: Wanted
) -> AsyncIterator[list[Figures]]:
    """All parts of statistics and then their total; what is counted for each page is counted once, and not in pages."""
    length = lists.STRETCH if is_kept(wanted) else _ALL
    while True:
        found = await page(after, length)
        yield found.items
        if found.next is None:
            break
        after = found.next
        await request.pace()
    yield [msgspec.structs.replace(found.total, organisation_name=words.translated("Total", request.listener.language))]


_ALL = 2**31


def _decided(status: StatusName, receipt: Receipt) -> Decided:
    (fact,) = receipt.facts
    if isinstance(fact, ServiceConfirmed | ServiceCorrected):
        return Decided(
            fact.record_id,
            status,
            fact.minutes,
            fact.credited_minutes,
            receipt.position,
            fact.policy_version,
            fact.rules_applied,
        )
    assert isinstance(fact, ServiceRejected | ServiceVoided)
    return Decided(fact.record_id, status, 0, 0, receipt.position)

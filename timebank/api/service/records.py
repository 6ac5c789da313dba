"""Service records: logging one or many, deciding on them, and finding them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from timebank.api.http.guard import organisations_seen, sees_all
from timebank.api.http.problems import READS, WRITES, Problem, of_invalid, of_refusal
from timebank.api.http.requests import (
    BankRequest,
    Id,
    IdempotencyHeader,
    Limit,
    MinPosition,
    Page,
    ReasonRequest,
    WantedId,
    do,
    now,
    page_of,
    promise,
    request_id,
    services,
    volunteer_meant,
    volunteers_meant,
    wait_for_reads,
)
from timebank.domain.facts.credit import RuleEffect
from timebank.domain.facts.service import (
    Capacity,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
)
from timebank.domain.identifiers import OrganisationId, RecordId, VolunteerId, new_record_id
from timebank.domain.kernel import Moment
from timebank.domain.organisations.refusals import OrganisationUnknown
from timebank.domain.refusing import Refusal
from timebank.domain.service.records import ConfirmService, CorrectService, LogService, RejectService, VoidService
from timebank.domain.service.refusals import RecordUnknown
from timebank.domain.service.times import ServiceMinutes
from timebank.domain.text import Line, Text
from timebank.domain.times import must_be_believable
from timebank.ledger.submission import Outcome, Receipt
from timebank.projections.service import records
from timebank.projections.service.records import ServiceRecordView

Status = Literal["logged", "confirmed", "rejected", "corrected", "voided"]
Programmes = Annotated[tuple[Line, ...], msgspec.Meta(max_length=20)]

ROWS = 1_000


class LogRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody did. `minutes` is the whole time between start and end, unless it was less."""

    volunteer_id: Id
    activity: Line
    category: Line
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: ServiceMinutes | None = None
    place: Line | None = None
    content: Text | None = None
    programmes: Programmes = ()

    def command(self, request: BankRequest, organisation_id: str) -> LogService:
        """What is asked for."""
        must_be_believable(started_at=self.started_at, ended_at=self.ended_at)
        return LogService(
            by=request.user.acting,
            at=now(request),
            record_id=new_record_id(),
            volunteer_id=VolunteerId(self.volunteer_id),
            organisation_id=OrganisationId(organisation_id),
            activity=self.activity,
            category=self.category,
            capacity=self.capacity,
            started_at=self.started_at,
            ended_at=self.ended_at,
            minutes=self.minutes,
            place=self.place,
            content=self.content,
            programmes=self.programmes,
        )


class Logged(msgspec.Struct, frozen=True):
    """A record that waits to be confirmed; late, if the activity was more than ten working days ago."""

    record_id: str
    status: Literal["logged"]
    minutes: int
    is_late: bool
    position: int


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to a thousand records, each as for logging one. Each gets a verdict of its own, also on its shape."""

    records: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=ROWS)]


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one row."""

    index: int
    status: Literal["logged", "refused"]
    record_id: str | None = None
    problem: Problem | None = None


class BatchResult(msgspec.Struct, frozen=True):
    """The verdicts in the order of the rows, and the position of the log after them."""

    results: list[Verdict]
    position: int


class ConfirmRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`minutes`, if they are to be others than those logged."""

    minutes: ServiceMinutes | None = None
    reason: Text | None = None


class CorrectRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be otherwise, and why; what is not given stays as it is."""

    reason: Text
    activity: Line | None = None
    category: Line | None = None
    capacity: Capacity | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    minutes: ServiceMinutes | None = None
    place: Line | None = None
    content: Text | None = None
    programmes: Programmes | None = None


class Decided(msgspec.Struct, frozen=True):
    """How the record stands now, and what it counts for.

    Of confirmed service, minutes and what the rules of version `policy_version` did sum to the credit.
    """

    record_id: str
    status: Status
    minutes: int
    credited_minutes: int
    position: int
    policy_version: int | None = None
    rules_applied: tuple[RuleEffect, ...] = ()


class LoggingController(Controller):
    """`/v1/organisations/{organisation_id}/service-records`"""

    path = "/organisations/{organisation_id:str}/service-records"
    tags = ("Service records",)

    @post(responses=WRITES)
    async def log_service(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[LogRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Logged:
        """Log service for a volunteer; somebody else confirms it."""
        data = msgspec.structs.replace(data, volunteer_id=await volunteer_meant(request, data.volunteer_id))
        receipt = await do(request, data.command(request, organisation_id), idempotency_key)
        (fact,) = receipt.facts
        assert isinstance(fact, ServiceLogged)
        return Logged(fact.record_id, "logged", fact.minutes, fact.is_late, receipt.position)

    @post("/batch", status_code=200, responses=WRITES)
    async def log_batch(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[BatchRequest],
        dry_run: Annotated[bool, QueryParameter(description="Give the same verdicts, and write nothing.")] = False,
        idempotency_key: IdempotencyHeader = None,
    ) -> BatchResult:
        """Log service of many at once: a verdict for each row, and no row fails because of another."""
        said = [row.get("volunteer_id") for row in data.records]
        meant = await volunteers_meant(request, (each for each in said if isinstance(each, str)))
        rows = [_read_row(row, meant, request, organisation_id) for row in data.records]
        commands = [row for row in rows if isinstance(row, LogService)]
        found = services(request)
        outcomes = await found.ledger.submit(
            request.user.bank_id,
            commands,
            request_id=request_id(request),
            key=await promise(request, idempotency_key),
            dry_run=dry_run,
        )
        positions = [outcome.position for outcome in outcomes if isinstance(outcome, Receipt)]
        position = max(positions, default=0)
        if dry_run or not position:
            position = await found.ledger.store.head(request.user.bank_id)
        return BatchResult(_verdicts(rows, outcomes, dry_run=dry_run), position)


class ServiceRecordController(Controller):
    """`/v1/service-records`"""

    path = "/service-records"
    tags = ("Service records",)

    @get(responses=READS)
    async def list_service_records(
        self,
        request: BankRequest,
        volunteer_id: WantedId = None,
        organisation_id: WantedId = None,
        status: Annotated[Status | None, QueryParameter()] = None,
        first_day: Annotated[
            date | None, QueryParameter(name="from", description="The first local day the service counts for.")
        ] = None,
        last_day: Annotated[
            date | None, QueryParameter(name="until", description="The last local day the service counts for.")
        ] = None,
        after: WantedId = None,
        limit: Limit = 50,
        min_position: MinPosition = None,
    ) -> Page[ServiceRecordView]:
        """Records, newest entry first: one's own, or those of organisations one works for; all for administrators."""
        await wait_for_reads(request, min_position)
        seen, volunteer_id = await _seen(request, organisation_id, volunteer_id)
        found = await records.page(
            services(request).pool,
            request.user.bank_id,
            volunteer_id=volunteer_id,
            organisation_ids=seen,
            status=status,
            first_day=first_day,
            last_day=last_day,
            before=after,
            limit=limit + 1,
        )
        return page_of(found, limit, "record_id")

    @get("/{record_id:str}", responses=READS)
    async def get_service_record(
        self, request: BankRequest, record_id: FromPath[str], min_position: MinPosition = None
    ) -> ServiceRecordView:
        """One record as it now stands; what it was before is in the event history."""
        await wait_for_reads(request, min_position)
        found = await records.one(services(request).pool, request.user.bank_id, record_id)
        if found is None or not await _may_see(request, found):
            raise RecordUnknown(record_id=record_id)
        return found

    @post("/{record_id:str}/confirm", status_code=200, responses=WRITES)
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
            by=request.user.acting,
            at=now(request),
            record_id=RecordId(record_id),
            minutes=given.minutes,
            reason=given.reason,
        )
        return _decided("confirmed", await do(request, command, idempotency_key))

    @post("/{record_id:str}/reject", status_code=200, responses=WRITES)
    async def reject_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Decided:
        """Find that a logged record is not right."""
        command = RejectService(
            by=request.user.acting, at=now(request), record_id=RecordId(record_id), reason=data.reason
        )
        return _decided("rejected", await do(request, command, idempotency_key))

    @post("/{record_id:str}/correct", status_code=200, responses=WRITES)
    async def correct_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[CorrectRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Decided:
        """Put a confirmed record right; what it was stays in the history."""
        must_be_believable(started_at=data.started_at, ended_at=data.ended_at)
        command = CorrectService(
            by=request.user.acting,
            at=now(request),
            record_id=RecordId(record_id),
            **{name: getattr(data, name) for name in data.__struct_fields__},
        )
        return _decided("corrected", await do(request, command, idempotency_key))

    @post("/{record_id:str}/void", status_code=200, responses=WRITES)
    async def void_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Decided:
        """Withdraw a confirmed record; credit that was spent already becomes a debt."""
        command = VoidService(
            by=request.user.acting, at=now(request), record_id=RecordId(record_id), reason=data.reason
        )
        return _decided("voided", await do(request, command, idempotency_key))


def _decided(status: Status, receipt: Receipt) -> Decided:
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


def _read_row(
    row: dict[str, Any], meant: Mapping[str, VolunteerId], request: BankRequest, organisation_id: str
) -> LogService | Problem:
    try:
        asked = msgspec.convert(row, LogRequest)
        named = msgspec.structs.replace(asked, volunteer_id=meant[asked.volunteer_id])
        return named.command(request, organisation_id)
    except Refusal as refusal:
        return of_refusal(refusal)
    except msgspec.ValidationError as error:
        return of_invalid(str(error))


def _verdicts(rows: Sequence[LogService | Problem], outcomes: Sequence[Outcome], *, dry_run: bool) -> list[Verdict]:
    decided = iter(outcomes)
    verdicts = []
    for index, row in enumerate(rows):
        outcome = row if isinstance(row, Problem) else next(decided)
        if isinstance(outcome, Refusal):
            outcome = of_refusal(outcome)
        if isinstance(outcome, Problem):
            verdicts.append(Verdict(index=index, status="refused", problem=outcome))
        else:
            (fact,) = outcome.facts
            assert isinstance(fact, ServiceLogged)
            record_id = None if dry_run else fact.record_id
            verdicts.append(Verdict(index=index, status="logged", record_id=record_id))
    return verdicts


async def _seen(
    request: BankRequest, organisation_id: str | None, volunteer_id: str | None
) -> tuple[list[str] | None, str | None]:
    """Which organisations' and whose records the asker gets, of those asked for."""
    if sees_all(request):
        return [organisation_id] if organisation_id else None, volunteer_id
    own = request.user.acting.own_id
    if own and organisation_id is None and volunteer_id in (None, own):
        return None, own
    seen = await organisations_seen(request)
    if organisation_id is None:
        return seen, volunteer_id
    if organisation_id in seen or (own and volunteer_id == own):
        return [organisation_id], volunteer_id
    raise OrganisationUnknown(organisation_id=organisation_id)


async def _may_see(request: BankRequest, record: ServiceRecordView) -> bool:
    if sees_all(request) or record.volunteer_id == request.user.acting.own_id:
        return True
    return record.organisation_id in await organisations_seen(request)

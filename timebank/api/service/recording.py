"""Recording service: one record, or up to a thousand at once with a verdict a row; amending, withdrawing what waits."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from timebank.access.table import LOG_SERVICE
from timebank.api.http.problems import WRITES
from timebank.api.http.requests import (
    BankRequest,
    Id,
    IdempotencyHeader,
    ReasonRequest,
    Somebody,
    happened,
)
from timebank.api.http.strict_json import BATCH_BYTES, merged
from timebank.api.http.telling.shapes import field_trouble, invalid
from timebank.api.http.telling.troubles import Listener, Problem, of_refusal, told
from timebank.domain.facts.service import Capacity, ServiceAmended, ServiceLogged
from timebank.domain.identifiers import ActorId, OrganisationId, RecordId, TeamId, VolunteerId, new_record_id
from timebank.domain.kernel import Moment
from timebank.domain.refusing import Refusal
from timebank.domain.service.amending import AmendService, WithdrawService
from timebank.domain.service.descriptions import Programmes
from timebank.domain.service.records import NO_TEAM, LogService
from timebank.domain.service.times import ServiceMinutes
from timebank.domain.text import Line, Text
from timebank.ledger.submission import Outcome, Receipt
from timebank.proofs.checkpoints import encoded

ROWS, READ_AT_ONCE = 1_000, 100


class LogRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody did, who of the organisation was in charge, and in the name of which of its teams.

    `minutes` is the whole time between start and end, unless it was less.
    """

    volunteer_id: Somebody
    activity: Line
    category: Line
    capacity: Capacity
    started_at: Moment
    ended_at: Moment
    minutes: ServiceMinutes | None = None
    place: Line | None = None
    content: Text | None = None
    programmes: Programmes = ()
    person_in_charge_id: Somebody | None = None
    team_id: Id | None = None

    def command(self, request: BankRequest, organisation_id: str) -> LogService:
        """What is asked for."""
        return LogService(
            **request.stamp,
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
            person_in_charge_id=ActorId(self.person_in_charge_id) if self.person_in_charge_id else None,
            team_id=TeamId(self.team_id) if self.team_id else None,
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
    """What becomes of one row. The position in the log and the leaf there, in base64, are the receipt for it."""

    index: int
    status: Literal["logged", "refused"]
    record_id: str | None = None
    position: int | None = None
    leaf: str | None = None
    problem: Problem | None = None


class BatchResult(msgspec.Struct, frozen=True):
    """The verdicts in the order of the rows, and the position of the log after them."""

    results: list[Verdict]
    position: int


class Changes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be otherwise."""

    activity: Line | None = None
    category: Line | None = None
    capacity: Capacity | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    minutes: ServiceMinutes | None = None
    place: Line | None = None
    content: Text | None = None
    programmes: Programmes | None = None
    person_in_charge_id: Somebody | None = None
    team_id: Id | UnsetType | None = UNSET

    def changes(self) -> dict[str, Any]:
        """These changes as commands take them."""
        said = {name: getattr(self, name) for name in Changes.__struct_fields__}
        return said | {"team_id": merged(self.team_id, NO_TEAM)}


class AmendRequest(Changes, frozen=True, kw_only=True):
    """What is to be otherwise; what is not given stays as it is. Null for `team_id` is no team."""

    reason: Text | None = None


class Withdrawn(msgspec.Struct, frozen=True):
    """The record counts for nothing."""

    record_id: str
    status: Literal["withdrawn"]
    position: int


class RecordingController(Controller):
    """`/v1/organisations/{organisation_id}/service-records`"""

    path = "/organisations/{organisation_id:str}/service-records"
    tags = ("Service records",)

    @post(responses=WRITES, access=LOG_SERVICE)
    async def log_service(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[LogRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Logged:
        """Log service for a volunteer; somebody else confirms it."""
        receipt = await request.execute(data.command(request, organisation_id), idempotency_key)
        fact = happened(receipt, ServiceLogged)
        return Logged(fact.record_id, "logged", fact.minutes, fact.is_late, receipt.position)

    @post("/batch", status_code=200, responses=WRITES, access=LOG_SERVICE, request_max_body_size=BATCH_BYTES)
    async def log_batch(
        self,
        request: BankRequest,
        organisation_id: FromPath[str],
        data: JSONBody[BatchRequest],
        dry_run: Annotated[bool, QueryParameter(description="Give the same verdicts, and write nothing.")] = False,
        idempotency_key: IdempotencyHeader = None,
    ) -> BatchResult:
        """Log service of many at once: a verdict for each row, and no row fails because of another.

        It counts as so many requests as it has rows, in a dry run too.
        """
        request.must_afford(len(data.records))
        rows = await _read_rows(data.records, request, organisation_id)
        commands = [row for row in rows if isinstance(row, LogService)]
        outcomes = await request.submit(commands, idempotency_key, dry_run=dry_run)
        positions = [outcome.position for outcome in outcomes if isinstance(outcome, Receipt)]
        position = max(positions, default=0)
        if dry_run or not position:
            position = await request.services.ledger.store.head(request.bank_id)
        return BatchResult(_verdicts(rows, outcomes, request.listener, dry_run=dry_run), position)


class WaitingRecordController(Controller):
    """`/v1/service-records/{record_id}`, as long as nobody has decided on it"""

    path = "/service-records/{record_id:str}"
    tags = ("Service records",)

    @patch(responses=WRITES, access=LOG_SERVICE)
    async def amend_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[AmendRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Logged:
        """Put a record right that nobody has decided on yet: by whoever may log for its organisation."""
        command = AmendService(
            **request.stamp,
            record_id=RecordId(record_id),
            reason=data.reason,
            **data.changes(),
        )
        receipt = await request.execute(command, idempotency_key)
        fact = happened(receipt, ServiceAmended)
        return Logged(fact.record_id, "logged", fact.minutes, fact.is_late, receipt.position)

    @post("/withdraw", status_code=200, responses=WRITES, access=LOG_SERVICE)
    async def withdraw_service(
        self,
        request: BankRequest,
        record_id: FromPath[str],
        data: JSONBody[ReasonRequest],
        idempotency_key: IdempotencyHeader = None,
    ) -> Withdrawn:
        """Take back a record that nobody has decided on yet: by whoever may log for its organisation."""
        command = WithdrawService(**request.stamp, record_id=RecordId(record_id), reason=data.reason)
        receipt = await request.execute(command, idempotency_key)
        return Withdrawn(record_id, "withdrawn", receipt.position)


async def _read_rows(
    rows: Sequence[dict[str, Any]], request: BankRequest, organisation_id: str
) -> list[LogService | Problem]:
    """What the rows of a batch ask for, or what is wrong with them; some at a time, so that others get their turn."""
    read: list[LogService | Problem] = []
    for start in range(0, len(rows), READ_AT_ONCE):
        read += [_read_row(each, request, organisation_id) for each in rows[start : start + READ_AT_ONCE]]
        await asyncio.sleep(0)
    return read


def _read_row(row: dict[str, Any], request: BankRequest, organisation_id: str) -> LogService | Problem:
    try:
        return msgspec.convert(row, LogRequest).command(request, organisation_id)
    except msgspec.ValidationError as error:
        return told(invalid(field_trouble(str(error), kind=LogRequest)), request.listener)


def _verdicts(
    rows: Sequence[LogService | Problem], outcomes: Sequence[Outcome], to: Listener, *, dry_run: bool
) -> list[Verdict]:
    decided = iter(outcomes)
    verdicts = []
    for index, row in enumerate(rows):
        outcome = row if isinstance(row, Problem) else next(decided)
        if isinstance(outcome, Refusal):
            outcome = of_refusal(outcome, to)
        if isinstance(outcome, Problem):
            verdicts.append(Verdict(index=index, status="refused", problem=outcome))
        else:
            (fact,) = outcome.facts
            assert isinstance(fact, ServiceLogged)
            record_id = None if dry_run else fact.record_id
            verdicts.append(Verdict(index=index, status="logged", record_id=record_id, **receipt_of(outcome)))
    return verdicts


def receipt_of(receipt: Receipt) -> dict[str, Any]:
    """The position and the leaf of what one row of many came to; nothing where it came to no fact, or was a trial."""
    return {"position": receipt.position, "leaf": encoded(receipt.leaf)} if receipt.leaf else {}

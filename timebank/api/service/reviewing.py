"""Reviewing: confirming and rejecting many records at once, with a verdict for each."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody, QueryParameter

from timebank.access.table import REVIEW_SERVICE
from timebank.api.http.problems import WRITES
from timebank.api.http.requests import BankRequest, Id, IdempotencyHeader
from timebank.api.http.strict_json import BATCH_BYTES
from timebank.api.http.telling.shapes import field_trouble, invalid
from timebank.api.http.telling.troubles import Listener, Problem, of_refusal, told
from timebank.api.service.recording import receipt_of
from timebank.domain.facts.service import ServiceConfirmed
from timebank.domain.identifiers import RecordId
from timebank.domain.refusing import Refusal
from timebank.domain.service.reviews import ConfirmService, RejectService, Review
from timebank.domain.service.times import ServiceMinutes
from timebank.domain.text import Text
from timebank.ledger.submission import Outcome, Receipt

DECISIONS = 500

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]


class _Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="decision"):
    """On which record."""

    record_id: Id


class Confirming(_Decision, frozen=True, kw_only=True, tag="confirm"):
    """The service took place; `minutes`, if they are to be others than those logged; `digest` as one has seen it."""

    digest: Digest | None = None
    minutes: ServiceMinutes | None = None
    reason: Text | None = None

    def command(self, request: BankRequest) -> Review:
        """What is asked for."""
        return ConfirmService(
            **request.stamp,
            record_id=RecordId(self.record_id),
            digest=self.digest,
            minutes=self.minutes,
            reason=self.reason,
        )


class Rejecting(_Decision, frozen=True, kw_only=True, tag="reject"):
    """The record is not right."""

    reason: Text

    def command(self, request: BankRequest) -> Review:
        """What is asked for."""
        return RejectService(**request.stamp, record_id=RecordId(self.record_id), reason=self.reason)


class ReviewRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 500 decisions: `decision` (`confirm` or `reject`), `record_id`, and `digest`, `minutes` or `reason`.

    Each gets a verdict of its own, also on its shape.
    """

    decisions: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=DECISIONS)]


class ReviewVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one record. The position in the log and the leaf there, in base64, are the receipt for it."""

    index: int
    status: Literal["confirmed", "rejected", "refused"]
    record_id: str | None = None
    minutes: int | None = None
    credited_minutes: int | None = None
    position: int | None = None
    leaf: str | None = None
    problem: Problem | None = None


class ReviewResult(msgspec.Struct, frozen=True):
    """The verdicts in the order of the decisions, and the position of the log after them."""

    results: list[ReviewVerdict]
    position: int


class ReviewController(Controller):
    """`/v1/service-records/review`"""

    path = "/service-records/review"
    tags = ("Service records",)

    @post(status_code=200, responses=WRITES, access=REVIEW_SERVICE, request_max_body_size=BATCH_BYTES)
    async def review_service(
        self,
        request: BankRequest,
        data: JSONBody[ReviewRequest],
        dry_run: Annotated[bool, QueryParameter(description="Give the same verdicts, and write nothing.")] = False,
        idempotency_key: IdempotencyHeader = None,
    ) -> ReviewResult:
        """Confirm and reject many records: a verdict for each, and none fails because of another.

        It counts as so many requests as it has decisions, in a dry run too.
        """
        request.must_afford(len(data.decisions))
        read = [_read(each, request) for each in data.decisions]
        commands = [each for each in read if isinstance(each, Review)]
        outcomes = await request.submit(commands, idempotency_key, dry_run=dry_run)
        position = max((each.position for each in outcomes if isinstance(each, Receipt)), default=0)
        if dry_run or not position:
            position = await request.services.ledger.store.head(request.bank_id)
        return ReviewResult(list(_verdicts(read, outcomes, request.listener)), position)


def _read(decision: dict[str, Any], request: BankRequest) -> Review | Problem:
    try:
        return msgspec.convert(decision, Confirming | Rejecting).command(request)
    except msgspec.ValidationError as error:
        return told(invalid(field_trouble(str(error), kind=Confirming | Rejecting)), request.listener)


def _verdicts(read: Sequence[Review | Problem], outcomes: Sequence[Outcome], to: Listener) -> Iterator[ReviewVerdict]:
    decided = iter(outcomes)
    for index, each in enumerate(read):
        if isinstance(each, Problem):
            yield ReviewVerdict(index=index, status="refused", problem=each)
            continue
        outcome, record_id = next(decided), each.record_id
        if isinstance(outcome, Refusal):
            yield ReviewVerdict(index=index, status="refused", record_id=record_id, problem=of_refusal(outcome, to))
            continue
        (fact,) = outcome.facts
        if isinstance(fact, ServiceConfirmed):
            yield ReviewVerdict(
                index=index,
                status="confirmed",
                record_id=record_id,
                minutes=fact.minutes,
                credited_minutes=fact.credited_minutes,
                **receipt_of(outcome),
            )
        else:
            yield ReviewVerdict(index=index, status="rejected", record_id=record_id, **receipt_of(outcome))

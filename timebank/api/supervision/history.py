"""Audit: the event history, as it is asked, and the security log."""

from collections.abc import AsyncGenerator
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import PathParameter, QueryParameter
from msgspec import Meta

from timebank.access.table import AUDITORS
from timebank.api.http.guard import MOST_TAGS
from timebank.api.http.lists import listed, not_together
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS
from timebank.api.http.replies import in_zone
from timebank.api.http.requests import PRINTABLE, BankRequest, Limit, Page, WantedId, WantedPerson
from timebank.api.http.streams import STRETCH, Streamed, in_stretches, of_few, started
from timebank.api.http.telling.shapes import InvalidRequestError
from timebank.api.http.telling.troubles import FieldTrouble
from timebank.api.supervision.called import called
from timebank.domain.kernel import Moment
from timebank.domain.vocabulary import FACTS
from timebank.identity.security_log import NamedSecurityEvent, SecurityEvent
from timebank.projections.supervision import history
from timebank.projections.supervision.history import END, EventView, NamedEvent, Span, Wanted, with_whom

Name = Annotated[str | None, QueryParameter(min_length=1, max_length=200, pattern=PRINTABLE)]
Tag = Annotated[str, Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
Cursor = Annotated[int | None, QueryParameter(ge=0, le=END, description="The `next` of the page before.")]
Position = Annotated[int, PathParameter(ge=1, le=END, description="A position in the log.")]
RequestId = Annotated[str, PathParameter(min_length=1, max_length=200, pattern=PRINTABLE)]
Order = Annotated[Literal["oldest", "newest"], QueryParameter(description="Which facts come first.")]
Names = Annotated[
    bool, QueryParameter(description="Say who people are, as far as you may know; it is written down that you asked.")
]


class Asked(NamedTuple):
    """What is asked of the history: which facts, of which stretch of the log."""

    wanted: Wanted
    span: Span


async def asked(
    request: BankRequest,
    topic: Name = None,
    tag: Annotated[
        list[Tag] | None,
        QueryParameter(max_items=MOST_TAGS, description="Any id; of several the fact has to have them all."),
    ] = None,
    volunteer_id: WantedPerson = None,
    organisation_id: WantedId = None,
    actor: Name = None,
    authority: Name = None,
    request_id: Name = None,
    happened_from: Annotated[date | None, QueryParameter(description="The first local day it was about.")] = None,
    happened_until: Annotated[date | None, QueryParameter(description="The last local day it was about.")] = None,
    recorded_from: Annotated[Moment | None, QueryParameter(description="Recorded then, or later.")] = None,
    recorded_until: Annotated[Moment | None, QueryParameter(description="Recorded before.")] = None,
) -> Asked:
    """What the parameters of an address ask for."""
    tags = (*(tag or ()), *(each for each in (volunteer_id, organisation_id) if each))
    if topic and topic not in FACTS:
        topics = tuple(sorted(FACTS))
        trouble = FieldTrouble("topic", "There is no topic {topic}.", {"topic": repr(topic)}, topics)
        raise InvalidRequestError(trouble)
    if actor and (topic or tags):
        raise not_together("actor", "topic", "tag")
    wanted = Wanted(topic, tags, actor, authority, request_id, happened_from, happened_until, request.user.timezone)
    pool, bank_id = request.pool, request.bank_id
    must_have_offset("recorded_from", recorded_from)
    must_have_offset("recorded_until", recorded_until)
    after = await history.position_before(pool, bank_id, recorded_from) if recorded_from else 0
    before = await history.position_before(pool, bank_id, recorded_until) + 1 if recorded_until else END
    return Asked(wanted, Span(after, before))


def must_have_offset(parameter: str, moment: datetime | None) -> None:
    """Refuse a time without an offset, which could mean any hour of the day. Raises `ValidationException`."""
    if moment and moment.tzinfo is None:
        detail = "Invalid RFC3339 encoded datetime"
        raise ValidationException(detail, extra=[{"message": detail, "key": parameter}])


ASKED = {"asked": Provide(asked)}


class ToldEvent(NamedEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A fact; where names are asked for, `names` is what each id in it stands for, as far as whoever asks may know."""

    names: dict[str, str] = msgspec.field(default_factory=dict)


class OfRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What one request did: its facts, and what the security log says of it."""

    request_id: str
    events: list[NamedEvent]
    security: list[SecurityEvent]


class AuditController(Controller):
    """`/v1/audit`"""

    path = "/audit"
    tags = ("Audit",)
    opt = NEVER_BEHIND

    @get("/events", responses=READS, access=AUDITORS, dependencies=ASKED)
    async def list_events(
        self,
        request: BankRequest,
        asked: NamedDependency[Asked],
        after: Cursor = None,
        order: Order = "oldest",
        limit: Limit = 100,
        names: Names = False,
    ) -> Page[NamedEvent]:
        """Facts with all that is known about their recording, the oldest or the newest first.

        `tag` is any id; a fact has to be all that is asked for. It happened on the local day that it is about; if it is
        about none, on the one on which it was recorded. `actor` is asked for without a topic or a tag: no index serves
        them together. `authority` and days narrow what the rest finds; by themselves they look through the whole log.
        """
        newest = order == "newest"

        async def page(after: int | None, limit: int) -> list[NamedEvent]:
            low, high = asked.span
            if after is not None:
                low, high = (low, min(high, after)) if newest else (max(low, after), high)
            items = await history.page(
                request.pool, request.bank_id, asked.wanted, Span(low, high), limit, newest=newest
            )
            return with_whom(items) if names else items

        return await listed(request, page, after, limit, "position", unnamed=None if names else EventView)

    @get("/events/{position:int}", responses=READS, access=AUDITORS)
    async def get_event(self, request: BankRequest, position: Position, names: Names = False) -> ToldEvent:
        """The fact at a position of the log."""
        found = await history.one(request.pool, request.bank_id, position)
        if found is None:
            raise NotFoundException("The log has not come to this position.")
        (shown,) = await _shown(request, [found], names=names)
        text = f"{found.actor} {found.on_behalf_of} ".encode() + bytes(found.data)
        return ToldEvent(**msgspec.structs.asdict(shown), names=await called(request, text) if names else {})

    @get(
        "/events.ndjson",
        responses=READS,
        media_type="application/x-ndjson",
        response_description="An event a line.",
        access=AUDITORS,
        dependencies=ASKED,
    )
    async def stream_events(
        self, request: BankRequest, asked: NamedDependency[Asked], names: Names = False
    ) -> Streamed[bytes]:
        """All that is asked for, up to the end of the log as it is now: a line of JSON each, sent while it is read."""
        head = await history.head(request.pool, request.bank_id)
        span = Span(asked.span.after, min(asked.span.before, head + 1))
        await request.note_again("data-exported", what="events")
        told = of_few(
            _lines(request, asked.wanted, span, names=names), request.app.state.long_answers, request.user.turn_of
        )
        return Streamed(await started(told), "application/x-ndjson")

    @get("/requests/{request_id:str}", responses=READS, access=AUDITORS)
    async def get_request(self, request: BankRequest, request_id: RequestId, names: Names = False) -> OfRequest:
        """Everything that one request did, up to five hundred facts of it, and what was written down at the door."""
        wanted = Wanted(request_id=request_id)
        items = await history.page(request.pool, request.bank_id, wanted, Span(), 500)
        security = await request.services.security_log.of_request(request.bank_id, request_id)
        if not items and not security:
            raise NotFoundException("No request of this id did anything here.")
        events = await _shown(request, items, names=names)
        return OfRequest(request_id=request_id, events=events, security=security)

    @get("/security", responses=READS, access=AUDITORS)
    async def list_security_events(
        self,
        request: BankRequest,
        after: Annotated[int, QueryParameter(ge=1, le=2**53, description="The `next` of the page before.")] = 2**53,
        limit: Limit = 100,
        kind: Name = None,
        actor: Name = None,
        names: Names = False,
    ) -> Page[NamedSecurityEvent]:
        """Who came in, who was turned away, which keys were used, what was read in bulk; the latest first."""

        async def page(before: int, limit: int) -> list[NamedSecurityEvent]:
            found: list[NamedSecurityEvent] = await request.services.security_log.page(
                request.bank_id, before=before, kind=kind, actor=actor, limit=limit
            )
            return found

        return await listed(request, page, after, limit, "number", unnamed=None if names else SecurityEvent)


async def _shown(request: BankRequest, items: list[NamedEvent], *, names: bool) -> list[NamedEvent]:
    """Events, with the names of whom they name where that is asked for; who asked is noted."""
    return await request.named(with_whom(items)) if names else items


async def _lines(request: BankRequest, wanted: Wanted, span: Span, *, names: bool) -> AsyncGenerator[bytes]:
    encode = msgspec.json.Encoder().encode_lines

    async def page(after: int) -> list[NamedEvent]:
        return await history.page(request.pool, request.bank_id, wanted, Span(after, span.before), STRETCH)

    async for items in in_stretches(page, span.after, "position"):
        await request.pace()
        yield encode(in_zone(await _shown(request, list(items), names=names), request.zone))

"""The history as it happens: server-sent events, which a client goes on with where it was when it comes back."""

import time
from collections.abc import AsyncGenerator
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter

from timebank.access.table import AUDITORS
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS
from timebank.api.http.replies import in_zone
from timebank.api.http.requests import BankRequest
from timebank.api.http.streams import STRETCH, Streamed, of_few, started
from timebank.api.supervision.history import ASKED, Asked
from timebank.projections.supervision import history
from timebank.projections.supervision.history import END, NamedEvent, Span

LIVE_SECONDS = 5.0
"""After so long an answer ends: a server that stops need not wait longer, and whoever comes back is let in anew."""

RETRY_MILLISECONDS = 100
"""How soon clients come back, which they do by themselves, with the id of the last event they were told."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class LiveController(Controller):
    """`/v1/audit/events/live`"""

    path = "/audit"
    tags = ("Audit",)
    opt = NEVER_BEHIND

    @get(
        "/events/live",
        responses=READS,
        media_type="text/event-stream",
        response_description="Server-sent events: the position is the id, the topic the event, the fact the data.",
        access=AUDITORS,
        dependencies=ASKED,
    )
    async def follow_events(
        self,
        request: BankRequest,
        asked: NamedDependency[Asked],
        after: Annotated[
            int | None, QueryParameter(ge=0, le=END, description="From the fact after this position; else from now on.")
        ] = None,
        last_event_id: Annotated[
            int | None, HeaderParameter(name="Last-Event-ID", ge=0, le=END, description="The last one that came.")
        ] = None,
    ) -> Streamed[bytes]:
        """What is asked for of the history, as it happens, for five seconds; clients come back by themselves.

        Whoever was told of facts that the log has no more, since it went back, is told that first, as `log-went-back`
        with the `head` of now, and then what follows: what they know has to be asked for anew.
        """
        begin = last_event_id if last_event_id is not None else after
        if begin is None:
            begin = await history.head(request.pool, request.bank_id)
        told = of_few(_live(request, asked, begin), request.app.state.long_answers, request.user.turn_of)
        return Streamed(await started(told), "text/event-stream", HEADERS)


async def _live(request: BankRequest, asked: NamedDependency[Asked], position: int) -> AsyncGenerator[bytes]:
    pool, bank_id, waker = request.pool, request.bank_id, request.services.ledger.store.waker
    end = time.monotonic() + LIVE_SECONDS
    yield b"retry: %d\n\n" % RETRY_MILLISECONDS
    while time.monotonic() < end:
        rung = waker.expect(bank_id)
        head = await history.head(pool, bank_id)
        if head < position:
            position = head
            yield _went_back(head)
        span = Span(max(position, asked.span.after), min(head + 1, asked.span.before))
        items = await history.page(pool, bank_id, asked.wanted, span, STRETCH) if head > position else []
        if items:
            yield b"".join(map(_message, in_zone(items, request.zone)))
        position = items[-1].position if len(items) == STRETCH else head
        if len(items) < STRETCH:
            await waker.wait(rung)
        else:
            await request.pace()  # it goes through what there was, and does not follow


def _went_back(head: int) -> bytes:
    return b'id: %d\nevent: log-went-back\ndata: {"head":%d}\n\n' % (head, head)


def _message(event: NamedEvent) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.position, event.topic.encode(), msgspec.json.encode(event))

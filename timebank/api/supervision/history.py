"""Audit: the event history, and the security log."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from timebank.access.table import AUDITORS
from timebank.api.http.lists import listed, not_together
from timebank.api.http.problems import READS
from timebank.api.http.requests import PRINTABLE, BankRequest, Limit, Page
from timebank.identity.security_log import SecurityEvent
from timebank.projections.supervision import history
from timebank.projections.supervision.history import EventView

Name = Annotated[str | None, QueryParameter(min_length=1, max_length=200, pattern=PRINTABLE)]


class AuditController(Controller):
    """`/v1/audit`"""

    path = "/audit"
    tags = ("Audit",)

    @get("/events", responses=READS, access=AUDITORS)
    async def list_events(
        self,
        request: BankRequest,
        after: Annotated[int, QueryParameter(ge=0, le=2**53, description="Events after this position.")] = 0,
        limit: Limit = 100,
        topic: Name = None,
        tag: Name = None,
        actor: Name = None,
    ) -> Page[EventView]:
        """Facts in the order they were recorded, with all that is known about their recording; `tag` is any id.

        `actor` is asked for alone: no index serves it together with a topic or a tag.
        """
        if actor and (topic or tag):
            raise not_together("actor", "topic", "tag")

        async def page(after: int, limit: int) -> list[EventView]:
            return await history.page(
                request.pool, request.bank_id, after=after, topic=topic, tag=tag, actor=actor, limit=limit
            )

        return await listed(request, page, after, limit, "position")

    @get("/security", responses=READS, access=AUDITORS)
    async def list_security_events(
        self,
        request: BankRequest,
        after: Annotated[int, QueryParameter(ge=1, le=2**53, description="The `next` of the page before.")] = 2**53,
        limit: Limit = 100,
        kind: Name = None,
        actor: Name = None,
    ) -> Page[SecurityEvent]:
        """Who came in, who was turned away, which keys were used, what was read in bulk; the latest first."""

        async def page(before: int, limit: int) -> list[SecurityEvent]:
            found: list[SecurityEvent] = await request.services.security_log.page(
                request.bank_id, before=before, kind=kind, actor=actor, limit=limit
            )
            return found

        return await listed(request, page, after, limit, "number")

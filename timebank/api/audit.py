"""Audit: the event history."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from timebank.api.access import only
from timebank.api.problems import READS
from timebank.api.requests import BankRequest, Limit, Page, page_of, services
from timebank.projections import history
from timebank.projections.history import EventView

Name = Annotated[str | None, QueryParameter(min_length=1, max_length=200)]


class AuditController(Controller):
    """`/v1/audit`"""

    path = "/audit"
    tags = ("Audit",)

    @get("/events", guards=[only("administrator")], responses=READS)
    async def list_events(
        self,
        request: BankRequest,
        after: Annotated[int, QueryParameter(ge=0, le=2**53, description="Events after this position.")] = 0,
        limit: Limit = 100,
        topic: Name = None,
        tag: Name = None,
        actor: Name = None,
    ) -> Page[EventView]:
        """Facts in the order they were recorded, with all that is known about their recording; `tag` is any id."""
        found = await history.page(
            services(request).pool,
            request.user.bank_id,
            after=after,
            topic=topic,
            tag=tag,
            actor=actor,
            limit=limit + 1,
        )
        return page_of(found, limit, "position")

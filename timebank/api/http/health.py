"""Health: is the process alive, and can it serve?"""

from typing import Literal

import msgspec
from litestar import Controller, Request, get
from litestar.datastructures import State

from timebank.api.http.problems import answers
from timebank.db.connections import CONNECTION_LOST
from timebank.ledger.submission import StoreUnavailableError


class Health(msgspec.Struct, frozen=True):
    """All is well."""

    status: Literal["ok"] = "ok"


class HealthController(Controller):
    """`/health`"""

    path = "/health"
    tags = ("Health",)
    security = ({},)

    @get("/live", responses=answers(500))
    async def get_live(self) -> Health:
        """The process runs."""
        return Health()

    @get("/ready", responses=answers(500, 503))
    async def get_ready(self, request: Request[None, None, State]) -> Health:
        """PostgreSQL answers."""
        try:
            await request.app.state.services.pool.fetchval("select 1", timeout=2.0)
        except CONNECTION_LOST as error:
            raise StoreUnavailableError(str(error)) from error
        return Health()

"""Health: is the process alive, and can it serve?"""

from typing import Literal

import msgspec
from litestar import Controller, Request, get
from litestar.datastructures import State

from timebank.api.http.problems import NotReadyError, answers
from timebank.runtime.composition import Services


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All is well. `notes` say what is to be known, and keeps nothing from working."""

    status: Literal["ok"]
    notes: list[str] = []


class HealthController(Controller):
    """`/health`"""

    path = "/health"
    tags = ("Health",)
    security = ({},)

    @get("/live", responses=answers(500))
    async def get_live(self) -> Health:
        """The process runs."""
        return Health(status="ok")

    @get("/ready", responses=answers(500, 503))
    async def get_ready(self, request: Request[None, None, State]) -> Health:
        """The service can do its work; if not, `errors` say what keeps it from that. It takes two seconds at most."""
        services: Services = request.app.state.services
        report = await services.readiness.report()
        if report.troubles:
            raise NotReadyError(report.troubles)
        return Health(status="ok", notes=report.notes)

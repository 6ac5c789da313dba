"""The application: what it is made of, and what it does when it starts and stops."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.routes import BaseRoute, HTTPRoute
from litestar.static_files import create_static_files_router

from timebank.api.credit.funds import FundController
from timebank.api.credit.policies import PolicyController
from timebank.api.credit.redemptions import RedemptionController, RewardRedemptionController
from timebank.api.credit.rewards import RewardController
from timebank.api.credit.statements import StatementController
from timebank.api.credit.transfers import DonationController, GiftController
from timebank.api.http.description import openapi
from timebank.api.http.guard import TABLE, authorised, log_refusal
from timebank.api.http.health import HealthController
from timebank.api.http.middleware import RequestLog
from timebank.api.http.problems import HANDLERS
from timebank.api.http.strict_json import StrictRequest
from timebank.api.http.welcome import welcome
from timebank.api.identity.oidc import OidcController
from timebank.api.identity.sessions import CodeController, PasswordController, SessionController
from timebank.api.organisations.api_keys import KeyController
from timebank.api.organisations.memberships import MemberController, VolunteerMembershipController
from timebank.api.organisations.offices import AppointmentController
from timebank.api.organisations.organisations import OrganisationController
from timebank.api.people.me import MeController
from timebank.api.people.proxies import ProxyController
from timebank.api.people.volunteers import VolunteerController
from timebank.api.recognition.leaderboards import LeaderboardController
from timebank.api.service.records import LoggingController, ServiceRecordController
from timebank.api.supervision.history import AuditController
from timebank.identity.throttle import Rate
from timebank.runtime import logs
from timebank.runtime.composition import in_background, running_services
from timebank.runtime.settings import Settings, from_environ

WATCH_PARENT_SECONDS = 0.5
BODY_BYTES = 4 * 1024 * 1024


def create_app(settings: Settings, alongside: Callable[[], Coroutine[Any, Any, None]] | None = None) -> Litestar:
    """The application, with everything it needs, and what is to run `alongside`, started and stopped with it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with running_services(settings) as services, in_background([alongside()] if alongside else []):
            app.state.services = services
            app.state.rate_per_principal = Rate(settings.rate_per_principal)
            app.state.keys_noted = {}
            app.state.previewing = asyncio.Lock()
            yield

    controllers = [*CONTROLLERS, OidcController] if settings.provider else CONTROLLERS
    app = Litestar(
        route_handlers=[
            Router(path="/v1", route_handlers=controllers, guards=[authorised]),
            HealthController,
            welcome,
            create_static_files_router(
                path="/assets", directories=[Path(__file__).parent / "http" / "assets"], include_in_schema=False
            ),
        ],
        lifespan=[lifespan],
        exception_handlers=HANDLERS,
        openapi_config=openapi(),
        logging_config=None,
        after_exception=[log_refusal],
        request_class=StrictRequest,
        cors_config=CORSConfig(allow_origins=settings.origins) if settings.origins else None,
        request_max_body_size=BODY_BYTES,
    )
    for route in app.routes:
        _name_all_methods(route)
        _must_be_in_the_table(route)
    # Around everything, not among Litestar's middleware, which requests that no route was found for never come to.
    around = RequestLog(
        Rate(settings.rate_per_address), settings.proxies, is_https=settings.issuer.startswith("https:")
    )
    app.asgi_handler = around(app.asgi_handler)
    return app


def _name_all_methods(route: BaseRoute) -> None:
    """Let OPTIONS name every method: Litestar's handler knows those that the path had when it was first registered."""
    if isinstance(route, HTTPRoute):
        for handler in route.route_handlers:
            if handler.http_methods == {"OPTIONS"}:
                handler(route.create_options_handler(route.path).fn)


def _must_be_in_the_table(route: BaseRoute) -> None:
    """Refuse to serve what nobody has said who may use it."""
    if isinstance(route, HTTPRoute) and route.path.startswith("/v1"):
        for handler in route.route_handlers:
            assert handler.handler_name in TABLE or handler.http_methods == {"OPTIONS"}, (
                f"say in api/access.py who may {handler.handler_name}"
            )


CONTROLLERS = [
    SessionController,
    PasswordController,
    CodeController,
    MeController,
    VolunteerController,
    ProxyController,
    AppointmentController,
    KeyController,
    VolunteerMembershipController,
    OrganisationController,
    MemberController,
    LoggingController,
    ServiceRecordController,
    PolicyController,
    RewardController,
    RewardRedemptionController,
    RedemptionController,
    GiftController,
    DonationController,
    FundController,
    StatementController,
    LeaderboardController,
    AuditController,
]


async def _stop_with_parent() -> None:
    """A worker whose parent was killed stops too, instead of holding on to the port."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # there is nothing to wait for: nobody tells an orphan
        await asyncio.sleep(WATCH_PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def from_environment() -> Litestar:
    """The application as the environment sets it: what each worker process of the server runs."""
    settings = from_environ(os.environ)
    logs.configure(settings.log_level, settings.log_format)
    return create_app(settings, alongside=_stop_with_parent)

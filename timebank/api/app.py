"""The application: what it is made of, and what it does when it starts and stops."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Router
from litestar.config.cors import CORSConfig
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute, HTTPRoute
from litestar.static_files import create_static_files_router
from msgspec.inspect import is_struct_type

from timebank import __version__, logs
from timebank.api.access import TABLE, authorised, log_refusal
from timebank.api.appointments import AppointmentController
from timebank.api.audit import AuditController
from timebank.api.bodies import StrictRequest
from timebank.api.funds import FundController
from timebank.api.health import HealthController
from timebank.api.keys import KeyController
from timebank.api.leaderboards import LeaderboardController
from timebank.api.me import MeController
from timebank.api.memberships import MemberController, VolunteerMembershipController
from timebank.api.middleware import RequestLog
from timebank.api.oidc import OidcController
from timebank.api.organisations import OrganisationController
from timebank.api.policies import PolicyController
from timebank.api.problems import HANDLERS
from timebank.api.proxies import ProxyController
from timebank.api.redemptions import RedemptionController, RewardRedemptionController
from timebank.api.rewards import RewardController
from timebank.api.service_records import LoggingController, ServiceRecordController
from timebank.api.sessions import CodeController, PasswordController, SessionController
from timebank.api.statements import StatementController
from timebank.api.transfers import DonationController, GiftController
from timebank.api.volunteers import VolunteerController
from timebank.api.welcome import welcome
from timebank.composition import in_background, running_services
from timebank.identity.throttle import Rate
from timebank.settings import Settings, from_environ

WATCH_PARENT_SECONDS = 0.5
BODY_BYTES = 4 * 1024 * 1024


class DocsPage(OpenAPIRenderPlugin):
    """A page to read and try the API with. Its script is our own copy, so it works without the internet."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        return (
            b'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>timebank</title>'
            b'<meta name="viewport" content="width=device-width, initial-scale=1">'
            b'<link rel="icon" href="data:,"><script src="/assets/rapidoc.js"></script></head><body>'
            b'<rapi-doc spec-url="/schema/openapi.json" load-fonts="false" render-style="read" theme="light" '
            b'show-header="false" allow-server-selection="false"></rapi-doc></body></html>'
        )


class Description(JsonRenderPlugin):
    """The OpenAPI document. What bodies hold is said by msgspec, which reads and writes them."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document."""
        routes = (route for route in request.app.routes if isinstance(route, HTTPRoute))
        handlers = [handler for route in routes for handler in route.route_handlers]
        fields = [handler.parsed_data_field for handler in handlers] + [each.parsed_return_field for each in handlers]
        kinds = [kind.annotation for field in fields if field for kind in (field.inner_types or [field])]
        bodies = dict.fromkeys(kind for kind in kinds if is_struct_type(kind))
        _, exact = msgspec.json.schema_components(list(bodies), ref_template="#/components/schemas/{name}")
        schemas = openapi_schema["components"]["schemas"]
        assert exact.keys() <= schemas.keys(), f"two structs with one name: {exact.keys() - schemas.keys()}"
        schemas |= exact
        for route in request.app.routes:
            if isinstance(route, HTTPRoute):
                _say_what_proxies_may(openapi_schema["paths"].get(route.path_format, {}), route)
        return super().render(request, openapi_schema)


def _say_what_proxies_may(path: dict[str, Any], route: HTTPRoute) -> None:
    """Describe the header by which a proxy acts for somebody else, where the table lets them."""
    for handler in route.route_handlers:
        access = TABLE.get(handler.handler_name)
        for method in handler.http_methods:
            operation = path.get(method.lower())
            if access and access.proxy and operation:
                operation.setdefault("parameters", []).append(
                    {
                        "name": "On-Behalf-Of",
                        "in": "header",
                        "required": False,
                        "schema": {"type": "string", "pattern": "^vol_[0-9a-f]{32}$"},
                        "description": f"Whom to act for, as their proxy in the scope `{access.proxy}`.",
                    }
                )


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
                path="/assets", directories=[Path(__file__).parent / "assets"], include_in_schema=False
            ),
        ],
        lifespan=[lifespan],
        exception_handlers=HANDLERS,
        openapi_config=_openapi(),
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


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="timebank",
        version=__version__,
        description="A volunteer time bank. Minutes are integers; times are RFC 3339 with an offset; "
        "long lists are pages of `items` with the cursor of the `next`; errors are RFC 9457 problems.",
        path="/schema",
        render_plugins=[DocsPage(path="/"), Description()],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http", scheme="bearer", description="An access token of a session, or an API key (`tb_…`)."
                )
            }
        ),
        security=[{"bearer": []}],
    )


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

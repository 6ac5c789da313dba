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
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute, HTTPRoute
from litestar.static_files import create_static_files_router

from timebank import __version__, logs
from timebank.api.access import KnownTokens, authenticated
from timebank.api.audit import AuditController
from timebank.api.health import HealthController
from timebank.api.leaderboards import LeaderboardController
from timebank.api.memberships import MemberController, VolunteerMembershipController
from timebank.api.middleware import RequestLog
from timebank.api.organisations import OrganisationController
from timebank.api.problems import HANDLERS
from timebank.api.service_records import LoggingController, ServiceRecordController
from timebank.api.volunteers import VolunteerController
from timebank.composition import in_background, running_services
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
    """The OpenAPI document. What requests may hold is said by msgspec, which checks them, and so by what is checked."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document."""
        routes = (route for route in request.app.routes if isinstance(route, HTTPRoute))
        fields = (handler.parsed_data_field for route in routes for handler in route.route_handlers)
        bodies = [kind for field in fields if field for kind in (field.inner_types or [field]) if not kind.is_none_type]
        _, exact = msgspec.json.schema_components(
            list(dict.fromkeys(body.annotation for body in bodies)), ref_template="#/components/schemas/{name}"
        )
        openapi_schema["components"]["schemas"] |= exact
        return super().render(request, openapi_schema)


def create_app(settings: Settings, alongside: Callable[[], Coroutine[Any, Any, None]] | None = None) -> Litestar:
    """The application, with everything it needs, and what is to run `alongside`, started and stopped with it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with running_services(settings) as services, in_background([alongside()] if alongside else []):
            app.state.services = services
            app.state.known_tokens = KnownTokens()
            yield

    app = Litestar(
        route_handlers=[
            Router(path="/v1", route_handlers=CONTROLLERS, guards=[authenticated]),
            HealthController,
            create_static_files_router(
                path="/assets", directories=[Path(__file__).parent / "assets"], include_in_schema=False
            ),
        ],
        lifespan=[lifespan],
        exception_handlers=HANDLERS,
        openapi_config=_openapi(),
        logging_config=None,
        request_max_body_size=BODY_BYTES,
    )
    for route in app.routes:
        _name_all_methods(route)
    # Around everything, not among Litestar's middleware, which requests that no route was found for never come to.
    app.asgi_handler = RequestLog()(app.asgi_handler)
    return app


def _name_all_methods(route: BaseRoute) -> None:
    """Let OPTIONS name every method: Litestar's handler knows those that the path had when it was first registered."""
    if isinstance(route, HTTPRoute):
        for handler in route.route_handlers:
            if handler.http_methods == {"OPTIONS"}:
                handler(route.create_options_handler(route.path).fn)


CONTROLLERS = [
    VolunteerController,
    VolunteerMembershipController,
    OrganisationController,
    MemberController,
    LoggingController,
    ServiceRecordController,
    LeaderboardController,
    AuditController,
]


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="timebank",
        version=__version__,
        description="A volunteer time bank. Minutes are integers; times are RFC 3339 with an offset; "
        "lists are pages of `items` with the cursor of the `next`; errors are RFC 9457 problems.",
        path="/schema",
        render_plugins=[DocsPage(path="/"), Description()],
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", description="An opaque token.")}
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

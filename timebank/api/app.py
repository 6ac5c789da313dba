"""The application: what it is made of, and what it does when it starts and stops."""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Self

from litestar import Controller, Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ASGIApp

import timebank.api
from timebank.api.http.answering.compression import compression
from timebank.api.http.answering.headers import READABLE
from timebank.api.http.answering.in_progress import InProgress, with_ends
from timebank.api.http.answering.letting_go import forgetful, letting_go
from timebank.api.http.answering.pieces import in_pieces
from timebank.api.http.describing.document import openapi
from timebank.api.http.guard import PREFIX, authorised, log_refusal, table_of
from timebank.api.http.health import HealthController
from timebank.api.http.metrics import REQUESTS, LedgerMeter, count_failure, forget_dead_workers, metrics_controller
from timebank.api.http.named import with_own
from timebank.api.http.perimeter import Perimeter
from timebank.api.http.problems import HANDLERS
from timebank.api.http.replies import Reply
from timebank.api.http.requests import BankRequest
from timebank.api.http.strict_json import STILL, TURN
from timebank.api.http.telling.pages import explain_problem, list_problems
from timebank.api.http.welcome import asset, welcome
from timebank.api.identity.oidc import OidcController
from timebank.identity.limits.comparisons import Comparisons
from timebank.identity.limits.throttle import Rate
from timebank.identity.limits.turns import Turns
from timebank.ledger.meter import NO_METER
from timebank.ledger.tasks import in_background
from timebank.runtime import client_connections, logs
from timebank.runtime.composition import running_services
from timebank.runtime.garbage import collect_rarely
from timebank.runtime.settings import Settings, from_environ
from timebank.runtime.stopping import stop_with_parent, workers_heed_once

BODY_BYTES = 256 * 1024
LISTS_AT_ONCE = 2
SUMS_AT_ONCE = 2
TABLES_AT_ONCE = 1
"""Each is made in a thread, which keeps the loop waiting for its share of Python."""

PAGES = welcome, asset, list_problems, explain_problem


Alongside = Callable[[], Coroutine[Any, Any, None]]
Beside = Callable[[Litestar, ASGIApp], ASGIApp]


def create_app(settings: Settings, alongside: Alongside | None = None, beside: Beside | None = None) -> Litestar:
    """The application, with everything it needs, and what is to run `alongside`, started and stopped with it.

    What is to be served `beside` it, within the same limits, is told of the application and of how it is served.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        settings: Settings = app.state.settings
        meter = LedgerMeter() if settings.metrics_token else NO_METER
        async with (
            running_services(settings, meter=meter) as services,
            in_background([alongside()] if alongside else []),
        ):
            app.state.services = services
            app.state.rate_per_principal = Rate(settings.rate_per_principal)
            app.state.rate_of_rows = Rate(settings.rows_per_minute)
            app.state.in_progress, app.state.keys_noted = InProgress(), {}
            app.state.previewing, app.state.summing = Turns(1), Turns(SUMS_AT_ONCE)
            app.state.tables, app.state.long_answers = Turns(TABLES_AT_ONCE), Turns(TABLES_AT_ONCE)
            app.state.reading_lists, app.state.reading_workbooks = Turns(LISTS_AT_ONCE), Turns(LISTS_AT_ONCE)
            app.state.writing_lists, app.state.comparisons = Turns(TABLES_AT_ONCE), Comparisons()
            yield

    app = _application(settings, lifespan)
    app.state.settings = settings
    for route in app.routes:
        _name_all_methods(route)
    table_of(app)  # refuses to serve what nobody has said who may use
    # Around everything, not among Litestar's middleware, which requests that no route was found for never come to.
    own = [route.path for route in app.routes if route.path.startswith(f"{PREFIX}/me/")]
    served = with_ends(letting_go(app.asgi_handler, STILL, TURN))
    app.asgi_handler = with_own(served, own, f"{PREFIX}/me/", f"{PREFIX}/volunteers/")
    if beside:
        app.asgi_handler = beside(app, app.asgi_handler)
    app.asgi_handler = in_pieces(app.asgi_handler)
    around = Perimeter(Rate(settings.rate_per_address), settings.proxies, is_https=settings.issuer.startswith("https:"))
    app.asgi_handler = around(app.asgi_handler)
    return app


class _Routes(Router):
    """Routes of one application, which takes them as they are: to copy each takes a sixth of the time to build it."""

    def __deepcopy__(self, memo: object) -> Self:
        return self


def _application(settings: Settings, lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]]) -> Litestar:
    return Litestar(
        route_handlers=[
            _Routes(path=PREFIX, route_handlers=list(_controllers(settings)), guards=[authorised]),
            HealthController,
            *PAGES,
            *([metrics_controller(settings.metrics_token)] if settings.metrics_token else []),
        ],
        lifespan=[lifespan],
        exception_handlers=forgetful(HANDLERS),
        openapi_config=openapi(),
        logging_config=None,
        after_exception=[log_refusal, count_failure],
        middleware=[REQUESTS.middleware] if settings.metrics_token else [],
        request_class=BankRequest,
        response_class=Reply,
        cors_config=CORSConfig(settings.origins, expose_headers=[*READABLE]) if settings.origins else None,
        compression_config=compression(),
        request_max_body_size=BODY_BYTES,
    )


def _name_all_methods(route: BaseRoute) -> None:
    """Let OPTIONS name every method: Litestar's handler knows those that the path had when it was first registered."""
    if isinstance(route, HTTPRoute):
        for handler in route.route_handlers:
            if handler.http_methods == {"OPTIONS"}:
                handler(route.create_options_handler(route.path).fn)


def _controllers(settings: Settings) -> Iterator[type[Controller]]:
    """Every controller below a subject's folder, in the order of their modules; OpenID's where a provider is set."""
    for found in walk_packages(timebank.api.__path__, "timebank.api."):
        if found.name.startswith("timebank.api.http") or found.name == __name__:
            continue
        module = import_module(found.name)
        for value in vars(module).values():
            is_controller = isinstance(value, type) and issubclass(value, Controller) and value.__module__ == found.name
            if is_controller and (settings.provider or value is not OidcController):
                yield value


def _watching(settings: Settings) -> Alongside:
    """What each worker process of the server watches: its connections."""
    return partial(client_connections.watch, settings.port, settings.connections_per_address, settings.proxies)


def from_environment(create: Callable[[Settings, Alongside], Litestar] = create_app) -> Litestar:
    """The application as the environment sets it, as each worker process of the server runs it."""
    collect_rarely()
    settings = from_environ(os.environ)
    logs.configure(settings.log_level, settings.log_format)
    stop_with_parent()
    forget_dead_workers()
    workers_heed_once()
    return create(settings, _watching(settings))

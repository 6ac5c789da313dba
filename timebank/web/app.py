"""The application with its pages: the API, and beside it, within the same limits, the pages that ask it."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Annotated, Any
from weakref import WeakValueDictionary

from litestar import Litestar, Response, get
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.params import PathParameter
from litestar.types import ASGIApp, Receive, Scope, Send

import timebank.web
from timebank.api import app as api
from timebank.api.app import Alongside
from timebank.api.http.answering.letting_go import forgetful
from timebank.api.http.strict_json import FORM_BYTES, StrictRequest
from timebank.api.identity.cookies import is_secure
from timebank.runtime.settings import Settings
from timebank.web.http.asking import Api
from timebank.web.http.at_once import few_at_once
from timebank.web.http.pages import Page, complete
from timebank.web.http.showing import ASSETS, VERSIONS, shower
from timebank.web.http.visitors import letting_go
from timebank.web.http.wrong import handlers

OF_API = ("/v1", "/schema", "/health", "/metrics", "/assets", "/welcome", "/problems")
"""Where addresses of the API begin; all others are pages."""

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


def create_app(settings: Settings, alongside: Alongside | None = None) -> Litestar:
    """The API, and the pages beside it."""
    pages = _pages(settings)
    shown = few_at_once(letting_go(pages), secure=is_secure(settings.issuer))

    def beside(app: Litestar, served: ASGIApp) -> ASGIApp:
        app.state.pages, pages.state.api = pages, Api(app, served)

        async def divided(scope: Scope, receive: Receive, send: Send) -> None:
            to = served if scope["type"] != ScopeType.HTTP or _is_for_programs(scope) else shown
            await to(scope, receive, send)

        return divided

    return api.create_app(settings, alongside, beside)


def from_environment() -> Litestar:
    """The application as the environment sets it: what each worker process of the server runs."""
    return api.from_environment(create_app)


def _is_for_programs(scope: Scope) -> bool:
    """Whether the API answers. Where OpenID's provider sends browsers back to, there is a page for them."""
    path: str = scope["path"]
    if path == "/v1/oidc/callback":
        return not _wants_page(scope)
    return path.startswith(OF_API)


def _wants_page(scope: Any) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def every_page() -> Iterator[Page]:
    """All pages, found below the subjects' folders."""
    for found in walk_packages(timebank.web.__path__, "timebank.web."):
        if not found.name.startswith("timebank.web.http") and found.name != __name__:
            yield from getattr(import_module(found.name), "PAGES", ())


def _pages(settings: Settings) -> Litestar:
    app = Litestar(
        route_handlers=[_static, *(handler for page in every_page() for handler in page.handlers())],
        exception_handlers=forgetful(handlers()),
        before_send=[complete],
        openapi_config=None,
        logging_config=None,
        request_class=StrictRequest,
        request_max_body_size=FORM_BYTES,
    )
    app.state.shown = shower()
    begin(app, settings)
    return app


def begin(pages: Litestar, settings: Settings) -> None:
    """Serve with these settings, and know nothing of what was served before."""
    pages.state.settings = settings
    pages.state.is_secure = is_secure(settings.issuer)
    pages.state.refreshed = {}
    pages.state.refreshing = WeakValueDictionary()
    pages.state.kept = {}
    pages.state.lists = {}
    pages.state.bank_names = {}


_FILES = {path.name: path.read_bytes() for path in sorted(ASSETS.iterdir()) if path.suffix in TYPES}


@get("/static/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=False)
def _static(version: Annotated[str, PathParameter()], name: Annotated[str, PathParameter()]) -> Response[bytes]:
    """A style, a script or a drawing; its address changes with it, so it is kept for ever.

    What is asked for by another version's address is kept by nobody: a cache would hand it out when that version comes.
    """
    if name not in _FILES:
        raise NotFoundException
    media_type = TYPES[name[name.rindex(".") :]]
    kept = FOR_EVER if version == VERSIONS[name] else "no-store"
    return Response(_FILES[name], media_type=media_type, headers={"cache-control": kept})

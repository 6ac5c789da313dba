"""The description of the API (OpenAPI 3.1), and the page to read and try it on."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from msgspec.inspect import is_struct_type

from timebank import __version__
from timebank.access.table import Access
from timebank.api.http.lists import FORMAT, FORMS, item_of
from timebank.api.http.named import NAMES, WHO
from timebank.api.http.positions import HIGHEST_POSITION, MIN_POSITION, is_question
from timebank.api.http.requests import RECEIPT_HEADER
from timebank.exchange.spreadsheets.tables import MEDIA_TYPES

RECEIPT = {
    "description": "Where in the log the last fact is that this came to, if it came to one, and its hash: a receipt, "
    '`POSITION;leaf=:BASE64:;log="…"`, which `GET /v1/audit/proof/{position}` completes to a proof.',
    "schema": {"type": "string"},
}

POSITION = {
    "name": MIN_POSITION,
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 0, "maximum": HIGHEST_POSITION},
    "description": "Wait until the answer is at least as new as this position of the log, which an earlier one named.",
}

EXAMPLES: dict[str, Any] = msgspec.json.decode((Path(__file__).parent / "examples.json").read_bytes())
"""A good body, by the name of its type."""

_HEADERS: dict[str, tuple[str, str]] = {
    "RateLimit": ("string", "What is left of the limit, as r requests for now, all of them again in t seconds."),
    "RateLimit-Policy": ("string", "The limit by which the request was counted: q requests in w seconds."),
    "Link": ("string", "The address of the page that follows, if there is one (RFC 8288)."),
    "Idempotency-Replayed": (
        "boolean",
        "True where the Idempotency-Key was answered before: nothing was done now.",
    ),
    "Retry-After": ("integer", "In how many seconds it may be tried again."),
}
"""What answers say beside their bodies: of which type it is, and what it means."""


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
    """The OpenAPI document, made once. What bodies hold is said by msgspec, which reads and writes them."""

    def __init__(self) -> None:
        super().__init__()
        self._document = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The document. Litestar hands out one dictionary for all requests, so it is completed once."""
        if not self._document:
            self._document = document(request.app, openapi_schema)
        return self._document


def document(app: Litestar, described: dict[str, Any] | None = None) -> bytes:
    """The OpenAPI document of an application, out of what Litestar described: the same bytes every time."""
    schema = app.openapi_schema.to_schema() if described is None else described
    handlers = list(_handlers(app))
    schema["components"]["headers"] = {
        name: {"description": meaning, "schema": {"type": kind}} for name, (kind, meaning) in _HEADERS.items()
    }
    _describe_bodies(schema, [handler for _, handler in handlers])
    for route, handler in handlers:
        for method in handler.http_methods:
            operation = schema["paths"].get(route.path_format, {}).get(method.lower())
            if operation:
                _complete(operation, handler)
    return msgspec.json.encode(schema)


def _handlers(app: Litestar) -> Iterator[tuple[HTTPRoute, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from ((route, handler) for handler in route.route_handlers)


def _describe_bodies(openapi_schema: dict[str, Any], handlers: Sequence[HTTPRouteHandler]) -> None:
    """Put the exact shapes of all bodies, as msgspec knows them, in the place of those that Litestar guessed."""
    fields = [handler.parsed_data_field for handler in handlers] + [each.parsed_return_field for each in handlers]
    kinds = [kind.annotation for field in fields if field for kind in (field.inner_types or [field])]
    bodies = dict.fromkeys(kind for kind in kinds if is_struct_type(kind))
    _, exact = msgspec.json.schema_components(list(bodies), ref_template="#/components/schemas/{name}")
    schemas = openapi_schema["components"]["schemas"]
    assert exact.keys() <= schemas.keys(), f"two structs with one name: {exact.keys() - schemas.keys()}"
    schemas |= exact
    for name, example in EXAMPLES.items():
        schemas[name]["examples"] = [example]


def _complete(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    """Say what Litestar does not: which bodies can be left out, what good answers are, and what proxies may."""
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in NAMES:
            parameter.setdefault("description", WHO)
    if item_of(handler):
        _offer_tables(operation)
    if "access" in handler.opt and is_question(handler):
        operation.setdefault("parameters", []).append(POSITION)
    data = handler.parsed_data_field
    if data and data.is_optional:
        operation["requestBody"]["required"] = False
    access: Access | None = handler.opt.get("access")
    is_write = access is not None and not access.public and handler.http_methods != {"GET"}
    is_write = is_write or "records" in handler.opt
    for status, answer in operation["responses"].items():
        if status in {"200", "201"} and is_write:
            answer.setdefault("headers", {})[RECEIPT_HEADER] = RECEIPT
        if status in {"200", "201"} and answer["description"].endswith("follows"):
            answer["description"] = "It was made." if status == "201" else "What was asked for."
    if handler.opt.get("upload"):
        _describe_upload(operation)
    for status, answer in operation["responses"].items():
        said = _said_beside(status, handler)
        answer.setdefault("headers", {}).update({name: {"$ref": f"#/components/headers/{name}"} for name in said})
    if access and access.proxy:
        operation.setdefault("parameters", []).append(
            {
                "name": "On-Behalf-Of",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": "^(vol_[0-9a-f]{32}|[0-9]{12})$"},
                "description": f"Whom to act for (id or number), as their proxy in the scope `{access.proxy}`.",
            }
        )


def _said_beside(status: str, handler: HTTPRouteHandler) -> Iterator[str]:
    """The headers that an answer may have."""
    yield from ("RateLimit", "RateLimit-Policy")
    if status in {"429", "503"}:
        yield "Retry-After"
    if status in {"200", "201"} and item_of(handler):
        yield "Link"
    if status in {"200", "201"} and "idempotency_key" in handler.parsed_fn_signature.parameters:
        yield "Idempotency-Replayed"


def _describe_upload(operation: dict[str, Any]) -> None:
    """Say that a file is taken, as the body or in a form, and which answers there are."""
    binary = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": {"file": binary}, "required": ["file"]}
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    kinds = {kind: {"schema": binary} for kind in ("text/csv", sheet, "application/octet-stream")}
    operation["requestBody"] = {"required": True, "content": {**kinds, "multipart/form-data": {"schema": form}}}
    text = {"schema": {"type": "string"}}
    operation["responses"]["200"] = {
        "description": "How the list was understood, and the verdicts on its rows.",
        "content": {
            **operation["responses"]["200"]["content"],
            "application/x-ndjson": text,
            "text/csv": text,
            sheet: {"schema": binary},
        },
    }
    operation["responses"]["204"] = {"description": "All rows were taken: there is no file of others."}


def _offer_tables(operation: dict[str, Any]) -> None:
    """Every list comes as a table, too."""
    operation.setdefault("parameters", []).append(
        {
            "name": FORMAT,
            "in": "query",
            "required": False,
            "schema": {"type": "string", "enum": list(FORMS), "default": "json"},
            "description": "As a table, for spreadsheets, it is the whole list, however long.",
        }
    )
    good = operation["responses"]["200"]["content"]
    good[MEDIA_TYPES["csv"]] = {"schema": {"type": "string"}}
    good[MEDIA_TYPES["xlsx"]] = {"schema": {"type": "string", "format": "binary"}}


def openapi() -> OpenAPIConfig:
    """How the document is made."""
    return OpenAPIConfig(
        title="timebank",
        version=__version__,
        description="A volunteer time bank. Minutes are integers; times are RFC 3339 with an offset; "
        "long lists are pages of `items` with the cursor of the `next`, and come as tables, too (`format`); "
        "errors are RFC 9457 problems, in Chinese or English by `Accept-Language`.",
        path="/schema",
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
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

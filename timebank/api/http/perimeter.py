"""Around every request: an id, a limit, the headers browsers go by, and one log line; never what was in it."""

import asyncio
import contextlib
import math
import re
import time
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from secrets import token_hex
from typing import Any, NamedTuple

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from timebank.api.http.answering.headers import count_by, said_beside
from timebank.api.http.problems import SlowBodyError, send_problem, too_many_requests
from timebank.api.http.telling.shapes import field_trouble, invalid
from timebank.identity.limits.throttle import ADDRESSES_OF_A_NETWORK, Rate, client_address, neighbourhood, wide
from timebank.identity.tracing import Trace, trace_of, within
from timebank.runtime.stopping import PATIENCE

log = structlog.get_logger("timebank.request")

BODY_SECONDS = 30.0
"""How long a request may take to say what it says."""

DRAINED_BYTES = 32 * 1024 * 1024
"""How much of a body that is refused is still taken."""

MOST_PARAMETERS, MOST_COOKIES = 500, 100
"""Whatever there are more of nobody reads, and the framework would keep them."""

_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_PAGES = ("/schema", "/assets", "/welcome", "/problems")

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
"""What browsers are told with every answer (OWASP, HTTP security response headers)."""

OF_DATA = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
_OWN_ONLY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
OF_PAGES = [(b"content-security-policy", _OWN_ONLY)]
OF_HTTPS = [(b"strict-transport-security", b"max-age=31536000")]


_PROBED = "/health/ready"
"""Whoever watches over the service is answered, however often others behind the same address ask."""


class _Caller(NamedTuple):
    """Whose request it is."""

    request_id: str
    address: str
    trace: Trace | None


class Perimeter(ASGIMiddleware):
    """Gives each request an id (the caller's, if it is a decent one), limits, sets headers, and logs how it ended."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, per_address: Rate, proxies: list[IPv4Network | IPv6Network], *, is_https: bool) -> None:
        self._per_address = per_address
        self._per_network = Rate(per_address.per_minute * ADDRESSES_OF_A_NETWORK)
        self._proxies = proxies
        self._of_data = HEADERS + OF_DATA + (OF_HTTPS if is_https else [])
        self._of_pages = HEADERS + OF_PAGES + (OF_HTTPS if is_https else [])

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Serve, and log; under the caller's trace, if there is one."""
        caller = self._of_whom(scope)
        with _traced(caller.trace) if caller.trace else contextlib.nullcontext():
            await self._serve(scope, receive, send, next_app, caller)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp, caller: _Caller) -> None:
        started = time.perf_counter()
        request_id, address, _ = caller
        scope["state"]["request_id"], scope["state"]["address"] = request_id, address
        headers = self._of_pages if scope["path"].startswith(_PAGES) else self._of_data
        body = Body(receive, is_whole=not _has_body(scope))
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                said = {name for name, _ in message["headers"]}
                own = [(b"x-request-id", request_id.encode()), *said_beside(scope, time.monotonic())]
                message["headers"] = [*message["headers"], *own, *(each for each in headers if each[0] not in said)]
            await send(message)

        try:
            wait = 0.0
            if scope["path"] != _PROBED:
                count_by(scope, "address", self._per_address, address)
                wait = self._wait(address, time.monotonic())
            if wait:
                await send_problem(scope, send_with_headers, too_many_requests(wait), math.ceil(wait))
            elif "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                # PostgreSQL has no text with U+0000 in it, nor have file systems: refused before anything is asked.
                wrong = field_trouble("The address contains the character U+0000.", "address")
                await send_problem(scope, send_with_headers, invalid(wrong))
            elif _says_too_much(scope):
                wrong = field_trouble("The request has too many parameters, or too many cookies.", "address")
                await send_problem(scope, send_with_headers, invalid(wrong))
            else:
                await next_app(scope, body.receive, send_with_headers)
        finally:
            principal = scope["state"].get("principal")
            log.info(
                "request",
                request_id=request_id,
                method=scope.get("method"),
                route=scope.get("path_template") or "-",
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1000, 2),
                actor=principal.actor if principal else None,
                credential=principal.credential if principal else None,
                bank_id=str(principal.bank_id) if principal else None,
            )
        await body.drain()

    def _wait(self, address: str, now: float) -> float:
        """How long an address has to wait, by itself, or with its network."""
        wait = self._per_address.wait(address, now)
        return wait or (self._per_network.wait(wide(address), now) if ":" in address else 0.0)

    def _of_whom(self, scope: Scope) -> _Caller:
        """The request's id, the address it comes from, and the trace it belongs to."""
        given = forwarded = parent = state = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                given = value
            elif name == b"x-forwarded-for":
                forwarded = forwarded + b"," + value if forwarded else value
            elif name == b"traceparent":
                parent = value
            elif name == b"tracestate":
                state = state + b"," + value if state else value
        request_id = given.decode() if _GIVEN_ID.fullmatch(given) else token_hex(8)
        client = scope.get("client")
        peer = client[0] if client else ""
        if self._proxies:
            peer = client_address(peer, forwarded.decode("latin-1"), self._proxies)
        trace = trace_of(parent.decode("latin-1"), state.decode("latin-1")) if parent else None
        return _Caller(request_id, neighbourhood(peer), trace)


@contextlib.contextmanager
def _traced(trace: Trace) -> Iterator[None]:
    """What is called meanwhile belongs to the trace, and all log lines name it."""
    with within(trace), structlog.contextvars.bound_contextvars(trace_id=trace.trace_id, parent_id=trace.parent_id):
        yield


def _says_too_much(scope: Scope) -> bool:
    """Whether a request has more parameters, or cookies, than anybody has a use for."""
    cookies = sum(value.count(b";") for name, value in scope["headers"] if name == b"cookie")
    return scope["query_string"].count(b"&") >= MOST_PARAMETERS or cookies >= MOST_COOKIES


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} and value != b"0" for name, value in scope["headers"])


class Body:
    """What a request says, which has to be here within `BODY_SECONDS`."""

    def __init__(self, receive: Receive, *, is_whole: bool) -> None:
        self._receive, self._is_whole = receive, is_whole
        self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS

    async def receive(self) -> Any:
        """The next part of it. Raises `SlowBodyError` if that does not come in time."""
        if self._is_whole:
            return await self._receive()
        try:
            async with PATIENCE.until(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise SlowBodyError from None
        self._is_whole = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Take what was not asked for, up to a limit: whoever still sends while we hang up never sees the answer."""
        left = DRAINED_BYTES
        with contextlib.suppress(SlowBodyError):
            while left > 0 and not self._is_whole:
                left -= len((await self.receive()).get("body", b""))

"""One log line a request, under an id the caller sees; never what was in it."""

import re
import time
from secrets import token_hex

import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("timebank.request")

_GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestLog(ASGIMiddleware):
    """Gives each request an id (the caller's, if it is a decent one), and logs how it ended."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Serve, and log."""
        started = time.perf_counter()
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _GIVEN_ID.fullmatch(given) else token_hex(8)
        scope["state"]["request_id"] = request_id
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await next_app(scope, receive, send_with_id)
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
                bank_id=str(principal.bank_id) if principal else None,
            )

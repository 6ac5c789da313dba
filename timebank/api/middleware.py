"""One log line a request, under an id the caller sees; never what was in it."""

import re
import time
from secrets import token_hex

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from timebank.api.problems import PROBLEM_JSON, of_invalid

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
            if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                await _send_bad_address(send_with_id)
            else:
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


async def _send_bad_address(send: Send) -> None:
    """PostgreSQL has no text with U+0000 in it, nor have file systems: it is refused before anything is asked."""
    body = msgspec.json.encode(of_invalid("The address contains the character U+0000.", "address"))
    headers = [(b"content-type", PROBLEM_JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

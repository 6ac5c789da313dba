"""Compression: what is long is sent shorter, unless its length could tell a secret in it."""

import gzip
import re
from functools import lru_cache
from typing import Any

from litestar.config.compression import CompressionConfig
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import Receive, Scope, Send

SHORTEST_BYTES = 500
"""What is shorter fits into one packet anyway."""

LEVEL = 5

_NOT_WANTED = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)", re.IGNORECASE)
_PACKED_ALREADY = re.compile(rb"(^|&)format=xlsx(&|$)")


FIXED = ("/schema", "/problems", "/welcome")
"""What is the same for everybody, and may be asked for by anybody: it is compressed once."""


class CarefulCompression(CompressionMiddleware):
    """Compresses what is read with a token that the client itself puts into the request.

    How well an answer is compressed tells what in it is like the request (BREACH). To use that, somebody has to have
    requests made in another's name, over and over; they could where the right to ask goes along by itself, in a cookie.
    So what is asked with a cookie is sent as it is, and what does something; and what answers with a secret (the
    operation says so: `secret=True`).
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, compressed where that is safe and of use."""
        if scope["path"].startswith(FIXED):
            await self.app(scope, receive, _packing(send, is_wanted=_is_wanted(scope)))
            return
        serve = super().__call__ if _is_safe(scope) else self.app
        await serve(scope, receive, send)


def _is_safe(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return not (
        scope.get("method") != "GET"
        or b"cookie" in headers
        or _NOT_WANTED.search(headers.get(b"accept-encoding", b""))
        or _PACKED_ALREADY.search(scope["query_string"])
        or scope["path"].endswith(".xlsx")
    )


def _is_wanted(scope: Scope) -> bool:
    accepted = dict(scope["headers"]).get(b"accept-encoding", b"")
    return b"gzip" in accepted and not _NOT_WANTED.search(accepted)


def _packing(send: Send, *, is_wanted: bool) -> Send:
    """Send what comes in one piece, and is not short, as it was compressed when it was first asked for."""
    start: Any = None

    async def send_packed(message: Any) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        body = message.get("body", b"")
        if start is not None:
            start["headers"] = [*start["headers"], (b"vary", b"Accept-Encoding")]
            if is_wanted and len(body) >= SHORTEST_BYTES and not message.get("more_body", False):
                body = _packed(body)
                kept = [each for each in start["headers"] if each[0].lower() != b"content-length"]
                own = [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
                start["headers"] = [*kept, *own]
            await send(start)
            start = None
        message["body"] = body
        await send(message)

    return send_packed


@lru_cache(maxsize=1_000)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)


def compression() -> CompressionConfig:
    """How answers are compressed. Files of the API's page go as they are: they are fetched once a day, by few."""
    return CompressionConfig(
        backend="gzip",
        minimum_size=SHORTEST_BYTES,
        gzip_compress_level=LEVEL,
        middleware_class=CarefulCompression,
        exclude="^/assets",
        exclude_opt_key="secret",
    )

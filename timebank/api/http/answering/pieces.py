"""Long answers go in pieces, each once the one before is on its way.

Else the server copies the whole of one for each connection, and whoever asks over thousands and fetches nothing fills
the memory.
"""

from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

PIECE_BYTES = 16 * 1024
"""The server takes a few pieces before it lets the sender wait."""


def in_pieces(next_app: ASGIApp) -> ASGIApp:
    """Have what is long sent in pieces."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            is_long = message["type"] == "http.response.body" and len(message["body"]) > PIECE_BYTES
            await (_send(message, send) if is_long else send(message))

        await next_app(scope, receive, send_on)

    return served


async def _send(message: Any, send: Send) -> None:
    whole, goes_on = message["body"], message.get("more_body", False)
    for start in range(0, len(whole), PIECE_BYTES):
        end = start + PIECE_BYTES
        await send(message | {"body": whole[start:end], "more_body": goes_on or end < len(whole)})

"""Long answers go in pieces, each once the one before is on its way, and whoever does not fetch them is not waited for.

Else the server copies the whole of one for each connection, and whoever asks over thousands and fetches nothing fills
the memory; or takes the places of whoever they ask as, for as long as they like, even after that one has signed out.
"""

import asyncio

from litestar.types import ASGIApp, HTTPResponseBodyEvent, Message, Receive, Scope, Send

PIECE_BYTES = 16 * 1024
"""The server takes a few pieces before it lets the sender wait."""

FETCHING_SECONDS = 60.0
"""How long an answer, or each part of one that is sent while it is read, is waited for at the least."""

SLOWEST_BYTES = 4 * 1024
"""So many more bytes take a second more: a slow telephone line."""


def in_pieces(next_app: ASGIApp) -> ASGIApp:
    """Have what is long sent in pieces, and broken off where it is not fetched in time."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            seconds = FETCHING_SECONDS + len(message["body"]) / SLOWEST_BYTES
            _reschedule(limit, asyncio.get_running_loop().time() + seconds)
            await _send(message, send)
            _reschedule(limit, None)

        try:
            async with asyncio.timeout(None) as limit:
                await next_app(scope, receive, send_on)
        except TimeoutError:
            if not limit.expired():
                raise

    return served


def _reschedule(limit: asyncio.Timeout, when: float | None) -> None:
    """Set a time limit anew, by whichever task of an answer; one that has passed stays so."""
    if not limit.expired():
        limit.reschedule(when)


async def _send(message: HTTPResponseBodyEvent, send: Send) -> None:
    whole, goes_on = message["body"], message.get("more_body", False)
    for start in range(0, max(len(whole), 1), PIECE_BYTES):
        end = start + PIECE_BYTES
        await send({**message, "body": whole[start:end], "more_body": goes_on or end < len(whole)})

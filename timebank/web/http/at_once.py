"""How many pages are being made at once for one session, and for one address.

No browser asks for more; whoever does would have all others wait until those are made.
"""

import asyncio
from typing import Any

from anyio import CancelScope
from litestar.types import ASGIApp, Receive, Scope, Send

from timebank.api.http.problems import too_many_requests
from timebank.api.http.telling.troubles import listener_of, told
from timebank.api.identity.cookies import own_cookies
from timebank.web.http import crumbs

PAGES_AT_ONCE = 30
"""So many of one session: a browser has six connections to one host, and a proxy may ask for all its tabs at once."""

OF_AN_ADDRESS = 50
"""So many from one address, which many may have in common: cookies that are none could be made up for each request."""

RETRY_SECONDS = 1


class _Places:
    """The places of a session, or of an address, of which so many are taken as pages are being made."""

    def __init__(self, most: int) -> None:
        self.free, self.users = asyncio.Semaphore(most), 0


def few_at_once(next_app: ASGIApp, *, secure: bool) -> ASGIApp:
    """Refuse what one session, or one address, asks for beyond that, before anything is done for it.

    Whoever hangs up has their page made all the same, so connections do not bound it. Whoever has copied a session
    comes from elsewhere, and does not keep its owner from ending it. What is still being sent has no place, and waits
    for one when it is here: else whoever sends slowly would keep out all others of their address.
    """
    places: dict[tuple[str, str], _Places] = {}

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        cookies, address = own_cookies(scope["headers"], secure=secure), scope["state"]["address"]
        session = cookies.get(crumbs.ACCESS) or cookies.get(crumbs.REFRESH)
        # The narrower one first: whoever waits for that keeps no place of the other.
        limits = ({(address, session): PAGES_AT_ONCE} if session else {}) | {(address, ""): OF_AN_ADDRESS}
        theirs = [places.setdefault(each, _Places(most)) for each, most in limits.items()]
        held: list[asyncio.Semaphore] = []

        async def take() -> None:
            for each in theirs:
                await each.free.acquire()
                held.append(each.free)

        def give_back() -> None:
            while held:
                held.pop().release()

        async def receive_without() -> Any:
            give_back()
            try:
                return await receive()
            finally:
                with CancelScope(shield=True):
                    await take()

        for each in theirs:
            each.users += 1
        try:
            if any(each.free.locked() for each in theirs):
                await _refuse(scope, send)
                return
            await take()
            await next_app(scope, receive_without, send)
        finally:
            give_back()
            for key, each in zip(limits, theirs, strict=True):
                each.users -= 1
                if not each.users:
                    del places[key]

    return served


async def _refuse(scope: Scope, send: Send) -> None:
    """Say so, in a line: to have a page made for it would take as long as what is refused."""
    body = told(too_many_requests(RETRY_SECONDS), listener_of(scope)).detail.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(RETRY_SECONDS).encode()),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

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


class _Holder:
    """What one request holds of the places that it needs."""

    def __init__(self, needed: list[_Places], receive: Receive) -> None:
        self._needed, self._receive = needed, receive
        self._held: list[asyncio.Semaphore] = []

    async def take(self) -> None:
        """Wait for all of them."""
        for each in self._needed:
            await each.free.acquire()
            self._held.append(each.free)

    def give_back(self) -> None:
        """Hold none any more."""
        while self._held:
            self._held.pop().release()

    async def receive(self) -> Any:
        """The next part of the request, for which it waits without places."""
        self.give_back()
        try:
            return await self._receive()
        finally:
            with CancelScope(shield=True):
                await self.take()


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
        needed = [places.setdefault(each, _Places(most)) for each, most in limits.items()]
        holder = _Holder(needed, receive)
        for each in needed:
            each.users += 1
        try:
            if any(each.free.locked() for each in needed):
                await _refuse(scope, send)
                return
            await holder.take()
            await next_app(scope, holder.receive, send)
        finally:
            holder.give_back()
            for key, each in zip(limits, needed, strict=True):
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

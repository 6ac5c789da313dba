"""How much of one person is in progress at once: the rest of theirs waits for that, and not everybody for all of it.

What is in progress takes its turns in the loop with what all others ask; so they wait by how much of it there is, and
not by how many connections somebody has.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from timebank.api.http.answering.rates import rate_of
from timebank.api.http.problems import send_problem, too_many_requests
from timebank.identity.limits.at_once import AtOnce
from timebank.identity.limits.throttle import TooManyRequestsError
from timebank.identity.principals import Principal

OF_A_PERSON = 6
"""So many questions, as the page with most of them asks at once; and so many commands are understood at once."""

OF_STRANGERS = 20
"""So many questions from one address of whom it is not known who asks; then they count as those of whoever it is."""

WAITING_OF_ONE = 300
"""More than one address has connections: so many wait only of whoever does not wait for answers."""

_TAKEN, _PROBED = "place_of", "/health"


class InProgress:
    """The places for what is asked: of strangers by their address, of people and programs by who they are."""

    def __init__(self) -> None:
        self.questions = AtOnce(OF_A_PERSON, WAITING_OF_ONE)
        self.bodies = AtOnce(OF_A_PERSON, WAITING_OF_ONE)
        self.of_strangers = AtOnce(OF_STRANGERS, WAITING_OF_ONE)


def is_known(scope: Scope) -> None:
    """It is known who asks: it counts no more as a stranger's."""
    _end(scope)


async def begin(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal) -> bool:
    """Wait until few enough questions of this person, or API key, are being answered; says if that took a while.

    Raises `TooManyRequestsError` where very many of theirs wait.
    """
    in_progress: InProgress = connection.app.state.in_progress
    _, who = rate_of(connection, principal)
    return await _begin(connection.scope, in_progress.questions, who)


@asynccontextmanager
async def turn(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal) -> AsyncIterator[bool]:
    """The turn of what a command says, to be understood; says if that took a while. What it does waits for the log.

    Raises `TooManyRequestsError` where very many of theirs wait.
    """
    in_progress: InProgress = connection.app.state.in_progress
    _, who = rate_of(connection, principal)
    has_waited = await in_progress.bodies.begin(who)
    try:
        yield has_waited
    finally:
        _soon(in_progress.bodies, who)


async def _begin(scope: Scope, places: AtOnce, who: str) -> bool:
    has_waited = await places.begin(who)
    scope["state"][_TAKEN] = places, who
    return has_waited


def with_ends(next_app: ASGIApp) -> ASGIApp:
    """Have a request count until its answer is sent; what is sent while it is read has limits of its own.

    A stranger's counts until the answer is made: who does not fetch it keeps out nobody of their address.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and (
                _is_of_stranger(scope) or not _is_whole(message["headers"])
            ):
                _end(scope)
            await send(message)

        try:
            if scope["method"] in {"GET", "HEAD"} and not scope["path"].startswith(_PROBED):
                in_progress: InProgress = scope["litestar_app"].state.in_progress
                await _begin(scope, in_progress.of_strangers, scope["state"]["address"])
            await next_app(scope, receive, send_on)
        except TooManyRequestsError as error:
            await send_problem(scope, send, too_many_requests(error.seconds), math.ceil(error.seconds))
        finally:
            _end(scope)

    return served


def _is_of_stranger(scope: Any) -> bool:
    taken = scope["state"].get(_TAKEN)
    return taken is not None and taken[0] is scope["litestar_app"].state.in_progress.of_strangers


def _is_whole(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether it is known how long an answer is, and so all of it is there."""
    return any(name.lower() == b"content-length" for name, _ in headers)


def _end(scope: Any) -> None:
    places, who = scope["state"].pop(_TAKEN, (None, ""))
    if places is not None:
        _soon(places, who)


def _soon(places: AtOnce, who: str) -> None:
    """Give a place back, in the next turn of the loop.

    At once, what waits for nothing would be done one after the other, and all others wait for all of it.
    """
    asyncio.get_running_loop().call_soon(places.end, who)

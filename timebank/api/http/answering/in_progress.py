"""How many questions of one person are being answered: more of them wait for each other, and not everybody for them."""

from collections.abc import Iterable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from timebank.api.http.answering.rates import rate_of
from timebank.identity.limits.at_once import AtOnce
from timebank.identity.principals import Principal

QUESTIONS_AT_ONCE = 6
"""As many as the page with most of them asks at once."""

WAITING_OF_ONE = 300
"""More than one address has connections: so many wait only of whoever does not wait for answers."""

_TAKEN = "question_of"


async def begin(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal) -> bool:
    """Wait until few enough questions of this person, or API key, are being answered; says if that took a while."""
    _, who = rate_of(connection, principal)
    questions: AtOnce = connection.app.state.questions
    has_waited = await questions.begin(who)
    connection.scope["state"][_TAKEN] = who
    return has_waited


def with_ends(next_app: ASGIApp) -> ASGIApp:
    """Have a question count until its answer is sent; what is sent while it is read has limits of its own."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and not _is_whole(message["headers"]):
                _end(scope)
            await send(message)

        try:
            await next_app(scope, receive, send_on)
        finally:
            _end(scope)

    return served


def _is_whole(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether it is known how long an answer is, and so all of it is there."""
    return any(name.lower() == b"content-length" for name, _ in headers)


def _end(scope: Any) -> None:
    who = scope["state"].pop(_TAKEN, None)
    if who is not None:
        questions: AtOnce = scope["litestar_app"].state.questions
        questions.end(who)

"""Whoever hangs up is not answered any more: what is done for nobody ends, unless it does something."""

import asyncio
from contextlib import suppress
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from timebank.api.http.problems import SlowBodyError

CLIENT_CLOSED = 499

_ACTS = "acts"


def acts(scope: Any) -> None:
    """Have a request go on to its end from here on, whoever hangs up: nothing is done by half."""
    scope["state"][_ACTS] = True


def while_there(next_app: ASGIApp) -> ASGIApp:
    """Have a request end when its client is gone, as long as it does nothing and its answer has not begun."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        client = _Client(scope, receive, send)
        try:
            await next_app(scope, client.receive, client.send)
        except asyncio.CancelledError:
            if not client.is_given_up or client.serving.uncancel():
                raise
            await send({"type": "http.response.start", "status": CLIENT_CLOSED, "headers": []})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            client.watching.cancel()

    return served


class _Client:
    """Whoever sent a request: once all of it is here, it is heard whether they hang up."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._is_answered = self.is_given_up = False
        self._gone: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        current = asyncio.current_task()
        assert current, "requests are served by tasks"
        self.serving: asyncio.Task[Any] = current
        self.watching: asyncio.Future[Any] = self._gone
        if scope.get("method") == "GET":  # pages that are looked at read no body
            self._watch()

    async def receive(self) -> Any:
        """The next part of the request; and once it is whole, that they are gone."""
        if self.watching is not self._gone:
            return await asyncio.shield(self._gone)
        message: Any = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self._watch()
        return message

    async def send(self, message: Message) -> None:
        """Send them something: an answer that has begun ends by itself."""
        self._is_answered = True
        await self._send(message)

    def _watch(self) -> None:
        self.watching = asyncio.create_task(self._await_end())

    async def _await_end(self) -> None:
        with suppress(SlowBodyError):
            while (message := await self._receive())["type"] != "http.disconnect":
                pass
            self._gone.set_result(message)
            if not self._is_answered and _ACTS not in self._scope["state"]:
                self.is_given_up = True
                self.serving.cancel()

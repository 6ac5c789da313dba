"""Asking the API, in the same process: what pages show and do goes through the same door as any program's request."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream
from litestar import Litestar
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message

from timebank.api.http.streams import Pieces

PREFIX = "/v1"


class Answer(NamedTuple):
    """What the API answered."""

    status: int
    headers: dict[str, str]
    cookies: list[bytes]
    body: bytes

    def json(self) -> Any:
        """What it says."""
        return msgspec.json.decode(self.body) if self.body else None


class Opened(NamedTuple):
    """An answer of which only the head is there yet; its body comes in pieces, while the API makes it."""

    status: int
    headers: dict[str, str]
    cookies: list[bytes]
    pieces: Pieces

    async def whole(self) -> Answer:
        """All of it."""
        async with aclosing(self.pieces):
            return Answer(self.status, self.headers, self.cookies, b"".join([piece async for piece in self.pieces]))


class Refused(Exception):  # noqa: N818  # it is an answer, and no error of ours
    """The API did not do what was asked; its problem says why (RFC 9457)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem
        self.status = int(problem.get("status", 500))
        super().__init__(problem.get("detail", ""))

    @property
    def kind(self) -> str:
        """The last part of the problem's type, as `not-enough-credit`."""
        return str(self.problem.get("type", "")).rpartition("/")[2]


class Api(NamedTuple):
    """The API of this process: the application, and how it is served within whatever is around it."""

    app: Litestar
    served: ASGIApp

    async def ask(
        self,
        outer: Mapping[str, Any],
        method: str,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, Any],
        body: bytes,
    ) -> Opened:
        """The answer to a request, made in the course of the `outer` one, whose id and address it carries."""
        scope = _scope(self.app, outer, method, path, headers, params)
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])
        answered = asyncio.Event()
        head: asyncio.Future[HTTPResponseStartEvent] = asyncio.get_running_loop().create_future()
        sending, pieces = anyio.create_memory_object_stream[bytes](1)

        async def receive() -> Any:
            """What is asked; and once it is answered, that nobody listens any more."""
            if message := next(asked, None):
                return message
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.set_result(message)
            elif message["type"] == "http.response.body":
                await sending.send(message.get("body", b""))
                if not message.get("more_body", False):
                    answered.set()

        async def serve() -> None:
            async with sending:
                await self.served(scope, receive, send)  # type: ignore[arg-type]

        serving = asyncio.create_task(serve())
        await _begun(serving, head, pieces)
        outer["state"]["principal"] = scope["state"].get("principal") or outer["state"].get("principal")
        told = head.result()
        beside = scope["state"].get("headers", {}).items()  # what is around the application would add
        named = {name.decode().lower(): value.decode("latin-1") for name, value in [*told["headers"], *beside]}
        cookies = [value for name, value in told["headers"] if name.lower() == b"set-cookie"]
        return Opened(int(told["status"]), named, cookies, _Served(pieces, serving))


async def _begun(
    serving: asyncio.Task[None],
    head: asyncio.Future[HTTPResponseStartEvent],
    pieces: MemoryObjectReceiveStream[bytes],
) -> None:
    """Wait until the answer begins. Raises what kept it from beginning."""
    first: set[asyncio.Future[Any]] = {serving, head}
    try:
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        serving.cancel()
        pieces.close()
        raise
    if not head.done():
        pieces.close()
        await serving


class _Served:
    """The pieces of a body; whoever stops listening ends what makes them."""

    def __init__(self, pieces: MemoryObjectReceiveStream[bytes], serving: asyncio.Task[None]) -> None:
        self._pieces, self._serving = pieces, serving

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises what kept the rest from being made."""
        try:
            return await self._pieces.receive()
        except anyio.EndOfStream:
            await self._serving
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """Listen no more."""
        self._pieces.close()
        self._serving.cancel()


def _scope(
    app: Litestar,
    outer: Mapping[str, Any],
    method: str,
    path: str,
    headers: Mapping[str, str],
    params: Mapping[str, Any],
) -> dict[str, Any]:
    whole = PREFIX + path
    given = {name: value for name, value in params.items() if value not in (None, "")}
    state = {name: outer["state"][name] for name in ("request_id", "address")}
    return {
        "type": "http",
        "asgi": outer["asgi"],
        "http_version": "1.1",
        "method": method,
        "scheme": outer["scheme"],
        "path": whole,
        "raw_path": quote(whole).encode(),
        "query_string": urlencode(given, doseq=True).encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()],
        "client": outer.get("client"),
        "server": outer.get("server"),
        "extensions": {},
        "state": state,
        "app": app,
        "litestar_app": app,
    }

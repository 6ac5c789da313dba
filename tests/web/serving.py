"""An application at an address of this machine, served from the loop of the tests: what a browser needs to see it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import h11
from litestar import Litestar


async def _answer(app: Litestar, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    with contextlib.closing(writer), contextlib.suppress(ConnectionError, h11.RemoteProtocolError):
        while True:
            request, body = await _request(connection, reader)
            if request is None:
                break
            await _respond(app, connection, request, body, writer)
            if connection.our_state is h11.MUST_CLOSE:
                break
            connection.start_next_cycle()


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request | None, bytes]:
    request, body = None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        else:
            return (request if isinstance(event, h11.EndOfMessage) else None), body


async def _respond(
    app: Litestar, connection: h11.Connection, request: h11.Request, body: bytes, writer: asyncio.StreamWriter
) -> None:
    path, _, query = request.target.partition(b"?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method.decode(),
        "scheme": "http",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": {},
        "state": {},
    }
    parts = [{"type": "http.request", "body": body, "more_body": False}]
    answered = asyncio.Event()

    async def receive() -> Any:
        if parts:
            return parts.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            # Without its length an answer is sent in chunks, as they are made.
            headers = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
            writer.write(connection.send(h11.Response(status_code=message["status"], headers=headers)))
            return
        if message.get("body"):
            writer.write(connection.send(h11.Data(data=message["body"])))
        if not message.get("more_body", False):
            writer.write(connection.send(h11.EndOfMessage()))
            answered.set()
        await writer.drain()

    await app(scope, receive, send)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def at_an_address(app: Litestar) -> AsyncIterator[str]:
    """The address where it is served, on a free port, for as long as the block runs; what goes on then is ended."""
    answering = set[asyncio.Task[None]]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_answer(app, reader, writer))
        answering.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        answering.discard(task)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)

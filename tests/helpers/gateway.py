"""A gateway that would send messages to phones: it takes what is posted to it, and answers as it is told."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any


class Gateway:
    """What was posted, with the headers it came with; and what to answer."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.answer = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
        self.is_silent = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            self.taken.append((head[0], headers, body))
            if self.is_silent:
                await reader.read()
            writer.write(self.answer)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[Gateway]:
    """A gateway on a port of its own."""
    found = Gateway()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms/send?channel=1"
    async with server:
        yield found

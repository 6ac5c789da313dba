"""A connection to PostgreSQL that fails when told to: a relay between the program and the server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS

Fault = Literal["before commit", "after commit", "down"]

COMMIT = b"COMMIT;"


class Relay:
    """Passes bytes on. `fault` says what goes wrong with the next COMMIT, or that nothing is passed on at all."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self.fault: Fault | None = None
        self.commits = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def _upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        options = parse_qs(self._url.query)
        if "host" in options:
            return await asyncio.open_unix_connection(
                f"{options['host'][0]}/.s.PGSQL.{options.get('port', ['5432'])[0]}"
            )
        return await asyncio.open_connection(self._url.hostname, self._url.port or 5432)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either side closes it."""
        if self.fault == "down":
            writer.close()
            return
        up_reader, up_writer = await self._upstream()
        both = {writer, up_writer}
        self._open |= both
        doomed = asyncio.Event()
        there = asyncio.create_task(self._pass(reader, up_writer, doomed))
        back = asyncio.create_task(self._pass_back(up_reader, writer, doomed))
        self._tasks |= {there, back}
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            self._open -= both
            for each in both:
                each.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event) -> None:
        while chunk := await reader.read(65536):
            if COMMIT in chunk:
                self.commits += 1
                if self.fault == "before commit":
                    self.fault = None
                    return
                if self.fault == "after commit":
                    self.fault = None
                    doomed.set()
            writer.write(chunk)
            await writer.drain()

    async def _pass_back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while chunk := await reader.read(65536):
            if doomed.is_set():
                return
            writer.write(chunk)
            await writer.drain()

    def go_down(self) -> None:
        """Close everything, and let nobody in."""
        self.fault = "down"
        for writer in self._open:
            writer.close()

    def come_back(self) -> None:
        """Let everybody in again."""
        self.fault = None


@asynccontextmanager
async def relayed(url: str) -> AsyncIterator[tuple[Relay, str]]:
    """A relay to a database, and the URL under which it is reached."""
    relay = Relay(url)
    with watched_folder() as folder:
        server = await asyncio.start_unix_server(relay.serve, path=folder / ".s.PGSQL.5432")
        parts = urlsplit(url)
        user = f"{parts.username}@" if parts.username else ""
        yield relay, urlunsplit(parts._replace(netloc=user, query=f"host={quote(str(folder))}&port=5432"))
        server.close()
        relay.go_down()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*relay._tasks, return_exceptions=True), PATIENCE_SECONDS)

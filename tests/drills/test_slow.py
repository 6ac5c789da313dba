"""Drills: connections over which nothing, or next to nothing, comes. Others are served as fast as without them."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.cli.program import Program
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.ledger.tasks import end

pytestmark = pytest.mark.drill

CAP, MORE = 60, 20
ROUNDS, REQUESTS = 3, 60
AS_LONG, NOISE_SECONDS = 1.2, 0.005
"""How much longer others may be served, and what a busy machine may add; those who are kept out wait for seconds."""

KEPT_OUT_SECONDS = 5.0
"""Whoever is kept out waits until connections that say nothing are ended: ten seconds at the least."""

POST = b"POST /v1/sessions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n"
GET = b"GET /schema/openapi.json HTTP/1.1\r\nHost: t\r\n\r\n"

Way = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def say_nothing(_: asyncio.StreamWriter) -> None:
    """Only connect."""


async def say_no_end(writer: asyncio.StreamWriter) -> None:
    """A header that comes byte by byte."""
    await trickle(writer, POST)


async def send_slowly(writer: asyncio.StreamWriter) -> None:
    """A body that comes byte by byte."""
    writer.write(POST + b"\r\n{")
    await trickle(writer, b" " * 4000)


async def read_nothing(writer: asyncio.StreamWriter) -> None:
    """Long answers that nobody fetches."""
    writer.write(GET * 10)


async def trickle(writer: asyncio.StreamWriter, text: bytes) -> None:
    """Say something, slowly."""
    for each in text:
        writer.write(bytes([each]))
        await writer.drain()
        await asyncio.sleep(0.5)


async def hang_on(port: int, way: Way) -> None:
    """A connection that is opened again whenever it is closed. What comes is not read."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            try:
                await way(writer)
                while not reader.at_eof() and not writer.is_closing():
                    await asyncio.sleep(0.2)
            finally:
                writer.transport.abort()
        await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def crowd(port: int) -> AsyncIterator[None]:
    """Twenty more such connections of one address than it may have."""
    ways = [say_nothing, say_no_end, send_slowly, read_nothing]
    tasks = [asyncio.create_task(hang_on(port, ways[n % len(ways)])) for n in range(CAP + MORE)]
    try:
        await asyncio.sleep(1.2)
        yield
    finally:
        await end(tasks)


async def served(http: httpx.AsyncClient) -> list[float]:
    """How long some requests take, each over a connection of its own."""
    took = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        answer = await http.get("/v1/organisations")
        took.append(time.perf_counter() - begun)
        assert answer.status_code == 401
    return took


@pytest.mark.release
async def test_others_are_served_as_fast(url: str, tmp_path: Path) -> None:
    """Twenty slow or silent connections more than one address may have: another is served as fast as without them."""
    program = Program(tmp_path, database_url=url, log_level="warning", connections_per_address=str(CAP))
    without: list[float] = []
    beside: list[float] = []
    with program.serving("serve", "--port", "0") as service:
        port = int(service.url.rsplit(":", 1)[1])
        another = httpx.AsyncHTTPTransport(local_address="127.0.0.2", limits=httpx.Limits(max_keepalive_connections=0))
        async with httpx.AsyncClient(transport=another, base_url=service.url, timeout=PATIENCE_SECONDS) as http:
            for _ in range(ROUNDS):
                without += await served(http)
                async with crowd(port):
                    beside += await served(http)
    for what, took in ("without", without), ("beside them", beside):
        print(f"{what}: median {statistics.median(took) * 1000:.2f} ms, slowest {max(took) * 1000:.0f} ms")
    print(f"{statistics.median(beside) / statistics.median(without):.2f} times as long")
    assert statistics.median(beside) < AS_LONG * statistics.median(without) + NOISE_SECONDS
    assert max(beside) < KEPT_OUT_SECONDS

"""A server process of our own, and loads to put on it."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec

from benchmarks.setup.load import Orders, Outcome
from benchmarks.setup.measure import Bench
from benchmarks.setup.rival_app import TABLES
from benchmarks.setup.world import World, environment, new_world
from timebank.identity.security_log import Visit

CONNECTIONS = 64
AT_MOST_PER_SECOND = 15_000
"""More requests than any handler answers; each is sent once."""

READY_SECONDS = 30.0


class Service:
    """A running server process, and a bank in its database to ask it about."""

    def __init__(self, port: int, pid: int, world: World, tokens: dict[str, str], seconds: float) -> None:
        self.port = port
        self.pid = pid
        self.world = world
        self.tokens = tokens
        self.seconds = seconds
        self.client_shares: list[float] = []
        self.lags: list[int] = []

    async def log(self, path: str) -> float:
        """Requests per second that log a record each, under `path`."""
        return (await self.load(self.logging(path), 201)).rate

    async def ask(self, path: str) -> float:
        """Requests per second that ask for a balance, under `path`."""
        return (await self.load(self.asking(path), 200)).rate

    async def load(
        self,
        requests: list[bytes],
        status: int,
        *,
        connections: int = CONNECTIONS,
        expected: str = "",
        seconds: float | None = None,
    ) -> Outcome:
        """Send requests for some seconds (else: as long as a turn lasts), once the projections are where the log is."""
        await self._settle()
        orders = Orders(self.port, connections, seconds or self.seconds, requests, status, expected)
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.setup.load", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        answer, _ = await client.communicate(msgspec.msgpack.encode(orders))
        self.lags.append(await self._lag())
        outcome = msgspec.msgpack.decode(answer, type=Outcome)
        assert not outcome.bad, outcome.first_bad
        self.client_shares.append(outcome.cpu_seconds / outcome.seconds)
        return outcome

    def logging(self, path: str) -> list[bytes]:
        """Requests to log a record each."""
        requests = []
        for _ in range(int(self.seconds * AT_MOST_PER_SECOND)):
            log = self.world.service()
            body = {
                name: getattr(log, name)
                for name in ("volunteer_id", "activity", "category", "capacity", "started_at", "ended_at", "place")
            }
            where = f"{path}/{log.organisation_id}/service-records"
            requests.append(request("POST", where, self.tokens["administrator"], msgspec.json.encode(body)))
        return requests

    def asking(self, path: str) -> list[bytes]:
        """Requests that ask for a balance each."""
        token = self.tokens["administrator"]
        balances = [request("GET", f"{path}/{each}/balance", token) for each in self.world.volunteers]
        return list(itertools.islice(itertools.cycle(balances), int(self.seconds * AT_MOST_PER_SECOND)))

    async def samples(self) -> dict[str, float]:
        """Where the server's time went since this was last asked; the first time is the beginning."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request("POST", "/rival/samples", self.tokens["administrator"]))
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
        answer = await reader.readexactly(int(length.rpartition(b" ")[2]))
        writer.close()
        return msgspec.json.decode(answer, type=dict[str, float])

    async def _settle(self) -> None:
        for _ in range(600):
            if await self._lag() == 0:
                return
            await asyncio.sleep(0.1)
        raise TimeoutError("the projections did not come to the head of the log")

    async def _lag(self) -> int:
        """How many events the last of the projections is behind."""
        lag: int = await self.world.services.pool.fetchval(
            "select b.head - min(c.position) from bank b join checkpoint c using (bank_id)"
            " where b.bank_id = $1 group by b.head",
            self.world.bank_id,
        )
        return lag


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """A request as it is sent."""
    head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@contextlib.asynccontextmanager
async def running_service(bench: Bench, *, workers: int = 1, url: str = "") -> AsyncIterator[Service]:
    """The service with its rivals, and a new bank: on a database of its own, or on one that has banks already."""
    url = url or await bench.new_database(f"over_http_{uuid4().hex}")
    async with new_world(url) as world:
        await world.do([world.confirmed(world.service()) for _ in world.volunteers])
        await world.project()
        await world.services.owner.execute(TABLES)
        with _server(url, bench.folder / f"server_{uuid4().hex}.log", workers) as (port, pid):
            administrator = await token_of(world, world.administrator.actor)
            yield Service(port, pid, world, {"administrator": administrator}, bench.seconds * 1.5)


async def token_of(world: World, somebody: str) -> str:
    """An access token of a new session of somebody's, good for as long as the benchmark takes."""
    at = world.services.ledger.clock()
    tokens = await world.services.sign_in.let_in(world.bank_id, somebody, Visit(at, "", "benchmark"), "benchmark")
    sessions = world.services.sign_in.sessions
    return sessions.access_token(world.bank_id, somebody, tokens.session_id, at, seconds=86_400)


@contextlib.contextmanager
def _server(url: str, log: Path, workers: int) -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    options = "--interface asgi --factory --loop uvloop --no-ws --no-log --host 127.0.0.1"
    command = [
        sys.executable,
        "-m",
        "granian",
        *options.split(),
        *("--workers", str(workers), "--port", str(port)),
        "benchmarks.setup.rival_app:from_environment",
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIMEBANK_")}
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=kept | environment(url), stdout=output, stderr=output, start_new_session=True
        )
        try:
            _wait_until_ready(port, log)
            yield port, server.pid
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _wait_until_ready(port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            if connection.recv(100).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.1)
    raise TimeoutError(log.read_text(errors="replace")[-2000:])

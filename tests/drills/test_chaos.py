"""The chaos drill: 64 clients, two services with three workers, and whatever can go wrong, again and again.

What was acknowledged is there, and once; every balance is what the clients' own model says. DRILL_SEED says which
chances are taken.
"""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.cli.program import Program, Served, postgres_pid
from tests.drills.clients import Clients, Town, founded
from tests.helpers.effort import Effort
from tests.helpers.folders import watched_folder
from tests.helpers.patience import may_take, until
from tests.helpers.ports import free_port
from tests.helpers.processes import children_of, family_of, send
from timebank.runtime.embedded import EmbeddedPostgres

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(not Path("/proc").exists(), reason="the system does not tell who is whose child"),
]

SECONDS: dict[Effort, float] = {"release": 90, "night": 1200}
"""For how long; each disaster happens once in any case."""

SEED = int(os.environ.get("DRILL_SEED", str(random.randrange(10**6))))
CLIENTS = 64
CALM = 60
"""How many acts of the clients lie between disasters."""

DISK_BYTES, ROOM_BYTES = 8 * 1024**3, 64 * 1024

BACK_SECONDS = 20.0
"""How long it may take until somebody is answered after a disaster is over."""

HOPELESS_SECONDS = 6.0
"""The server ends, for whoever watches over it to start it anew, if a worker dies so soon after it was replaced."""

PUBLIC_URL = "http://bank.example"


class Service:
    """A service at a port of its own."""

    def __init__(self, program: Program, workers: int) -> None:
        self._command = "serve", "--workers", str(workers)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._program = program
        self.replaced_at = 0.0
        self.served: Served

    def kill(self) -> None:
        """End it, if it was ever started."""
        with suppress(AttributeError):
            self.served.kill()

    def start(self) -> None:
        """Start it, and wait until it serves."""
        self.served = Served(self._program.start(*self._command, "--port", str(self.port)))
        self.served.wait()

    @property
    def workers(self) -> list[int]:
        """The processes that serve."""
        return [each for each in children_of(self.served.process.pid) if b"resource_tracker" not in _command(each)]


class Stage:
    """The bank's processes, and what can be done to them."""

    def __init__(self, home: Path, chance: random.Random, pauses: list[int]) -> None:
        self.home, self.chance, self.pauses = home, chance, pauses
        limits = {"rate_per_address": "1000000000", "rate_per_principal": "1000000000", "facts_per_day": "1000000"}
        self.program = Program(home, home=str(home), log_level="warning", public_url=PUBLIC_URL, **limits)
        self.services = [Service(self.program, workers=1), Service(self.program, workers=2)]

    async def begin(self) -> Town:
        """A town, and two processes that serve it."""
        server = EmbeddedPostgres(self.home / "postgres")
        self.url = await asyncio.to_thread(server.acquire)
        try:
            town = await founded(self.url, str(self.home / "keys.json"), CLIENTS, PUBLIC_URL)
            await asyncio.gather(*(asyncio.to_thread(each.start) for each in self.services))
        finally:
            await asyncio.to_thread(server.release)
        return town

    async def end(self) -> None:
        """All stop as they should."""
        codes = await asyncio.gather(*(asyncio.to_thread(each.served.stop) for each in self.services))
        assert codes == [0, 0]
        assert not postgres_pid(self.home)

    @property
    def anyone(self) -> Service:
        """One of the two."""
        return self.chance.choice(self.services)

    async def kill_a_service(self) -> None:
        """Kill -9 of one process with its workers; it is started again."""
        service = self.anyone
        await asyncio.to_thread(service.served.kill)
        await asyncio.to_thread(service.start)

    async def kill_a_worker(self) -> None:
        """Kill -9 of a worker alone, which its parent replaces; if that died at once, it would take it for hopeless."""
        service = self.anyone
        await asyncio.sleep(service.replaced_at + HOPELESS_SECONDS - time.monotonic())
        send(signal.SIGKILL, service.workers)
        service.replaced_at = time.monotonic()

    async def kill_postgresql(self) -> None:
        """Kill -9 of PostgreSQL's first process; a service starts it again."""
        send(signal.SIGKILL, [postgres_pid(self.home)])

    async def kill_a_backend(self) -> None:
        """Kill -9 of the process behind one connection, for which PostgreSQL ends all others."""
        backends = [each for each in children_of(postgres_pid(self.home)) if b"timebank" in _command(each)]
        send(signal.SIGKILL, [self.chance.choice(backends)] if backends else [])

    async def stop_a_worker(self) -> None:
        """A worker stands still for a while, in whatever it was doing."""
        await self._stand_still(self.anyone.workers)

    async def stop_postgresql(self) -> None:
        """PostgreSQL stands still for a while, all of it."""
        await self._stand_still(family_of(postgres_pid(self.home)))

    async def _stand_still(self, pids: list[int]) -> None:
        send(signal.SIGSTOP, pids)
        try:
            await asyncio.sleep(self.chance.choice(self.pauses))
        finally:
            send(signal.SIGCONT, pids)

    async def fill_the_disk(self) -> None:
        """Nothing more fits on the disk for a while, where it is one of our own."""
        if os.path.ismount(self.home):
            while not resize(self.home, shutil.disk_usage(self.home).used + ROOM_BYTES):
                pass  # it grew meanwhile
            try:
                await asyncio.sleep(3)
                await until(self.a_full_disk_is_told)
            finally:
                assert resize(self.home, DISK_BYTES)

    async def a_full_disk_is_told(self) -> bool:
        """Whether one of them says what it could not record, and why; another may just have been started."""
        async with httpx.AsyncClient() as http:
            answers = [http.get(f"{each.url}/health/ready") for each in self.services]
            told = await asyncio.gather(*answers, return_exceptions=True)
        return any("no room left" in each.text for each in told if isinstance(each, httpx.Response))

    @property
    def disasters(self) -> list[Callable[[], Awaitable[None]]]:
        """All that can be done to them, in any order."""
        every = [
            self.kill_a_service,
            self.kill_a_worker,
            self.kill_postgresql,
            self.kill_a_backend,
            self.stop_a_worker,
            self.stop_postgresql,
            self.fill_the_disk,
        ]
        return self.chance.sample(every, len(every))


def resize(folder: Path, size: int) -> bool:
    """Set the size of the disk in memory that is mounted there; False if more is used already."""
    resizing = ["mount", "-o", f"remount,size={size}", str(folder)]
    return subprocess.run(resizing, capture_output=True, check=False).returncode == 0


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for embedded data on a disk of its own, where one can be made: it takes a right that few have."""
    with watched_folder() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
        is_own = shutil.which("mount") and subprocess.run(mount, capture_output=True, check=False).returncode == 0
        try:
            yield folder
        finally:
            if is_own:
                subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.release
async def test_whatever_happens(home: Path, effort: Effort) -> None:
    """Whatever is killed, stopped or full: nothing acknowledged is lost or done twice, and no balance differs."""
    may_take(SECONDS[effort])
    chance = random.Random(SEED)
    stage = Stage(home, chance, pauses=[3, 3, 12])
    town = await stage.begin()
    clients = Clients(town, [each.url for each in stage.services], chance)
    try:
        async with clients.acting():
            until = time.monotonic() + SECONDS[effort]
            await clients.go_on(CALM)
            while True:
                for disaster in stage.disasters:
                    await disaster()
                    back = await clients.go_on(CALM)
                    print(f"{disaster.__name__}: answered after {back:.2f} s")
                    assert back < BACK_SECONDS
                if time.monotonic() > until:
                    break
        print(f"seed {SEED}: {clients.acknowledged} acknowledged, statuses {dict(clients.statuses)}")
        print(f"the slowest took {clients.slowest:.1f} s")
        await is_right(stage, clients)
        await stage.end()
    finally:
        for each in stage.services:
            each.kill()


async def is_right(stage: Stage, clients: Clients) -> None:
    """The model, the log, the read models and the service say the same."""
    connection = await asyncpg.connect(stage.url)
    try:
        await clients.must_be_right(connection)
    finally:
        await connection.close()
    told = (await stage.program.arun("verify")).out
    assert "log: sound" in told
    assert "DIFFERS" not in told

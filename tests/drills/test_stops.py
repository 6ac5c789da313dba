"""Drills: whatever is told to stop is gone within ten seconds, and everything it has started with it."""

import functools
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.cli.program import PASSWORD, Program, Served, enter
from tests.helpers.effort import Effort, more
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, eventually, may_take
from tests.helpers.processes import children_of, is_there, send
from tests.helpers.watchdog import processes
from timebank.runtime.embedded import EmbeddedPostgres
from timebank.runtime.stopping import WORKERS_SECONDS

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(not Path("/proc").exists(), reason="the system does not tell what began with which environment"),
]

STOPS: dict[Effort, int] = {"quick": 1, "release": 1, "night": 200}
GONE_SECONDS: dict[Effort, float] = {"quick": PATIENCE_SECONDS, "release": PATIENCE_SECONDS, "night": 10.0}
"""How long it may take; where tests run beside each other, only what hangs is found."""

CLIENTS = 8
TERM, KILL = signal.SIGTERM, signal.SIGKILL


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for embedded data, with a bank in it."""
    with watched_folder() as folder:
        yield folder


@pytest.fixture
def stops(effort: Effort) -> int:
    """How often."""
    may_take(30 * STOPS[effort])
    return STOPS[effort]


@pytest.fixture
def seconds(effort: Effort) -> float:
    """How long it may take."""
    return GONE_SECONDS[effort]


def program_at(home: Path) -> Program:
    """The program on an embedded database."""
    return Program(home, home=str(home), log_level="warning", public_url="http://bank.example")


@pytest.fixture
def program(home: Path) -> Program:
    """The program on an embedded database of the test's own."""
    return program_at(home)


@pytest.fixture(scope="module")
def started_before() -> Iterator[Program]:
    """The program on an embedded database that is made once, for all who only tell it to stop."""
    with watched_folder() as folder:
        yield program_at(folder)


def left_of(program: Program) -> list[str]:
    """What still runs of all that was started with the folder, PostgreSQL included."""
    mark = f"TIMEBANK_HOME={program.folder}"
    return [command for _, command, environment in processes() if mark in (environment or "").split(" ")]


def told(served: Served, number: signal.Signals = TERM) -> None:
    """Tell the parent."""
    served.process.send_signal(number)


def tell_group(served: Served) -> None:
    """Tell everybody at once, as a supervisor does."""
    os.killpg(served.process.pid, TERM)


def interrupt_group(served: Served) -> None:
    """As a terminal does for Ctrl-C."""
    os.killpg(served.process.pid, signal.SIGINT)


def tell_again_and_again(served: Served) -> None:
    """Whoever is impatient."""
    for _ in range(200):
        with suppress(ProcessLookupError):
            os.killpg(served.process.pid, TERM)
        time.sleep(0.001)


def kill_worker_first(served: Served) -> None:
    """The worker has just been killed, and its successor may be there, or not yet."""
    send(KILL, children_of(served.process.pid))
    time.sleep(random.random())
    told(served)


def tell_worker_first(served: Served) -> None:
    """A worker that is told goes, and is replaced; then the parent is told."""
    workers = children_of(served.process.pid)
    send(TERM, workers)
    assert eventually(lambda: not any(map(is_there, workers)))
    assert eventually(lambda: answers(served.url))
    told(served)


def answers(url: str) -> bool:
    """Whether somebody serves."""
    with suppress(httpx.TransportError):
        return httpx.get(f"{url}/health/live", timeout=PATIENCE_SECONDS).is_success
    return False


Way = Callable[[Served], None]
EVERY_DAY: list[Way] = [tell_group]
OTHERS: list[Way] = [told, interrupt_group, tell_again_and_again, kill_worker_first, tell_worker_first]


def must_be_gone(program: Program, served: Served, begun: float, seconds: float) -> float:
    """Nothing is left, and it did not take long; says how long."""
    served.process.wait(seconds)
    took = time.monotonic() - begun
    assert left_of(program) == []
    assert took < seconds
    print(f"gone after {took:.2f} s, {served.process.returncode}")
    return took


@pytest.mark.parametrize("way", [*EVERY_DAY, *more(*OTHERS)])
def test_a_service_is_told_to_stop(started_before: Program, way: Way, stops: int, seconds: float) -> None:
    """However a service is told, it ends well, its workers and its PostgreSQL too, and none is waited for in vain."""
    program = started_before
    for _ in range(stops):
        served = program.serve()
        try:
            way(served)
            begun = time.monotonic()
            took = must_be_gone(program, served, begun, seconds)
            waited = took > WORKERS_SECONDS and "refused to gracefully stop" in "".join(served.out + served.err)
            assert (served.process.returncode, waited) == (0, False)
        finally:
            served.kill()


@pytest.mark.release
@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("verify",)], ids=["serve", "verify"])
def test_a_service_is_told_to_stop_while_it_starts(
    program: Program, command: tuple[str, ...], stops: int, seconds: float
) -> None:
    """At whatever moment of its start the program is told, it ends, and PostgreSQL with it."""
    for n in range(max(stops, 6)):
        served = Served(program.start(*command))
        try:
            time.sleep(0.3 + n * 0.3 if n < 6 else random.random() * 3)
            begun = time.monotonic()
            with suppress(ProcessLookupError):
                os.killpg(served.process.pid, random.choice([TERM, signal.SIGINT]))
            must_be_gone(program, served, begun, seconds)
        finally:
            served.kill()


@pytest.mark.parametrize("later", [0.0, *more(0.3, 1.0, 2.5)])
def test_a_service_whose_parent_is_killed_is_gone(started_before: Program, later: float, seconds: float) -> None:
    """At whatever moment after its worker began: the worker lets go of the port, and PostgreSQL is stopped."""
    served = Served(started_before.start("serve", "--port", "0", "--workers", "2"))
    try:
        assert eventually(lambda: children_of(served.process.pid))
        time.sleep(later)
        served.process.kill()
        served.process.wait()
        begun = time.monotonic()
        assert eventually(lambda: left_of(started_before) == [])
        assert time.monotonic() - begun < seconds
    finally:
        served.kill()


class Load:
    """Clients who register volunteers until nobody answers."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self.headers = url, headers
        self.acknowledged: list[str] = []
        self.statuses: set[int] = set()

    def _client(self) -> None:
        http = httpx.Client(base_url=self.url, headers=self.headers, timeout=PATIENCE_SECONDS)
        with http, suppress(httpx.TransportError):
            while (answer := http.post("/v1/volunteers", json={"name": "某某"})).status_code == 201:
                self.acknowledged.append(answer.json()["volunteer_id"])
            self.statuses.add(answer.status_code)

    def is_on(self, acknowledged: int) -> bool:
        """Whether so many were acknowledged."""
        return len(self.acknowledged) > acknowledged

    @contextmanager
    def running(self) -> Iterator[None]:
        """The load, until nobody answers."""
        clients = [threading.Thread(target=self._client) for _ in range(CLIENTS)]
        for each in clients:
            each.start()
        yield
        for each in clients:
            each.join()


async def registered(home: Path) -> set[str]:
    """Who is in the log."""
    with EmbeddedPostgres(home / "postgres").running() as url:
        connection = await asyncpg.connect(url)
        rows = await connection.fetch("select data ->> 'volunteer_id' as id from history")
        await connection.close()
    return {row["id"] for row in rows}


def signed_in(url: str, bank: dict[str, str]) -> dict[str, str]:
    """The headers of the administrator's requests."""
    answer = httpx.post(f"{url}/v1/sessions", json={"login": bank["number"], "password": PASSWORD}, timeout=60)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"} if answer.is_success else enter(url, bank)


@pytest.mark.release
async def test_a_service_is_told_to_stop_under_load(program: Program, home: Path, stops: int, seconds: float) -> None:
    """Told in the middle of its work it ends as soon, and what it has acknowledged is there."""
    bank = program.run("init", "演习", "--json").json
    acknowledged: set[str] = set()
    for _ in range(stops):
        served = program.serve()
        load = Load(served.url, signed_in(served.url, bank))
        try:
            with load.running():
                assert eventually(functools.partial(load.is_on, 20))
                begun = time.monotonic()
                random.choice([told, tell_group])(served)
                must_be_gone(program, served, begun, seconds)
            acknowledged |= set(load.acknowledged)
            assert load.statuses <= {503}
        finally:
            served.kill()
    assert acknowledged <= await registered(home)

import subprocess
import sys

import pytest

from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, eventually
from timebank.runtime.embedded import EmbeddedPostgres
from timebank.runtime.stopping import Wake

pytestmark = pytest.mark.drill

HAMMER = """
import signal, threading, time
from {module} import {name} as Wake
wake = Wake()
signal.signal(signal.SIGALRM, lambda *_: wake.set())
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
def knock():
    while True:
        wake.set()
        time.sleep(0.00002)
threading.Thread(target=knock, daemon=True).start()
until = time.monotonic() + 2
while time.monotonic() < until:
    wake.wait()
    wake.clear()
signal.setitimer(signal.ITIMER_REAL, 0)
print("went on")
"""


def went_on(script: str, module: str, name: str) -> bool:
    """Whether a script is still going after all that it does to what it is about."""
    script = script.format(module=module, name=name)
    try:
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=8, check=False)
    except subprocess.TimeoutExpired:
        return False
    return "went on" in ran.stdout


class TestWake:
    """What the server's parent process waits for."""

    def test_a_signal_handler_never_hangs_in_it(self) -> None:
        """However signals and threads meet, whoever waits is woken, again and again."""
        assert went_on(HAMMER, "timebank.runtime.stopping", "Wake")

    def test_what_was_set_before_is_not_lost(self) -> None:
        """Set and cleared before anybody waits, it still wakes whoever waits next."""
        wake = Wake()
        wake.set()
        wake.clear()
        assert wake.wait(1)
        assert not wake.wait(0.01)

    def test_set_as_often_as_one_likes(self) -> None:
        """A pipe that is full wakes as well as another, and nobody waits to fill it."""
        wake = Wake()
        for _ in range(200_000):
            wake.set()
        assert wake.wait(1)


TOLD = """
import asyncio, os, signal
from {module} import {name} as signals_of
async def main():
    signals_of(asyncio.get_running_loop())
    for number in (signal.SIGINT, signal.SIGTERM) * 3:
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.01)
    print("went on")
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [("timebank.runtime.stopping", "heed_once", True), ("granian._signals", "set_loop_signals", False)],
)
def test_a_worker_is_told_as_often_as_one_likes(module: str, name: str, expected: bool) -> None:
    """It heeds the first signal, and none keeps it from ending; of granian itself a third does, or else ours can go."""
    assert went_on(TOLD, module, name) == expected


HANGS = """
import sys, time
from timebank.cli.serve import held_database
from timebank.runtime import stopping
from timebank.runtime.settings import from_environ
async def prepare(url):
    pass
stopping.LAST_RESORT_SECONDS = 1
with held_database(from_environ({"TIMEBANK_HOME": sys.argv[1]}), prepare):
    server = stopping.StoppableServer("")
    server.signal_handler_interrupt()
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no embedded server on Windows")
def test_the_last_resort_leaves_no_database_running() -> None:
    """Where nothing else ends a service, and it ends itself by force, its PostgreSQL has been told to stop."""
    with watched_folder() as home:
        hanging = subprocess.run(
            [sys.executable, "-c", HANGS, str(home)], capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )
        assert hanging.returncode == 1, hanging.stderr
        assert eventually(lambda: not list(home.glob("*/data/postmaster.pid")))
        assert list(home.glob("*/data/PG_VERSION"))


def test_whoever_leaves_at_once_stops_nobody_elses_database() -> None:
    """A server that others use, or are about to, goes on; the last one who leaves at once has it stopped."""
    with watched_folder() as folder:
        one, other = EmbeddedPostgres(folder), EmbeddedPostgres(folder)
        one.acquire()
        other.acquire()
        one.leave_at_once()
        assert other._answers()
        with one._gate():  # somebody is about to join
            other.leave_at_once()
            assert not other._is_told_to_stop()
            assert other._answers()
        other.leave_at_once()
        assert eventually(lambda: not (folder / "data" / "postmaster.pid").exists())

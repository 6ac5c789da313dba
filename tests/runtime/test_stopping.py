import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cli.program import Program
from timebank.runtime.stopping import Wake

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


def went_on(module: str, name: str) -> bool:
    """Whether a loop that a thread and a signal handler wake all the time is still going after two seconds."""
    script = HAMMER.format(module=module, name=name)
    try:
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=8, check=False)
    except subprocess.TimeoutExpired:
        return False
    return "went on" in ran.stdout


class TestWake:
    """What the server's parent process waits for."""

    def test_a_signal_handler_never_hangs_in_it(self) -> None:
        """However signals and threads meet, whoever waits is woken, again and again."""
        assert went_on("timebank.runtime.stopping", "Wake")

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


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_there(pid: int) -> bool:
    """Whether a process exists, and is no corpse."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("told", ["parent", "group", "worker killed, then parent", "again and again"])
def test_whoever_is_told_to_stop_is_gone(url: str, tmp_path: Path, told: str) -> None:
    """Parent and workers end within ten seconds, whoever is told, and none is left."""
    served = Program(tmp_path, database_url=url, log_level="warning").serve()
    pid = served.process.pid
    family = [pid, *children_of(pid)]
    started = time.monotonic()
    if told == "group":
        os.killpg(pid, signal.SIGTERM)
    elif told == "again and again":
        knocking = threading.Thread(target=lambda: [_tell(pid) for _ in range(200)])
        knocking.start()
        knocking.join()
    else:
        if told != "parent":
            os.kill(family[-1], signal.SIGKILL)
        os.kill(pid, signal.SIGTERM)
    served.process.wait(10)
    assert time.monotonic() - started < 10
    assert not [each for each in family if is_there(each)]


def _tell(pid: int) -> None:
    if is_there(pid):
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.001)

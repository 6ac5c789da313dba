"""Drills: the tests themselves are killed in the middle. Nothing that they started runs on, or leaves its folder."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.effort import effort_of
from tests.helpers.patience import eventually
from tests.helpers.watchdog import processes

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif("TIMEBANK_TEST_DATABASE_URL" in os.environ, reason="there is no server of our own"),
    pytest.mark.skipif(not Path("/proc").exists(), reason="the system does not tell what began with which environment"),
]

TOP = Path(__file__).parents[2]

KILLED: dict[str, Callable[[int], None]] = {
    "kill -9 of the process": lambda pid: os.kill(pid, signal.SIGKILL),
    "kill -9 of its group": lambda pid: os.killpg(pid, signal.SIGKILL),
    "SIGTERM": lambda pid: os.kill(pid, signal.SIGTERM),
    "Ctrl-C": lambda pid: os.killpg(pid, signal.SIGINT),
}


def stuck(told: Path, workers: int) -> "subprocess.Popen[bytes]":
    """Tests that are in the middle of something, in a group of their own; where they are is told."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", str(workers), "tests/drills/stuck.py"]
    tests = subprocess.Popen(
        command, cwd=TOP, env=os.environ | {"TELL": str(told)}, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        assert eventually(lambda: told.exists() or tests.poll() is not None)
        assert tests.poll() is None
    except BaseException:
        tests.kill()
        tests.wait()
        raise
    return tests


def running_on(folders: list[str]) -> list[str]:
    """The command lines that name one of the folders."""
    return [command for _, command, _ in processes() if any(folder in command for folder in folders)]


def started_by(told: Path) -> list[str]:
    """The command lines of all that these tests, and no others, have started."""
    return [command for _, command, environment in processes() if f"TELL={told}" in (environment or "")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """By kill -9; at night each way, and without workers."""
    some = [("kill -9 of the process", 1)]
    every = [*((how, 1) for how in KILLED), ("kill -9 of the process", 0)]
    metafunc.parametrize(("how", "workers"), every if effort_of(metafunc.config) == "night" else some)


@pytest.mark.release
def test_killed_tests_leave_nothing(tmp_path: Path, how: str, workers: int) -> None:
    """However tests are killed, their servers, services and workers end within seconds, and their folders go."""
    told = tmp_path / "told.json"
    tests = stuck(told, workers)
    folders = json.loads(told.read_text())
    assert len(running_on(folders)) >= 2, "two servers of PostgreSQL"
    KILLED[how](tests.pid)
    killed = time.monotonic()
    assert eventually(lambda: not (running_on(folders) or started_by(told))), started_by(told)
    assert eventually(lambda: not any(map(os.path.exists, folders)))
    print(f"over after {time.monotonic() - killed:.1f} s")
    tests.wait()

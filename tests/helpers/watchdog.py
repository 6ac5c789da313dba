"""A small process that outlives the tests, and ends what they started when they were killed before they could.

It holds one end of a pipe. The kernel closes the other end with whoever holds it, however that one ends; then all that
was started since is ended. It is known by a mark in the environment it began with; where the system does not tell that,
by a folder of the tests' in its command line.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

MARK = "WATCHED_BY"
SWEEP_SECONDS = 20.0
QUIET_SECONDS = 0.3


class Watchdog:
    """Our end of the pipe."""

    def __init__(self) -> None:
        mark = uuid4().hex
        # Tests that run tests are watched twice: whoever dies first, everything below is ended.
        os.environ[MARK] = f"{os.environ.get(MARK, '')} {mark}".strip()
        # In a session of its own it does not die with us, neither by a signal to our group nor by Ctrl-C.
        self._process = subprocess.Popen(
            [sys.executable, "-S", __file__, mark],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def watch(self, folder: Path) -> None:
        """Remove this folder in the end, and whatever runs on it."""
        assert self._process.stdin
        self._process.stdin.write(f"{folder}\n".encode())
        self._process.stdin.flush()

    def close(self) -> None:
        """Let it sweep now, and wait for it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


_watchdogs: list[Watchdog] = []


def start() -> None:
    """Have everything watched that this process starts from now on."""
    _watchdogs.append(Watchdog())


def stop() -> None:
    """Nothing more is started."""
    _watchdogs.pop().close()


def watch(folder: Path) -> None:
    """Have a folder removed in the end, however that comes."""
    for watchdog in _watchdogs:
        watchdog.watch(folder)


# What follows is the other process, which imports nothing of ours.


def main(mark: str) -> None:
    """Wait for the end of the tests, and sweep."""
    folders = [line.decode().strip() for line in sys.stdin.buffer]
    deadline, quiet_since = time.monotonic() + SWEEP_SECONDS, time.monotonic()
    # What is being ended may start something still: it is over when nothing was found for a while.
    while time.monotonic() < deadline and time.monotonic() - quiet_since < QUIET_SECONDS:
        found = leftovers(mark, folders)
        for pid, command in found:
            end(pid, command, is_late=time.monotonic() > deadline - SWEEP_SECONDS / 2)
        quiet_since = time.monotonic() if found else quiet_since
        time.sleep(0.05)
    for folder in folders:
        if os.path.ismount(folder):  # a disk in memory, for tests that fill it
            subprocess.run(["umount", "--lazy", folder], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def end(pid: int, command: str, *, is_late: bool) -> None:
    """End a process at once: PostgreSQL by the signal on which it ends its children, too, and frees what it shares."""
    is_postgres = re.match(r"\S*postgres\b", command) is not None
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGQUIT if is_postgres and not is_late else signal.SIGKILL)


def leftovers(mark: str, folders: list[str]) -> list[tuple[int, str]]:
    """Processes that were started by the tests, watchdogs aside: those have to sweep themselves."""
    found = []
    for pid, command, environment in processes():
        is_on_ours = environment is None and any(f"{folder}/" in command for folder in folders)
        is_watchdog = Path(__file__).name in command
        if (mark in (environment or "") or is_on_ours) and not is_watchdog:
            found.append((pid, command))
    return found


def processes() -> Iterator[tuple[int, str, str | None]]:
    """All processes that run: number, command line and, where the system tells, the environment they began with."""
    if not Path("/proc/self/environ").exists():
        listed = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=False)
        for line in listed.stdout.splitlines():
            pid, _, command = line.strip().partition(" ")
            yield int(pid), command, None
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            yield int(folder.name), _read(folder / "cmdline"), _read(folder / "environ")


def _read(file: Path) -> str:
    try:
        return os.fsdecode(file.read_bytes().replace(b"\0", b" "))
    except OSError:
        return ""


if __name__ == "__main__":
    main(sys.argv[1])

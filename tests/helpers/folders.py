"""Folders of the tests: in memory, where there is room, and removed in the end."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.helpers.watchdog import watch

IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 4_000_000_000
"""Four times what a whole run takes, with three servers and their databases."""


@contextmanager
def watched_folder() -> Iterator[Path]:
    """An empty folder, removed however the end comes. Its path is short, because those of sockets are limited."""
    folder = Path(tempfile.mkdtemp(prefix="tb-", dir=_place()))
    watch(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _place() -> str:
    """The folder to make folders in.

    A file system that keeps files for good looks long for room for a new one where many have just been removed, as
    with each database that is dropped: a third of what servers did in a run of the tests.
    """
    return str(IN_MEMORY) if _is_roomy(IN_MEMORY) else "/tmp"


def _is_roomy(folder: Path) -> bool:
    """Whether there is memory to spare, and programs may be run from there."""
    if not os.access(folder, os.W_OK):
        return False
    about = os.statvfs(folder)
    return min(about.f_bavail * about.f_frsize, _free_memory()) > ROOM_BYTES and not about.f_flag & os.ST_NOEXEC


def _free_memory() -> int:
    """The bytes of memory that the system can give, as Linux tells them."""
    said = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(said["MemAvailable"].split()[0]) * 1024

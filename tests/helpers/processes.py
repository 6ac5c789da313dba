"""Processes of the system, as /proc tells of them."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def family_of(pid: int) -> list[int]:
    """A process, and all that it has started."""
    return [pid, *(each for child in children_of(pid) for each in family_of(child))]


def is_there(pid: int) -> bool:
    """Whether a process exists, and is no corpse."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    """Signal all of them that are there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

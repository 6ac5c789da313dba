"""Where the time of a server process goes: looks at the main thread's stack every millisecond, from a signal.

A look is weighted with the CPU time the thread used since the last one, so that waiting counts for nothing.
"""

import resource
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from types import FrameType
from typing import Any

from timebank.ledger.decisions.deciding import Knowledge
from timebank.ledger.writer import Writer

EVERY_SECONDS = 0.001

PARTS = (
    ("timebank/access/", "authentication"),
    ("timebank/api/http/guard", "authentication"),
    ("timebank/api/http/perimeter", "request log"),
    ("timebank/runtime/logs", "request log"),
    ("structlog/", "request log"),
    ("timebank/ledger/codec", "encoding and leaf"),
    ("timebank/ledger/store", "encoding and leaf"),
    ("timebank/domain/", "deciding"),
    ("timebank/ledger/", "deciding"),
    ("eventsourcing/", "deciding"),
    ("asyncpg/", "PostgreSQL driver"),
    ("timebank/api/", "HTTP, routing, validation"),
    ("litestar/", "HTTP, routing, validation"),
    ("granian/asgi", "HTTP, routing, validation"),
    ("granian/_futures", "HTTP, routing, validation"),
)
PROJECTIONS = "timebank/projections/"
OTHERWISE = "event loop, sockets"


def part_of(frame: FrameType | None) -> str:
    """Whose work it is: projections if they are anywhere on the stack, else whoever is innermost."""
    innermost = ""
    while frame is not None:
        file = frame.f_code.co_filename
        if PROJECTIONS in file:
            return "projections"
        innermost = innermost or next((name for part, name in PARTS if part in file), "")
        frame = frame.f_back
    return innermost or OTHERWISE


class Sampler:
    """Samples the process it is in, once it is asked for the first time."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._is_on = False

    def take(self) -> dict[str, float]:
        """CPU seconds by part and in all, and the writer's waiting, since the last time."""
        if not self._is_on:
            self._start()
        taken = dict(self._spent)
        self._spent.clear()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._spent["process"] = -(usage.ru_utime + usage.ru_stime)
        taken["process"] = taken.get("process", 0.0) + usage.ru_utime + usage.ru_stime
        return taken

    def _start(self) -> None:
        self._is_on = True
        self._last = time.thread_time()
        self._time(Knowledge, "decide")
        self._time(Writer, "_commit")
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, EVERY_SECONDS, EVERY_SECONDS)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        self._spent[part_of(frame)] += now - self._last
        self._last = time.thread_time()

    def _time(self, kind: type, name: str) -> None:
        """Measure how long a method takes, and how often it is called: how the writer decides and commits a batch."""
        original: Callable[..., Any] = getattr(kind, name)

        async def timed(*args: Any) -> Any:
            started = time.perf_counter()
            try:
                return await original(*args)
            finally:
                self._spent[f"seconds of {name}"] += time.perf_counter() - started
                self._spent[f"times {name}"] += 1

        setattr(kind, name, timed)

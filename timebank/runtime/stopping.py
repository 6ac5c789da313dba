"""Stopping the server, for certain: what wakes its parent process, and what ends it if nothing else does.

granian's parent waits for a `threading.Event`, which its signal handler sets. If the signal comes while the main thread
holds that event's lock, as when a worker has just ended, the handler waits for a lock that only the code it interrupted
could release, and the process stays for ever (decision 12). Here the handler writes a byte to a pipe and needs no lock.

A worker is a copy of its parent, signal handlers included, until it serves. Told to stop before, it ends at once.
Once it serves granian's handler puts each signal into a channel that has room for one, of which one is taken out: told
three times, as by a terminal and by its parent, it would wait for ever. Here a worker heeds the first signal only.
"""

import asyncio
import contextlib
import math
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

from granian import _signals
from granian._granian import WorkerSignal
from granian.server.mp import MPServer

from timebank.runtime.embedded import leave_at_once

STOPS = signal.SIGTERM, signal.SIGINT
"""What tells a process to stop."""

WORKERS_SECONDS = 6
"""How long workers may take to answer what they have begun; then they are killed."""

LAST_RESORT_SECONDS = 9
"""After this long everything is over, whatever it was waiting for."""


class Wake(threading.Event):
    """What a loop waits for, and any thread or signal handler sets: a byte in a pipe.

    Has what granian uses of `threading.Event`, and no lock. What was set while nobody waited ends the next wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self._out, self._in = os.pipe()
        for end in (self._out, self._in):
            os.set_blocking(end, False)

    def set(self) -> None:
        """Wake whoever waits, or will. Takes no lock; a full pipe wakes just as well."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._in, b"!")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, and take that back; false if that takes longer than `timeout` seconds."""
        ready, _, _ = select.select([self._out], [], [], timeout)
        with contextlib.suppress(BlockingIOError):
            os.read(self._out, 4096)
        return bool(ready)

    def clear(self) -> None:
        """Do nothing: `wait` has read the bytes that it saw, and one that came since must not be lost."""


class StoppableServer(MPServer):
    """The server, whose parent process stops whenever it is told to."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.main_loop_interrupt = Wake()
        self._parent = os.getpid()

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Begin to stop, and count down to the last resort; repeating the signal does not put it off.

        A worker that does not serve yet has inherited this handler, and has nothing to end with care.
        """
        if os.getpid() != self._parent:
            if os.getppid() != self._parent:  # that was killed: nobody else stops what it used
                leave_at_once()
            os._exit(0)
        if not self.interrupt_signal:
            signal.signal(signal.SIGALRM, self._end)
            signal.alarm(LAST_RESORT_SECONDS)
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]  # the library has no types here

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop the workers. Raises `SystemExit` if that was not asked for, as when workers end as soon as they begin.

        To granian it is a failure as well if a worker ended by itself just before, or was told as its parent was.
        Who repeats a signal from now on does not end the program before it has ended by itself.
        """
        try:
            super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # nor here
        except SystemExit:
            if exit_code or not self.interrupt_signal:
                raise
        finally:
            _heed_no_more()

    def _end(self, *_: Any) -> None:
        """End it all: the workers, the embedded PostgreSQL that nobody else uses, and this process."""
        for end in (*(worker.kill for worker in self.wrks), leave_at_once):
            with contextlib.suppress(Exception):
                end()
        os._exit(1)


WATCH_PARENT_SECONDS = 0.5

GIVEN_UP_SECONDS = 1.0
"""So long is waited for what others still send, once this process is told to stop: so it ends as it should, in time."""


class _Patience:
    """What this process waits for of whoever sends slowly."""

    def __init__(self) -> None:
        self._waits: set[asyncio.Timeout] = set()
        self._until = math.inf

    @contextlib.asynccontextmanager
    async def until(self, deadline: float) -> AsyncIterator[None]:
        """Wait no longer than to a time of the loop, or than a stop allows. Raises `TimeoutError`."""
        async with asyncio.timeout_at(min(deadline, self._until)) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    def ends(self, at: float) -> None:
        """Wait for nothing beyond a time of the loop."""
        self._until = at
        for each in list(self._waits):
            with contextlib.suppress(RuntimeError):  # it is over just now
                each.reschedule(min(at, each.when() or at))


PATIENCE = _Patience()


def stop_with_parent() -> None:
    """Have this process told to stop as soon as whoever started it is gone, and so let go of the port.

    From now on, whatever it is doing, and also where its parent is gone already.
    """
    started_by = multiprocessing.parent_process()
    parent = started_by.pid if started_by else os.getppid()
    threading.Thread(target=_stop_without, args=(parent,), daemon=True).start()


def _stop_without(parent: int | None) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def workers_heed_once() -> None:
    """Have this process, which is to be a worker of granian's, heed the first signal only, however it was started."""
    _signals.set_loop_signals = heed_once


def heed_once(loop: asyncio.AbstractEventLoop) -> Any:
    """What tells a worker of granian's to stop, set by the first signal that comes to its loop."""
    told = WorkerSignal()
    is_told = False

    def stop() -> None:
        nonlocal is_told
        if not is_told:
            is_told = True
            told.set()
            PATIENCE.ends(loop.time() + GIVEN_UP_SECONDS)

    for each in STOPS:
        loop.add_signal_handler(each, stop)
    return told


def stop_when_told() -> None:
    """Let a signal end the program in such a way that what it started is stopped; the server has a way of its own.

    Repeating it does not interrupt that: who cannot wait has SIGKILL.
    """

    def stop(number: int, _: object) -> None:
        _heed_no_more()
        sys.exit(128 + number)

    for each in STOPS:
        signal.signal(each, stop)


def _heed_no_more() -> None:
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)

"""Background tasks: how they are kept going, and how they are ended."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any

import structlog

AGAIN_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 10.0
"""A task that has run for so long since it was started again is well."""

log = structlog.get_logger(__name__)


class Background:
    """Tasks that are to run as long as the service does: one that fails is logged, named, and started again."""

    def __init__(self) -> None:
        self._failed: dict[str, tuple[str, float | None]] = {}

    def down(self) -> dict[str, str]:
        """The tasks that have failed, and are not running again for some seconds yet; with what they failed with."""
        now = time.monotonic()
        return {
            name: error
            for name, (error, since) in self._failed.items()
            if since is None or now - since < STEADY_SECONDS
        }

    async def keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run something, again after a pause whenever it fails or ends, until cancelled."""
        pause = AGAIN_SECONDS
        while True:
            begun = time.monotonic()
            error: Exception | None = None
            try:
                await run()
            except Exception as failure:
                error = failure
            if time.monotonic() - begun > STEADY_SECONDS:
                pause = AGAIN_SECONDS
            log.error("a background task is down; it is started again", task=name, seconds=pause, exc_info=error)
            self._failed[name] = type(error).__name__ if error else "ended", None
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._failed[name] = self._failed[name][0], time.monotonic()


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> list[Exception]:
    """Cancel tasks until all are over, and give what they failed with.

    Once is not enough: in Python 3.11 a cancellation can get lost in what a task is waiting for at that very moment.
    """
    all_of_them = list(tasks)
    pending = set(all_of_them)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
    failures = [task.exception() for task in all_of_them if not task.cancelled()]
    return [failure for failure in failures if isinstance(failure, Exception)]


@contextlib.asynccontextmanager
async def in_background(coroutines: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Tasks that run as long as the block does; one that fails is logged at once."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    for task in tasks:
        task.add_done_callback(_tell_failure)
    try:
        yield
    finally:
        await end(tasks)


def _tell_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (failure := task.exception()):
        log.error("a background task failed", exc_info=failure)

"""Background tasks, and how they are ended."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 1.0


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

"""Waiting in tests: patiently, for the machine may be busy with something else, and looking often: mostly it is not."""

import asyncio
import faulthandler
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_SECONDS = 120.0
"""How long anything may take that is sure to happen. Only what hangs takes so long."""

SOON_SECONDS = 20.0
"""How long what is told at once may take to be heard: less than the half minute after which everybody looks anyway."""

LOOK_SECONDS = 0.02


def may_take(seconds: float) -> None:
    """Let this test go on for so much longer than others before it is taken for one that hangs, and ended."""
    faulthandler.dump_traceback_later(PATIENCE_SECONDS + seconds, exit=True, file=sys.__stderr__)


def eventually(is_so: Callable[[], Any]) -> bool:
    """Whether something becomes true, asked until it first is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


async def until(is_so: Callable[[], Awaitable[Any]]) -> None:
    """Wait until something becomes true; raises `TimeoutError` if it never does."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_so():
            await asyncio.sleep(LOOK_SECONDS)

"""Whose turn it is, where work is costly: one thing at a time for each person, and those first who have used least.

So whoever keeps such work busy stands behind everybody who does not, and somebody who comes now and then waits for what
is being done, never for what others have queued.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple, ParamSpec, TypeVar

from anyio import CancelScope

from timebank.identity.limits.throttle import TooManyRequestsError

HALF_LIFE_SECONDS = 60.0
"""What somebody has used counts half after this time."""

WAITING_OF_ONE = 4
RETRY_SECONDS = 10.0
REMEMBERED = 1_000

P = ParamSpec("P")
T = TypeVar("T")


async def beside(work: Callable[P, T], *given: P.args, **said: P.kwargs) -> T:
    """What comes of work in a thread, beside the loop that serves others.

    It works on whatever becomes of whoever asked for it: they keep their turn until it is done, and close then what it
    works with.
    """
    working, given_up = asyncio.ensure_future(asyncio.to_thread(work, *given, **said)), None
    with CancelScope(shield=True):  # what is served while it is read is cancelled over and over, until it ends
        while not working.done():
            try:
                await asyncio.wait({working})
            except asyncio.CancelledError as error:
                given_up = error
    if given_up:
        working.exception()  # nobody asks for it any more
        raise given_up
    return working.result()


class _Waiting(NamedTuple):
    who: str
    called: asyncio.Future[None]


class Turns:
    """Places for costly work: as many run at once as there are `places`, never two of one person."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._busy: set[str] = set()
        self._waiting: list[_Waiting] = []
        self._used: dict[str, tuple[float, float]] = {}
        self._begun: Counter[str] = Counter()

    @contextmanager
    def begun(self, who: str, most: int = WAITING_OF_ONE) -> Iterator[None]:
        """Something that takes long. Raises `TooManyRequestsError` where so many of one person are not over yet."""
        if self._begun[who] >= most:
            raise TooManyRequestsError(RETRY_SECONDS)
        self._begun[who] += 1
        try:
            yield
        finally:
            self._begun[who] -= 1
            if not self._begun[who]:
                del self._begun[who]

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait for one's turn, and have it. Raises `TooManyRequestsError` for more than a few of one person."""
        if sum(each.who == who for each in self._waiting) >= WAITING_OF_ONE:
            raise TooManyRequestsError(RETRY_SECONDS)
        waiting = _Waiting(who, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._call()
        try:
            await waiting.called
        except asyncio.CancelledError:
            self._gone(waiting)
            raise
        began = time.monotonic()
        try:
            yield
        finally:
            self._note(who, began, time.monotonic())
            self._leave(who)

    def _gone(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        else:
            self._leave(waiting.who)

    def _leave(self, who: str) -> None:
        self._busy.discard(who)
        self._free += 1
        self._call()

    def _call(self) -> None:
        """Call those whose turn it is."""
        while self._free:
            ready = [each for each in self._waiting if each.who not in self._busy and not each.called.done()]
            if not ready:
                return
            now = time.monotonic()
            first = min(ready, key=lambda each: self._used_by(each.who, now))
            self._waiting.remove(first)
            self._busy.add(first.who)
            self._free -= 1
            first.called.set_result(None)

    def _used_by(self, who: str, now: float) -> float:
        """The seconds somebody has used, those from long ago forgotten."""
        seconds, at = self._used.get(who, (0.0, now))
        return seconds * math.exp2((at - now) / HALF_LIFE_SECONDS)

    def _note(self, who: str, began: float, now: float) -> None:
        used = self._used_by(who, now) + now - began
        self._used.pop(who, None)
        self._used[who] = used, now
        while len(self._used) > REMEMBERED:
            del self._used[next(iter(self._used))]

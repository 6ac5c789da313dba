"""Reads of single rows: those that are asked for at the same time are found by one statement."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

AT_ONCE = 2
"""How many statements are under way at the same time; whoever asks meanwhile is found by the next one."""

MOST_KEYS = 500


class Together(Generic[K, V]):
    """Finds what keys lead to. One who asks alone waits for nobody; where many ask, each costs a share of a statement.

    Each statement begins after all its keys were asked for, so what is found is never older than the question.
    """

    def __init__(self, find: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        """`find` says what some keys lead to, with one statement; those that lead to nothing it leaves out."""
        self._find = find
        self._asked: list[tuple[K, asyncio.Future[V | None]]] = []
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def one(self, key: K) -> V | None:
        """What a key leads to; None where it leads to nothing. Raises what the statement raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._asked.append((key, answer))
        if self._busy < AT_ONCE:
            self._busy += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)  # asyncio itself does not hold on to it
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work(self) -> None:
        """Answer until nobody asks. Whoever asks after that finds one fewer busy, at once: nobody is left to wait."""
        try:
            await self._answer_all()
        finally:
            self._busy -= 1

    async def _answer_all(self) -> None:
        while self._asked:
            asked, self._asked = self._asked[:MOST_KEYS], self._asked[MOST_KEYS:]
            try:
                found = await self._find(list(dict.fromkeys(key for key, _ in asked)))
            except BaseException as error:
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
                if not isinstance(error, Exception):
                    raise
            else:
                for key, answer in asked:
                    if not answer.done():
                        answer.set_result(found.get(key))

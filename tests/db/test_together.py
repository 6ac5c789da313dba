"""Reads that are asked for at the same time are found by one statement."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from timebank.db.together import AT_ONCE, Together


class Rows:
    """What is read, slowly; each statement sees what there is when it begins."""

    def __init__(self) -> None:
        self.there = {f"k{n}": n for n in range(100)}
        self.statements: list[list[str]] = []
        self.error: Exception | None = None

    async def begun(self) -> None:
        """Wait until a statement has begun."""
        while not self.statements:
            await asyncio.sleep(0)

    async def find(self, keys: Sequence[str]) -> dict[str, int]:
        """The rows of some keys."""
        self.statements.append(list(keys))
        found = {key: self.there[key] for key in keys if key in self.there}
        await asyncio.sleep(0.01)
        if self.error:
            raise self.error
        return found


async def test_one_alone_is_one_statement() -> None:
    """Who asks alone has a statement of their own; what is not there is None."""
    rows = Rows()
    together = Together(rows.find)
    assert (await together.one("k1"), await together.one("nobody")) == (1, None)
    assert rows.statements == [["k1"], ["nobody"]]


async def test_many_at_once_share_statements() -> None:
    """A hundred who ask at once need a few statements, and each is told their own."""
    rows = Rows()
    together = Together(rows.find)
    told = await asyncio.gather(*(together.one(f"k{n}") for n in range(100)))
    assert told == list(range(100))
    assert len(rows.statements) <= AT_ONCE + 1


async def test_nobody_is_told_what_was_before_they_asked() -> None:
    """Who asks while a statement is under way is found by a later one, with what there is then."""
    rows = Rows()
    together = Together(rows.find)
    early = [asyncio.create_task(together.one("k1")) for _ in range(3)]
    await rows.begun()
    rows.there["k1"] = 77
    assert await together.one("k1") == 77
    assert set(await asyncio.gather(*early)) == {1}


async def test_what_goes_wrong_is_told_to_those_whom_it_concerns() -> None:
    """A statement that fails fails for those who waited for it; who asks later is answered, whoever left before."""
    rows = Rows()
    together = Together(rows.find)
    rows.error = OSError("the database is away")
    waits = [asyncio.create_task(together.one(f"k{n}")) for n in range(3)]
    await rows.begun()
    waits[0].cancel()
    told = await asyncio.gather(*waits, return_exceptions=True)
    assert [type(each) for each in told] == [asyncio.CancelledError, OSError, OSError]
    rows.error = None
    assert await together.one("k1") == 1
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(together.one("k2"), 0.001)
    assert await together.one("k3") == 3


async def test_who_asks_as_the_last_statements_end_is_answered() -> None:
    """Whoever asks again the moment they are told is found by another statement, also where all others end then."""
    at_once, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def find(keys: Sequence[str]) -> dict[str, str]:
        begun.release()
        await at_once.wait()
        return {key: key for key in keys}

    together = Together(find)

    async def twice() -> list[str | None]:
        return [await together.one("first"), await together.one("second")]

    asked: list[asyncio.Task[Any]] = []
    for ask in (twice(), *(together.one(f"k{n}") for n in range(1, AT_ONCE))):
        asked.append(asyncio.create_task(ask))
        await begun.acquire()
    at_once.set()
    async with asyncio.timeout(5):
        told, *_ = await asyncio.gather(*asked)
    assert told == ["first", "second"]

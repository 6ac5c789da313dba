"""What a comparison is, and how it is made: in turns, so that whatever else the machine does strikes both sides."""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

Measure = Callable[[], Awaitable[float]]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table: our way, another way, and how they compare; without a bar it is for information.

    The bar is for the ratio, or, where there is nothing to compare with, for our own figure. A figure of ours that is
    not above `unnoticed` is good enough, whatever the ratio.
    """

    work: str
    ours: float
    unit: str
    counterpart: str = ""
    theirs: float | None = None
    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    unnoticed: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        if self.unnoticed is not None and self.ours <= self.unnoticed:
            return True
        figure = self.ours if self.ratio is None else self.ratio
        return figure >= self.at_least if self.at_least is not None else figure <= (self.at_most or 0)


class Bench(NamedTuple):
    """Where a run takes place, and how long it may take."""

    folder: Path
    cluster: str
    quick: bool
    volunteers: int = 1_000_000

    @property
    def rounds(self) -> int:
        """How often both sides have their turn."""
        return 2 if self.quick else 5

    @property
    def seconds(self) -> float:
        """How long one turn of a load lasts."""
        return 0.6 if self.quick else 2.0

    def sized(self, number: int) -> int:
        """How many of something, or a tenth of it in a quick run."""
        return number // 10 if self.quick else number

    async def settle(self) -> None:
        """Have PostgreSQL write down what it still has to, so that nobody's turn pays for the one before."""
        connection = await asyncpg.connect(self.cluster)
        try:
            await connection.execute("checkpoint")
        finally:
            await connection.close()

    async def new_database(self, name: str) -> str:
        """The URL of a new, empty database of the run's own PostgreSQL."""
        connection = await asyncpg.connect(self.cluster)
        try:
            await connection.execute(f"create database {name}")
        finally:
            await connection.close()
        return urlunsplit(urlsplit(self.cluster)._replace(path=f"/{name}"))

    async def drop_database(self, name: str) -> None:
        """Remove a database, and give its room on the disk back."""
        connection = await asyncpg.connect(self.cluster)
        try:
            await connection.execute(f"drop database {name} with (force)")
        finally:
            await connection.close()


async def in_turns(bench: Bench, *measures: Measure, rounds: int | None = None) -> list[list[float]]:
    """What each of the measures found, round by round."""
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds or bench.rounds):
        for measure, results in zip(measures, found, strict=True):
            await bench.settle()
            results.append(await measure())
    return found


def compare(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The middle one of the ratios of the rounds."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


async def seconds_for(work: Awaitable[object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started

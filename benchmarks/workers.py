"""More processes than one: two for one bank, and one each for two banks, next to one process for one bank."""

import asyncio
import statistics
from collections.abc import Sequence

from benchmarks.setup.measure import Bench, Row, compare, in_turns
from benchmarks.setup.service import CONNECTIONS, Service, running_service

LOGGING, ASKING = "/v1/organisations", "/v1/volunteers"


async def rows(bench: Bench) -> list[Row]:
    """Records logged and balances read, in turns, with as many connections in all."""
    one_url, more_url = [await bench.new_database(f"workers_{n}") for n in (1, 2)]
    async with (
        running_service(bench, url=one_url) as one,
        running_service(bench, workers=2, url=more_url) as two,
        running_service(bench, url=one_url) as another,
    ):
        services = ([one], [two], [one, another])
        await in_turns(bench, *(lambda each=each: _log(each) for each in services), rounds=1)
        logged = await in_turns(bench, *(lambda each=each: _log(each) for each in services))
        asked = await in_turns(bench, *(lambda each=each: _ask(each) for each in services))
    return [
        _row("logging records, two workers on one bank", logged[1], logged[0], 1.0),
        _row("reading balances, two workers on one bank", asked[1], asked[0], 1.6),
        _row("logging records, two banks with a worker each", logged[2], logged[0], None),
        _row("reading balances, two banks with a worker each", asked[2], asked[0], None),
    ]


async def _log(services: Sequence[Service]) -> float:
    share = CONNECTIONS // len(services)
    found = await asyncio.gather(*(each.load(each.logging(LOGGING), 201, connections=share) for each in services))
    return sum(each.rate for each in found)


async def _ask(services: Sequence[Service]) -> float:
    share = CONNECTIONS // len(services)
    found = await asyncio.gather(*(each.load(each.asking(ASKING), 200, connections=share) for each in services))
    return sum(each.rate for each in found)


def _row(work: str, more: list[float], one: list[float], bar: float | None) -> Row:
    return Row(
        work=work,
        ours=statistics.median(more),
        unit="/s",
        counterpart="one worker on one bank",
        theirs=statistics.median(one),
        ratio=compare(more, one),
        at_least=bar,
    )

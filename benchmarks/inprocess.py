"""Commands without HTTP: the ledger next to the library's own recorder and to UmaDB, each at its best concurrency."""

import asyncio
import gc
import statistics
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.setup.measure import Bench, Measure, Row, compare, in_turns
from benchmarks.setup.rivals import Entry, LibraryRecorder, Rival, Uma, in_threads, tagged, uma_server
from benchmarks.setup.world import World, new_world
from timebank.ledger.dcb import Recorder

CALLERS = (1, 64, 256)
LIBRARY_THREADS = (1, 8, 32)
UMA_THREADS = (1, 16, 64)


async def rows(bench: Bench) -> list[Row]:
    """The same commands on the same bank, done by each of the three."""
    ours_url, library_url = await bench.new_database("inprocess"), await bench.new_database("library")
    async with new_world(ours_url) as world:
        with uma_server(bench.folder / "uma") as address:
            library = LibraryRecorder(library_url, max(LIBRARY_THREADS))
            try:
                return await _compare(bench, world, library, [Uma(address) for _ in range(max(UMA_THREADS))])
            finally:
                library.close()


async def _compare(bench: Bench, world: World, library: LibraryRecorder, umas: list[Uma]) -> list[Row]:
    for rival in (library, umas[0]):
        await _copy(world, rival)
    measures: dict[tuple[str, int], Measure] = {}
    for callers in CALLERS:
        measures["ours", callers] = partial(_ledger, world, callers, bench.seconds)
    for threads in LIBRARY_THREADS:
        measures["library", threads] = partial(_rival, world, [library] * threads, bench.seconds)
    for threads in UMA_THREADS:
        measures["uma", threads] = partial(_rival, world, umas[:threads], bench.seconds)
    found = dict(zip(measures, await in_turns(bench, *measures.values()), strict=True))

    def best(who: str) -> list[float]:
        return max((rates for (name, _), rates in found.items() if name == who), key=statistics.median)

    def note(who: str) -> str:
        rates = ((many, statistics.median(each)) for (name, many), each in found.items() if name == who)
        return f"{who}: " + ", ".join(f"{rate:,.0f} /s with {many}" for many, rate in rates)

    return [
        Row(
            work="read–decide–append, best concurrency",
            ours=statistics.median(best("ours")),
            unit="/s",
            counterpart=counterpart,
            theirs=statistics.median(best(who)),
            ratio=compare(best("ours"), best(who)),
            at_least=bar,
            notes=(note("ours"), note(who)) if who == "library" else (note(who),),
        )
        for who, counterpart, bar in (("library", "library's recorder", 12), ("uma", "UmaDB", 5))
    ]


async def _ledger(world: World, callers: int, seconds: float) -> float:
    done = 0
    started = time.perf_counter()

    async def call() -> None:
        nonlocal done
        while time.perf_counter() < started + seconds:
            await world.services.ledger.execute(world.bank_id, world.service())
            done += 1

    await asyncio.gather(*(call() for _ in range(callers)))
    return done / (time.perf_counter() - started)


async def _rival(world: World, rivals: Sequence[Rival], seconds: float) -> float:
    gc.freeze()  # what our ledger keeps in this process must not slow down the collector in their turn
    try:
        return await asyncio.to_thread(in_threads, rivals, world.service, seconds)
    finally:
        gc.unfreeze()


async def _copy(world: World, rival: Rival) -> None:
    """Give a rival the same organisations and volunteers."""
    logged, _ = await Recorder(world.services.ledger.store).read(world.bank_id)
    entries = [Entry(each.event.type, each.event.data, tagged(each.event.tags)) for each in logged]
    for start in range(0, len(entries), 500):
        await asyncio.to_thread(rival.append, entries[start : start + 500], [], None)

"""Going through the whole log: to rebuild read models and to verify it, next to just fetching every event."""

import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial

from benchmarks.setup.measure import Bench, Row, compare, in_turns, seconds_for
from benchmarks.setup.world import World, new_world
from timebank.ledger.audit import check_log
from timebank.ledger.codec import Event, decode, encode, leaf
from timebank.projections import EVERY
from timebank.projections.credit import balances
from timebank.projections.machinery.projection import Projection
from timebank.projections.machinery.rebuild import rebuild
from timebank.runtime.clock import utc_now

WINDOW = 5_000
FETCH = "select position, topic, data from event where bank_id = $1 and position > $2 order by position limit $3"


async def rebuilding(bench: Bench) -> list[Row]:
    """Rebuilding read models, from a log in which every second event is a confirmation."""
    async with new_world(await bench.new_database("rebuilding")) as world:
        head = await _fill(bench, world)
        measured = {
            projection.name: await in_turns(
                bench,
                partial(_rebuild, world, projection, head),
                lambda: _rate(head, _fetch(world)),
                rounds=None if projection is balances.PROJECTION else 2,
            )
            for projection in EVERY
        }
    return [
        Row(
            work=f"rebuild of {name} from {head:,} events",
            ours=statistics.median(ours),
            unit=" events/s",
            counterpart="plain fetch",
            theirs=statistics.median(theirs),
            ratio=compare(ours, theirs),
            at_least=0.3 if name == balances.PROJECTION.name else None,
        )
        for name, (ours, theirs) in measured.items()
    ]


async def verifying(bench: Bench) -> list[Row]:
    """Checking every row of the log against its hash, its fact and its tags."""
    async with new_world(await bench.new_database("verifying")) as world:
        head = await _fill(bench, world)
        ours, theirs = await in_turns(bench, lambda: _rate(head, _check(world)), lambda: _rate(head, _fetch(world)))
        notes = await _microseconds(world)
    return [
        Row(
            work=f"check of a log of {head:,} events: hashes, facts, tags",
            ours=statistics.median(ours),
            unit=" events/s",
            counterpart="plain fetch",
            theirs=statistics.median(theirs),
            ratio=compare(ours, theirs),
            notes=(notes,),
        )
    ]


async def _fill(bench: Bench, world: World) -> int:
    await world.do([world.confirmed(world.service()) for _ in range(bench.sized(30_000))])
    await world.project()
    await world.services.owner.execute("vacuum analyze")
    return await world.services.ledger.store.head(world.bank_id)


async def _rebuild(world: World, projection: Projection, head: int) -> float:
    return await _rate(head, rebuild(world.services.owner, projection))


async def _rate(events: int, work: Awaitable[object]) -> float:
    return events / await seconds_for(work)


async def _fetch(world: World) -> None:
    position = 0
    async with world.services.pool.acquire() as connection:
        while rows := await connection.fetch(FETCH, world.bank_id, position, WINDOW):
            position = rows[-1]["position"]


async def _check(world: World) -> None:
    findings = [finding async for finding in check_log(world.services.pool, world.bank_id)]
    assert not findings, findings


async def _microseconds(world: World) -> str:
    """What the steps cost that every event goes through in this process."""
    columns = "event_id, topic, data, tags, actor, authority, request_id, command_id"
    rows = await world.services.pool.fetch(
        f"select {columns} from event where bank_id = $1 order by position desc limit 10000", world.bank_id
    )
    events = [Event(**{**row, "tags": tuple(row["tags"])}) for row in rows]
    facts = [decode(event.topic, event.data) for event in events]
    now = utc_now()
    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: [decode(event.topic, event.data) for event in events],
        "tags": lambda: [fact.tags() for fact in facts],
        "encode": lambda: [encode(fact) for fact in facts],
        "leaf": lambda: [leaf(world.bank_id, 1, now, event) for event in events],
    }
    costs = []
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        costs.append(f"{name} {(time.perf_counter() - started) / len(events) * 1e6:.1f} µs")
    return "per event: " + ", ".join(costs)

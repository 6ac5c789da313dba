"""What it costs that the history can be proved: on every append, for a proof, to check a log, to hand one out."""

import asyncio
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from uuid import UUID

from benchmarks.setup.measure import Bench, Row, compare, in_turns, seconds_for
from benchmarks.setup.world import World, new_world
from timebank.db.connections import Pool
from timebank.domain.identifiers import new_bank_id
from timebank.exchange.archives import write_archive
from timebank.ledger.hooks import Hook
from timebank.ledger.ledger import Ledger
from timebank.proofs.merkle import Edge
from timebank.proofs.tiles import Tiles
from timebank.runtime.composition import hooks

CALLERS = 64
LONG = 3_000_000
PROOFS = 200


async def rows(bench: Bench) -> list[Row]:
    """Appending, a long log, and an archive of a real one."""
    async with new_world(await bench.new_database("proving")) as world:
        return [await _appending(bench, world), *await _long_log(bench, world), *await _archive(bench, world)]


async def _appending(bench: Bench, world: World) -> Row:
    """The same ledger with and without what keeps leaves, and a checkpoint signed each second."""
    found = await in_turns(
        bench, partial(_rate, bench, world, is_signed=True), partial(_rate, bench, world, is_signed=False), rounds=8
    )
    ours, theirs = found
    return Row(
        work="read–decide–append, leaves kept and a checkpoint signed each second",
        ours=statistics.median(ours),
        unit="/s",
        counterpart="nothing signed",
        theirs=statistics.median(theirs),
        ratio=compare(ours, theirs),
        at_least=0.97,
    )


async def _rate(bench: Bench, world: World, *, is_signed: bool) -> float:
    services = world.services
    more = [Hook(leaves=services.signer.recorded)] if is_signed else []
    ledger = Ledger(
        services.ledger.store,
        services.people,
        clock=services.ledger.clock,
        hooks=[*hooks(services.people), *more],
    )
    signing = asyncio.create_task(services.signer.run(1.0)) if is_signed else None
    done, started = 0, time.perf_counter()

    async def call() -> None:
        nonlocal done
        while time.perf_counter() < started + bench.seconds:
            await ledger.execute(world.bank_id, world.service())
            done += 1

    await asyncio.gather(*(call() for _ in range(CALLERS)))
    rate = done / (time.perf_counter() - started)
    if signing:
        signing.cancel()
        await asyncio.gather(signing, return_exceptions=True)
    await ledger.close()
    return rate


async def _long_log(bench: Bench, world: World) -> list[Row]:
    """Proofs in a log of millions of facts, of which only the leaves are anything."""
    pool, size = world.services.pool, bench.sized(LONG)
    bank_id = UUID(new_bank_id())
    await world.services.ledger.store.open_bank(bank_id, "long", "UTC")
    await _sow(pool, bank_id, size)
    signing = await seconds_for(world.services.signer.sign(bank_id))
    chance, warm = Random(1), world.services.signer.tiles

    async def proof(tiles: Tiles) -> None:
        await tiles.inclusion(bank_id, chance.randrange(size), size)

    async def consistency(tiles: Tiles) -> None:
        await tiles.consistency(bank_id, chance.randrange(1, size), size)

    asked = (("proof", proof, 2), ("consistency", consistency, 5))
    cold = {name: await _median(each, lambda: Tiles(pool)) for name, each, _ in asked}
    told = f"the first checkpoint over all of it: {signing:.1f} s, {size / signing:,.0f} leaves/s"
    return [
        Row(
            work=f"{name} in a log of {size:,} facts",
            ours=await _median(each, lambda: warm),
            unit=" ms",
            at_most=most,
            notes=(f"with no tile in memory: {cold[name]:.2f} ms", told),
        )
        for name, each, most in asked
    ]


async def _median(ask: Callable[[Tiles], Awaitable[None]], tiles: Callable[[], Tiles]) -> float:
    """Milliseconds for one of many."""
    return statistics.median([await seconds_for(ask(tiles())) for _ in range(PROOFS)]) * 1000


async def _sow(pool: Pool, bank_id: UUID, size: int) -> None:
    """A log of rows with a leaf each, and nothing in them."""
    step = 200_000
    for after in range(0, size, step):
        await pool.execute(
            "insert into event (bank_id, position, event_id, topic, data, tags, actor, authority, request_id,"
            " command_id, recorded_at, leaf) select $1, n, gen_random_uuid(), 'fact-sown', '{}', '{}', 'x', '', '',"
            " gen_random_uuid(), now(), sha256(convert_to(n::text, 'UTF8'))"
            " from generate_series($2::bigint, $3::bigint) n",
            bank_id,
            after + 1,
            min(after + step, size),
            timeout=600,
        )
    await pool.execute("update bank set head = $2 where bank_id = $1", bank_id, size)


async def _archive(bench: Bench, world: World) -> list[Row]:
    """A real log, written out, and checked by the verifier as a program of its own."""
    for _ in range(bench.sized(200)):
        await world.do([world.confirmed(world.service()) for _ in range(500)])
    folder = bench.folder / "archive"
    manifest = await write_archive(world.services.cosigners, world.bank_id, folder, lambda done, total: None)
    shutil.rmtree(folder)
    exporting = await seconds_for(
        write_archive(world.services.cosigners, world.bank_id, folder, lambda done, total: None)
    )
    key = str(world.services.signer.verifier_keys(world.bank_id)[0])
    command = [
        sys.executable,
        "-m",
        "timebank.verifier",
        "--key",
        key,
        "--kept",
        str(bench.folder / "kept"),
        str(folder),
    ]
    checking = await seconds_for(_run(command))
    return [
        Row(
            work=f"export of {manifest.size:,} facts", ours=manifest.size / exporting, unit=" facts/s", at_least=50_000
        ),
        Row(
            work=f"timebank-verify: leaves, tree, balances of {manifest.size:,} facts",
            ours=manifest.size / checking,
            unit=" leaves/s",
            at_least=100_000,
            notes=(f"the tree alone: {_tree_rate():,.0f} leaves/s",),
        ),
    ]


async def _run(command: Sequence[str]) -> None:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


def _tree_rate(leaves: int = 200_000) -> float:
    edge, leaf, started = Edge(), bytes(32), time.perf_counter()
    for _ in range(leaves):
        edge.add(leaf)
    return leaves / (time.perf_counter() - started)

"""Throwing a read model away and making it again: beside the live one to swap (`rebuild`), or to compare (`verify`).

The statements of a projection name tables without a schema; which tables they write is decided by the search path.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST, DATABASE_ERRORS, Connection, Pool, session
from timebank.db.sql import load_statements
from timebank.projections.machinery import shadow
from timebank.projections.machinery.projection import Projection
from timebank.projections.machinery.runner import SQL as RUNNER_SQL
from timebank.projections.machinery.runner import topics_between
from timebank.projections.machinery.shadow import LIKE, SHADOW

SQL = load_statements("timebank.projections.machinery", "rebuild.sql")

BATCH_EVENTS = 250_000
"""How many events are taken in at once: of more, what is sorted would not fit into memory; with fewer, rows that many
facts add to are written more often."""

SHORTEST_EVENTS = 10
"""Where so few take longer than a statement may, fewer do as well."""

LAST_EVENTS = 20_000
"""How many may be left to be taken in while everybody waits."""

FOR_MANY_FACTS = "set local random_page_cost = 1.1; set local work_mem = '64MB'; set local enable_memoize = off"
"""Pages of a table that is just being made are in memory: to look for some rows is cheaper than to read all. A stretch
is sorted in memory too, and no fact is met twice."""
LOCK_SECONDS = 1
RETRY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
SWAP_ATTEMPTS = 60

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]
"""Told how many events are done, of how many."""


class Comparison(NamedTuple):
    """A live read model against one made from the log at the same moment."""

    projection: str
    bank_id: UUID
    position: int
    live: str
    rebuilt: str
    differences: list[str]

    @property
    def is_equal(self) -> bool:
        """Whether the two are the same, to the byte."""
        return self.live == self.rebuilt


async def rebuild(
    pool: Pool,
    projection: Projection,
    progress: Progress = lambda done, total: None,
    *,
    only_if_outdated: bool = False,
    from_start: bool = False,
) -> None:
    """Make a projection's tables anew beside the live ones, while writing goes on, and put them in their place.

    Interrupted at any point, nothing has changed; it goes on from there next time, unless it is to be `from_start`. Of
    several at once, one after the other has its turn. Raises `asyncpg.LockNotAvailableError` if somebody keeps reading
    the live tables, so that they cannot be replaced.
    """
    async with session(pool) as connection:
        await connection.execute(SQL["only_one"], projection.name)
        if not only_if_outdated or await outdated(connection, [projection]):
            await _rebuild(connection, projection, progress, from_start=from_start)


async def fill(connection: Connection, projection: Projection, progress: Progress = lambda done, total: None) -> None:
    """Make a projection's rows in its empty tables, in the transaction that is open on the connection."""
    heads = {row["bank_id"]: row["head"] for row in await connection.fetch(RUNNER_SQL["heads"])}
    done, total = 0, sum(heads.values())
    for bank_id, head in heads.items():
        for after in range(0, head, BATCH_EVENTS):
            until = min(after + BATCH_EVENTS, head)
            topics = await topics_between(connection, bank_id, after, until)
            await projection.apply(connection, bank_id, after, until, topics)
            progress(done + until, total)
        await connection.execute(RUNNER_SQL["settle"], projection.name, projection.version, bank_id, head)
        done += head


async def _rebuild(connection: Connection, projection: Projection, progress: Progress, *, from_start: bool) -> None:
    reached = {} if from_start else await shadow.reached(connection, projection)
    if reached:
        log.warning("a rebuild that was interrupted goes on", projection=projection.name, events=sum(reached.values()))
    else:
        await shadow.make(connection, projection)
    await _follow_up(connection, projection, reached, progress)
    await shadow.add_indexes(connection, projection.tables)
    for attempt in range(1, SWAP_ATTEMPTS + 1):
        await _follow_up(connection, projection, reached, progress)
        try:
            await _replace(connection, projection, reached)
        except asyncpg.LockNotAvailableError:
            if attempt == SWAP_ATTEMPTS:
                raise
            await asyncio.sleep(LOCK_SECONDS)
        else:
            return


async def _replace(connection: Connection, projection: Projection, reached: dict[UUID, int]) -> None:
    """Take in what is left while everybody waits, and swap."""
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
        targets = await _hold_still(connection, projection)
        for bank_id, target in targets.items():
            await _apply(connection, projection, bank_id, reached.get(bank_id, 0), target)
        await shadow.swap(connection, projection)
        for bank_id, target in targets.items():
            await connection.execute(RUNNER_SQL["settle"], projection.name, projection.version, bank_id, target)


async def _follow_up(
    connection: Connection, projection: Projection, reached: dict[UUID, int], progress: Progress
) -> None:
    """Take in all banks' logs until what is left is little enough to be done while everybody waits."""
    counted, length = 0, BATCH_EVENTS
    while True:
        heads = {row["bank_id"]: row["head"] for row in await connection.fetch(RUNNER_SQL["heads"])}
        total = sum(heads.values())
        if total - sum(reached.values()) <= min(LAST_EVENTS, BATCH_EVENTS) and reached.keys() == heads.keys():
            return
        for bank_id, head in heads.items():
            while (after := reached.setdefault(bank_id, 0)) < head:
                wanted = min(after + length, head)
                until = await _take_in(connection, projection, bank_id, after, wanted)
                length = until - after if until < wanted else length
                reached[bank_id] = until
                done = sum(reached.values())
                if done < total:
                    counted = await shadow.count(connection, SHADOW, projection.tables, done, counted)
                progress(done, total)


async def _take_in(connection: Connection, projection: Projection, bank_id: UUID, after: int, until: int) -> int:
    """Take in a stretch, or a shorter one where that takes longer than a statement may; says up to where."""
    while True:
        try:
            async with connection.transaction():
                await _apply(connection, projection, bank_id, after, until)
                await shadow.note(connection, projection, bank_id, until)
        except (TimeoutError, asyncpg.QueryCanceledError):
            if until - after <= SHORTEST_EVENTS:
                raise
            until = after + (until - after) // 2
        else:
            return until


async def _apply(connection: Connection, projection: Projection, bank_id: UUID, after: int, until: int) -> None:
    await connection.execute(f"set local search_path = {SHADOW}, public; {FOR_MANY_FACTS}")
    topics = await topics_between(connection, bank_id, after, until)
    await projection.apply(connection, bank_id, after, until, topics)
    await connection.execute("set local search_path = public")


async def _hold_still(connection: Connection, projection: Projection) -> dict[UUID, int]:
    """Keep everybody from moving the live tables, and say how far the logs are.

    The table that whoever writes has to move is locked whole, so that no bank can be opened unnoticed either.
    """
    moved = "bank" if projection.is_inline else "checkpoint"
    await connection.execute(f"lock table public.{moved} in exclusive mode")
    return {row["bank_id"]: row["head"] for row in await connection.fetch(RUNNER_SQL["heads"])}


async def outdated(asked: "Connection | Pool", projections: Sequence[Projection]) -> list[Projection]:
    """Those of the projections whose rows were made by another version of this program."""
    names, versions = [each.name for each in projections], [each.version for each in projections]
    found = {row["projection"] for row in await asked.fetch(RUNNER_SQL["outdated"], names, versions)}
    return [projection for projection in projections if projection.name in found]


async def make_current(pool: Pool, projections: Sequence[Projection]) -> None:
    """Rebuild what another version made, one after the other, until all is of this one; what fails is tried again."""
    pause = RETRY_SECONDS
    told: dict[str, str] = {}
    spoilt: set[str] = set()
    while stale := await _stale(pool, projections):
        for projection in stale:
            log.info("a read model that another version made is rebuilt", projection=projection.name)
            try:
                await rebuild(pool, projection, only_if_outdated=True, from_start=projection.name in spoilt)
            except Exception as error:
                if not isinstance(error, (*CONNECTION_LOST, asyncpg.LockNotAvailableError)):
                    spoilt.add(projection.name)  # it may be what was made so far: it is made from the start
                if told.get(projection.name) != type(error).__name__:
                    told[projection.name] = type(error).__name__
                    log.warning("a read model could not be rebuilt", projection=projection.name, error=repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _stale(pool: Pool, projections: Sequence[Projection]) -> list[Projection]:
    """What is outdated; all of it, while nobody can say."""
    try:
        return await outdated(pool, projections)
    except DATABASE_ERRORS:
        await asyncio.sleep(RETRY_SECONDS)
        return list(projections)


async def verify(
    pool: Pool, projection: Projection, bank_id: UUID, progress: Progress = lambda done, total: None
) -> Comparison:
    """Make a projection's rows anew in temporary tables, and compare them with the live ones as of the same moment."""
    async with pool.acquire() as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            # Taken before the snapshot: a rebuild that swapped in between would leave it a table without rows.
            for table in projection.tables:
                await connection.execute(f"lock table public.{table} in access share mode")
            return await _compare(connection, projection, bank_id, progress)
        finally:
            await transaction.rollback()


async def _compare(connection: Connection, projection: Projection, bank_id: UUID, progress: Progress) -> Comparison:
    position = await _position_of(connection, projection, bank_id)
    # Said aloud, so that no statement goes on into the live tables, as it did when this connection followed the log.
    await connection.execute("set local search_path = pg_temp, public")
    for table in projection.tables:
        await connection.execute(f"create temp table {table} ({LIKE.format(table=table)}) on commit drop")
        await shadow.add_keys(connection, table, f"pg_temp.{table}")
    await connection.execute(FOR_MANY_FACTS)
    counted = 0
    for after in range(0, position, BATCH_EVENTS):
        until = min(after + BATCH_EVENTS, position)
        topics = await topics_between(connection, bank_id, after, until)
        await projection.apply(connection, bank_id, after, until, topics)
        if until < position:
            counted = await shadow.count(connection, "pg_temp", projection.tables, until, counted)
        progress(until, position)
    live, rebuilt = [], []
    differences: list[str] = []
    for table in projection.tables:
        live.append(await connection.fetchval(SQL["digest"].format(table=f"public.{table}"), bank_id))
        rebuilt.append(await connection.fetchval(SQL["digest"].format(table=f"pg_temp.{table}"), bank_id))
        if live[-1] != rebuilt[-1]:
            found = await connection.fetch(SQL["differences"].format(table=table), bank_id)
            differences += [row["line"] for row in found]
    return Comparison(projection.name, bank_id, position, " ".join(live), " ".join(rebuilt), differences)


async def _position_of(connection: Connection, projection: Projection, bank_id: UUID) -> int:
    if projection.is_inline:
        return await connection.fetchval(RUNNER_SQL["head"], bank_id) or 0
    rows = await connection.fetch(RUNNER_SQL["peek"], bank_id, [projection.name])
    return rows[0]["position"] if rows else 0

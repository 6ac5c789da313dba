"""A step of a projection reads the facts it is for through an index, as if `facts_between` were written out in it."""

import json
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import pytest

from tests.controls.market import Market
from tests.projections.test_plans import ROWS_FOR_ONE, touched
from timebank.db.connections import Connection, Pool
from timebank.ledger.ledger import Ledger
from timebank.projections import EVERY
from timebank.projections.credit import balances
from timebank.projections.machinery import rebuild, shadow
from timebank.projections.machinery.projection import SetProjection, Step
from timebank.projections.recognition import leaderboards

Place = Callable[[Connection, tuple[str, ...]], Awaitable[None]]

STRETCH = 20
"""How many events the planned steps are to take in, of some hundreds."""


def steps() -> Iterator[tuple[SetProjection, Step]]:
    """Every statement by which a projection takes facts in."""
    for projection in EVERY:
        if isinstance(projection, SetProjection):
            yield from ((projection, step) for step in projection.steps)


@pytest.fixture
async def log(ledger: Ledger, bank_id: UUID, pool: Pool) -> int:
    """A log of which a stretch is a small part; returns its head."""
    await ledger.submit(bank_id, Market(seed=3).commands(400))
    await pool.execute("analyze")
    return ledger.head(bank_id)


async def live(connection: Connection, tables: tuple[str, ...]) -> None:
    """As the runner goes on."""


async def beside(connection: Connection, tables: tuple[str, ...]) -> None:
    """As a rebuild makes tables anew."""
    await connection.execute("create schema if not exists rebuild")
    for table in tables:
        await connection.execute(f"create table rebuild.{table} (like public.{table} including all)")
    await connection.execute("set local search_path = rebuild, public")


async def temporary(connection: Connection, tables: tuple[str, ...]) -> None:
    """As `verify` makes tables anew."""
    for table in tables:
        await connection.execute(f"create temp table {table} (like public.{table} including all) on commit drop")


@pytest.mark.release
@pytest.mark.parametrize("where", [live, beside, temporary], ids=lambda where: where.__name__)
async def test_every_step_reads_its_facts_through_an_index(where: Place, pool: Pool, bank_id: UUID, log: int) -> None:
    """Wherever the rows are written to, only the events of the stretch are read, and no function is called for them."""
    for projection, step in steps():
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await where(connection, projection.tables)
            plan = await plan_of(connection, step, bank_id, log - STRETCH, log)
            await transaction.rollback()
        assert "facts_between" not in plan, plan
        assert "Seq Scan on event" not in plan, plan
        assert "on event_pkey" in plan or "using event_pkey" in plan or "event_by_topic" in plan, plan


OTHERS = 20_000
"""How many people are in a table that is being made anew already."""


async def crowded(connection: Connection, bank_id: UUID, table: str, rest: str) -> None:
    """A temporary table with very many people in it."""
    await temporary(connection, (table,))
    people = f"generate_series(1, {OTHERS}) n, lateral (select 'vol_x' || n as whom)"
    await connection.execute(f"insert into {table} select $1, {rest} from {people}", bank_id)


async def looked_at(connection: Connection, statement: str, *binds: object) -> float:
    """How many rows a statement looks at."""
    (row,) = await connection.fetch(f"explain (analyze, timing off, format json) {statement}", *binds)
    return touched(json.loads(row[0])[0]["Plan"])


async def test_a_board_is_added_up_without_a_look_at_the_others(pool: Pool, bank_id: UUID, log: int) -> None:
    """However many are on a board that is being made anew, a stretch looks for those whom it is about."""
    (step,) = (each for each in leaderboards.PROJECTION.steps if each.statement == leaderboards.SQL["count_service"])
    async with pool.acquire() as connection, connection.transaction():
        await crowded(connection, bank_id, "leaderboard", "'all', whom, 5, n, false")
        assert await looked_at(connection, step.statement, bank_id, 0, log, step.topics) < ROWS_FOR_ONE * log


async def test_accounts_are_posted_to_without_a_look_at_the_others(pool: Pool, bank_id: UUID) -> None:
    """However many accounts are made anew already, a stretch looks for those that it moves."""
    moved = [f"vol_x{n}" for n in range(7, 27)]
    async with pool.acquire() as connection, connection.transaction():
        await crowded(connection, bank_id, "balance", "whom, 0, 0, 0, 0, 0, 0")
        await connection.execute(rebuild.FOR_MANY_FACTS)
        await shadow.count(connection, "pg_temp", ["balance"], 2, 1)
        minutes = [[1] * len(moved)] * 6
        assert await looked_at(connection, balances.SQL["post"], bank_id, moved, *minutes) < ROWS_FOR_ONE * len(moved)


async def plan_of(connection: Connection, step: Step, *binds: object) -> str:
    """How PostgreSQL would go about a step."""
    rows = await connection.fetch(f"explain (costs off) {step.statement}", *binds, step.topics)
    return "\n".join(row[0] for row in rows)

"""A step of a projection reads the facts it is for through an index, as if `facts_between` were written out in it."""

from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import pytest

from tests.controls.market import Market
from timebank.db.connections import Connection, Pool
from timebank.ledger.ledger import Ledger
from timebank.projections import EVERY
from timebank.projections.machinery.projection import SetProjection, Step

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


async def plan_of(connection: Connection, step: Step, *binds: object) -> str:
    """How PostgreSQL would go about a step."""
    rows = await connection.fetch(f"explain (costs off) {step.statement}", *binds, step.topics)
    return "\n".join(row[0] for row in rows)

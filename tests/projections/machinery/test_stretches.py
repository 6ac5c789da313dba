"""It does not matter in which stretches a log is taken in: the rows are the same."""

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.controls.market import Market
from tests.helpers.effort import more
from timebank.db.connections import Pool
from timebank.domain.identifiers import new_bank_id
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.projections import EVERY, FOLLOWING
from timebank.projections.credit import balances
from timebank.projections.machinery import rebuild, runner
from timebank.projections.machinery.rebuild import verify
from timebank.projections.machinery.runner import Runner, topics_between

pytestmark = pytest.mark.drill

SET_TABLES = [table for projection in EVERY for table in projection.tables]


async def digests(pool: Pool, bank_id: UUID) -> dict[str, str]:
    """What every table of a bank comes to, whatever the bank is called."""
    found = {}
    for table in SET_TABLES:
        rows = await pool.fetch(f"select to_jsonb(t) - 'bank_id' as row from {table} t where bank_id = $1", bank_id)
        found[table] = str(sorted(row["row"] for row in rows))
    return found


async def take_in(pool: Pool, bank_id: UUID, length: Callable[[], int]) -> None:
    """Take all of a log in, in stretches of some length, each projection by itself."""
    head = await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    async with pool.acquire() as connection, connection.transaction():
        for table in SET_TABLES:
            await connection.execute(f"delete from {table} where bank_id = $1", bank_id)
        after = 0
        while after < head:
            until = min(after + length(), head)
            topics = await topics_between(connection, bank_id, after, until)
            for projection in EVERY:
                await projection.apply(connection, bank_id, after, until, topics)
            after = until


@settings(
    max_examples=settings().max_examples // 20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**9), commands=st.integers(5, 120))
async def test_stretches_of_any_length_give_the_same_rows(
    ledger: Ledger, store: Store, pool: Pool, seed: int, commands: int
) -> None:
    """One event at a time, by chance, or all at once: the rows of every read model are the same."""
    bank_id = UUID(new_bank_id())
    await store.open_bank(bank_id, "Test bank", "Asia/Shanghai")
    await ledger.submit(bank_id, Market(seed, volunteers=4).commands(commands))
    live_balances = (await digests(pool, bank_id))["balance"]
    chance = Random(seed)
    found: list[dict[str, Any]] = []
    for length in (lambda: 10_000, lambda: 1, lambda: chance.randint(1, 9), lambda: chance.randint(1, 40)):
        await take_in(pool, bank_id, length)
        found.append(await digests(pool, bank_id))
    assert found[0] == found[1] == found[2] == found[3]
    assert found[0]["balance"] == live_balances


@pytest.mark.parametrize("length", [7, *more(1, 1_000)])
async def test_the_runner_and_verify_agree_in_any_stretches(
    ledger: Ledger, store: Store, pool: Pool, bank_id: UUID, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """What the runner makes in stretches of one length, `verify` makes the same in stretches of another."""
    monkeypatch.setattr(runner, "BATCH_EVENTS", length)
    monkeypatch.setattr(rebuild, "BATCH_EVENTS", 13)
    await ledger.submit(bank_id, Market(seed=length).commands(200))
    follower = Runner(store, FOLLOWING)
    while await follower.catch_up(bank_id):
        pass
    for projection in EVERY:
        compared = await verify(pool, projection, bank_id)
        assert compared.is_equal, compared.differences
        assert compared.position == ledger.head(bank_id)
    assert await pool.fetchval(balances.SQL["trial_balance"], bank_id) == 0

"""Drill: a rebuild that was interrupted is gone on with, or begun anew where what it left was lost with a server."""

from collections.abc import Iterator
from uuid import UUID

import asyncpg
import pytest

from tests.controls.market import Market
from tests.helpers.clusters import Cluster
from tests.helpers.folders import watched_folder
from timebank.db.connections import Pool
from timebank.db.migrations import migrate
from timebank.ledger.ledger import Ledger
from timebank.projections.credit import balances
from timebank.projections.machinery import rebuild as module
from timebank.projections.machinery.rebuild import rebuild, verify

pytestmark = pytest.mark.drill

PART = 60


@pytest.fixture
def cluster_of_its_own() -> Iterator[Cluster]:
    """A server that can be killed."""
    with watched_folder() as folder:
        folder.chmod(0o777)
        server = Cluster(folder, "first")
        server.create()
        try:
            yield server
        finally:
            server.kill()


@pytest.fixture
async def url(cluster_of_its_own: Cluster) -> str:
    """Its database."""
    await migrate(cluster_of_its_own.url)
    return cluster_of_its_own.url


async def interrupted(url: str) -> None:
    """A rebuild that ends in the middle."""

    def stop(done: int, _total: int) -> None:
        if done >= PART:
            raise ZeroDivisionError

    async with asyncpg.create_pool(url, min_size=1) as pool:
        with pytest.raises(ZeroDivisionError):
            await rebuild(pool, balances.PROJECTION, stop)


async def first_of(url: str, bank_id: UUID) -> int:
    """How many facts are done when a rebuild tells for the first time; it ends well."""
    told: list[int] = []
    async with asyncpg.create_pool(url, min_size=1) as pool:
        await rebuild(pool, balances.PROJECTION, lambda done, _total: told.append(done))
        compared = await verify(pool, balances.PROJECTION, bank_id)
        assert compared.is_equal, compared.differences
    return told[0]


@pytest.mark.release
async def test_what_was_taken_in_outlives_a_restart_and_is_lost_in_a_crash_whole(
    cluster_of_its_own: Cluster, url: str, pool: Pool, ledger: Ledger, bank_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL was stopped: it goes on. It was killed, or its standby promoted: from the start, and right."""
    monkeypatch.setattr(module, "BATCH_EVENTS", 20)
    await ledger.submit(bank_id, Market(seed=7).commands(200))
    await ledger.close()
    await pool.close()
    await interrupted(url)
    cluster_of_its_own.stop()
    cluster_of_its_own.start()
    assert await first_of(url, bank_id) == PART + 20
    await interrupted(url)
    cluster_of_its_own.kill()
    cluster_of_its_own.start()
    assert await first_of(url, bank_id) == 20
    await interrupted(url)
    second = Cluster(cluster_of_its_own.data.parent, "second")
    second.follow(cluster_of_its_own)
    try:
        cluster_of_its_own.kill()
        second.promote()
        assert await first_of(second.url, bank_id) == 20
    finally:
        second.kill()

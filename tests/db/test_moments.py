"""What is read as of one moment is what was there then, also while read models are rebuilt beside, and swapped."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.controls.market import Market
from tests.exchange.archives.test_reading import ignore, signer
from tests.helpers.patience import until
from timebank.db.connections import Pool
from timebank.exchange.archives import writing
from timebank.ledger import audit
from timebank.ledger.ledger import Ledger
from timebank.ledger.tags import TAGS
from timebank.projections.credit import balances
from timebank.projections.machinery.rebuild import rebuild
from timebank.proofs import entries
from timebank.proofs.cosigners import Cosigners
from timebank.proofs.signer import Signer
from timebank.runtime.clock import utc_now

__all__ = ["signer"]

Read = Callable[[], Awaitable[Any]]


async def _with_rebuild(
    pool: Pool, patch: pytest.MonkeyPatch, projection: Any, middle: tuple[Any, str], read: Read
) -> Any:
    """What is read, where a rebuild begins in the middle; it is done before the rest is read, or waits for that."""
    module, name = middle
    on, rebuilding = getattr(module, name), set[asyncio.Task[None]]()

    async def is_done_or_waits() -> bool:
        (task,) = rebuilding
        waiting = "select exists (select from pg_locks where not granted and mode = 'AccessExclusiveLock')"
        return task.done() or await pool.fetchval(waiting)

    async def in_the_middle(*given: Any) -> Any:
        found = await on(*given)
        rebuilding.add(asyncio.create_task(rebuild(pool, projection)))
        await until(is_done_or_waits)
        return found

    patch.setattr(module, name, in_the_middle)
    found = await read()
    await asyncio.gather(*rebuilding)
    return found


@pytest.fixture(autouse=True)
async def history(ledger: Ledger, bank_id: UUID) -> None:
    """There is something to read."""
    await ledger.submit(bank_id, Market(seed=5).commands(60))


async def test_an_archive_has_its_balances(
    pool: Pool, bank_id: UUID, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever checks it says that a sound bank's balances are wrong."""
    cosigners = Cosigners(signer, [], utc_now)

    async def read() -> bytes:
        await writing.write_archive(cosigners, bank_id, tmp_path, ignore)
        return (tmp_path / "balances.ndjson").read_bytes()

    before = await read()
    middle = entries, "standing"
    assert await _with_rebuild(pool, monkeypatch, balances.PROJECTION, middle, read) == before != b""


async def test_a_sound_log_is_sound(pool: Pool, bank_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else `verify` says that its tags are gone."""

    async def read() -> list[audit.Finding]:
        return [finding async for finding in audit.check_log(pool, bank_id)]

    assert await _with_rebuild(pool, monkeypatch, TAGS, (audit, "_bank_amiss"), read) == []

"""A restore, rehearsed: what was backed up is there, to the byte, and nobody comes back who was erased."""

import asyncio
import io
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.controls import NOON
from tests.controls.market import Market
from tests.controls.town import do, found, register
from tests.data import KEYS_BEFORE, VERSION, load
from tests.helpers.dump import pg_dump, schema_of
from tests.helpers.patience import until
from timebank.db.connections import Connection, Pool, connected
from timebank.db.migrations import apply, migration_files
from timebank.exchange.backups import restore, take
from timebank.exchange.backups.archive import Manifest
from timebank.exchange.backups.tables import LEFT_OUT
from timebank.identity.security_log import SecurityLog, Visit
from timebank.ledger.audit import check_log
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import IdempotencyKey
from timebank.ledger.wake import Waker
from timebank.projections import EVERY
from timebank.projections.credit import balances, statement_checkpoints
from timebank.projections.machinery.rebuild import verify
from timebank.projections.machinery.runner import Runner
from timebank.runtime.composition import hooks
from timebank.vault.keyring import keyring_for
from timebank.vault.people import People

EVENTS = "select count(*), sum(hashtextextended(e::text, 0)::numeric) from event e where position <= $1"


async def backed_up(pool: Pool) -> tuple[Manifest, bytes]:
    """A backup."""
    stream = io.BytesIO()
    manifest = await take(pool, stream, NOON)
    return manifest, stream.getvalue()


async def usable(_: Connection) -> None:
    """Whatever is there can be used."""


async def must_be_sound(pool: Pool, bank_id: UUID) -> None:
    """Nothing is wrong with the log, every read model is what the log says, and the accounts sum to zero."""
    assert [finding async for finding in check_log(pool, bank_id)] == []
    for projection in EVERY:
        compared = await verify(pool, projection, bank_id)
        assert compared.is_equal, (projection.name, compared.differences)
        assert compared.position == await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    assert await balances.trial_balance(pool, bank_id) == 0


async def rows_of(pool: Pool) -> dict[str, list[str]]:
    """All rows of all tables but those that a restore empties, and how far read models have come."""
    names = [
        row["name"] for row in await pool.fetch("select tablename as name from pg_tables where schemaname = 'public'")
    ]
    return {
        name: sorted([row["t"] for row in await pool.fetch(f"select t::text from {name} t")])
        for name in names
        if name not in LEFT_OUT | {"checkpoint"}
    }


async def catch_up(runner: Runner, bank_id: UUID) -> None:
    """Bring the read models to the head."""
    while await runner.catch_up(bank_id):
        pass


@pytest.mark.release
async def test_it_is_sound_though_everybody_writes(
    ledger: Ledger, runner: Runner, pool: Pool, people: People, bank_id: UUID, empty: str
) -> None:
    """A backup taken under load is of one moment; restored elsewhere it is sound, and written on."""
    await do(ledger, bank_id, *found(5))
    town, is_over = Market(seed=5, volunteers=5), asyncio.Event()

    async def write() -> None:
        while not is_over.is_set():
            await ledger.submit(bank_id, [town.next() for _ in range(8)])

    async def follow() -> None:
        while not is_over.is_set():
            await runner.catch_up(bank_id)
            await asyncio.sleep(0)

    async def grew() -> bool:
        return ledger.head(bank_id) > 60

    busy = [asyncio.create_task(each()) for each in (write, write, follow)]
    await until(grew)
    is_written_on = False
    while not is_written_on:
        manifest, backup = await backed_up(pool)
        (then,) = manifest.banks
        is_written_on = 60 < then.head < ledger.head(bank_id)
    is_over.set()
    await asyncio.gather(*busy)
    await restore(empty, io.BytesIO(backup), usable)
    async with asyncpg.create_pool(empty, min_size=1, max_size=4) as restored:
        assert await restored.fetchrow(EVENTS, 2**40) == await pool.fetchrow(EVENTS, then.head)
        await must_be_sound(restored, bank_id)
        onwards = Ledger(Store(restored, Waker()), people, clock=ledger.clock, hooks=hooks(people))
        await do(onwards, bank_id, register(40))
        assert onwards.head(bank_id) == then.head + 1
        await onwards.close()


@pytest.mark.skipif(pg_dump() is None, reason="there is no pg_dump")
async def test_it_is_the_same_to_the_byte(
    ledger: Ledger, runner: Runner, pool: Pool, people: People, bank_id: UUID, url: str, emptied: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Every table has the rows it had, read models too, in the same schema; and a backup of it is the same file."""
    monkeypatch.setattr(statement_checkpoints, "FACTS_APART", 3)
    await ledger.submit(bank_id, Market(seed=7).commands(150), key=IdempotencyKey("somebody", "key", (b"x",)))
    await catch_up(runner, bank_id)
    await SecurityLog(pool, people.keyring).record(bank_id, "signed-in", Visit(NOON, "a\tb\\c\nd", "r"), actor="甲")
    before = await rows_of(pool)
    _, backup = await backed_up(pool)
    await restore(emptied[0], io.BytesIO(backup), usable)
    async with asyncpg.create_pool(emptied[0], min_size=1, max_size=2) as restored:
        assert await rows_of(restored) == before
        counted = await restored.fetch("select distinct tablename from pg_stats where schemaname = 'public'")
        assert {"event", "event_tag", "person", "volunteer"} <= {row["tablename"] for row in counted}
        empty = {"api_key_use", "cosignature", "credential", "notice_read", "oidc_identity", "sealed_secret"}
        empty |= {"invitation", "memory_snapshot", "signed_checkpoint", "tile", "witnessed_checkpoint"}
        assert {name for name, rows in before.items() if not rows} <= empty
        assert schema_of(emptied[0]) == schema_of(url)
        _, again = await backed_up(restored)
        assert again == backup
        await SecurityLog(restored, people.keyring).record(bank_id, "signed-in", Visit(NOON, "", "r"))
        assert await restored.fetchval("select max(number) - min(number) from security_event") == 1


@pytest.mark.release
async def test_it_is_brought_up_to_date(empty: str, url: str, emptied: list[str]) -> None:
    """A backup of a database as an earlier version left it is restored, and is then of this version."""
    older = await connected(emptied[1])
    earlier = [version for file in migration_files() if (version := file.name.partition("_")[0]) <= VERSION]
    assert await apply(older, only=earlier) == earlier
    await load(older)
    await older.close()
    async with asyncpg.create_pool(emptied[1], min_size=1, max_size=1) as pool:
        manifest, backup = await backed_up(pool)
        events = await pool.fetchrow(EVENTS.replace("e::text", "e.leaf::text"), 2**40)
    assert manifest.migrations == earlier

    async def with_the_keys_of_then(connection: Connection) -> Any:
        return await keyring_for(connection, KEYS_BEFORE)

    await restore(empty, io.BytesIO(backup), with_the_keys_of_then)
    async with asyncpg.create_pool(empty, min_size=1, max_size=2) as pool:
        assert await pool.fetchrow(EVENTS.replace("e::text", "e.leaf::text"), 2**40) == events
        await must_be_sound(pool, UUID(manifest.banks[0].bank_id))
    if pg_dump():
        assert schema_of(empty) == schema_of(url)

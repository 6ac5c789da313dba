"""What all histories of a test share, so that one more costs little: an event loop, connections, and a count."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import asyncpg

from tests.conftest import people_of
from timebank.ledger.tasks import end

T = TypeVar("T")

COLUMNS = ("service", "credited", "available", "reserved", "debt", "redeemed")


class Seen(NamedTuple):
    """What the log and the accounts of a bank say at one moment."""

    head: int
    accounts: dict[str, tuple[int, ...]]
    funds: dict[str, int]
    remainder: int


class Bench:
    """An event loop and connections to one database; and in how many histories what has happened."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.happened: Counter[str] = Counter()
        self.run(self._open(url))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for something."""
        return self.loop.run_until_complete(coroutine)

    async def _open(self, url: str) -> None:
        # Nothing here outlives a crash, so nobody has to wait for the disk.
        lazy = {"synchronous_commit": "off"}
        self.pool = await asyncpg.create_pool(url, min_size=2, max_size=5, server_settings=lazy)
        self.people = await people_of(self.pool)
        self._eye = await asyncpg.connect(url)
        columns = "information_schema.columns natural join information_schema.tables"
        of_banks = "(table_schema, column_name, table_type) = ('public', 'bank_id', 'BASE TABLE')"
        self.tables = [row[0] for row in await self._eye.fetch(f"select table_name from {columns} where {of_banks}")]

    def close(self) -> None:
        """Let go of everything."""
        self.run(self._close())
        self.loop.close()

    async def _close(self) -> None:
        await end(task for task in asyncio.all_tasks() if task is not asyncio.current_task())
        await self._eye.close()
        await self.pool.close()

    async def look(self, bank_id: UUID) -> Seen:
        """What there is at this moment: the head, what everybody and every fund has, and what all of it sums to."""
        head = await self._eye.fetchval("select head from bank where bank_id = $1", bank_id)
        rows = await self._eye.fetch("select * from balance where bank_id = $1", bank_id)
        accounts = {row["volunteer_id"]: tuple(row[f"{name}_minutes"] for name in COLUMNS) for row in rows}
        rows = await self._eye.fetch("select fund_id, minutes from fund_balance where bank_id = $1", bank_id)
        funds = {row["fund_id"]: row["minutes"] for row in rows}
        return Seen(head, accounts, funds, _remainder(list(accounts.values()), sum(funds.values())))

    async def forget(self, bank_id: UUID) -> None:
        """Remove a bank: the log forbids it, but the next history must not pay for this one's rows."""
        async with self._eye.transaction():
            await self._eye.execute("set local session_replication_role = replica")
            for table in self.tables:
                await self._eye.execute(f"delete from {table} where bank_id = $1", bank_id)


def _remainder(accounts: Sequence[tuple[int, ...]], in_funds: int) -> int:
    """What is left when what was credited is taken from where credit can be: nothing, if all is well."""
    total = (
        dict(zip(COLUMNS, map(sum, zip(*accounts, strict=True)), strict=True))
        if accounts
        else dict.fromkeys(COLUMNS, 0)
    )
    held = total["available"] + total["reserved"] + total["redeemed"] - total["debt"] + in_funds
    return held - total["credited"]

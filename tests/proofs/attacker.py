"""Whoever owns the database, and rewrites history so that it fits together again."""

from typing import Any
from uuid import UUID

from timebank.db.connections import Connection, Pool
from timebank.ledger.codec import Event, leaf
from timebank.projections.credit import balances
from timebank.projections.machinery.rebuild import rebuild

OUT_OF_THE_WAY = 10**9

COLUMNS = "event_id, topic, data, tags, actor, authority, request_id, command_id, on_behalf_of"


class Attacker:
    """Does as a superuser what nobody else can, in one transaction; no trigger is in the way."""

    def __init__(self, pool: Pool, bank_id: UUID) -> None:
        self._pool = pool
        self._bank_id = bank_id

    async def do(self, *statements: str, rewrite: bool = False) -> None:
        """Run statements; then, if so wanted, number and seal the log anew, and make the balances fit."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            for statement in statements:
                done = await connection.execute(statement)
                assert not done.endswith(" 0"), f"{statement}: {done}"
            if rewrite:
                await self._rewrite(connection)
        if rewrite:
            await rebuild(self._pool, balances.PROJECTION)

    async def _rewrite(self, connection: Connection) -> None:
        """Make positions, leaves, tags and head fit what is there."""
        rows = await connection.fetch(f"select position, recorded_at, {COLUMNS} from event order by position")
        await connection.execute("delete from event_tag")
        await connection.execute("update event set position = position + $1", OUT_OF_THE_WAY)
        for position, row in enumerate(rows, 1):
            await self._renumber(connection, position, row)
        await connection.execute("update bank set head = $1, head_event_id = $2", len(rows), rows[-1]["event_id"])
        await connection.execute(
            "insert into event_tag select distinct bank_id, tag_key(tag, topic), position from event, unnest(tags) tag"
        )

    async def _renumber(self, connection: Connection, position: int, row: Any) -> None:
        event = Event(*[tuple(value) if isinstance(value, list) else value for value in row[2:]])
        made = leaf(self._bank_id, position, row["recorded_at"], event)
        await connection.execute(
            "update event set position = $2, leaf = $3 where position = $1",
            row["position"] + OUT_OF_THE_WAY,
            position,
            made,
        )

    async def forget_what_was_signed(self) -> None:
        """Remove every trace of the tree from the database."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            await connection.execute("delete from tile")
            await connection.execute("delete from signed_checkpoint")
            await connection.execute("delete from cosignature")

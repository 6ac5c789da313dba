"""Tables beside the live ones: made empty, filled in stretches, indexed, and put in the place of the live ones.

How far they are filled is noted with each stretch, in the same transaction and just as lasting: both outlive whoever
makes them and a restart of PostgreSQL, and a crash of it empties both. So what is interrupted can be gone on with.
"""

from collections.abc import Sequence
from uuid import UUID

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.projections.machinery.projection import Projection

SQL = load_statements("timebank.projections.machinery", "shadow.sql")

SHADOW = "rebuild"
LIKE = "like public.{table} including all excluding indexes"
INDEX_SECONDS = 86_400.0
"""An index of a large table may take its time: nobody waits for it."""
FOR_INDEXES = "set local statement_timeout = 0; set local maintenance_work_mem = '256MB'"
"""For the indexes of one table; whoever makes those of another waits, so that this is all the memory they take."""


async def reached(connection: Connection, projection: Projection) -> dict[UUID, int]:
    """How far the tables of a rebuild that was interrupted are filled, by bank; nothing where it cannot go on.

    It cannot if the rows are of another version of the projection, if the live tables have other columns, keys or
    indexes by now, if the new tables are not the ones that were made then, if the log is not the one that was taken in,
    or if PostgreSQL crashed since.
    """
    if not await connection.fetchval(SQL["are_there"]):
        return {}
    rows = await connection.fetch(SQL["reached"], projection.name, projection.version, projection.tables)
    return {row["bank_id"]: row["position"] for row in rows} if all(row["can_go_on"] for row in rows) else {}


async def make(connection: Connection, projection: Projection) -> None:
    """Make the new tables, outside the server's own log, in place of what an earlier rebuild may have left."""
    async with connection.transaction():
        await connection.execute(SQL["one_schema"])
        await connection.execute(f"create schema if not exists {SHADOW}")
        await connection.execute(SQL["begun_table"])
        await connection.execute(SQL["reached_table"])
        await _forget(connection, projection)
        for table in projection.tables:
            await connection.execute(f"drop table if exists {SHADOW}.{table}")
            await connection.execute(f"create unlogged table {SHADOW}.{table} ({LIKE.format(table=table)})")
            await add_keys(connection, table, f"{SHADOW}.{table}")
        await connection.execute(SQL["begin"], projection.name, projection.version, projection.tables)


async def note(connection: Connection, projection: Projection, bank_id: UUID, position: int) -> None:
    """Note up to which fact of a bank the new tables are filled, in the transaction that is open."""
    await connection.execute(SQL["note"], projection.name, bank_id, position)


async def add_keys(connection: Connection, table: str, to: str) -> None:
    """Give another table of the same name a table's keys: no step needs more, and other indexes come quicker later."""
    for row in await connection.fetch(SQL["keys"], table):
        await connection.execute(f"alter table {to} add {row['key']}")


async def add_indexes(connection: Connection, tables: Sequence[str]) -> None:
    """Keep the new tables for good, written anew without gaps, and give them the indexes of the live ones."""
    for table in tables:
        async with connection.transaction():
            await connection.execute(FOR_INDEXES)
            await connection.execute(SQL["one_index"], timeout=INDEX_SECONDS)
            if await connection.fetchval(SQL["is_kept"], SHADOW, table):
                continue
            await connection.execute(f"alter table {SHADOW}.{table} set logged", timeout=INDEX_SECONDS)
            await connection.execute(f"analyze {SHADOW}.{table}", timeout=INDEX_SECONDS)
            for row in await connection.fetch(SQL["other_indexes"], table, SHADOW):
                await connection.execute(row["statement"], timeout=INDEX_SECONDS)


async def count(connection: Connection, schema: str, tables: Sequence[str], done: int, counted: int) -> int:
    """Have the rows counted each time that there are twice as many facts; up to which fact they are counted now.

    PostgreSQL takes a table that nobody counted for one of few rows, and reads all of it for each stretch.
    """
    if done < 2 * counted:
        return counted
    for table in tables:
        await connection.execute(f"analyze {schema}.{table}", timeout=INDEX_SECONDS)
    return done


async def swap(connection: Connection, projection: Projection) -> None:
    """Put the new tables in the place of the live ones, in the transaction that is open."""
    for table in projection.tables:
        await _swap_table(connection, table)
    await _forget(connection, projection)


async def _forget(connection: Connection, projection: Projection) -> None:
    await connection.execute(SQL["forget_reached"], projection.name)
    await connection.execute(SQL["forget_begun"], projection.name)


async def _swap_table(connection: Connection, table: str) -> None:
    """Put a new table in the old one's place, with its indexes' names, its storage parameters, grants and views."""
    names = {row["shape"]: row["name"] for row in await connection.fetch(SQL["indexes"], "public", table)}
    for statement in await connection.fetchval(SQL["settings"], table, SHADOW):
        await connection.execute(statement)
    await _turn_views(connection, table)
    new = await connection.fetch(SQL["indexes"], SHADOW, table)
    await connection.execute(f"drop table public.{table}")
    await connection.execute(f"alter table {SHADOW}.{table} set schema public")
    for row in new:
        if row["name"] != names[row["shape"]]:
            await connection.execute(f"alter index public.{row['name']} rename to {names[row['shape']]}")


async def _turn_views(connection: Connection, table: str) -> None:
    """Let the views that read the old table read the new one; who may read them stays as it is."""
    await connection.execute("set local search_path = public")
    statements = [row["statement"] for row in await connection.fetch(SQL["views"], table)]
    await connection.execute(f"set local search_path = {SHADOW}, public")
    for statement in statements:
        await connection.execute(statement)
    await connection.execute("set local search_path = public")

"""Applying `migrations/*.sql` (dbmate's file format and table), in order, once, by one process at a time."""

from collections.abc import Collection
from pathlib import Path

import asyncpg

from timebank.db.connections import Connection, NoDatabaseError, connected, said, told
from timebank.db.server import must_be_fit

_PACKAGE = Path(__file__).parents[1]
_IS_READ_ONLY = "select pg_is_in_recovery() or current_setting('transaction_read_only')::bool"


class UnknownSchemaError(RuntimeError):
    """The database was migrated by a newer version of this program."""


def migration_files() -> list[Path]:
    """The migrations, oldest first: inside the installed package, or beside it in a checkout."""
    folder = next(place for place in (_PACKAGE / "migrations", _PACKAGE.parent / "migrations") if place.is_dir())
    return sorted(folder.glob("[0-9]*.sql"))


async def migrate(url: str) -> list[str]:
    """Bring the database up to date; returns the versions applied. Refuses a database newer than this program.

    Where nothing is to be done nothing is written, so that a role with few rights can find that out. Raises
    `NoDatabaseError` if the database cannot be reached, is read-only, or may not be changed by whoever this is.
    """
    await must_be_fit(url)
    connection = await connected(url)
    try:
        if await connection.fetchval(_IS_READ_ONLY):
            raise NoDatabaseError(told(url, "is read-only, as a standby is; the service needs the primary"))
        if not await _todo(connection):
            return []
        try:
            return await apply(connection)
        except asyncpg.InsufficientPrivilegeError as error:
            why = f"has to be migrated by its owner (timebank migrate): {said(error)}"
            raise NoDatabaseError(told(url, why)) from error
    finally:
        await connection.close()


async def apply(connection: Connection, only: Collection[str] | None = None) -> list[str]:
    """Apply what is still to be applied (of some versions `only`) in one transaction, or in the one that is open."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtext('timebank.migrations'))")
        await connection.execute("create table if not exists schema_migrations (version varchar primary key)")
        todo = {version: file for version, file in (await _todo(connection)).items() if only is None or version in only}
        for version, file in todo.items():
            await connection.execute(_up_part(file.read_text(encoding="utf8")))
            await connection.execute("insert into schema_migrations (version) values ($1)", version)
        return list(todo)


async def _todo(connection: Connection) -> dict[str, Path]:
    """The migrations that are still to be applied. Raises `UnknownSchemaError`."""
    is_new = await connection.fetchval("select to_regclass('schema_migrations') is null")
    rows = [] if is_new else await connection.fetch("select version from schema_migrations")
    done = {row["version"] for row in rows}
    known = {file.name.partition("_")[0]: file for file in migration_files()}
    if newer := done - known.keys():
        msg = f"the database has migrations this version of timebank does not know: {', '.join(sorted(newer))}"
        raise UnknownSchemaError(msg)
    return {version: file for version, file in known.items() if version not in done}


def _up_part(text: str) -> str:
    return text.partition("-- migrate:up")[2].partition("-- migrate:down")[0]

"""Applying `migrations/*.sql` (dbmate's file format and table), in order, once, by one process at a time."""

from pathlib import Path

import asyncpg

_PACKAGE = Path(__file__).parents[1]


class UnknownSchemaError(RuntimeError):
    """The database was migrated by a newer version of this program."""


def migration_files() -> list[Path]:
    """The migrations, oldest first: inside the installed package, or beside it in a checkout."""
    folder = next(place for place in (_PACKAGE / "migrations", _PACKAGE.parent / "migrations") if place.is_dir())
    return sorted(folder.glob("[0-9]*.sql"))


async def migrate(url: str) -> list[str]:
    """Bring the database up to date; returns the versions applied. Refuses a database newer than this program."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("select pg_advisory_xact_lock(hashtext('timebank.migrations'))")
            await connection.execute("create table if not exists schema_migrations (version varchar primary key)")
            done = {row["version"] for row in await connection.fetch("select version from schema_migrations")}
            known = {file.name.partition("_")[0]: file for file in migration_files()}
            if newer := done - known.keys():
                msg = f"the database has migrations this version of timebank does not know: {', '.join(sorted(newer))}"
                raise UnknownSchemaError(msg)
            todo = [version for version in known if version not in done]
            for version in todo:
                await connection.execute(_up_part(known[version].read_text(encoding="utf8")))
                await connection.execute("insert into schema_migrations (version) values ($1)", version)
            return todo
    finally:
        await connection.close()


def _up_part(text: str) -> str:
    return text.partition("-- migrate:up")[2].partition("-- migrate:down")[0]

"""Migrations: applied once, in order, by one process at a time; and what they come to.

`python -m tests.db.test_migrations` writes what they come to into `docs/schema.sql`.
"""

import asyncio
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

import timebank
from tests.controls.town import do, found
from tests.helpers.databases import database
from tests.helpers.dump import pg_dump, schema_of
from tests.helpers.folders import watched_folder
from timebank.db.connections import Pool
from timebank.db.migrations import UnknownSchemaError, migrate, migration_files
from timebank.db.sql import load_statements
from timebank.ledger.ledger import Ledger
from timebank.projections import EVERY
from timebank.projections.credit import balances
from timebank.projections.machinery import shadow
from timebank.runtime.embedded import EmbeddedPostgres

SCHEMA = Path(__file__).parents[2] / "docs" / "schema.sql"
PACKAGE = Path(timebank.__file__).parent


@pytest.fixture
def blank(cluster: str) -> Iterator[str]:
    """The URL of a database nobody has migrated."""
    with database(cluster) as url:
        yield url


async def test_four_processes_migrate_once(blank: str) -> None:
    """Of four that migrate at once, one applies everything and the others nothing; again, nobody does anything."""
    applied = await asyncio.gather(*(migrate(blank) for _ in range(4)))
    versions = [file.name.partition("_")[0] for file in migration_files()]
    assert sorted(applied) == [[], [], [], versions]
    assert await migrate(blank) == []


async def test_a_newer_database_is_refused(url: str) -> None:
    """A database that a newer program has migrated is left alone, and the versions are named."""
    connection = await asyncpg.connect(url)
    await connection.execute("insert into schema_migrations values ('9001'), ('9000')")
    with pytest.raises(UnknownSchemaError, match="9000, 9001"):
        await migrate(url)
    await connection.close()


async def test_a_failing_migration_leaves_nothing(blank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the last of several migrations fails, none of them has happened."""
    (tmp_path / "0001_good.sql").write_text("-- migrate:up\ncreate table good ();\n-- migrate:down\ndrop table good;")
    (tmp_path / "0002_bad.sql").write_text("-- migrate:up\ncreate table bad (;\n")
    monkeypatch.setattr("timebank.db.migrations.migration_files", lambda: sorted(tmp_path.glob("*.sql")))
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await migrate(blank)
    (tmp_path / "0002_bad.sql").write_text("-- migrate:up\ncreate table bad ();\n")
    assert await migrate(blank) == ["0001", "0002"]


async def test_the_way_down_leads_back(url: str) -> None:
    """Running the down parts in reverse leaves an empty database, and the up parts can be run again."""
    connection = await asyncpg.connect(url)
    for file in reversed(migration_files()):
        await connection.execute(file.read_text().partition("-- migrate:down")[2])
    await connection.execute("delete from schema_migrations")
    left = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.close()
    assert [row["tablename"] for row in left] == ["schema_migrations"]
    assert len(await migrate(url)) == len(migration_files())


@pytest.mark.skipif(pg_dump() is None, reason="there is no pg_dump")
def test_the_committed_schema_is_what_the_migrations_come_to(url: str) -> None:
    """`docs/schema.sql` is the schema of a migrated database."""
    assert schema_of(url) == SCHEMA.read_text(encoding="utf8")


def statements() -> list[tuple[str, str]]:
    """Every named statement, with its name; those for any table are taken for every table of a projection."""
    found = []
    for path in sorted(PACKAGE.rglob("*.sql")):
        package = ".".join(["timebank", *path.relative_to(PACKAGE).parent.parts])
        if "migrations" in package:
            continue
        for name, text in load_statements(package, path.name).items():
            where = f"{path.stem}.{name}"
            if "{table}" in text:
                found += [
                    (f"{where}({table})", text.replace("pg_temp.", "public.").format(table=table))
                    for projection in EVERY
                    for table in projection.tables
                ]
            else:
                found.append((where, text))
    return found


async def test_every_statement_fits_the_schema(pool: Pool) -> None:
    """PostgreSQL can prepare every statement there is."""
    broken = []
    async with pool.acquire() as connection:
        await shadow.make(connection, balances.PROJECTION)
        for name, text in statements():
            if name == "clear_text.clear":
                continue  # for a table that only databases of the first version have, until the service starts
            try:
                await connection.prepare(text)
            except asyncpg.PostgresError as error:
                broken.append(f"{name}: {error}")
    assert broken == []


def test_every_statement_is_loaded_by_its_module() -> None:
    """Beside every `.sql` file there is the module that runs it."""
    for path in sorted(PACKAGE.rglob("*.sql")):
        if path.parent.name != "migrations":
            module = ".".join(["timebank", *path.relative_to(PACKAGE).with_suffix("").parts])
            assert hasattr(import_module(module), "SQL")


@pytest.mark.parametrize(
    "statement",
    [
        "update event set actor = 'somebody else'",
        "update event set data = data where position = 1",
        "delete from event",
        "delete from event where false",
        "truncate event",
        "truncate bank, event, event_tag",
        "insert into event select (e).* from event e on conflict (bank_id, position) do update set actor = 'x'",
        "merge into event e using bank b on e.bank_id = b.bank_id when matched then delete",
    ],
)
async def test_history_cannot_be_changed(ledger: Ledger, bank_id: UUID, pool: Pool, statement: str) -> None:
    """The database refuses every statement that would change or remove events."""
    await do(ledger, bank_id, *found(1))
    before = await pool.fetch("select * from event order by position")
    with pytest.raises(asyncpg.RaiseError, match="never changed"):
        await pool.execute(statement.replace("(e).*", "e.*"))
    assert await pool.fetch("select * from event order by position") == before


async def test_an_auditor_reads_the_history_with_sql_alone(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """The view shows facts as JSON, in letters."""
    await do(ledger, bank_id, *found(1))
    row = await pool.fetchrow("select topic, data ->> 'name' as name, actor, leaf from history where position = 2")
    assert (row["topic"], row["name"], row["actor"]) == ("organisation-registered", "org_garden", "operator")
    assert len(row["leaf"]) == 64


def rewrite() -> None:
    """Write the schema anew."""
    with watched_folder() as root, EmbeddedPostgres(root).running() as url, asyncio.Runner() as runner:
        runner.run(migrate(url))
        SCHEMA.parent.mkdir(exist_ok=True)
        SCHEMA.write_text(schema_of(url), encoding="utf8")


if __name__ == "__main__":
    rewrite()

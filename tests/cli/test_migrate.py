"""Bringing the database up to date."""

from pathlib import Path

import asyncpg

from tests.cli.program import Program


def test_migrating_twice_is_harmless(folder: Path, cluster: str, url: str) -> None:
    """`migrate` says what it did, and then that there is nothing to do."""
    program = Program(folder, database_url=url)
    assert program.run("migrate").out == "The database is up to date.\n"


async def test_a_newer_database_is_left_alone(program: Program, url: str) -> None:
    """A database of a newer version is refused in one sentence."""
    connection = await asyncpg.connect(url)
    await connection.execute("insert into schema_migrations (version) values ('9999')")
    await connection.close()
    told = program.run("migrate", expect=1)
    assert told.err.startswith("Error: ")
    assert "9999" in told.err

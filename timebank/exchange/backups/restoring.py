"""Restoring a backup into an empty database: all of it, read models made from the log included, or nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import groupby
from operator import itemgetter
from typing import IO

from timebank.db.connections import UNFIT, Connection, connected
from timebank.db.counting import count_anew
from timebank.db.migrations import apply, migration_files
from timebank.exchange.backups.archive import BackupError, Manifest, Reader
from timebank.exchange.backups.tables import SQL
from timebank.ledger.tags import TAGS
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import fill
from timebank.runtime.database.rights import needed

Progress = Callable[[int, int], None]
Stage = Callable[[str], Progress]
"""Told what is being done now; gives what is told how far that is."""


def _quietly(_: str) -> Progress:
    return lambda done, total: None


async def restore(
    url: str, stream: IO[bytes], must_be_usable: Callable[[Connection], Awaitable[object]], stage: Stage = _quietly
) -> Manifest:
    """Restore a backup from a stream, and bring it up to date; says what the backup was taken of.

    What is there then `must_be_usable`, or all is left as it was. Raises `BackupError` where the file is not whole, or
    of a newer version, and where the database is not empty.
    """
    reader = Reader(stream)
    manifest = reader.manifest
    _must_be_known(manifest)
    async with _emptied(url) as connection:
        await apply(connection, only=manifest.migrations)
        await _load(connection, reader, stage("Restoring"))
        await apply(connection)
        await must_be_usable(connection)
        for projection in (TAGS, *EVERY):
            await fill(connection, projection, stage(f"Making {projection.name}"))
        await count_anew(connection)
    return manifest


def _must_be_known(manifest: Manifest) -> None:
    known = {file.name.partition("_")[0] for file in migration_files()}
    if newer := sorted(set(manifest.migrations) - known):
        msg = f"this backup has migrations that this version of timebank does not know: {', '.join(newer)}"
        raise BackupError(msg)


async def must_be_unused(url: str) -> None:
    """Refuse a database that nothing can be restored into. Raises `BackupError`."""
    connection = await connected(url)
    try:
        await _must_be_unused(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def _emptied(url: str) -> AsyncIterator[Connection]:
    """A transaction on a database that has nothing in it; what a service made that was only started is removed."""
    connection = await connected(url)
    try:
        async with connection.transaction():
            await connection.execute(SQL["unhurried"])
            await _must_be_unused(connection)
            for row in await connection.fetch(SQL["everything"]):
                await connection.execute(row["statement"])
            yield connection
    finally:
        await connection.close()


async def _must_be_unused(connection: Connection) -> None:
    tables = {row["name"] for row in await connection.fetch(SQL["tables"])}
    if strange := sorted(tables - needed().keys()):
        msg = f"there is something else in this database ({', '.join(strange[:3])}): restore into an empty one"
        raise BackupError(msg)
    if "bank" in tables and await connection.fetchval(SQL["is_used"]):
        msg = "there are banks in this database already: restore into an empty one"
        raise BackupError(msg)


async def _load(connection: Connection, reader: Reader, progress: Progress) -> None:
    """Load all rows, and see that they are as many as there were."""
    total = sum(bank.head for bank in reader.manifest.banks)
    rows = dict.fromkeys(reader.manifest.tables, 0)
    for table, pieces in groupby(reader.pieces(), itemgetter(0)):
        source = _counted(pieces, rows, lambda: progress(rows.get("event", 0), total))
        columns = reader.manifest.tables[table]
        try:
            await connection.copy_to_table(table, source=source, columns=columns, schema_name="public")
        except UNFIT as error:
            msg = f"the backup is not whole: {error}"
            raise BackupError(msg) from None
    if reader.end is None or reader.end.rows != rows:
        msg = "the backup is not whole: there are other rows in it than it says"
        raise BackupError(msg)
    await _go_on_numbering(connection, rows)


async def _counted(
    pieces: Iterable[tuple[str, bytes]], rows: dict[str, int], tell: Callable[[], None]
) -> AsyncIterator[bytes]:
    """The rows of pieces, which are counted by their table."""
    for table, piece in pieces:
        rows[table] += piece.count(b"\n")
        tell()
        yield piece


async def _go_on_numbering(connection: Connection, tables: Iterable[str]) -> None:
    for table in tables:
        for row in await connection.fetch(SQL["sequences"], table):
            highest = await connection.fetchval(f'select max("{row["name"]}") from public."{table}"')
            await connection.execute(SQL["highest"], row["sequence"], highest)

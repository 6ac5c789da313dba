"""Taking a backup: everything as of one moment, while the service goes on."""

from collections.abc import Callable
from datetime import datetime
from typing import IO

from timebank import __version__
from timebank.db.connections import Connection, Pool
from timebank.exchange.backups.archive import FORMAT, BackupError, BankThen, Manifest, Writer
from timebank.exchange.backups.tables import SQL, Kept, kept_tables

Progress = Callable[[int, int], None]


async def take(pool: Pool, stream: IO[bytes], now: datetime, progress: Progress = lambda done, total: None) -> Manifest:
    """Write a backup to a stream. Raises `BackupError` if there is nothing to keep."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(SQL["unhurried"])
        tables = await kept_tables(connection)
        if "bank" not in {table.name for table in tables}:
            msg = "this database is empty: there is nothing to back up"
            raise BackupError(msg)
        manifest = await _manifest(connection, now, tables)
        writer = Writer(stream, manifest)
        total = await _rows(connection, manifest)
        for table in tables:
            writer.begin(table.name)

            async def write(rows: bytes) -> None:
                await writer.write(rows)
                progress(writer.written, total)

            await connection.copy_from_table(table.name, output=write, columns=table.columns, schema_name="public")
        writer.close()
        return manifest


async def _manifest(connection: Connection, now: datetime, tables: list[Kept]) -> Manifest:
    return Manifest(
        format=FORMAT,
        program=__version__,
        taken_at=now.isoformat(timespec="seconds"),
        migrations=[row["version"] for row in await connection.fetch(SQL["migrations"])],
        banks=[BankThen(**row) for row in await connection.fetch(SQL["banks"])],
        tables={table.name: table.columns for table in tables},
    )


async def _rows(connection: Connection, manifest: Manifest) -> int:
    """How many rows there are; events are not counted, since positions have no gaps."""
    others = [name for name in manifest.tables if name != "event"]
    total = sum(bank.head for bank in manifest.banks)
    for name in others:
        total += await connection.fetchval(f'select count(*) from public."{name}"')
    return total

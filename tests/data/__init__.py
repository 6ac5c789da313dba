"""A log that an earlier version wrote: a small demo world of timebank 0.1.0, at migration 0004.

`bank-before.sql.gz` holds its tables, one after the other: a line `-- table columns`, then the rows as COPY writes
them. There is a fact of every topic that version knew, and something in every read model. What people and programs came
in with (sessions, passwords, the security log) is left out. The people are invented; the key file opens their names.
It was written once, and stays as it is, however much the program changes.
"""

import gzip
import io
from pathlib import Path

from timebank.db.connections import Connection

VERSION = "0004"
"""The last migration of the database that the log was written to."""

BANK_BEFORE = Path(__file__).parent / "bank-before.sql.gz"
KEYS_BEFORE = Path(__file__).parent / "bank-before.keys.json"


async def load(connection: Connection) -> None:
    """Fill the tables of an empty database at that version, in one transaction."""
    tables = gzip.decompress(BANK_BEFORE.read_bytes()).removeprefix(b"-- ").removesuffix(b"\n").split(b"\n-- ")
    async with connection.transaction():
        for text in tables:  # no row starts with "-- ": the first column is an id, a hash, or the name of a key
            heading, _, rows = text.partition(b"\n")
            table, *columns = heading.decode().split()
            if rows:
                source = io.BytesIO(rows + b"\n")
                await connection.copy_to_table(table, source=source, columns=columns, format="text")

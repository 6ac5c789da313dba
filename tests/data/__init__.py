"""Logs that earlier versions wrote: small demo worlds of timebank 0.1.0, at migrations 0002 and 0004.

`bank-first.sql.gz` and `bank-before.sql.gz` hold their tables, one after the other: a line `-- table columns`, then the
rows as COPY writes them. In the later one there is a fact of every topic that version knew, and something in every read
model; what people and programs came in with (sessions, passwords, the security log) is left out, and the key file opens
their names. In the first one names are in clear, and there are the tokens of then. The people are invented. Both were
written once, and stay as they are, however much the program changes.
"""

import gzip
import io
from pathlib import Path

from timebank.db.connections import Connection

VERSION = "0004"
"""The last migration of the database that the log was written to."""

BANK_FIRST = Path(__file__).parent / "bank-first.sql.gz"
BANK_BEFORE = Path(__file__).parent / "bank-before.sql.gz"
KEYS_BEFORE = Path(__file__).parent / "bank-before.keys.json"


async def load(connection: Connection, log: Path = BANK_BEFORE) -> None:
    """Fill the tables of an empty database at the version of a log, in one transaction."""
    tables = gzip.decompress(log.read_bytes()).removeprefix(b"-- ").removesuffix(b"\n").split(b"\n-- ")
    async with connection.transaction():
        for text in tables:  # no row starts with "-- ": the first column is an id, a hash, or the name of a key
            heading, _, rows = text.partition(b"\n")
            table, *columns = heading.decode().split()
            if rows:
                source = io.BytesIO(rows + b"\n")
                await connection.copy_to_table(table, source=source, columns=columns, format="text")

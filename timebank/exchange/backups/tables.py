"""Which tables belong into a backup: all but those that are made again from it, and those that a restore ends."""

from typing import NamedTuple

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.projections import EVERY

SQL = load_statements("timebank.exchange.backups", "tables.sql")

MADE_AGAIN = frozenset(
    {"event_tag", "memory_snapshot", "checkpoint", *(table for each in EVERY for table in each.tables)}
)
"""What the log says: made again from it when a backup is restored."""

LEFT_OUT = frozenset(
    {"session", "refresh_token", "one_time_code", "phone_code", "registration_code", "oidc_login", "sign_in_attempt"}
)
"""Sessions, codes and attempts: some have ended or been used since, so everybody signs in again after a restore."""

SCHEMA = frozenset({"schema_migrations"})
"""What the schema is made by; the manifest says it."""


class Kept(NamedTuple):
    """A table whose rows are kept, with its columns."""

    name: str
    columns: list[str]


async def kept_tables(connection: Connection) -> list[Kept]:
    """The tables that belong into a backup of this database, those that others refer to first."""
    rows = {row["name"]: row for row in await connection.fetch(SQL["tables"])}
    left = {name: set(row["refers_to"]) for name, row in rows.items() if name not in MADE_AGAIN | LEFT_OUT | SCHEMA}
    ordered: list[Kept] = []
    while left:
        free = [name for name, others in left.items() if not others & left.keys()]
        assert free, f"{sorted(left)} refer to each other"
        ordered += [Kept(name, list(rows[name]["columns"])) for name in free]
        left = {name: others for name, others in left.items() if name not in free}
    return ordered

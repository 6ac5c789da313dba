"""The rights in the database that the service needs, and no more: it adds facts, and can neither change nor delete one.

Whoever owns the tables migrates and rebuilds; the service can run as another role, with these.
"""

from collections.abc import Iterator
from typing import NamedTuple

from timebank.db.connections import NoDatabaseError, Pool, told
from timebank.db.sql import load_statements
from timebank.projections import EVERY

SQL = load_statements("timebank.runtime", "rights.sql")

ALL = ("select", "insert", "update", "delete")

KEPT: dict[str, tuple[str, ...]] = {
    "schema_migrations": ("select",),
    # The log, and the two columns that say where it ends.
    "event": ("select", "insert"),
    "event_tag": ("select", "insert"),
    "bank": ("select", "insert", "update (head)", "update (head_event_id)"),
    "history": ("select",),
    # The tree over the log, and what was signed of it.
    "tile": ("select", "insert"),
    "signed_checkpoint": ("select", "insert"),
    "cosignature": ("select", "insert"),
    "witnessed_checkpoint": ("select", "insert"),
    # Deleted when their time is over, or with the person they are about; of the security log the database sees to it.
    "idempotency": ("select", "insert", "delete"),
    "security_event": ("select", "insert", "update (address)", "delete"),
    "person": ALL,
    "sealing_key": ("select", "insert", "update"),
    "checkpoint": ("select", "insert", "update"),
    "api_key_use": ("select", "insert", "update"),
    "credential": ALL,
    "session": ALL,
    "refresh_token": ALL,
    "one_time_code": ALL,
    "phone_code": ALL,
    "sealed_secret": ALL,
    "sign_in_attempt": ALL,
    "notice_read": ("select", "insert", "update"),
    "oidc_identity": ALL,
    "oidc_login": ALL,
}
"""What is to be done with each table that is no read model; with those everything is."""


class Right(NamedTuple):
    """A right on a table, or on one column of it."""

    table: str
    privilege: str
    column: str = ""


def needed() -> dict[str, tuple[str, ...]]:
    """The rights on every table, as a GRANT names them."""
    return KEPT | {table: ALL for projection in EVERY for table in projection.tables}


def grants(role: str, *, sees_standbys: bool) -> list[str]:
    """The statements with which the owner of the tables gives a role what it needs to run the service.

    Where a standby is required the role has to see it; that right is for a superuser to give.
    """
    whom = '"' + role.replace('"', '""') + '"'
    return [
        f"grant usage on schema public to {whom};",
        *(f"grant {', '.join(rights)} on {table} to {whom};" for table, rights in sorted(needed().items())),
        *([f"grant pg_read_all_stats to {whom};"] if sees_standbys else []),
    ]


async def must_have_rights(pool: Pool, url: str) -> None:
    """Raise `NoDatabaseError` if whoever is connected may not do what the service has to do."""
    missing = await pool.fetch(SQL["missing"], *zip(*_rights(), strict=True))
    if missing:
        role = await pool.fetchval(SQL["whoever"])
        named = ", ".join(f"{row['privilege']} on {row['name']}" for row in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        why = (
            f"the role {role} has no right to {named}{more}; the owner has to run what `timebank grants {role}` prints"
        )
        raise NoDatabaseError(told(url, why))


def _rights() -> Iterator[Right]:
    for table, rights in needed().items():
        for right in rights:
            privilege, _, column = right.partition(" (")
            yield Right(table, privilege, column.rstrip(")"))

"""The rights in the database that each role needs, and no more: the service adds facts, and can change or delete none.

Whoever owns the tables migrates and rebuilds; the service acts as another role, and auditors read views as a third.
"""

from collections.abc import Iterator
from typing import NamedTuple

import structlog

from timebank.db.connections import Connection, NoDatabaseError, Pool, told
from timebank.db.sql import load_statements
from timebank.projections import EVERY

SQL = load_statements("timebank.runtime.database", "rights.sql")

log = structlog.get_logger(__name__)

ALL = ("select", "insert", "update", "delete")

KEPT: dict[str, tuple[str, ...]] = {
    "schema_migrations": ("select",),
    # The log, and the two columns that say where it ends.
    "event": ("select", "insert"),
    "event_tag": ("select", "insert"),
    "bank": ("select", "insert", "update (head)", "update (head_event_id)"),
    # The tree over the log, and what was signed of it.
    "tile": ("select", "insert"),
    "signed_checkpoint": ("select", "insert"),
    "cosignature": ("select", "insert"),
    "witnessed_checkpoint": ("select", "insert"),
    # Deleted when their time is over; of the security log by a function of the owner's.
    "security_event": ("select", "insert"),
    "idempotency": ("select", "insert", "delete"),
    "person": ALL,
    "memory_snapshot": ALL,
    "person_name": ("select", "insert", "delete"),
    "double_registration": ("select", "insert", "delete"),
    "sealing_key": ("select", "insert", "update"),
    "checkpoint": ("select", "insert", "update"),
    "api_key_use": ("select", "insert", "update"),
    "credential": ALL,
    "session": ALL,
    "refresh_token": ALL,
    "one_time_code": ALL,
    "phone_code": ALL,
    "registration_code": ALL,
    "sealed_secret": ALL,
    "sign_in_attempt": ALL,
    "notice_read": ("select", "insert", "update"),
    "oidc_identity": ALL,
    "oidc_login": ALL,
}
"""What is to be done with each table that is no read model; with those everything is."""

FUNCTIONS = ("sweep_security_log(timestamptz, integer)", "forget_addresses(uuid, text[])")
"""The functions of the owner's that the service may call."""

READ = (
    "history", "audit_bank", "audit_tag", "audit_tile", "audit_checkpoint", "audit_cosignature", "audit_security",
)  # fmt: skip
"""The views that auditors read: no personal data are in them."""

FOR_EVER = (
    "event", "event_tag", "tile", "signed_checkpoint", "cosignature", "witnessed_checkpoint", "security_event",
)  # fmt: skip
"""The tables to which the service only adds rows."""


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
    whom = quoted(role)
    return [
        f"grant usage on schema public to {whom};",
        *(f"revoke all on {table} from {whom};" for table in FOR_EVER),
        *(f"grant {', '.join(rights)} on {table} to {whom};" for table, rights in sorted(needed().items())),
        *(f"grant execute on function {function} to {whom};" for function in FUNCTIONS),
        *([f"grant pg_read_all_stats to {whom};"] if sees_standbys else []),
    ]


def grants_to_read(role: str) -> list[str]:
    """The statements with which the owner lets a role read what auditors read."""
    whom = quoted(role)
    return [f"grant usage on schema public to {whom};", *(f"grant select on {view} to {whom};" for view in READ)]


def quoted(role: str) -> str:
    """The name of a role as it is written in a statement."""
    return '"' + role.replace('"', '""') + '"'


async def is_as_it_should_be(connection: Connection, role: str, *, sees_standbys: bool) -> bool:
    """Whether a role has all the rights that the service needs, and none to change what is kept for ever."""
    missing = await connection.fetch(SQL["missing"], *zip(*_rights(), strict=True), role, FUNCTIONS)
    excess = await connection.fetch(SQL["excess"], FOR_EVER, role)
    sees = not sees_standbys or await connection.fetchval(SQL["sees_standbys"], role)
    return bool(sees) and not missing and not excess


async def must_have_rights(pool: Pool, url: str) -> None:
    """Raise `NoDatabaseError` if whoever is connected may not do what the service has to do.

    That they may do more with the log than add to it is told loudly: then only the triggers keep them from it.
    """
    excess = await pool.fetch(SQL["excess"], FOR_EVER, None)
    if excess:
        tables = ", ".join(row["name"] for row in excess)
        log.warning("the service runs with rights to change or delete what is kept for ever", tables=tables)
    missing = await pool.fetch(SQL["missing"], *zip(*_rights(), strict=True), None, FUNCTIONS)
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

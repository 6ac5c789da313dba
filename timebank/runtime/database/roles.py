"""The three roles in the database: the owner, who migrates; the service, which adds facts; auditors, who read views.

The owner is whoever made the tables. `migrate` makes the other two, where the owner may. A service that was told to
connect as the owner acts as the service's role all the same: what goes wrong in it, or is done to it by way of SQL,
cannot change the log.
"""

from typing import Any

import structlog

from timebank.db.connections import DATABASE_ERRORS, Connection, connected, said
from timebank.db.sql import load_statements
from timebank.runtime.database.rights import READ, grants, grants_to_read, is_as_it_should_be, quoted

SQL = load_statements("timebank.runtime.database", "roles.sql")

SERVICE = "timebank_service"
READER = "timebank_reader"

log = structlog.get_logger(__name__)


async def role_to_act_as(url: str, *, sees_standbys: bool) -> str | None:
    """The role that the service acts as; None where whoever is connected is to act as who they are.

    Called by the owner of the tables it makes the roles, and gives them the rights that they do not have yet.
    """
    connection = await connected(url)
    try:
        standing = await connection.fetchrow(SQL["standing"])
        assert standing, "the log is there, and so is whoever asks"
        if not standing["is_owner"]:
            return None
        async with connection.transaction():
            await connection.execute(SQL["alone"])
            await _make(connection, standing, sees_standbys=sees_standbys)
            is_usable = await connection.fetchval(SQL["may_become"], SERVICE)
    except DATABASE_ERRORS as error:
        log.warning(
            "the roles of the service and of auditors could not be made; see `timebank grants`", why=said(error)
        )
        return None
    finally:
        await connection.close()
    return SERVICE if is_usable else None


async def _make(connection: Connection, standing: Any, *, sees_standbys: bool) -> None:
    for role in (SERVICE, READER):
        if not await connection.fetchval(SQL["there"], role):
            await connection.execute(SQL["create"].format(role=quoted(role)))
            if not standing["may_all"]:
                await connection.execute(f"grant {quoted(role)} to {standing['name']}")
    is_fit = await is_as_it_should_be(connection, SERVICE, sees_standbys=sees_standbys)
    missing = [] if is_fit else grants(SERVICE, sees_standbys=sees_standbys)
    missing += [] if await connection.fetchval(SQL["reads_all"], READER, READ) else grants_to_read(READER)
    for statement in missing:
        await connection.execute(statement)

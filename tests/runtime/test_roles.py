"""Three roles: the owner migrates, the service adds facts, whoever it connects as, and auditors read views."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.api.conftest import kept
from tests.api.world import settled
from tests.helpers.databases import administer, database, database_name
from tests.runtime.test_rights import as_role, everything
from timebank.db.connections import Pool
from timebank.db.migrations import migrate
from timebank.runtime.database.rights import FOR_EVER, READ, needed
from timebank.runtime.database.roles import READER, SERVICE, role_to_act_as

FIRST = "select attname from pg_attribute where attrelid = $1::text::regclass and attnum = 1"
COLUMNS = "select column_name from information_schema.columns where table_name = any ($1)"
UNCHANGED = asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError
"""What is raised where a view is not to be changed: by whoever asks, or by nobody, since it is of several tables."""
RIGHTS = """
    select has_any_column_privilege($1, 'security_event', 'update'), has_table_privilege($1, 'tile', 'update'),
           has_table_privilege($1, 'event', 'insert'), has_table_privilege($2, 'audit_tile', 'select')
"""


@pytest.fixture
def owner(cluster: str) -> Iterator[tuple[str, str]]:
    """Somebody who owns a database, and may make no roles; and the URL of that."""
    name = f"owner-{uuid4().hex}"
    administer(cluster, f'create role "{name}" login')
    with database(cluster) as url:
        administer(cluster, f'alter database {database_name(url)} owner to "{name}"')
        yield name, as_role(url, name)
    administer(cluster, f'drop role "{name}"')


async def test_a_service_that_connects_as_the_owner_cannot_change_the_log(url: str) -> None:
    """It does all its work as a role that only adds to what is kept for ever, and sweeps by the owner's functions."""
    async with kept(settled(url)) as world:
        await everything(world)
        pool = world.services.pool
        assert await pool.fetchval("select current_user") == SERVICE
        for table in FOR_EVER:
            column = await pool.fetchval(FIRST, table)
            for statement in (
                f"update {table} set {column} = {column}",
                f"delete from {table}",
                f"truncate {table}",
                f"alter table {table} disable trigger all",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await pool.execute(statement)
        assert await world.services.security_log.sweep(world.services.ledger.clock() - timedelta(days=2), 10) == 0
        assert await world.services.owner.fetchval("select current_user") != SERVICE


async def test_auditors_read_views_and_nothing_else(url: str, pool: Pool) -> None:
    """The reader reads the log, the tree and the security log without addresses; no table, and nothing personal."""
    assert await role_to_act_as(url, sees_standbys=False) == SERVICE
    async with pool.acquire() as connection:
        await connection.execute(f"set role {READER}")
        for view in READ:
            await connection.fetch(f"select * from {view}")
            with pytest.raises(UNCHANGED):
                await connection.execute(f"delete from {view}")
        for table in needed():
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"select * from {table}")
        await connection.execute("reset role")
        columns = await connection.fetch(COLUMNS, READ)
    personal = {"address", "sealed", "document", "phone_index", "name_keys", "name_key", "alike_index"}
    personal |= {"device", "secret_hash"}
    assert not {row["column_name"] for row in columns} & personal


async def test_rights_of_before_are_taken_away(url: str, pool: Pool) -> None:
    """A role of the service that could do more, by the grants of an earlier version, cannot after the next start."""
    await role_to_act_as(url, sees_standbys=False)
    await pool.execute(f"grant delete, update (address) on security_event to {SERVICE}")
    await pool.execute(f"grant update on tile to {SERVICE}")
    await pool.execute(f"revoke insert on event from {SERVICE}; revoke select on audit_tile from {READER}")
    await role_to_act_as(url, sees_standbys=False)
    assert tuple(await pool.fetchrow(RIGHTS, SERVICE, READER)) == (False, False, True, True)


async def test_an_owner_who_can_give_no_roles_serves_all_the_same(owner: tuple[str, str]) -> None:
    """Where the roles are not the owner's to act as, the service runs as the owner, and says loudly what that means."""
    name, url = owner
    await migrate(url)
    with capture_logs() as told:
        async with kept(settled(url)) as world:
            assert await world.services.pool.fetchval("select current_user") == name
    assert [each for each in told if "rights to change" in each["event"] and "event_tag" in each["tables"]]

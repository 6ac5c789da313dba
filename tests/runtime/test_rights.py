"""With the rights that are printed the service does everything, and can change no fact; with less it does not start."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from tests.api.conftest import kept
from tests.api.world import Caller, World, settled
from tests.controls import KEY_FILE
from tests.helpers.databases import administer
from tests.helpers.effort import more
from timebank.db.connections import NoDatabaseError, Pool
from timebank.db.migrations import migrate
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import verify
from timebank.runtime.composition import running_services
from timebank.runtime.database.opening import ready_database
from timebank.runtime.database.rights import KEPT, READ, grants, needed
from timebank.runtime.settings import Settings


@pytest.fixture
def role(url: str) -> Iterator[str]:
    """A role that may connect, and no more."""
    role = f"service-{uuid4().hex}"
    administer(url, f'create role "{role}" login')
    yield role
    administer(url, f'drop owned by "{role}"')
    administer(url, f'drop role "{role}"')


@pytest.fixture
def granted(url: str, role: str) -> str:
    """The URL for that role, which was granted what is printed."""
    for statement in grants(role, sees_standbys=False):
        administer(url, statement)
    return as_role(url, role)


def as_role(url: str, role: str) -> str:
    """The same database for another role."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))


async def test_every_table_has_its_rights(pool: Pool) -> None:
    """What may be done with it is said of every table and view there is."""
    rows = await pool.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'p')"
    )
    missing = {row["relname"] for row in rows} ^ {*needed(), *READ}
    assert not missing, f"{missing}: say in timebank/runtime/database/rights.py what the service does with it"
    assert not KEPT.keys() & {table for projection in EVERY for table in projection.tables}


async def everything(world: World) -> None:
    """What is done in a bank, each kind of thing once."""
    somebody = await world.with_credit(240, name="赵一", phone="13900007777")
    reward = await world.reward()
    reserved = await world.redeem(somebody, reward)
    code = {"redemption_code": reserved["redemption_code"]}
    await world.organisation.post("/v1/redemptions/fulfil", code, expect=200)
    issued = await world.administrator.post(f"/v1/volunteers/{somebody.id}/codes", {})
    answer = await world.http.post(
        "/v1/passwords", json={"one_time_code": issued["one_time_code"], "password": "百步亭 zhong hua lu 17"}
    )
    assert answer.status_code == 201, answer.text
    session = Caller(world.http, somebody.id, answer.json()["access_token"])
    refreshed = await world.http.post("/v1/sessions/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    assert refreshed.status_code in (200, 201), refreshed.text
    refused = await world.http.post("/v1/sessions", json={"login": "13900007777", "password": "wrong"})
    assert refused.status_code == 401, refused.text
    await session.get("/v1/me/data")
    await world.administrator.get("/v1/audit/events")
    await world.administrator.get("/v1/audit/security")
    for _ in range(2):
        await world.administrator.post("/v1/volunteers", {"name": "钱二"}, key="once", expect=201)
    await world.administrator.ask("POST", f"/v1/volunteers/{somebody.id}/erase", json={"reason": "x"})


@pytest.mark.drill
async def test_the_service_needs_no_more(granted: str) -> None:
    """The service does all of its work with the rights that are printed, and has none to change or delete a fact."""
    async with kept(settled(granted)) as world:
        await everything(world)
        assert (await world.http.get("/health/ready")).json() == {"status": "ok"}
        for statement in (
            "update event set actor = 'x'",
            "delete from event",
            "truncate event",
            "delete from event_tag",
            "update event_tag set key = 0",
            "delete from bank",
            "update bank set name = 'x'",
            "update security_event set address = null",
            "delete from security_event",
            "delete from tile",
            "update signed_checkpoint set root = ''",
            "delete from cosignature",
            "update witnessed_checkpoint set size = 0",
            "alter table event disable trigger user",
            "drop trigger event_is_append_only on event",
            "create table mine (n int)",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await world.services.pool.execute(statement)
        await world.services.runner.reach(world.bank_id, world.services.ledger.head(world.bank_id), 5)
        bank_id = world.bank_id
        for projection in EVERY:
            compared = await verify(world.services.pool, projection, bank_id)
            assert compared.is_equal, compared.differences


@pytest.mark.parametrize(
    ("table", "right"),
    [("event", "insert"), *more(("person", "delete"), ("bank", "update (head)"), ("security_event", "insert"))],
)
async def test_without_a_right_it_does_not_start(granted: str, pool: Pool, role: str, table: str, right: str) -> None:
    """Where a right is missing the service says which, and how to get it, in one sentence, before it serves."""
    await pool.execute(f'revoke {right} on {table} from "{role}"')
    for _ in range(2):
        with pytest.raises(NoDatabaseError, match=f"{right.partition(' ')[0]} on {table}.*timebank grants"):
            await ready_database(granted, Settings(database_url=granted, key_file=str(KEY_FILE)))
        with pytest.raises(NoDatabaseError, match="TIMEBANK_DATABASE_URL"):
            async with running_services(Settings(database_url=granted, key_file=str(KEY_FILE))):
                pass


async def test_a_database_that_is_not_up_to_date_is_for_its_owner(url: str, pool: Pool, role: str) -> None:
    """Whoever may not migrate is told that the owner has to, in one sentence."""
    await pool.execute(f'grant select on schema_migrations to "{role}"')
    await pool.execute("delete from schema_migrations where version = '0007'")
    with pytest.raises(NoDatabaseError, match=r"TIMEBANK_DATABASE_URL: .*has to be migrated by its owner"):
        await migrate(as_role(url, role))

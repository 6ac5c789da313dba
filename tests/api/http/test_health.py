"""Readiness answers within two seconds whatever happens, and says what keeps the service from its work."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.conftest import kept
from tests.api.world import World, served, settled
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.ledger import tasks, writer
from timebank.ledger.wake import Waker
from timebank.runtime import readiness
from timebank.runtime.embedded import EmbeddedPostgres

pytestmark = pytest.mark.drill


async def ready(world: World) -> httpx.Response:
    """The answer, which takes no longer than two seconds, and one more where this process itself had to wait."""
    asking = asyncio.create_task(world.http.get("/health/ready"))
    for seconds in (2, 1):
        await asyncio.wait({asking}, timeout=seconds)
    assert asking.done()
    return asking.result()


async def troubles(world: World) -> dict[str, str]:
    """What is not well, and why; it is a problem, with details."""
    response = await ready(world)
    assert response.status_code == 503, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert "retry-after" in response.headers
    body = response.json()
    assert body["type"] in ("/problems/not-ready", "/problems/database-unavailable")
    return {each["field"]: each["reason"] for each in body["errors"]}


async def until_ready(world: World, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until all is well again."""
    async with asyncio.timeout(seconds):
        while (await ready(world)).status_code != 200:
            await asyncio.sleep(0.1)
    assert (await ready(world)).json()["status"] == "ok"


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own."""
    with watched_folder() as root:
        server = EmbeddedPostgres(root)
        await asyncio.to_thread(server.acquire)
        yield server
        await asyncio.to_thread(server.release)


@contextmanager
def hung(server: EmbeddedPostgres) -> Any:
    """The server and all its processes stand still."""
    postmaster = int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    pids = [postmaster, *map(int, children)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_server_that_hangs(server: EmbeddedPostgres) -> None:
    """While PostgreSQL stands still it is said so, in time, however often it is asked; then all goes on."""
    async with kept(settled(server.url)) as world:
        assert (await ready(world)).json() == {"status": "ok"}
        with hung(server):
            posting = asyncio.create_task(world.administrator.ask("POST", "/v1/volunteers", json={"name": "甲"}))
            for _ in range(3):
                assert "does not answer" in (await troubles(world))["database"]
            for found in await asyncio.gather(*(troubles(world) for _ in range(5))):
                assert "database" in found
        await until_ready(world)
        assert (await posting).status_code in (201, 503)


async def test_a_pool_that_is_exhausted(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every connection is in use it is said so, in time."""
    monkeypatch.setattr(readiness, "ANSWER_SECONDS", 0.5)
    pool = own_world.services.pool
    used = [await pool.acquire() for _ in range(pool.get_max_size() - 1)]  # one listens
    assert "connections are in use" in (await troubles(own_world))["database"]
    for each in used:
        await pool.release(each)
    await until_ready(own_world)


async def let_in_anew(url: str) -> None:
    """End all connections but this one."""
    connection = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
    await connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    await connection.close()


async def change(url: str, statement: str) -> None:
    """Change something about the database itself."""
    connection = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
    await connection.execute(statement.format(name=await connection.fetchval("select current_database()")))
    await connection.close()


async def test_a_server_that_became_read_only(own_world: World, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written reading goes on, writing and signing in are 503, and readiness says why.

    Administrators look at nobody meanwhile: it could not be written down.
    """
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.5)
    await change(url, "alter database {name} set default_transaction_read_only = on")
    await let_in_anew(url)
    await asyncio.sleep(0.1)
    assert "read-only" in (await troubles(own_world))["database"]
    balance = f"/v1/volunteers/{own_world.volunteer.id}/balance"
    await own_world.volunteer.get(balance)
    await own_world.organisation.get("/v1/organisations")
    assert (await own_world.administrator.ask("GET", balance)).status_code == 503
    refused = await own_world.administrator.ask("POST", "/v1/volunteers", json={"name": "甲"})
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/database-unavailable")
    signing_in = await own_world.http.post("/v1/sessions", json={"login": "13800001111", "password": "x" * 12})
    assert signing_in.status_code == 503, signing_in.text
    await change(url, "alter database {name} reset default_transaction_read_only")
    await let_in_anew(url)
    await until_ready(own_world)
    await own_world.administrator.post("/v1/volunteers", {"name": "甲"}, expect=201)


async def test_a_disk_that_is_full(own_world: World, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds no room is 503, and readiness says so until there is room, though nobody asks for more meanwhile."""
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.5)
    refusing = "begin raise exception 'could not extend file' using errcode = 'disk_full'; end"
    await change(url, f"create function no_room() returns trigger language plpgsql as $${refusing}$$")
    await change(url, "create trigger no_room before insert on event execute function no_room()")
    await change(url, "alter database {name} set temp_file_limit = 0")
    await let_in_anew(url)
    await until_ready(own_world)
    refused = await own_world.administrator.ask("POST", "/v1/volunteers", json={"name": "甲"})
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/database-unavailable")
    for _ in range(2):
        assert "no room" in (await troubles(own_world))["database"]
    await change(url, "alter database {name} reset temp_file_limit")
    await change(url, "drop trigger no_room on event")
    await let_in_anew(url)
    await until_ready(own_world)
    await own_world.administrator.post("/v1/volunteers", {"name": "甲"}, expect=201)


async def test_a_server_that_lets_nobody_in(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server refuses the role, or has no connection left, it is 503; afterwards everything goes on."""
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.5)
    name = f"svc_{os.getpid()}_{time.monotonic_ns()}"
    await change(url, f"create role {name} login superuser")
    async with kept(settled(url.replace("://timebank@", f"://{name}@"))) as world:
        await world.administrator.post("/v1/volunteers", {"name": "甲"}, expect=201)
        for shut, opened in ((f"alter role {name} nologin", f"alter role {name} login"),
                             (f"alter role {name} nosuperuser connection limit 0",
                              f"alter role {name} superuser connection limit -1")):  # fmt: skip
            await change(url, shut)
            await let_in_anew(url)
            await asyncio.sleep(0.1)
            assert "database" in await troubles(world)
            for response in await asyncio.gather(
                world.administrator.ask("GET", "/v1/volunteers"),
                world.administrator.ask("POST", "/v1/volunteers", json={"name": "乙"}),
            ):
                assert response.status_code == 503, response.text
            await change(url, opened)
            await until_ready(world)
            await world.administrator.post("/v1/volunteers", {"name": "丙"}, expect=201)
    await change(url, f"drop owned by {name}; drop role {name}")


async def test_a_projection_that_is_stuck(own_world: World, url: str) -> None:
    """A fact that cannot be taken in is named with its projection, position and topic; all else is served meanwhile."""
    world = own_world
    before = await world.services.ledger.store.head(world.bank_id)
    assert await world.services.runner.reach(world.bank_id, before, PATIENCE_SECONDS)
    await change(url, "alter table membership add constraint poison check (role <> 'recorder') not valid")
    member = await world.member("recorder")
    position = await world.services.ledger.store.head(world.bank_id)
    await world.somebody("之后")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await ready(world)).status_code == 200:
            await asyncio.sleep(0.05)
    found = await troubles(world)
    assert list(found) == ["projection memberships"]
    assert f"position {position - 1} of bank {world.bank_id}" in found["projection memberships"]
    assert "membership-" in found["projection memberships"]
    assert "events behind" in found["projection memberships"]
    begun = time.monotonic()
    seen = (await world.administrator.get("/v1/volunteers", query="之后"))["items"]
    assert [each["name"] for each in seen] == ["之后"]
    assert time.monotonic() - begun < PATIENCE_SECONDS / 4
    await change(url, "alter table membership drop constraint poison")
    await until_ready(world)
    members = await world.administrator.get(f"/v1/organisations/{world.garden}/members", limit=500)
    assert member.id in {each["volunteer_id"] for each in members["items"]}


async def test_a_writer_that_is_stuck(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that does not come to the end of what it was given is named with its bank."""
    monkeypatch.setattr(readiness, "WRITER_SECONDS", 0.2)
    pool = own_world.services.pool
    async with pool.acquire() as blocking, blocking.transaction():
        await blocking.execute("select from bank for update")
        posting = asyncio.create_task(own_world.administrator.ask("POST", "/v1/volunteers", json={"name": "甲"}))
        await asyncio.sleep(0.5)
        assert str(own_world.bank_id) in (await troubles(own_world))["writer"]
    assert (await posting).status_code == 201
    await until_ready(own_world)


async def test_a_background_task_that_failed(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A background task that fails is named while it is down, and started again."""
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(tasks, "STEADY_SECONDS", 0.2)
    run, fails = Waker.run, True

    async def fail_at_first(self: Waker, pool: Any) -> None:
        if fails:
            raise LookupError
        await run(self, pool)

    monkeypatch.setattr(Waker, "run", fail_at_first)
    async with kept(settled(url)) as world:
        assert "LookupError" in (await troubles(world))["task listening"]
        fails = False
        await until_ready(world)
        assert world.services.principals._is_listening()


async def test_a_log_that_went_back_is_told(own_world: World, url: str) -> None:
    """That a log went back is in the security log and in what readiness says, as that it is not signed any more, and
    the service goes on.
    """
    world = own_world
    await world.somebody("会丢的")
    await world.services.signer.sign(world.bank_id)
    head = await world.services.ledger.store.head(world.bank_id)
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await connection.execute("alter table event disable trigger user")
        for table in ("event", "event_tag"):
            await connection.execute(f"delete from {table} where position = {head}")
        await connection.execute("alter table event enable trigger user")
        await connection.execute(
            "update bank set head = head - 1, head_event_id ="
            f" (select event_id from event where event.bank_id = bank.bank_id and position = {head - 1})"
        )
        await connection.execute("update checkpoint set position = least(position, $1)", head - 1)
    await connection.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not world.services.ledger.times_gone_back:
            await asyncio.sleep(0.05)
    await world.services.signer.sign_all()
    body = (await ready(world)).json()
    assert body["status"] == "ok"
    assert any("went back 1 times" in note and str(world.bank_id) in note for note in body["notes"])
    assert f"nothing of bank {world.bank_id} is signed: its log is not what was signed before" in body["notes"]
    told = (await world.administrator.get("/v1/audit/security", kind="head-went-back"))["items"]
    assert [each["detail"] for each in told] == [{"known_position": head, "found_position": head - 1}]
    await world.administrator.post("/v1/volunteers", {"name": "甲"}, expect=201)


async def test_probes_are_not_limited(url: str) -> None:
    """However often others from the same address ask, whoever watches over the service is answered."""
    async with served(url, rate_per_address=3) as (_, http):
        assert [(await http.get("/health/live")).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert 429 not in {(await http.get("/health/ready")).status_code for _ in range(20)}

"""Connections: nobody waits for one without end, a stopped process holds nobody up, and errors name the host."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.helpers.flaky import Relay
from timebank.db import connections
from timebank.db.connections import NoDatabaseError, Pool, connected, place_of, pool_of, session
from timebank.db.migrations import migrate

LOCKS = """
    select count(*) from pg_locks join pg_database d on d.oid = database
     where locktype = 'advisory' and datname = current_database()"""


async def test_the_server_is_told_what_to_do_with_us(url: str) -> None:
    """Every connection of a pool has its settings, after others have used it too."""
    async with pool_of(url, size=2, statement_seconds=7) as pool:
        for _ in range(3):
            for name, value in {**connections.SETTINGS, "statement_timeout": "7s"}.items():
                if not name.startswith("tcp_"):  # a socket of the machine has none of these
                    assert await pool.fetchval(f"show {name}") == value
    async with pool_of(url, size=2, statement_seconds=None) as pool:
        assert await pool.fetchval("show statement_timeout") == "0"


async def test_nothing_is_left_for_whoever_comes_next(url: str) -> None:
    """An open transaction ends with its use, as do the locks of a session, however that ends."""
    async with pool_of(url, size=1, statement_seconds=10) as pool:
        await pool.execute("create table thing (n int)")
        async with pool.acquire() as connection:
            await connection.execute("begin; insert into thing values (1)")
        assert await pool.fetchval("select count(*) from thing") == 0
        async with session(pool) as connection:
            await connection.execute("select pg_advisory_lock(1)")
            assert await connection.fetchval(LOCKS) == 1
        assert await pool.fetchval(LOCKS) == 0
        with pytest.raises(asyncpg.DivisionByZeroError):
            await _fail_with_a_lock(pool)
        while await pool.fetchval(LOCKS):  # the server has not noticed yet
            await asyncio.sleep(0.01)


async def _fail_with_a_lock(pool: Pool) -> None:
    async with session(pool) as connection:
        await connection.execute("select pg_advisory_lock(1)")
        await connection.execute("select 1 / 0")


async def test_whoever_is_stopped_in_a_transaction_lets_go(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction in which nothing happens any more is ended, and whoever waited for its locks goes on."""
    monkeypatch.setitem(connections.SETTINGS, "idle_in_transaction_session_timeout", "400ms")
    async with pool_of(url, size=3, statement_seconds=10) as pool:
        await pool.execute("create table thing (n int); insert into thing values (1)")
        stopped = await pool.acquire()
        await stopped.execute("begin; update thing set n = 2")
        begun = time.monotonic()
        assert await pool.execute("update thing set n = n + 10") == "UPDATE 1"
        assert time.monotonic() - begun < 5
        with pytest.raises(connections.CONNECTION_LOST):
            await stopped.execute("commit")
        await pool.release(stopped)
        assert await pool.fetchval("select n from thing") == 11


async def test_nobody_waits_for_a_connection_without_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all connections are in use whoever wants one is told so in time, and has one when there is one."""
    monkeypatch.setattr(connections, "ACQUIRE_SECONDS", 0.3)
    async with pool_of(url, size=2, statement_seconds=10) as pool:
        used = [await pool.acquire() for _ in range(2)]
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            await pool.fetchval("select 1")
        assert time.monotonic() - begun < 3
        for each in used:
            await pool.release(each)
        assert await pool.fetchval("select 1") == 1


async def test_a_hung_connection_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection over which nothing comes any more is thrown away, and not waited for."""
    monkeypatch.setattr(connections, "RELEASE_SECONDS", 0.3)
    relay = Relay(url)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    there = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
    async with pool_of(there, size=2, statement_seconds=30) as pool:
        assert await pool.fetchval("select 1") == 1
        for task in relay._tasks:
            task.cancel()  # nothing is passed on, and nothing is closed
        server.close()
        begun = time.monotonic()
        with pytest.raises(connections.CONNECTION_LOST):
            await pool.fetchval("select 1", timeout=0.3)
        assert time.monotonic() - begun < 3


async def test_a_cut_connection_is_found_out_soon(url: str) -> None:
    """Over a network the system is told to look whether the other side is still there."""
    relay = Relay(url)
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    async with (
        pool_of(f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}", size=2, statement_seconds=5) as pool,
        pool.acquire() as connection,
    ):
        found = connection._con._transport.get_extra_info("socket")
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
    server.close()
    relay.go_down()
    await asyncio.gather(*relay._tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://me:secret@db.example:5433/bank", "db.example:5433"),
        ("postgresql://me:se%40cret@db.example/bank?sslmode=require", "db.example"),
        ("postgresql://me:secret@a:1,b:2/bank?target_session_attrs=read-write", "a:1,b:2"),
        ("postgresql://me:secret@/bank?host=/run/pg&port=5432", "/run/pg:5432"),
        ("postgresql:///bank", "(no host)"),
        ("postgresql://[::1/bank", "(no URL)"),
    ],
)
def test_a_place_is_named_without_secrets(url: str, place: str) -> None:
    """Where a server is can be said without who asks, and with which password."""
    assert place_of(url) == place


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://me:secret@127.0.0.1:1/bank", r"127\.0\.0\.1:1: cannot connect: .*(refused|errno|Connect)"),
        ("postgresql://me:secret@nowhere.invalid/bank", r"nowhere\.invalid: cannot connect: "),
        ("mysql://me:secret@127.0.0.1/bank", r"127\.0\.0\.1: cannot connect: .*scheme"),
    ],
)
async def test_what_cannot_be_reached_is_named(url: str, why: str) -> None:
    """An error says in a sentence which setting, which host and why; and nothing that is secret."""
    with pytest.raises(NoDatabaseError, match=f"^TIMEBANK_DATABASE_URL: {why}") as raised:
        await connected(url)
    assert "secret" not in str(raised.value)
    with pytest.raises(NoDatabaseError):
        await migrate(url)


async def test_a_database_that_is_not_there_is_named(url: str) -> None:
    """A database, or a role, that the server does not know is named with the place."""
    with pytest.raises(NoDatabaseError, match=r"cannot connect: .*nothing_here"):
        await connected(url.replace("/test_", "/nothing_here_"))


async def test_a_read_only_server_is_refused(url: str) -> None:
    """A server on which nothing can be written is refused in a sentence, whether or not something is to be migrated."""
    name = urlsplit(url).path[1:]
    connection = await asyncpg.connect(url)
    await connection.execute(f"alter database {name} set default_transaction_read_only = on")
    with pytest.raises(NoDatabaseError, match="is read-only, as a standby is"):
        await migrate(url)
    await connection.close()

import asyncio
import contextlib
import errno
import resource
import socket
import time
from collections import Counter
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.program import Program
from timebank.identity.limits.throttle import wide
from timebank.runtime import client_connections
from timebank.runtime.client_connections import Connection, connections_allowed, to_close

pytestmark = pytest.mark.drill


def connection(address: str = "203.0.113.1", idle: float = 0, received: int = 1) -> Connection:
    """A connection as the kernel tells of it."""
    nothing: Any = None
    return Connection(nothing, address, idle, received)


class TestToClose:
    """Which connections are closed."""

    @pytest.mark.parametrize(
        ("idle", "received", "closed"),
        [(9, 0, False), (11, 0, True), (11, 1, False), (119, 9, False), (121, 9, True)],
    )
    def test_the_silent_and_the_idle(self, idle: float, received: int, closed: bool) -> None:
        """A new one has ten seconds to say something; one that was used is kept for two minutes."""
        assert bool(list(to_close([connection(idle=idle, received=received)], 9, []))) == closed

    def test_of_too_many_the_longest_idle(self) -> None:
        """One address does not take more than its share, and others are not touched."""
        crowd = [connection(idle=each) for each in range(5)]
        closed = to_close([*crowd, connection("203.0.113.2")], 3, [])
        assert [each.idle_seconds for each in closed] == [3, 4]

    def test_one_network_of_ipv6_is_one_address(self) -> None:
        """A subscriber who has many addresses has no more connections for it."""
        crowd = [connection(f"2001:db8::{each:x}") for each in range(5)]
        assert len(list(to_close(crowd, 3, []))) == 2

    @pytest.mark.parametrize("address", ["203.0.113.1", "2001:db8::1"])
    def test_where_few_are_allowed_some_are_left_to_others(self, address: str) -> None:
        """One address, or network, never holds all that a process may hold."""
        crowd = [connection(address, idle=each) for each in range(8)]
        assert [each.idle_seconds for each in to_close(crowd, 256, [], 6)] == [6, 7]

    def test_trusted_proxies_are_not_counted(self) -> None:
        """They speak for many."""
        crowd = [connection() for _ in range(5)]
        assert list(to_close(crowd, 3, [ip_network("203.0.113.0/24")])) == []

    @pytest.mark.parametrize(
        ("held", "room", "left"),
        [
            ([9, 9, 2], 20, [9, 9, 2]),
            ([9, 9, 2], 12, [5, 5, 2]),
            ([9, 1, 1], 4, [2, 1, 1]),
            ([1, 1, 1], 2, [1, 1, 1]),
        ],
    )
    def test_where_nearly_all_are_taken_each_has_a_share(self, held: list[int], room: int, left: list[int]) -> None:
        """One network of IPv6, however many smaller ones it has, keeps nobody else out; nor do a few addresses."""
        for networks in (["203.0.113.{0}"] * 3, ["2001:db8:{0}:{1}::1"] * 3):
            crowd = [
                connection(address.format(nth, each))
                for nth, address in enumerate(networks)
                for each in range(held[nth])
            ]
            closed = Counter(wide(each.address) for each in to_close(crowd, 99, [], room))
            there = Counter(wide(each.address) for each in crowd)
            assert list((there - closed).values()) == left


def silent(port: int, count: int) -> list[socket.socket]:
    """Connections over which nothing is said."""
    return [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_each_connection_is_told_of_once(address: str) -> None:
    """With the address that it comes from; what else is open in the process is no connection on the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server((address, 0), family=family))
        for each in socket.socketpair():
            stack.enter_context(each)
        clients = [stack.enter_context(socket.create_connection(server.getsockname()[:2])) for _ in range(3)]
        for _ in clients:
            stack.enter_context(server.accept()[0])
        found = list(client_connections.connections(server.getsockname()[1]))
        for each in found:
            stack.enter_context(each.open)
        assert [each.address for each in found] == [address] * 3
        assert {each.open.getpeername()[:2] for each in found} == {each.getsockname()[:2] for each in clients}


def test_ipv4_over_ipv6_is_ipv4() -> None:
    """Where one socket listens on both, addresses of IPv4 are counted as such, each by itself."""
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server,
        socket.create_connection(("127.0.0.1", server.getsockname()[1])),
        server.accept()[0],
    ):
        (found,) = client_connections.connections(server.getsockname()[1])
        with found.open:
            assert found.address == "127.0.0.1"


async def test_silent_ones_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel tells who is silent; whoever has spoken stays."""
    monkeypatch.setattr(client_connections, "FIRST_BYTE_SECONDS", 0.2)
    ended: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(100):
                pass
        writer.close()
        ended.append(writer)

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    speaking, mute = silent(port, 2)
    speaking.sendall(b"GET")
    await asyncio.sleep(0.5)
    assert await asyncio.to_thread(client_connections.close_silent, port, 99, []) == 1
    mute.settimeout(1)
    assert mute.recv(1) == b""
    speaking.setblocking(False)
    with pytest.raises(BlockingIOError):
        speaking.recv(1)
    for each in (speaking, mute):
        each.close()
    server.close()
    while len(ended) < 2:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("soft", "hard", "connections"),
    [(1024, 524_288, 4096), (1024, resource.RLIM_INFINITY, 4096), (400, 400, 72), (1024, 4096, 1920), (100, 100, 1)],
)
def test_each_connection_has_a_file_to_be_looked_at_by(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, connections: int
) -> None:
    """Of the files that a process may open, connections leave as many again, and some for all else."""
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, made: limits.append(made))
    assert connections_allowed() == connections
    assert limits[-1][0] <= hard or hard == resource.RLIM_INFINITY


async def test_a_look_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no file can be opened for a moment, connections are looked at again the next time."""
    looked = asyncio.Event()
    failing = iter([OSError(errno.EMFILE, "Too many open files")])
    loop = asyncio.get_running_loop()

    def look(*_: object) -> int:
        for error in failing:
            raise error
        loop.call_soon_threadsafe(looked.set)
        return 0

    monkeypatch.setattr(client_connections, "close_silent", look)
    monkeypatch.setattr(client_connections, "LOOK_SECONDS", 0.01)
    watching = asyncio.create_task(client_connections.watch(1, 1, []))
    async with asyncio.timeout(5):
        await looked.wait()
    watching.cancel()


async def test_more_connections_than_one_may_have_keep_nobody_out(url: str, tmp_path: Path) -> None:
    """One address opens far more silent connections than it may; its excess is closed, and others are served."""
    program = Program(tmp_path, database_url=url, log_level="warning", connections_per_address="30")
    with program.serving("serve", "--port", "0") as served:
        port = int(served.url.rsplit(":", 1)[1])
        many = await asyncio.to_thread(silent, port, 300)
        until = time.monotonic() + 5
        left = len(many)
        while left > 30 and time.monotonic() < until:
            await asyncio.sleep(0.2)
            left = sum(_is_open(each) for each in many)
        assert left <= 30
        answer = await asyncio.to_thread(httpx.get, f"{served.url}/health/live")
        assert answer.status_code == 200
        for each in many:
            each.close()


async def test_a_connection_is_one_request_at_a_time(url: str, tmp_path: Path) -> None:
    """Nobody is served by HTTP/2, where one connection would be many requests; long heads of requests are refused."""
    program = Program(tmp_path, database_url=url, log_level="warning")
    with program.serving("serve", "--port", "0") as served:
        port = int(served.url.rsplit(":", 1)[1])
        begun = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
        # Its answer would be a frame of settings: three bytes of a length, and then 4.
        assert (await asyncio.to_thread(_answer, port, begun))[3:4] != b"\x04"
        for length, status in ((4_000, b"200"), (20_000, b"431")):
            head = b"GET /health/live HTTP/1.1\r\nHost: a\r\nCookie: a=" + b"x" * length + b"\r\n\r\n"
            assert (await asyncio.to_thread(_answer, port, head))[9:12] == status


def _answer(port: int, said: bytes) -> bytes:
    """The beginning of what is answered to bytes."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(5)
        connection.sendall(said)
        with contextlib.suppress(OSError):
            return connection.recv(100)
    return b""


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False

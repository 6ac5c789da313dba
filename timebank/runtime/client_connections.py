"""Connections that say nothing, and too many from one address, are closed, so that they keep nobody else out.

The server has no limits of this kind itself. What the kernel knows of each connection (TCP_INFO, linux/tcp.h) is looked
at once a second; where there is no such thing, nothing is closed (decision 12).
"""

import asyncio
import contextlib
import os
import resource
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import NamedTuple

import structlog

from timebank.identity.limits.throttle import neighbourhood, plain, wide

log = structlog.get_logger(__name__)

CONNECTIONS = 4096
"""How many connections each process holds at once; of one address, and silent ones, fewer."""

OTHER_FILES = 256
"""How many files a process opens beside: its own, connections to PostgreSQL, workbooks."""

TAKEN = 0.75
"""Where more than this part of all connections is taken, whoever has most of them gives some up."""

LOOK_SECONDS = 1.0

FIRST_BYTE_SECONDS = 10.0
"""How long a new connection may say nothing."""

IDLE_SECONDS = 120.0
"""How long one over which something was said may be idle, both ways."""

OPEN_FILES = Path("/proc/self/fd")

_LAST_SENT, _LAST_RECEIVED, _RECEIVED = 44, 52, 128


class Connection(NamedTuple):
    """A connection: where it comes from, how many seconds nothing was said, and how many bytes were received."""

    open: socket.socket
    address: str
    idle_seconds: float
    received: int


def connections(port: int) -> Iterator[Connection]:
    """The connections that this process has accepted on a port. Each is a duplicate, to be closed by the caller."""
    ours: set[int] = set()  # they may have the number of what was open for the listing itself
    for number in os.listdir(OPEN_FILES):  # noqa: PTH208  # thousands of paths would take longer than asking
        if int(number) in ours:
            continue
        with contextlib.suppress(OSError, struct.error):
            duplicate = _socket(int(number))
            connection = _connection(duplicate, port)
            if connection:
                ours.add(duplicate.fileno())
                yield connection
            else:
                duplicate.close()


def _socket(number: int) -> socket.socket:
    """A duplicate of an open file as a socket. Raises `OSError` if it is none.

    Of which family and kind it is, is said and not asked: three calls less for each of thousands. As one of IPv6 it has
    room for the addresses of IPv4, too.
    """
    duplicate = os.dup(number)
    try:
        return socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=duplicate)
    except OSError:
        os.close(duplicate)
        raise


def _connection(duplicate: socket.socket, port: int) -> Connection | None:
    try:
        name = duplicate.getsockname()
        if not isinstance(name, tuple) or name[1] != port:
            return None
        address = plain(duplicate.getpeername()[0])
        known = duplicate.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    except OSError:  # it listens, or has ended meanwhile
        return None
    (sent,) = struct.unpack_from("=I", known, _LAST_SENT)
    (received,) = struct.unpack_from("=I", known, _LAST_RECEIVED)
    (total,) = struct.unpack_from("=Q", known, _RECEIVED)
    return Connection(duplicate, address, min(sent, received) / 1000, total)


def to_close(
    open_connections: list[Connection],
    per_address: int,
    trusted: list[IPv4Network | IPv6Network],
    room: int = CONNECTIONS,
) -> Iterator[Connection]:
    """Which of them are to be closed: the silent, the idle, and of too many from one address the longest idle.

    Where there are more than there is room for, one network (of IPv6, 48 bits) has no more than its share. Our own
    proxies speak for many, so theirs are not counted.
    """
    by_network: dict[str, list[Connection]] = defaultdict(list)
    by_address: dict[str, list[Connection]] = defaultdict(list)
    for each in open_connections:
        if each.idle_seconds > (IDLE_SECONDS if each.received else FIRST_BYTE_SECONDS):
            yield each
        elif not any(ip_address(each.address) in network for network in trusted):
            by_address[neighbourhood(each.address)].append(each)
    for of_one in by_address.values():
        of_one.sort(key=lambda each: each.idle_seconds)
        yield from of_one[per_address:]
        by_network[wide(of_one[0].address)] += of_one[:per_address]
    share = _share([len(of_one) for of_one in by_network.values()], room)
    for of_one in by_network.values():
        yield from sorted(of_one, key=lambda each: each.idle_seconds)[share:]


def _share(held: Sequence[int], room: int) -> int:
    """How many each may hold, who hold so many now, so that all together hold no more than there is room for."""
    for nth, count in enumerate(sorted(held)):
        share = max(room // (len(held) - nth), 1)
        if count > share:
            return share
        room -= count
    return max(held, default=0)


def close_silent(port: int, per_address: int, trusted: list[IPv4Network | IPv6Network]) -> int:
    """Close what is to be closed; says how many that were."""
    room = int(connections_allowed() * TAKEN)
    open_connections = list(connections(port))
    try:
        closing = list(to_close(open_connections, per_address, trusted, room))
        for each in closing:
            with contextlib.suppress(OSError):
                each.open.shutdown(socket.SHUT_RDWR)
    finally:
        for each in open_connections:
            each.open.close()
    return len(closing)


def connections_allowed() -> int:
    """How many connections a process may hold: as many as it should, or as there can be files for.

    Each takes two while they are looked at. Where there were none left nothing else could be opened, and not even be
    seen whose connections are too many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft == resource.RLIM_INFINITY else max(min(CONNECTIONS, (soft - OTHER_FILES) // 2), 1)


async def watch(port: int, per_address: int, trusted: list[IPv4Network | IPv6Network]) -> None:
    """Look once a second, for as long as the service runs; where that cannot be once, the next time."""
    while OPEN_FILES.exists():  # noqa: ASYNC240  # no disk is asked
        try:
            await asyncio.to_thread(close_silent, port, per_address, trusted)
        except OSError as error:
            log.warning("connections could not be looked at", error=str(error))
        await asyncio.sleep(LOOK_SECONDS)

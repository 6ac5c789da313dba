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
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import NamedTuple

import structlog

from timebank.identity.limits.throttle import ADDRESSES_OF_A_NETWORK, neighbourhood, plain, wide

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0

FIRST_BYTE_SECONDS = 10.0
"""How long a new connection may say nothing."""

IDLE_SECONDS = 120.0
"""How long one over which something was said may be idle, both ways."""

CONNECTIONS = 4096
"""How many connections each process holds at once; of one address, and silent ones, fewer."""

OTHER_FILES = 256
"""How many files a process opens beside: its own, connections to PostgreSQL, workbooks."""

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


def to_close(
    open_connections: list[Connection],
    per_address: int,
    trusted: list[IPv4Network | IPv6Network],
    allowed: int = CONNECTIONS,
) -> Iterator[Connection]:
    """Which of them are to be closed: the silent, the idle, and of too many from one address the longest idle.

    Nor does an IPv6 network of 48 bits, which one house may have, hold all there are; and where few are allowed,
    neither holds more than half of them. Our own proxies speak for many, so theirs are not counted.
    """
    counted: list[Connection] = []
    for each in open_connections:
        if each.idle_seconds > (IDLE_SECONDS if each.received else FIRST_BYTE_SECONDS):
            yield each
        elif not any(ip_address(each.address) in network for network in trusted):
            counted.append(each)
    for place, most in ((neighbourhood, per_address), (wide, per_address * ADDRESSES_OF_A_NETWORK)):
        beyond = list(_beyond(counted, place, min(most, max(allowed // 2, 1))))
        yield from beyond
        gone = {id(each) for each in beyond}
        counted = [each for each in counted if id(each) not in gone]


def _beyond(counted: Sequence[Connection], place: Callable[[str], str], most: int) -> Iterator[Connection]:
    """The longest idle of those that are more than so many from one place."""
    by_place: dict[str, list[Connection]] = defaultdict(list)
    for each in counted:
        by_place[place(each.address)].append(each)
    for of_one in by_place.values():
        if len(of_one) > most:
            yield from sorted(of_one, key=lambda each: each.idle_seconds, reverse=True)[: len(of_one) - most]


def close_silent(port: int, per_address: int, trusted: list[IPv4Network | IPv6Network]) -> int:
    """Close what is to be closed; says how many that were."""
    open_connections = list(connections(port))
    try:
        closing = list(to_close(open_connections, per_address, trusted, connections_allowed()))
        for each in closing:
            with contextlib.suppress(OSError):
                each.open.shutdown(socket.SHUT_RDWR)
    finally:
        for each in open_connections:
            each.open.close()
    return len(closing)


async def watch(port: int, per_address: int, trusted: list[IPv4Network | IPv6Network]) -> None:
    """Look once a second, for as long as the service runs; where that cannot be once, the next time."""
    while OPEN_FILES.exists():  # noqa: ASYNC240  # no disk is asked
        try:
            await asyncio.to_thread(close_silent, port, per_address, trusted)
        except OSError as error:
            log.warning("connections could not be looked at", error=str(error))
        await asyncio.sleep(LOOK_SECONDS)

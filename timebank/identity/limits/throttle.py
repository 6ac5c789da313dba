"""How much somebody may ask for: so much a minute, all at once or one after the other (GCRA, ITU-T I.371)."""

import math
import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

REMEMBERED = 100_000
TOLERANCE = 1e-6
ADDRESSES_OF_A_NETWORK = 4
"""An IPv6 network of 48 bits, which one house may have, takes as much as so many addresses, and not all there is."""

MAPPED_BITS = 96
"""How many bits of an IPv6 address stand before one of IPv4 within it."""

_PORT = re.compile(r"^(?:\[([0-9a-fA-F:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$")


class TooManyRequestsError(Exception):
    """Somebody asks too often; `seconds` later they may again."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many requests; try again later.")
        self.seconds = math.ceil(seconds)


class TooMuchAtOnceError(Exception):
    """One request asks for more than is allowed in a minute: waiting would not help, dividing it does."""

    def __init__(self, cost: int, most: int, what: str = "requests") -> None:
        self.cost, self.most, self.what = cost, most, what
        super().__init__(f"This counts as {cost} {what}, and {most} are allowed in a minute: divide it.")


class Rate:
    """A limit of requests a minute for each caller. Each process counts for itself, so several let more through."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._interval = 60.0 / per_minute
        self._due: dict[str, float] = {}

    def wait(self, who: str, now: float, cost: int = 1) -> float:
        """How many seconds a request that counts as `cost` has to wait; 0 lets it through, and counts it.

        Raises `TooMuchAtOnceError` if it would have to wait for ever.
        """
        wait = self.ahead(who, now, cost)
        if not wait:
            if len(self._due) >= REMEMBERED:
                self._make_room(now)
            self._due[who] = max(self._due.get(who, now), now) + self._interval * cost
        return wait

    def _make_room(self, now: float) -> None:
        """Forget who owes nothing any more; and of very many those who owe least, so that half of the room is free.

        So all of them are gone through once for many who come, and not for each.
        """
        owing = {each: when for each, when in self._due.items() if when > now}
        if len(owing) > REMEMBERED // 2:
            owing = dict(sorted(owing.items(), key=lambda each: each[1])[-(REMEMBERED // 2) :])
        self._due = owing

    def ahead(self, who: str, now: float, cost: int = 1) -> float:
        """How many seconds such a request would have to wait; nothing is counted.

        Raises `TooMuchAtOnceError` if it would have to wait for ever.
        """
        if cost > self.per_minute:
            raise TooMuchAtOnceError(cost, self.per_minute)
        busy, room = max(self._due.get(who, now) - now, 0.0), 60.0 - self._interval * cost
        return busy - room if busy > room + TOLERANCE else 0.0

    def left(self, who: str, now: float) -> tuple[int, int]:
        """How many requests they have left now, and in how many seconds they have all of them again."""
        busy = max(self._due.get(who, now) - now, 0.0)
        return math.floor((60.0 - busy) / self._interval + TOLERANCE), math.ceil(busy)


def client_address(peer: str, forwarded: str, proxies: list[IPv4Network | IPv6Network]) -> str:
    """Where a request comes from: the last hop that is not one of our own proxies. Others can write what they like."""
    hops = [_PORT.sub(r"\1\2", each.strip()) for each in forwarded.split(",") if each.strip()]
    address = peer = plain(peer)
    while hops and _is_ours(address, proxies):
        address = plain(hops.pop())
    return address if _is_address(address) else peer


def plain(address: str) -> str:
    """An address as it is counted: one of IPv4 that came over a socket of IPv6 (`::ffff:192.0.2.1`) is one of IPv4.

    Else all of IPv4 would be one network of IPv6, and whoever uses up its limits would keep everybody out.
    """
    found = ip_address(address) if ":" in address and _is_address(address) else None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped) if mapped else address


def plain_network(network: str) -> IPv4Network | IPv6Network:
    """A network as its addresses are counted, too. Raises `ValueError` for what is none."""
    found = ip_network(network, strict=False)
    first = plain(str(found.network_address))
    is_mapped = found.version == 6 and ":" not in first and found.prefixlen >= MAPPED_BITS
    return ip_network(f"{first}/{found.prefixlen - MAPPED_BITS}") if is_mapped else found


def neighbourhood(address: str) -> str:
    """What is counted as one address: of IPv6 a network of 64 bits, which one subscriber has to themselves."""
    address = plain(address)
    if ":" not in address or not _is_address(address):
        return address
    return str(ip_network(f"{address}/64", strict=False).network_address)


def wider_network(address: str) -> str | None:
    """The network of 48 bits that an IPv6 address is in; None for others. A subscriber may have all of it."""
    address = plain(address)
    if ":" not in address or not _is_address(address):
        return None
    return str(ip_network(f"{address}/48", strict=False))


def wide(address: str) -> str:
    """What one house or campus is counted as: its IPv6 network of 48 bits, else the address."""
    return wider_network(address) or plain(address)


def _is_ours(address: str, proxies: list[IPv4Network | IPv6Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

"""The load generator, a process of its own: sends ready-made requests over keep-alive connections, one at a time each.

Reads its orders from standard input, writes what came of them to standard output, both as MessagePack.
"""

import asyncio
import sys
import time

import msgspec
import uvloop


class Orders(msgspec.Struct):
    """What to send where: each request once, until the time or the requests are over.

    Answers of another status are bad, unless they are a problem of the kind that is `expected` too.
    """

    port: int
    connections: int
    seconds: float
    requests: list[bytes]
    status: int
    expected: str = ""


class Outcome(msgspec.Struct):
    """How many answers had the status that was asked for, how long it took, and what it cost this process.

    The time begins when all connections are there, and ends with the last answer.
    """

    good: int
    bad: int
    seconds: float
    cpu_seconds: float
    first_bad: str = ""
    refused: int = 0

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.good / self.seconds


class Load:
    """The requests still to be sent, and the answers so far."""

    def __init__(self, orders: Orders) -> None:
        self.requests = iter(orders.requests)
        self.good_start = b"HTTP/1.1 %d " % orders.status
        self.expected = orders.expected.encode()
        self.good = self.bad = self.refused = 0
        self.first_bad = ""
        self.seconds = orders.seconds
        self.deadline = 0.0
        self.open = orders.connections
        self.finished = asyncio.get_running_loop().create_future()

    def count(self, answer: bytes) -> None:
        """One more answer."""
        if answer.startswith(self.good_start):
            self.good += 1
        elif self.expected and self.expected in answer:
            self.refused += 1
        else:
            self.bad += 1
            self.first_bad = self.first_bad or answer.decode(errors="replace")

    def close(self) -> None:
        """One connection less."""
        self.open -= 1
        if self.open == 0:
            self.finished.set_result(None)


class Connection(asyncio.Protocol):
    """Sends a request, waits for the whole answer, sends the next."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # that is what TCP gives

    def data_received(self, data: bytes) -> None:
        self.received = self.received + data if self.received else data
        if _is_whole(self.received):
            self.load.count(self.received)
            self.received = b""
            self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        self.load.close()

    def send(self) -> None:
        """Send the next request, if there is one, and time."""
        request = next(self.load.requests, None) if time.perf_counter() < self.load.deadline else None
        if request is None:
            self.transport.close()
        else:
            self.transport.write(request)


def _is_whole(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = answer.find(b"content-length: ", 0, end) + len(b"content-length: ")
    return len(answer) >= end + 4 + int(answer[length : answer.index(b"\r\n", length)])


async def run(orders: Orders) -> Outcome:
    """Send, and count."""
    load = Load(orders)
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", orders.port)
        for _ in range(orders.connections)
    ]
    started, cpu_started = time.perf_counter(), time.process_time()
    load.deadline = started + orders.seconds
    for _, connection in opened:
        connection.send()
    await asyncio.wait_for(load.finished, orders.seconds + 30)
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    return Outcome(load.good, load.bad, elapsed, cpu, load.first_bad, load.refused)


if __name__ == "__main__":
    told = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Orders)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(run(told))))

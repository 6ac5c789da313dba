"""Other stores of events, made to do what the ledger does: read what a decision needs, decide, append on condition.

They are given our own commands and memories, so that only the store and the way of writing differ.
"""

import contextlib
import itertools
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

from timebank.domain.kernel import Command, Known
from timebank.ledger.codec import decode, encode
from timebank.ledger.store import topics_of

READY_SECONDS = 20.0
OF_THE_BANK = "the bank"
"""A tag for facts that have none: the library's recorder does not look for facts by topics and by tags at once."""


class Query(NamedTuple):
    """Facts of some topics that bear all of some tags."""

    topics: list[str]
    tags: list[str]


class Entry(NamedTuple):
    """A fact as it is stored."""

    topic: str
    data: bytes
    tags: list[str]


class Rival(Protocol):
    """A store of events as this comparison sees it."""

    def read(self, queries: Sequence[Query]) -> tuple[list[Entry], int | None]:
        """The entries that match any of the queries, and the position to append after."""

    def append(self, entries: Sequence[Entry], queries: Sequence[Query], after: int | None) -> bool:
        """Append, unless something that matches came after the position: then False. No queries, no condition."""


class LibraryRecorder:
    """The event sourcing library's own recorder for PostgreSQL."""

    def __init__(self, url: str, connections: int) -> None:
        from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
        from eventsourcing.postgres import PostgresDatastore

        parts = urlsplit(url)
        where = parse_qs(parts.query)
        self._datastore = PostgresDatastore(
            parts.path[1:],
            where["host"][0],
            where["port"][0],
            parts.username or "",
            "",
            pool_size=connections,
            max_overflow=connections,
        )
        self._recorder = PostgresDCBRecorderTT(self._datastore)
        self._recorder.create_table()

    def read(self, queries: Sequence[Query]) -> tuple[list[Entry], int | None]:
        from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

        response = self._recorder.read(DCBQuery([DCBQueryItem(*query) for query in queries]))
        found = [Entry(each.event.type, each.event.data, each.event.tags) for each in response]
        return found, response.head

    def append(self, entries: Sequence[Entry], queries: Sequence[Query], after: int | None) -> bool:
        from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
        from eventsourcing.persistence import IntegrityError

        events = [DCBEvent(entry.topic, entry.data, entry.tags) for entry in entries]
        condition = DCBAppendCondition(DCBQuery([DCBQueryItem(*query) for query in queries]), after)
        try:
            self._recorder.append(events, condition if queries else None)
        except IntegrityError:
            return False
        return True

    def close(self) -> None:
        """Give the connections back."""
        self._datastore.close()


class Uma:
    """UmaDB, an event store in Rust, through its own Python client."""

    def __init__(self, address: str) -> None:
        import umadb

        self._uma = umadb
        self._client = umadb.Client(f"http://{address}")

    def _query(self, queries: Sequence[Query]) -> Any:
        return self._uma.Query([self._uma.QueryItem(*query) for query in queries])

    def read(self, queries: Sequence[Query]) -> tuple[list[Entry], int | None]:
        found, head = self._client.read(self._query(queries)).collect_with_head()
        return [Entry(each.event.event_type, each.event.data, each.event.tags) for each in found], head

    def append(self, entries: Sequence[Entry], queries: Sequence[Query], after: int | None) -> bool:
        events = [self._uma.Event(*entry) for entry in entries]
        condition = self._uma.AppendCondition(self._query(queries), after) if queries else None
        try:
            self._client.append(events, condition)
        except self._uma.IntegrityError:
            return False
        return True


@contextlib.contextmanager
def uma_server(folder: Path) -> Iterator[str]:
    """The address of a UmaDB server of our own, as it comes, with its data in the folder."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    program = "import sys, umadb; umadb.run_server_from_args(sys.argv)"
    command = [sys.executable, "-c", program, "--listen", address, "--db-path", str(folder)]
    folder.mkdir()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(address)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: str) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def tagged(tags: Sequence[str]) -> list[str]:
    """The tags, or the one that stands for having none."""
    return list(tags) or [OF_THE_BANK]


def read_decide_append(rival: Rival, command: Command) -> None:
    """Do one command the plain way: read its memories' facts, let them remember, decide, append on condition."""
    while True:
        memories = {(kind, whom): kind(*whom) for kind, whom in command.needs()}
        queries = [Query(topics_of(type(memory)), tagged(memory.boundary_tags)) for memory in memories.values()]
        entries, head = rival.read(queries)
        for entry in entries:
            fact, tags = decode(entry.topic, entry.data), set(entry.tags)
            for memory in memories.values():
                if type(fact) in memory.remembered() and tags.issuperset(memory.boundary_tags):
                    memory.remember(fact)
        facts = command.decide(Known(memories))
        if rival.append([Entry(fact.TOPIC, encode(fact), tagged(fact.tags())) for fact in facts], queries, head):
            return


def in_threads(rivals: Sequence[Rival], make: Callable[[], Command], seconds: float) -> float:
    """Commands per second with a thread for each of the rivals given (which may be one and the same)."""
    deadline = time.perf_counter() + seconds
    done = itertools.count()
    failures: list[BaseException] = []

    def work(rival: Rival) -> None:
        try:
            while time.perf_counter() < deadline:
                read_decide_append(rival, make())
                next(done)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(rival,)) for rival in rivals]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return next(done) / (time.perf_counter() - started)

"""Databases of the tests' own on a server they share: made, or cloned from another one, and dropped again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg


@contextmanager
def database(cluster: str, template: str = "") -> Iterator[str]:
    """The URL of a database that is there while the block runs: an empty one, or a clone of a template.

    It is copied as files, which takes half the time of writing it into the log, where nobody waits for a disk.
    """
    name = f"test_{uuid4().hex}"
    copied = f" template {template}" if template else ""
    _server(cluster).execute(f"create database {name} strategy file_copy{copied}")
    yield database_url(cluster, name)
    _server(cluster).execute(f"drop database {name} with (force)")


def database_url(cluster: str, name: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))


def database_name(url: str) -> str:
    """The name of the database at a URL."""
    return urlsplit(url).path.removeprefix("/")


def administer(url: str, statement: str) -> None:
    """Run one statement outside any transaction, on a connection of its own."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    with asyncio.Runner() as runner:
        runner.run(run())


class _Server:
    """A connection that is kept, since to connect takes as long as to clone a database."""

    def __init__(self, cluster: str) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection = self._runner.run(asyncpg.connect(cluster))

    def execute(self, statement: str) -> None:
        self._runner.run(self._connection.execute(statement))

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


def leave(cluster: str) -> None:
    """Nothing more is made on a server."""
    _server(cluster).close()
    _server.cache_clear()


@cache
def _server(cluster: str) -> _Server:
    return _Server(cluster)

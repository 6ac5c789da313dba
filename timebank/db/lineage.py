"""Which server this is: another one than before, or an old primary that came back, is not written to."""

import asyncpg
import structlog

from timebank.db.connections import Connection
from timebank.db.sql import load_statements

SQL = load_statements("timebank.db", "lineage.sql")

log = structlog.get_logger(__name__)


class AnotherServerError(ConnectionError):
    """What answers is not the server that this process has worked with, or is one that was given up."""


class Lineage:
    """The cluster, and its newest timeline, that this process has met: each promotion begins a new one.

    A primary that was given up and comes back is on an older one, and what it lacks would be missing.
    """

    def __init__(self) -> None:
        self._cluster: int | None = None
        self._timeline = 0
        self._told: str | None = None

    async def must_be_ours(self, connection: Connection) -> None:
        """Raise `AnotherServerError` for a server that may not be written to."""
        try:
            found = await connection.fetchrow(SQL["server"])
        except asyncpg.InsufficientPrivilegeError:
            return  # somebody has taken that right away, and so wants to go without
        assert found is not None, "this query has one row"
        self._cluster = self._cluster or found["system_identifier"]
        if found["system_identifier"] != self._cluster:
            self._refuse("this is another database cluster than before; start again if that is meant")
        timeline = found["timeline"] or self._timeline
        if timeline < self._timeline:
            self._refuse(f"this server is on timeline {timeline}, and was given up for one on {self._timeline}")
        self._timeline = timeline

    def _refuse(self, why: str) -> None:
        if self._told != why:
            self._told = why
            log.error("the database is not the one it was; nothing is read from it or written to it", why=why)
        raise AnotherServerError(why)

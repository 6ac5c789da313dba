"""Readiness: what keeps the service from doing its work, in words for whoever has to mend it.

It names banks, projections, topics and tasks, and nobody: whoever can reach the service may ask.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import structlog

from timebank.db.connections import DATABASE_ERRORS, NO_ROOM, Connection, Pool
from timebank.db.lineage import AnotherServerError
from timebank.db.sql import load_statements
from timebank.ledger.ledger import Ledger
from timebank.ledger.submission import ClockError, StoreUnavailableError
from timebank.ledger.tasks import Background
from timebank.ledger.wake import Waker
from timebank.projections.machinery.projection import Projection
from timebank.projections.machinery.rebuild import outdated
from timebank.projections.machinery.runner import Lag, lagging
from timebank.proofs.signer import Signer

SQL = load_statements("timebank.runtime", "readiness.sql")

ANSWER_SECONDS = 1.5
"""How long the database may take; whoever asks is answered within two seconds."""

WRITER_SECONDS = 5.0
"""How long a writer may be at something before it counts as stuck."""

DEAF_SECONDS = 15.0
"""How long a process may hear nothing of others; meanwhile it asks instead of remembering, and looks now and then."""

STILL_SECONDS = 30.0
"""How long read models may be behind the log without moving."""

log = structlog.get_logger(__name__)


class Trouble(NamedTuple):
    """What is not well, and in what way."""

    what: str
    why: str


class Report(NamedTuple):
    """What keeps the service from its work, and what is only to be known."""

    troubles: list[Trouble]
    notes: list[str]


class Readiness:
    """Finds out, whenever asked, and tells the log when it changes."""

    def __init__(
        self,
        pool: Pool,
        ledger: Ledger,
        may_write: Callable[[], None],
        waker: Waker,
        background: Background,
        projections: Sequence[Projection],
        signer: Signer,
    ) -> None:
        self._pool = pool
        self._ledger = ledger
        self._may_write = may_write
        self._waker = waker
        self._background = background
        self._projections = projections
        self._signer = signer
        self._followers = [each.name for each in projections if not each.is_inline]
        self._asking: asyncio.Task[Report] | None = None
        self._seen: dict[tuple[UUID, str, int], float] = {}
        self._told: set[str] = set()

    async def report(self) -> Report:
        """What there is to say, within two seconds, whatever happens. Questions at the same time are one."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        asking = self._asking
        await asyncio.wait({asking}, timeout=ANSWER_SECONDS)
        if asking.done() and not asking.cancelled():
            found = asking.result()
        else:
            why = f"does not answer within {ANSWER_SECONDS} seconds"
            found = Report([Trouble("database", why)], [])
        report = Report([*found.troubles, *self._own()], [*found.notes, *self._own_notes()])
        self._tell(report)
        return report

    async def close(self) -> None:
        """Ask no more."""
        if self._asking:
            self._asking.cancel()
            await asyncio.wait({self._asking}, timeout=ANSWER_SECONDS)

    async def _ask(self) -> Report:
        """What the database says, or why it says nothing."""
        pool = self._pool
        is_full = not pool.get_idle_size() and pool.get_size() == pool.get_max_size()
        try:
            async with pool.acquire(timeout=ANSWER_SECONDS * 0.8) as connection:
                return await self._ask_on(connection)
        except DATABASE_ERRORS as error:
            why = f"does not answer ({type(error).__name__})"
            if isinstance(error, AnotherServerError):
                why = str(error)
            if is_full and isinstance(error, TimeoutError):
                why = f"cannot be asked: all {pool.get_max_size()} connections are in use"
            return Report([Trouble("database", why)], [])

    async def _ask_on(self, connection: Connection) -> Report:
        server = await connection.fetchrow(SQL["server"], timeout=ANSWER_SECONDS)
        assert server is not None, "this query has one row"
        troubles = []
        if server["is_in_recovery"]:
            troubles.append(Trouble("database", "is a standby (in recovery): nothing can be written to it"))
        elif server["is_read_only"]:
            troubles.append(Trouble("database", "is read-only: nothing can be written to it"))
        troubles += await self._of_room(connection)
        troubles += self._of_projections(await lagging(connection, self._followers, ANSWER_SECONDS))
        stale = await outdated(connection, self._projections)
        await self._let_writers_try()
        return Report(troubles, [f"{each.name} was made by another version and is to be rebuilt" for each in stale])

    async def _of_room(self, connection: Connection) -> list[Trouble]:
        """Whether the disk is full still, where a writer could not append for that: something large is asked for."""
        if self._ledger.had_no_room:
            try:
                async with connection.transaction():
                    await connection.execute(SQL["little_memory"], timeout=ANSWER_SECONDS)
                    await connection.execute(SQL["much"], timeout=ANSWER_SECONDS)
            except NO_ROOM as error:
                return [Trouble("database", f"has no room left on its disk: {error}")]
        return []

    async def _let_writers_try(self) -> None:
        """Have writers that could not write find out that the database is back, before they are said to be stuck."""
        if self._stuck_writers():
            await self._ledger.look()
            for _ in range(10):
                if self._stuck_writers():
                    await asyncio.sleep(ANSWER_SECONDS / 30)

    def _stuck_writers(self) -> dict[UUID, float]:
        waiting = self._ledger.unanswered()
        return {bank_id: seconds for bank_id, seconds in waiting.items() if seconds > WRITER_SECONDS}

    def _of_projections(self, lags: Sequence[Lag]) -> list[Trouble]:
        """Those that are stuck on a fact, and those that nobody moves on."""
        now, seen, troubles = time.monotonic(), {}, []
        for lag in lags:
            place = lag.bank_id, lag.projection, lag.position
            seen[place] = self._seen.get(place, now)
            where = f"position {lag.position + 1} of bank {lag.bank_id}, {lag.behind} events behind"
            if lag.stuck_on is not None:
                why = f"cannot take in the fact {lag.stuck_on or '(none)'} at {where}"
                troubles.append(Trouble(f"projection {lag.projection}", why))
            elif now - seen[place] > STILL_SECONDS:
                why = f"has stood before {where}, for {now - seen[place]:.0f} seconds"
                troubles.append(Trouble(f"projection {lag.projection}", why))
        self._seen = seen
        return troubles

    def _own(self) -> list[Trouble]:
        """What this process knows of itself."""
        troubles = []
        try:
            self._may_write()
        except StoreUnavailableError as error:
            troubles.append(Trouble("clock" if isinstance(error, ClockError) else "standby", str(error)))
        for bank_id, seconds in self._stuck_writers().items():
            troubles.append(Trouble("writer", f"has written nothing to bank {bank_id} for {seconds:.0f} seconds"))
        for name, failure in self._background.down().items():
            troubles.append(Trouble(f"task {name}", f"is down, and started again after a pause ({failure})"))
        if self._waker.deaf_seconds > DEAF_SECONDS:
            why = f"hears nothing of other processes, for {self._waker.deaf_seconds:.0f} seconds"
            troubles.append(Trouble("task listening", why))
        return troubles

    def _own_notes(self) -> list[str]:
        return [
            *(
                f"the log of bank {bank_id} went back {times} times since this process started"
                for bank_id, times in self._ledger.times_gone_back.items()
            ),
            *(
                f"nothing of bank {bank_id} is signed: its log is not what was signed before"
                for bank_id in self._signer.damage
            ),
        ]

    def _tell(self, report: Report) -> None:
        """Tell the log what is new, and what is over."""
        now = {each.what for each in report.troubles}
        for each in report.troubles:
            if each.what not in self._told:
                log.warning("not ready", what=each.what, why=each.why)
        for what in self._told - now:
            log.info("ready again", what=what)
        self._told = now

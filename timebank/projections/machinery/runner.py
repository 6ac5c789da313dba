"""Following the log: moves each projection's rows and its checkpoint in one transaction, a stretch at a time.

All go together as long as all is well. One that cannot take a fact in is left behind, right before that fact: it is
named in the log and in its checkpoint, tried again now and then, and holds nobody up.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST, DATABASE_ERRORS, Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.vocabulary import FACTS
from timebank.ledger.store import Store
from timebank.projections.machinery.projection import Projection

SQL = load_statements("timebank.projections.machinery", "runner.sql")

BATCH_EVENTS = 5_000
"""How many events are taken in with one transaction."""

MANY_EVENTS = 10_000
"""In so many it costs less to look for each topic than to look at each event."""

RETRY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
START_SECONDS = 30.0
"""How long the start of a service waits for its read models; then they go on behind it."""

log = structlog.get_logger(__name__)


class _Stuck:
    """Where a projection is stuck, and when it is tried again."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.pause = RETRY_SECONDS
        self.until = time.monotonic() + self.pause

    def wait_longer(self) -> None:
        """Try again later and later."""
        self.pause = min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        self.until = time.monotonic() + self.pause


class Runner:
    """Keeps the projections of all banks up with their logs. Several may run: the checkpoints' locks part them."""

    def __init__(self, store: Store, projections: Sequence[Projection]) -> None:
        self._store = store
        self._projections = projections
        self._names = [projection.name for projection in projections]
        self._reached: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
        self._left_behind: defaultdict[UUID, set[str]] = defaultdict(set)
        self._stuck: defaultdict[UUID, dict[str, _Stuck]] = defaultdict(dict)
        self._moved: defaultdict[UUID, asyncio.Event] = defaultdict(asyncio.Event)
        self._complaints: dict[UUID | None, str] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            following: set[UUID] = set()
            while True:
                opened = self._store.waker.expect_bank()
                try:
                    banks = {bank.bank_id for bank in await self._store.banks()}
                except DATABASE_ERRORS as error:
                    self._complain(None, error)
                else:
                    self._complaints.pop(None, None)
                    for bank_id in banks - following:
                        tasks.create_task(self._follow(bank_id), name=f"runner of {bank_id}")
                    following |= banks
                await self._store.waker.wait(opened)

    async def catch_up_all(self) -> None:
        """Take in all there is, of all banks, as far as that is possible, and possible in half a minute.

        Who starts to serve is not behind what was acknowledged before; but nothing here keeps anybody from serving.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                for bank in await self._store.banks():
                    while await self.catch_up(bank.bank_id):
                        pass
        except DATABASE_ERRORS as error:
            log.warning("read models are behind the log, and catch up later", error=repr(error))

    async def reach(self, bank_id: UUID, position: int, seconds: float) -> bool:
        """Wait until all projections of a bank have come to a position; False if they do not in time.

        One that is stuck before it is not waited for: then it is False as soon as all others are there.
        """
        try:
            async with asyncio.timeout(seconds):
                while self._least(bank_id, set(self._names) - self._left_behind[bank_id]) < position:
                    moved = self._moved[bank_id]
                    await self._look(bank_id)
                    if self._least(bank_id, set(self._names) - self._left_behind[bank_id]) < position:
                        await _wait_briefly(moved)
        except TimeoutError:
            return False
        return self.is_at(bank_id, position)

    def is_at(self, bank_id: UUID, position: int) -> bool:
        """Whether it is known already that all projections of a bank have come to a position."""
        return self._least(bank_id, self._names) >= position

    def forget(self, bank_id: UUID) -> None:
        """The bank's log went back: what has been reached is to be seen anew."""
        self._reached.pop(bank_id, None)
        self._left_behind.pop(bank_id, None)
        self._stuck.pop(bank_id, None)

    async def catch_up(self, bank_id: UUID) -> bool:
        """Take in one stretch of a bank's log; says whether there is more for whoever can be moved on."""
        stuck = self._stuck[bank_id]
        moving = [projection for projection in self._projections if projection.name not in stuck]
        try:
            more = await self._move(bank_id, moving)
        except Exception as error:
            if _is_the_servers(error):
                raise
            more = False
            for projection in moving:
                more |= await self._move_alone(bank_id, projection)
        for projection in self._projections:
            if projection.name in stuck and time.monotonic() > stuck[projection.name].until:
                more |= await self._try_again(bank_id, projection)
        return more

    async def _move(self, bank_id: UUID, projections: Sequence[Projection], length: int = BATCH_EVENTS) -> bool:
        """Move projections on by one stretch, all or none; says whether there is more for them."""
        length = min(length, BATCH_EVENTS)
        async with self._store.pool.acquire() as connection, connection.transaction():
            checkpoints = await self._hold(connection, bank_id, projections)
            head: int = await connection.fetchval(SQL["head"], bank_id) or 0
            together: defaultdict[int, list[Projection]] = defaultdict(list)
            for projection in projections:
                together[checkpoints[projection.name]].append(projection)
            for after, moving in together.items():
                if after < head:
                    await _advance(connection, bank_id, moving, after, min(after + length, head))
        reached = {name: max(after, min(after + length, head)) for name, after in checkpoints.items()}
        self._arrive(bank_id, reached, left_behind=self._left_behind[bank_id] - reached.keys())
        return any(position < head for position in reached.values())

    async def _move_alone(self, bank_id: UUID, projection: Projection) -> bool:
        """Move one projection on as far as it can be: in ever shorter stretches, down to the fact it cannot take in."""
        length = BATCH_EVENTS
        while True:
            try:
                return await self._move(bank_id, [projection], length) or length < BATCH_EVENTS
            except Exception as error:
                if _is_the_servers(error):
                    raise
                if length == 1:
                    await self._leave_behind(bank_id, projection, error)
                    return False
                length = max(1, length // 2)

    async def _try_again(self, bank_id: UUID, projection: Projection) -> bool:
        """Try what a projection is stuck on once more."""
        stuck = self._stuck[bank_id]
        try:
            await self._move(bank_id, [projection], 1)
        except Exception as error:
            if _is_the_servers(error):
                raise
            await self._leave_behind(bank_id, projection, error)
            return False
        del stuck[projection.name]
        log.warning("a projection that was stuck goes on", bank_id=str(bank_id), projection=projection.name)
        return True

    async def _leave_behind(self, bank_id: UUID, projection: Projection, error: Exception) -> None:
        """Note that a projection cannot be moved on, and on what; the log is told once for each place."""
        row = await self._store.pool.fetchrow(SQL["stick"], bank_id, projection.name)
        position, topic = (row["position"], row["topic"]) if row else (0, "")
        self._left_behind[bank_id].add(projection.name)
        before = self._stuck[bank_id].get(projection.name)
        if before and before.position == position:
            before.wait_longer()
            return
        self._stuck[bank_id][projection.name] = _Stuck(position)
        log.error(
            "a projection is stuck, and left behind",
            bank_id=str(bank_id),
            projection=projection.name,
            position=position,
            topic=topic,
            error=repr(error),
        )

    async def _hold(self, connection: Connection, bank_id: UUID, projections: Sequence[Projection]) -> dict[str, int]:
        names = [projection.name for projection in projections]
        rows = await connection.fetch(SQL["hold"], bank_id, names)
        if len(rows) < len(names):
            versions = [projection.version for projection in projections]
            await connection.execute(SQL["begin"], bank_id, names, versions)
            rows = await connection.fetch(SQL["hold"], bank_id, names)
        return {row["projection"]: row["position"] for row in rows}

    async def _follow(self, bank_id: UUID) -> None:
        while True:
            rung = self._store.waker.expect(bank_id)
            try:
                if not await self.catch_up(bank_id):
                    self._complaints.pop(bank_id, None)
                    await self._store.waker.wait(rung)
            except Exception as error:
                self._complain(bank_id, error)
                await asyncio.sleep(RETRY_SECONDS)

    def _complain(self, bank_id: UUID | None, error: Exception) -> None:
        """Say what keeps all projections from being moved on, once for each cause."""
        if self._complaints.get(bank_id) != type(error).__name__:
            self._complaints[bank_id] = type(error).__name__
            whose = str(bank_id) if bank_id else "all"
            log.warning("the projections could not be moved on; trying on", bank_id=whose, error=repr(error))

    async def _look(self, bank_id: UUID) -> None:
        """Another process may be the one that moves the checkpoints."""
        rows = await self._store.pool.fetch(SQL["peek"], bank_id, self._names)
        left_behind = {row["projection"] for row in rows if row["stuck_on"] is not None}
        self._arrive(bank_id, {row["projection"]: row["position"] for row in rows}, left_behind)

    def _least(self, bank_id: UUID, names: Iterable[str]) -> int:
        reached = self._reached[bank_id]
        return min((reached.get(name, 0) for name in names), default=0)

    def _arrive(self, bank_id: UUID, reached: dict[str, int], left_behind: set[str]) -> None:
        before = dict(self._reached[bank_id])
        self._reached[bank_id].update(reached)
        self._left_behind[bank_id] = left_behind
        if self._reached[bank_id] != before and (moved := self._moved.pop(bank_id, None)):
            moved.set()


class _TooSlowError(Exception):
    """A stretch took too long: a shorter one may not."""


def _is_the_servers(error: Exception) -> bool:
    """Whether an error has nothing to do with what was to be taken in."""
    return isinstance(error, CONNECTION_LOST) and not isinstance(error, asyncpg.QueryCanceledError)


class Lag(NamedTuple):
    """A projection that is not at the end of a bank's log; `stuck_on` is the topic of the fact it cannot take in."""

    bank_id: UUID
    projection: str
    position: int
    stuck_on: str | None
    behind: int


async def lagging(connection: Connection, names: Sequence[str], seconds: float) -> list[Lag]:
    """Those of the projections that are not at the end, the furthest behind first. Raises `TimeoutError`."""
    return [Lag(**row) for row in await connection.fetch(SQL["behind"], names, timeout=seconds)]


async def lags(pool: Pool, names: Sequence[str]) -> dict[str, int]:
    """By how many facts each of the projections is behind the log, in the bank where that is most."""
    return {row["projection"]: row["events"] for row in await pool.fetch(SQL["lags"], names)}


async def _wait_briefly(moved: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(0.05):
            await moved.wait()
    except TimeoutError:
        return


async def _advance(
    connection: Connection, bank_id: UUID, projections: Sequence[Projection], after: int, until: int
) -> None:
    """Move projections that stand at the same position on together."""
    topics = await topics_between(connection, bank_id, after, until)
    try:
        for projection in projections:
            await projection.apply(connection, bank_id, after, until, topics)
    except TimeoutError as error:
        raise _TooSlowError from error
    await connection.execute(SQL["advance"], bank_id, [projection.name for projection in projections], until)


async def topics_between(connection: Connection, bank_id: UUID, after: int, until: int) -> frozenset[str]:
    """The topics that occur in a stretch of the log."""
    stretch = bank_id, after, until
    if until - after > MANY_EVENTS:
        rows = await connection.fetch(SQL["topics_of_many"], *stretch, list(FACTS))
    else:
        rows = await connection.fetch(SQL["topics"], *stretch)
    return frozenset(row["topic"] for row in rows)

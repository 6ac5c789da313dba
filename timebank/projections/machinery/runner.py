"""Following the log: moves each projection's rows and its checkpoint in one transaction, a stretch at a time."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST, Connection
from timebank.db.sql import load_statements
from timebank.ledger.store import Store
from timebank.projections.machinery.projection import Projection

SQL = load_statements("timebank.projections.machinery", "runner.sql")

BATCH_EVENTS = 5_000
"""How many events are taken in with one transaction."""

NEW_BANKS_SECONDS = 1.0
RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Runner:
    """Keeps the projections of all banks up with their logs. Several may run: the checkpoints' locks part them."""

    def __init__(self, store: Store, projections: Sequence[Projection]) -> None:
        self._store = store
        self._projections = projections
        self._reached: defaultdict[UUID, int] = defaultdict(int)
        self._moved: defaultdict[UUID, asyncio.Event] = defaultdict(asyncio.Event)

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            following: set[UUID] = set()
            while True:
                try:
                    banks = {bank.bank_id for bank in await self._store.banks()}
                except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                    log.warning("the runner cannot reach PostgreSQL", error=str(error))
                else:
                    for bank_id in banks - following:
                        tasks.create_task(self._follow(bank_id), name=f"runner of {bank_id}")
                    following |= banks
                await asyncio.sleep(NEW_BANKS_SECONDS)

    async def catch_up_all(self) -> None:
        """Take in all there is, of all banks: who starts to serve is not behind what was acknowledged before."""
        for bank in await self._store.banks():
            while await self.catch_up(bank.bank_id):
                pass

    async def reach(self, bank_id: UUID, position: int, seconds: float) -> bool:
        """Wait until all projections of a bank have come to a position; False if they do not in time."""
        try:
            async with asyncio.timeout(seconds):
                while self._reached[bank_id] < position:
                    moved = self._moved[bank_id]
                    await self._look(bank_id)
                    if self._reached[bank_id] < position:
                        await _wait_briefly(moved)
        except TimeoutError:
            return False
        return True

    async def catch_up(self, bank_id: UUID) -> bool:
        """Take in one stretch of a bank's log; says whether there is more."""
        async with self._store.pool.acquire() as connection, connection.transaction():
            checkpoints = await self._hold(connection, bank_id)
            head: int = await connection.fetchval(SQL["head"], bank_id) or 0
            together: defaultdict[int, list[Projection]] = defaultdict(list)
            for projection in self._projections:
                together[checkpoints[projection.name]].append(projection)
            for after, projections in together.items():
                if after < head:
                    await _advance(connection, bank_id, projections, after, min(after + BATCH_EVENTS, head))
        reached = min((min(after + BATCH_EVENTS, head) for after in together), default=head)
        self._arrive(bank_id, reached)
        return reached < head

    async def _hold(self, connection: Connection, bank_id: UUID) -> dict[str, int]:
        names = [projection.name for projection in self._projections]
        rows = await connection.fetch(SQL["hold"], bank_id, names)
        if len(rows) < len(names):
            versions = [projection.version for projection in self._projections]
            await connection.execute(SQL["begin"], bank_id, names, versions)
            rows = await connection.fetch(SQL["hold"], bank_id, names)
        return {row["projection"]: row["position"] for row in rows}

    async def _follow(self, bank_id: UUID) -> None:
        while True:
            rung = self._store.waker.expect(bank_id)
            try:
                if not await self.catch_up(bank_id):
                    await self._store.waker.wait(rung)
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                log.warning("a projection could not be moved on", bank_id=str(bank_id), error=repr(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("a projection could not be moved on", bank_id=str(bank_id))
                await asyncio.sleep(RETRY_SECONDS)

    async def _look(self, bank_id: UUID) -> None:
        """Another process may be the one that moves the checkpoints."""
        names = [projection.name for projection in self._projections]
        rows = await self._store.pool.fetch(SQL["peek"], bank_id, names)
        if len(rows) == len(names):
            self._arrive(bank_id, min(row["position"] for row in rows))

    def _arrive(self, bank_id: UUID, position: int) -> None:
        if position > self._reached[bank_id]:
            self._reached[bank_id] = position
            moved = self._moved.pop(bank_id, None)
            if moved:
                moved.set()


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
    for projection in projections:
        await projection.apply(connection, bank_id, after, until, topics)
    await connection.execute(SQL["advance"], bank_id, [projection.name for projection in projections], until)


async def topics_between(connection: Connection, bank_id: UUID, after: int, until: int) -> frozenset[str]:
    """The topics that occur in a stretch of the log."""
    rows = await connection.fetch(SQL["topics"], bank_id, after, until)
    return frozenset(row["topic"] for row in rows)

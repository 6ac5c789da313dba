"""How many facts a day one person may cause in their own matters: the log keeps every one of them for ever.

Counted in the log itself, so the limit holds over processes and restarts. Only requests that run at the same moment in
several processes can exceed it, by as many as those are.

What else people can do without end takes room, too, and each process counts it for itself: what changes nothing and is
answered under a key, since the answer is kept; and what they do for a team or an activity, of which facts name others.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID
from weakref import WeakValueDictionary

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.kernel import Fact
from timebank.ledger import idempotency
from timebank.ledger.submission import IdempotencyKey

SQL = load_statements("timebank.ledger", "daily_facts.sql")

LOOK_BACK = 20_000
"""Of somebody who causes very many facts, in organisations' matters say, so many of the latest are looked at."""

AS_ONE = 10
"""So many requests about a team or an activity take as much room as one in their own matters: those are for others."""


class DailyLimitReachedError(Exception):
    """Somebody has caused as many facts today as one person may."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"You have done {most} things today, which is as much as one person can; go on tomorrow.")


class DailyLimit:
    """Lets people act in their own matters so many times a day."""

    def __init__(self, pool: Pool, most: int) -> None:
        self._pool = pool
        self._most = most
        self._acting: Counter[tuple[UUID, str]] = Counter()
        self._further: dict[UUID, tuple[datetime, Counter[str]]] = {}
        self._counting: WeakValueDictionary[tuple[UUID, str], asyncio.Lock] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def room(
        self, bank_id: UUID, actor: str, midnight: datetime, key: IdempotencyKey | None
    ) -> AsyncIterator[None]:
        """Room for one more command, since `midnight`, as long as the block lasts. Raises `DailyLimitReachedError`.

        A request that is repeated with its key needs none: it does nothing more.
        """
        whose = bank_id, actor
        before = self._acting[whose] + self._today(bank_id, midnight)[actor] // AS_ONE
        self._acting[whose] += 1
        try:
            is_full = await self._is_full(bank_id, actor, midnight, before)
            if is_full and not (key and await idempotency.answered(self._pool, bank_id, [(key.principal, key.key)])):
                raise DailyLimitReachedError(self._most)
            yield
        finally:
            self._acting[whose] -= 1
            if not self._acting[whose]:
                del self._acting[whose]

    def done(
        self, bank_id: UUID, actor: str, midnight: datetime, facts: Sequence[Fact], whom: str, *, is_kept: bool
    ) -> None:
        """Count what they did, for themselves or for `whom`, if its facts do not; `is_kept` says that its answer is."""
        if any(whom in fact.tags() for fact in facts) or not (facts or is_kept):
            return
        self._today(bank_id, midnight)[actor] += 1 if facts else AS_ONE

    def _today(self, bank_id: UUID, midnight: datetime) -> Counter[str]:
        """What everybody in a bank has done besides, since its midnight; what was before it is forgotten."""
        since, times = self._further.get(bank_id, (midnight, Counter()))
        if midnight < since:  # it was asked for before midnight, and is over
            return Counter()
        if since < midnight:
            times = Counter()
        self._further[bank_id] = midnight, times
        return times

    async def _is_full(self, bank_id: UUID, actor: str, midnight: datetime, acting: int) -> bool:
        """Whether somebody, who does so many things at this moment, has caused the facts of a day.

        Nearly always one look into the index tells; only where many facts are from today they are counted, which takes
        a while: for one person one time after the other, and those that wait keep no connection.
        """
        left = self._most - acting
        if left <= 0:
            return True
        if not await self._pool.fetchval(SQL["since"], bank_id, actor, left - 1, midnight):
            return False
        async with self._counting.setdefault((bank_id, actor), asyncio.Lock()):
            caused: int = await self._pool.fetchval(SQL["own"], bank_id, actor, midnight, max(LOOK_BACK, self._most))
        return caused >= left

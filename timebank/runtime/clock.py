"""The clock. The domain has none: times are handed down to it from here.

Facts keep for ever the time they were recorded at, so a clock that is off records nothing.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from timebank.db.connections import DATABASE_ERRORS, Pool
from timebank.db.sql import load_statements
from timebank.ledger.submission import ClockError

SQL = load_statements("timebank.runtime", "clock.sql")

TOLERANCE = timedelta(seconds=60)
"""How far this machine's clock and the database's may be apart."""

JUMP = timedelta(seconds=5)
"""By how much the clock may have moved against the even passing of time before it is compared at once."""

SET_SECONDS = 60.0
"""So long a clock has to stay where it was set by more than `TOLERANCE`, though the database's agrees: it may be the
same clock, as it is where both run on one machine."""

COMPARE_SECONDS = 60.0
LOOK_SECONDS = 1.0
ANSWER_SECONDS = 5.0

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Now, in UTC, by the machine's clock."""
    return datetime.now(UTC)  # noqa: TID251  # here is where the clock comes from


NEVER_COMPARED = "has not been compared with the database's yet"


class ClockGuard:
    """The machine's clock, for as long as it agrees with the database's.

    Called, it says what time it is. While the clock is off, or has just jumped, that is the time it was when all was
    well, and what has passed since; and `must_be_right` lets nothing be recorded.
    """

    def __init__(
        self,
        wall: Callable[[], datetime] = utc_now,
        steady: Callable[[], float] = time.monotonic,
        *,
        is_believed: bool = False,
    ) -> None:
        """`is_believed` makes it a clock that is not compared with anything, as tests have it."""
        self._wall, self._steady, self._is_believed = wall, steady, is_believed
        self._right_at, self._right_since = wall(), steady()
        self._set_by, self._set_since = timedelta(), steady()
        self.wrong = None if is_believed else NEVER_COMPARED

    def __call__(self) -> datetime:
        """What time it is."""
        if self._is_believed:
            return self._wall()
        wall, even = self._wall(), self._even()
        return even if self.wrong or abs(wall - even) > JUMP else wall

    def must_be_right(self) -> None:
        """Raise `ClockError` while the clock is off, or may be."""
        if self.wrong:
            msg = f"the clock of this machine {self.wrong}"
            raise ClockError(msg)
        if self._has_jumped():
            raise ClockError("the clock of this machine has just been set")

    async def compare(self, pool: Pool) -> None:
        """Compare with the database's clock; what comes of it is told to the log where it changes."""
        if self._is_believed:
            return
        before, begun = self._wall(), self._steady()
        database: datetime = await pool.fetchval(SQL["now"], timeout=ANSWER_SECONDS)
        after, took = self._wall(), timedelta(seconds=self._steady() - begun)
        if abs(after - before - took) > JUMP:
            return  # it was set at this very moment
        ahead, behind = before - database, database - after
        off = max(ahead, behind)
        if off > TOLERANCE:
            self._is_off(database, f"is {off.total_seconds():.0f} seconds {'ahead of' if ahead > behind else 'behind'}")
        elif self._was_just_set(after):
            self._is_wrong("was set by more than a minute, and the database's with it, less than a minute ago")
        else:
            self._right_at, self._right_since = after, self._steady()
            if self.wrong:
                log.info("the clock agrees with the database's")
            self.wrong = None

    def _is_off(self, database: datetime, by: str) -> None:
        self._set_by = timedelta()
        if self.wrong == NEVER_COMPARED:
            # It has never been right: the database's is what everything so far was recorded by.
            self._right_at, self._right_since = database, self._steady()
        self._is_wrong(f"{by} the database's")

    def _is_wrong(self, wrong: str) -> None:
        if self.wrong is None or self.wrong.split()[0] != wrong.split()[0]:
            log.error("the clock of this machine is off; nothing is recorded by it", clock=wrong)
        self.wrong = wrong

    def _was_just_set(self, wall: datetime) -> bool:
        """Whether the clock was set by much, and has not stayed so for long enough to be believed."""
        by, now = wall - self._even(), self._steady()
        if abs(by) <= TOLERANCE:
            self._set_by = timedelta()
            return False
        if abs(by - self._set_by) > JUMP:
            self._set_by, self._set_since = by, now
        return now - self._set_since < SET_SECONDS

    async def watch(self, pool: Pool) -> None:
        """Compare each minute, and when the clock was set, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.wrong or self._has_jumped() or self._steady() - self._right_since > COMPARE_SECONDS:
                try:
                    await self.compare(pool)
                except DATABASE_ERRORS as error:
                    log.debug("the clock could not be compared", error=repr(error))

    def _even(self) -> datetime:
        return self._right_at + timedelta(seconds=self._steady() - self._right_since)

    def _has_jumped(self) -> bool:
        return not self._is_believed and abs(self._wall() - self._even()) > JUMP

"""What one person can bring about without end takes two rows a minute of the security log, however often they do it.

The first is written at once, and tells everything. More of the same are counted, and written as one row with `times`
when the minute is over, or when the service stops; `people` is then of how many people all of these told together.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST
from timebank.identity.security_log import Kind, SecurityLog, Visit

MINUTE = timedelta(minutes=1)
LOOK_SECONDS = 5.0
ABOUT = "organisation", "volunteer", "searched"
"""What else tells one thing from another: whose list it was, or who was looked at; and whether people were searched."""

log = structlog.get_logger(__name__)


class _Same(NamedTuple):
    """What counts as the same; `about` is what of its detail tells it from another."""

    bank_id: UUID
    kind: Kind
    actor: str
    route: str
    about: tuple[tuple[str, Any], ...] = ()


class _Further:
    """How often it happened after the first time, of how many people it told, and the last of these visits."""

    def __init__(self, visit: Visit) -> None:
        self.since, self.last, self.times, self.people = visit.at, visit, 0, 0

    @property
    def summed(self) -> dict[str, Any]:
        """What is written of it; people only where it told of any."""
        return {"times": self.times} | ({"people": self.people} if self.people else {})


class Repeated:
    """Writes to the security log what may happen very often. Counted by each process for itself."""

    def __init__(self, security_log: SecurityLog, clock: Callable[[], datetime]) -> None:
        self._log = security_log
        self._clock = clock
        self._further: dict[_Same, _Further] = {}

    async def record(
        self, bank_id: UUID, kind: Kind, visit: Visit, *, actor: str, subject: str | None, route: str, **detail: Any
    ) -> None:
        """Write something down, or count it if the same was written less than a minute ago."""
        about = tuple((name, detail[name]) for name in ABOUT if name in detail)
        same = _Same(bank_id, kind, actor, route, about)
        if same in self._further:
            further = self._further[same]
            further.last, further.times = visit, further.times + 1
            further.people += detail.get("people", 0)
            return
        self._further[same] = _Further(visit)
        try:
            await self._log.record(bank_id, kind, visit, actor=actor, subject=subject, route=route, **detail)
        except BaseException:
            counted = self._further.get(same)
            if counted and not counted.times:  # else it is written when its minute is over
                del self._further[same]
            raise

    async def write_counted(self, now: datetime | None = None) -> None:
        """Write what was counted and whose minute is over at `now`; without a time, all of it."""
        for same, further in list(self._over(now)):
            del self._further[same]
            if further.times:
                try:
                    await self._write(same, further)
                except BaseException:
                    self._put_back(same, further)
                    raise

    async def run(self) -> None:
        """Write what was counted, minute by minute, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.write_counted(self._clock())
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                log.warning("what was counted for the security log could not be written; trying on", error=str(error))

    async def close(self) -> None:
        """Write all that was counted, before the service stops."""
        try:
            await self.write_counted()
        except (*CONNECTION_LOST, asyncpg.PostgresError):
            for same, further in self._further.items():
                log.exception("not in the security log", **same._asdict(), **further.summed)

    def _over(self, now: datetime | None) -> Iterator[tuple[_Same, _Further]]:
        return (
            (same, further) for same, further in self._further.items() if now is None or further.since + MINUTE <= now
        )

    async def _write(self, same: _Same, further: _Further) -> None:
        # Without an address: it may have been several, and nobody may have an address here who was erased meanwhile.
        visit = further.last._replace(address="")
        told = dict(same.about) | further.summed
        await self._log.record(same.bank_id, same.kind, visit, actor=same.actor, route=same.route, **told)

    def _put_back(self, same: _Same, further: _Further) -> None:
        """Count on what could not be written, with what happened since."""
        since = self._further.get(same)
        further.times += since.times if since else 0
        further.people += since.people if since else 0
        self._further[same] = further

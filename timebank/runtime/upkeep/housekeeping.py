"""Housekeeping: what is kept for a set time only is deleted after it, a little at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

import structlog

from timebank.db.connections import DATABASE_ERRORS, Pool
from timebank.identity.security_log import SecurityLog
from timebank.ledger import idempotency

SWEEP_SECONDS = 3600.0
STRETCH = 1_000
PAUSE_SECONDS = 0.1

log = structlog.get_logger(__name__)


class Swept(Protocol):
    """A part of the service with rows that expire (sessions, codes, attempts) and can be deleted then."""

    async def sweep(self, at: datetime) -> None:
        """Remove what is over."""


class Kept(NamedTuple):
    """How many days answers under Idempotency-Keys, and entries of the security log, are kept."""

    idempotency: int
    security_log: int


async def sweep_on(
    pool: Pool, swept: Sequence[Swept], security_log: SecurityLog, kept: Kept, clock: Callable[[], datetime]
) -> None:
    """Remove what is over, now and then: sessions, codes and attempts, old answers and entries of the security log.

    One that fails, as where a row is held for long, keeps none of the others from it.
    """
    sweeps: list[Callable[[datetime], Awaitable[None]]] = [each.sweep for each in swept]
    sweeps.append(partial(sweep_old, pool, security_log, kept))
    while True:
        for sweep in sweeps:
            try:
                await sweep(clock())
            except DATABASE_ERRORS as error:
                log.warning("what is over could not be swept away", error=str(error))
        await asyncio.sleep(SWEEP_SECONDS)


async def sweep_old(pool: Pool, security_log: SecurityLog, kept: Kept, now: datetime) -> None:
    """Delete answers under Idempotency-Keys, and entries of the security log, whose time is over."""
    before = now - timedelta(days=kept.idempotency)
    await _in_stretches(lambda: idempotency.sweep(pool, before, STRETCH))
    log_before = now - timedelta(days=kept.security_log)
    await _in_stretches(lambda: security_log.sweep(log_before, STRETCH))


async def _in_stretches(sweep: Callable[[], Awaitable[int]]) -> None:
    """Sweep until less than a stretch is left, and let others have their turn in between."""
    gone = STRETCH
    while gone == STRETCH:
        gone = await sweep()
        await asyncio.sleep(PAUSE_SECONDS)

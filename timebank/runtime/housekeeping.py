"""Housekeeping: what is kept for a set time only is deleted after it, a little at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from timebank.db.connections import Pool
from timebank.identity.security_log import SecurityLog
from timebank.ledger import idempotency

STRETCH = 1_000
PAUSE_SECONDS = 0.1


class Kept(NamedTuple):
    """How many days what is kept for a time is kept."""

    idempotency: int
    security_log: int


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

"""What is kept for a set time goes after it, and nothing sooner."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from tests.helpers.patience import PATIENCE_SECONDS
from timebank.db.connections import Pool
from timebank.identity.security_log import SecurityLog, Visit
from timebank.runtime.clock import utc_now
from timebank.runtime.upkeep import housekeeping
from timebank.runtime.upkeep.housekeeping import Kept, sweep_old, sweep_on

KEPT = Kept(idempotency=7, security_log=730)
ANSWER = (
    "insert into idempotency (bank_id, principal, key, fingerprint, outcome, recorded_at) values ($1,$2,$3,$4,$5,$6)"
)


async def test_what_is_over_is_swept(pool: Pool, security_log: SecurityLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers older than a week, and entries of the log older than two years, go in stretches; all else stays."""
    monkeypatch.setattr(housekeeping, "STRETCH", 10)
    monkeypatch.setattr(housekeeping, "PAUSE_SECONDS", 0)
    now, bank_id, log = utc_now(), uuid4(), security_log
    for n in range(25):
        await pool.execute(ANSWER, bank_id, "p", f"old {n}", b"", b"", now - timedelta(days=8, hours=n))
        await log.record(bank_id, "signed-in", Visit(now - timedelta(days=731, hours=n), "", f"old {n}"))
    for days in (0, 6):
        await pool.execute(ANSWER, bank_id, "p", f"new {days}", b"", b"", now - timedelta(days=days))
        await log.record(bank_id, "signed-in", Visit(now - timedelta(days=100 * days), "", f"new {days}"))
    await sweep_old(pool, log, KEPT, now)
    keys = await pool.fetch("select key from idempotency order by key")
    requests = await pool.fetch("select request_id from security_event order by number")
    assert [row["key"] for row in keys] == ["new 0", "new 6"]
    assert [row["request_id"] for row in requests] == ["new 0", "new 6"]


class Part:
    """A part of the service that is swept."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.times = 0
        self._problem = problem

    async def sweep(self, at: datetime) -> None:
        """Remove nothing."""
        self.times += 1
        if self._problem:
            raise self._problem


async def test_a_sweep_that_fails_keeps_none_of_the_others_from_it(pool: Pool, security_log: SecurityLog) -> None:
    """Where one waits in vain for a row, the others, and old answers, are swept all the same."""
    failing, other = Part(TimeoutError()), Part()
    await pool.execute(ANSWER, uuid4(), "p", "old", b"", b"", utc_now() - timedelta(days=8))
    sweeping = asyncio.create_task(sweep_on(pool, [failing, other], security_log, KEPT, utc_now))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await pool.fetchval("select count(*) from idempotency"):
            await asyncio.sleep(0.01)
    sweeping.cancel()
    assert (failing.times, other.times) == (1, 1)


async def test_only_sweeping_deletes_from_the_security_log(pool: Pool, security_log: SecurityLog) -> None:
    """Whoever deletes otherwise is refused, however old it is; and the last thirty days stay, whatever is asked."""
    now, log = utc_now(), security_log
    await log.record(uuid4(), "signed-in", Visit(now - timedelta(days=3_000), "", "old"))
    with pytest.raises(asyncpg.RaiseError):
        await pool.execute("delete from security_event")
    for age in (timedelta(hours=1), timedelta(days=29)):
        await log.record(uuid4(), "signed-in", Visit(now - age, "", "new"))
    assert await log.sweep(now + timedelta(days=3_000), 10) == 1
    assert await pool.fetchval("select array_agg(request_id) from security_event") == ["new", "new"]

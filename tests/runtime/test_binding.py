"""The security log is bound into the log, each hour that it changed, and cannot be rewritten unseen."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.proofs.test_signer import tamper
from timebank.db.connections import Pool
from timebank.domain.facts.bank import SecurityLogSealed
from timebank.identity.security_log import SecurityLog, Visit
from timebank.ledger.ledger import Ledger
from timebank.ledger.taking_in import moved
from timebank.runtime.clock import utc_now
from timebank.runtime.upkeep.binding import bind_security_logs, unbound_changes

HOUR = timedelta(hours=1)


async def note(security_log: SecurityLog, bank_id: UUID, at: datetime, times: int = 3) -> None:
    """Things that happen at the door."""
    for n in range(times):
        await security_log.record(bank_id, "signed-in", Visit(at, "10.0.0.1", "r"), actor=f"vol_{n}", subject="x", n=n)


async def bound(ledger: Ledger, bank_id: UUID) -> list[int]:
    """How many entries were bound, each time."""
    return [found.fact.count for found in await ledger.store.all_of(bank_id, SecurityLogSealed)][::-1]


async def test_it_is_bound_each_hour_that_it_changed(ledger: Ledger, bank_id: UUID, security_log: SecurityLog) -> None:
    """Whatever settled is bound, once, by whichever process; where nothing happened, or not long ago, nothing is."""
    now = utc_now()
    await bind_security_logs(ledger, security_log, now)
    await note(security_log, bank_id, now)
    await bind_security_logs(ledger, security_log, now)
    await bind_security_logs(ledger, security_log, now + HOUR / 2)
    assert await bound(ledger, bank_id) == []
    for _ in range(2):
        await bind_security_logs(ledger, security_log, now + 2 * HOUR)
    assert await bound(ledger, bank_id) == [3]
    await note(security_log, bank_id, now + 3 * HOUR, times=2)
    for later in (2, 3, 4, 5):
        await bind_security_logs(ledger, security_log, now + later * HOUR)
    assert await bound(ledger, bank_id) == [3, 2]
    assert await unbound_changes(ledger, security_log, bank_id, now - HOUR * 10) == []


@pytest.mark.parametrize(
    "change",
    [
        "delete from security_event where number = 2",
        "delete from security_event",
        "update security_event set actor = 'vol_9' where number = 2",
        "update security_event set kind = 'signed-out' where number = 2",
        "update security_event set recorded_at = recorded_at + interval '1 second' where number = 2",
        "update security_event set detail = '{}' where number = 2",
        (
            "insert into security_event (bank_id, number, recorded_at, kind, request_id) overriding system value"
            " select bank_id, number - 1, recorded_at, kind, request_id from security_event where number = 2"
        ),
    ],
)
async def test_what_is_rewritten_is_found(
    ledger: Ledger, bank_id: UUID, security_log: SecurityLog, pool: Pool, change: str
) -> None:
    """An entry that is changed, removed or added is found; what is older than it is kept for is not missed."""
    now = utc_now()
    await note(security_log, bank_id, now, times=1)
    gap = await pool.fetchval("select nextval(pg_get_serial_sequence('security_event', 'number'))")
    await note(security_log, bank_id, now, times=2)
    await bind_security_logs(ledger, security_log, now + 2 * HOUR)
    await tamper(pool, change.replace("number = 2", f"number = {gap + 1}"))
    (found,) = await unbound_changes(ledger, security_log, bank_id, now - 10 * HOUR)
    assert "are not the 3 that position 2 says" in found
    assert await unbound_changes(ledger, security_log, bank_id, now + 10 * HOUR) == []


async def test_entries_written_later_than_they_say_are_bound(
    ledger: Ledger, bank_id: UUID, security_log: SecurityLog
) -> None:
    """What is summed up after a minute is written after what happened meanwhile: none of it is taken for rewritten."""
    now = utc_now()
    for minutes in (120, 4, 6, 3):
        await note(security_log, bank_id, now - timedelta(minutes=minutes), times=1)
    await bind_security_logs(ledger, security_log, now)
    assert await unbound_changes(ledger, security_log, bank_id, now - 10 * HOUR) == []
    await bind_security_logs(ledger, security_log, now + 2 * HOUR)
    assert await bound(ledger, bank_id) == [1, 3]
    assert await unbound_changes(ledger, security_log, bank_id, now - 10 * HOUR) == []


async def test_what_is_dated_ahead_ends_nothing(
    ledger: Ledger, bank_id: UUID, security_log: SecurityLog, pool: Pool
) -> None:
    """One entry from 2099 kept all that came after it from being bound, and so from being missed."""
    now = utc_now()
    await note(security_log, bank_id, now - HOUR)
    await note(security_log, bank_id, now.replace(year=2099), times=1)
    await note(security_log, bank_id, now - HOUR)
    await bind_security_logs(ledger, security_log, now + HOUR)
    assert await bound(ledger, bank_id) == [7]
    await tamper(pool, "delete from security_event where number = (select max(number) from security_event)")
    assert await unbound_changes(ledger, security_log, bank_id, now - 10 * HOUR) != []


async def test_a_bank_that_moved_is_bound_from_where_it_was(
    ledger: Ledger, bank_id: UUID, security_log: SecurityLog, pool: Pool
) -> None:
    """What was bound elsewhere is not here, and not missed; what is written down here is bound, and missed."""
    now = utc_now()
    await note(security_log, bank_id, now, times=50)
    await bind_security_logs(ledger, security_log, now + 2 * HOUR)
    await tamper(pool, "delete from security_event")
    await pool.execute("alter sequence security_event_number_seq restart")
    (sealed,) = await ledger.store.all_of(bank_id, SecurityLogSealed)
    async with pool.acquire() as connection:
        await moved(connection, bank_id, sealed.position)
        await security_log.go_on_behind(connection, sealed.fact.number)
    assert await unbound_changes(ledger, security_log, bank_id, now - 10 * HOUR) == []
    await note(security_log, bank_id, now + 2 * HOUR)
    await bind_security_logs(ledger, security_log, now + 4 * HOUR)
    assert await bound(ledger, bank_id) == [50, 3]
    await tamper(pool, "delete from security_event where number = (select min(number) from security_event)")
    assert await unbound_changes(ledger, security_log, bank_id, now - 10 * HOUR) != []


async def test_an_erased_address_changes_nothing(
    ledger: Ledger, bank_id: UUID, security_log: SecurityLog, pool: Pool
) -> None:
    """That addresses are deleted when somebody is erased is no rewriting."""
    now = utc_now()
    await note(security_log, bank_id, now)
    await bind_security_logs(ledger, security_log, now + 2 * HOUR)
    await pool.execute("update security_event set address = null")
    assert await unbound_changes(ledger, security_log, bank_id, now - 10 * HOUR) == []

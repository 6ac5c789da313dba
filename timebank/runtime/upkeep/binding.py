"""Binding the security log into the log: each hour its hash becomes a fact, so that nobody rewrites it either."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from timebank.db.connections import DATABASE_ERRORS
from timebank.domain.bank import SealSecurityLog
from timebank.domain.facts.bank import SecurityLogSealed
from timebank.identity.security_log import SecurityLog
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Bank
from timebank.runtime.upkeep.expiry import CLOCK

EVERY = timedelta(hours=1)
SETTLED = timedelta(minutes=5)
"""Entries are bound when they are so old: whoever is just writing an earlier one has written it by then."""

LOOK_SECONDS = 600.0

log = structlog.get_logger(__name__)


async def bind_on(ledger: Ledger, security_log: SecurityLog) -> None:
    """Look now and then whether there is something to be bound, for as long as this runs."""
    while True:
        try:
            await bind_security_logs(ledger, security_log, ledger.clock())
        except DATABASE_ERRORS as error:
            log.warning("the security log could not be bound", error=str(error))
        await asyncio.sleep(LOOK_SECONDS)


async def bind_security_logs(ledger: Ledger, security_log: SecurityLog, now: datetime) -> None:
    """Bind the security log of every bank where it changed and that was not done for an hour."""
    for bank in await ledger.store.banks():
        try:
            await _bind(ledger, security_log, bank, now)
        except Exception:
            log.exception("the security log could not be bound", bank_id=str(bank.bank_id))


async def _bind(ledger: Ledger, security_log: SecurityLog, bank: Bank, now: datetime) -> None:
    last = await ledger.store.latest(bank.bank_id, SecurityLogSealed)
    after = last.fact.number if last else 0
    if last and now - last.recorded_at < EVERY:
        return
    stretch = await security_log.stretch(bank.bank_id, after, before=now - SETTLED, ahead=now + SETTLED)
    if stretch is None or (last is None and now - stretch.since < EVERY):
        return
    at = now.astimezone(ZoneInfo(bank.timezone))
    command = SealSecurityLog(
        by=CLOCK, at=at, after=after, number=stretch.number, count=stretch.entries, digest=stretch.digest
    )
    await ledger.execute(bank.bank_id, command, request_id="security-log")


async def unbound_changes(ledger: Ledger, security_log: SecurityLog, bank_id: UUID, kept_since: datetime) -> list[str]:
    """Where the security log is not what was bound.

    What is older than it is kept for is left out, and what was bound elsewhere, before the bank was taken in here.
    """
    found, taken_in = [], await ledger.store.taken_in(bank_id)
    for sealed in await ledger.store.all_of(bank_id, SecurityLogSealed):
        fact = sealed.fact
        if sealed.recorded_at - 2 * EVERY < kept_since:
            break
        if sealed.position <= taken_in:
            continue
        stretch = await security_log.stretch(bank_id, fact.after, until=fact.number)
        now_is = (stretch.entries, stretch.digest) if stretch else (0, "")
        if now_is != (fact.count, fact.digest):
            numbers = f"entries {fact.after + 1} to {fact.number}"
            found.append(f"{numbers} are not the {fact.count} that position {sealed.position} says")
    return found

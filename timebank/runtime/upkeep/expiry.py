"""Expiry: reservations that nobody came for in time are taken back, exactly once each.

The read model says what may be due; whether it is, is decided from facts. So it does not matter how late this is done,
how often, or in how many processes at once: what is taken back already, or was fulfilled, stays as it is.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from timebank.db.connections import DATABASE_ERRORS, Pool
from timebank.domain.acting import Acting
from timebank.domain.credit.redemptions import ExpireRedemption
from timebank.domain.identifiers import ActorId
from timebank.domain.kernel import Command
from timebank.ledger.ledger import Ledger
from timebank.ledger.submission import QueueFullError, Receipt, StoreUnavailableError
from timebank.projections.credit import redemptions

CLOCK = Acting(ActorId("clock"), "operator")
"""By whom reservations expire: the program itself, in the operator's name."""

AT_ONCE = 500
"""How many reservations of a bank are taken back in one transaction."""

EXPIRY_SECONDS = 1.0
"""How long it is waited before it is looked again."""

log = structlog.get_logger(__name__)


async def expire_overdue(pool: Pool, ledger: Ledger) -> None:
    """Take back reservations whose time is over, soon after it is, for as long as this runs."""
    while True:
        try:
            while await expire_due(pool, ledger):
                pass
        except DATABASE_ERRORS as error:
            log.warning("overdue reservations could not be taken back; trying on", error=str(error))
        except Exception:
            log.exception("overdue reservations could not be taken back; trying on")
        await asyncio.sleep(EXPIRY_SECONDS)


async def expire_due(pool: Pool, ledger: Ledger) -> int:
    """Take back what is overdue, up to a batch for each bank. Says how many reservations were taken back.

    Where that fails for a bank, or for one reservation, it is logged and left to the next time; others do not wait.
    """
    now, taken_back = ledger.clock(), 0
    for bank_id, timezone, overdue in await redemptions.due(pool, now, AT_ONCE):
        at = now.astimezone(ZoneInfo(timezone))
        commands = [ExpireRedemption(by=CLOCK, at=at, redemption_id=each) for each in overdue]
        try:
            taken_back += await _submit(ledger, bank_id, commands)
        except (StoreUnavailableError, QueueFullError) as error:
            log.warning("overdue reservations wait to be taken back", bank_id=str(bank_id), error=str(error))
        except Exception:
            log.exception("overdue reservations could not be taken back together", bank_id=str(bank_id))
            taken_back += await _expire_each(ledger, bank_id, commands)
    return taken_back


async def _expire_each(ledger: Ledger, bank_id: UUID, commands: Sequence[ExpireRedemption]) -> int:
    """Take back each by itself, so that one that fails keeps no other; says how many were."""
    outcomes = await asyncio.gather(
        *(_submit(ledger, bank_id, [command]) for command in commands), return_exceptions=True
    )
    for command, outcome in zip(commands, outcomes, strict=True):
        if not isinstance(outcome, int):
            log.error("a reservation could not be taken back", redemption_id=command.redemption_id, error=repr(outcome))
    return sum(outcome for outcome in outcomes if isinstance(outcome, int))


async def _submit(ledger: Ledger, bank_id: UUID, commands: Sequence[Command]) -> int:
    """Have commands done together; says how many reservations were taken back."""
    outcomes = await ledger.submit(bank_id, commands, request_id="expiry")
    return sum(len(outcome.facts) for outcome in outcomes if isinstance(outcome, Receipt))

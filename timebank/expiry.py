"""Expiry: what time does by itself. Reservations nobody came for in time are taken back, exactly once each.

The read model says what may be due; whether it is, is decided from facts. So it does not matter how late the clock
comes, how often, or in how many processes at once: what is taken back already, or was fulfilled, stays as it is.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.domain.identifiers import ActorId
from timebank.domain.kernel import Acting, Command
from timebank.domain.redeeming import ExpireRedemption
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Pool
from timebank.ledger.submission import Receipt
from timebank.projections import redemptions

CLOCK = Acting(ActorId("clock"), "operator")
"""Who lets reservations expire: nobody in particular, so the program itself, in the operator's name."""

AT_ONCE = 500


async def expire_due(pool: Pool, ledger: Ledger) -> int:
    """Take back what is overdue, up to a batch for all banks together. Says how many reservations were taken back."""
    now = ledger.clock()
    commands: defaultdict[UUID, list[Command]] = defaultdict(list)
    for bank_id, redemption_id, timezone in await redemptions.due(pool, now, AT_ONCE):
        at = now.astimezone(ZoneInfo(timezone))
        commands[bank_id].append(ExpireRedemption(by=CLOCK, at=at, redemption_id=redemption_id))
    return sum([await _expire(ledger, bank_id, due) for bank_id, due in commands.items()])


async def _expire(ledger: Ledger, bank_id: UUID, due: Sequence[Command]) -> int:
    outcomes = await ledger.submit(bank_id, due, request_id="expiry")
    return sum(isinstance(outcome, Receipt) and len(outcome.facts) for outcome in outcomes)

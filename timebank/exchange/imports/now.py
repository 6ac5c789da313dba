"""What time it is in a bank."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.runtime.composition import Services


async def local_now(services: Services, bank_id: UUID) -> datetime:
    """Now, in the local time of a bank that is there."""
    bank = await services.ledger.store.bank(bank_id)
    assert bank is not None, "the caller has found the bank"
    return services.ledger.clock().astimezone(ZoneInfo(bank.timezone))

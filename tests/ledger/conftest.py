"""A second process's worth of everything: connections, waker and ledger of its own, on the same database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.runtime.composition import hooks
from timebank.vault.people import People


@pytest.fixture
async def other(url: str, people: People, bank_id: UUID) -> AsyncIterator[Ledger]:
    """Another ledger for the same bank, as another process would have it."""
    async with asyncpg.create_pool(url, min_size=1, max_size=5) as pool:
        ledger = Ledger(Store(pool, Waker()), people, clock=lambda: datetime.now(UTC), hooks=hooks(people))
        yield ledger
        await ledger.close()

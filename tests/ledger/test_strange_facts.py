"""Facts that a process cannot read, since another version recorded them, or somebody else."""

from uuid import UUID

import pytest
from uuid_utils import uuid7

from tests.controls.town import found, register
from timebank.ledger.codec import Event
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.runtime.clock import utc_now


@pytest.mark.parametrize(("topic", "data"), [("of-a-later-version", b"{}"), ("volunteer-registered", b"{")])
async def test_a_fact_that_cannot_be_read_fails_no_command(
    ledger: Ledger, store: Store, bank_id: UUID, topic: str, data: bytes
) -> None:
    """What another process has appended meanwhile, and only that can read, keeps nobody from what they do here."""
    for command in found(1):
        await ledger.execute(bank_id, command)
    for number in (501, 502):
        strange = Event(uuid7(), topic, data, (), "", "", "", uuid7())
        async with store.pool.acquire() as connection, connection.transaction():
            assert await store.append_if_head(connection, bank_id, await store.tip(bank_id), [strange], utc_now())
        receipt = await ledger.execute(bank_id, register(number))
        assert receipt.position == await store.head(bank_id)

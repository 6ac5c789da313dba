"""The parts put together: that they stop, whenever they are told to."""

import subprocess
import sys

import pytest

from tests.controls import KEY_FILE
from tests.helpers.patience import PATIENCE_SECONDS

STOP_RIGHT_AFTER_A_WRITE = """
import asyncio, sys
from uuid import UUID
from timebank.domain.acting import Acting
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import new_bank_id
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import running_services
from timebank.runtime.settings import Settings

async def once(turns):
    async with running_services(Settings(database_url=sys.argv[1], key_file=sys.argv[2])) as services:
        bank_id = UUID(new_bank_id())
        await services.ledger.store.open_bank(bank_id, "x", "UTC")
        follow = asyncio.create_task(services.runner._follow(bank_id))
        await asyncio.sleep(0.1)
        by = Acting("operator", "operator")
        await services.ledger.execute(bank_id, OpenBank(by=by, at=utc_now(), name="x", timezone="UTC"))
        for _ in range(turns):
            await asyncio.sleep(0)
        follow.cancel()
        await asyncio.gather(follow, return_exceptions=True)

for turns in range(6):
    asyncio.run(once(turns))
"""


@pytest.mark.drill
def test_the_service_stops_right_after_a_write(url: str) -> None:
    """A follower that is woken and told to stop at the same moment stops: nothing swallows the cancellation."""
    command = [sys.executable, "-c", STOP_RIGHT_AFTER_A_WRITE, url, str(KEY_FILE)]
    subprocess.run(command, check=True, timeout=PATIENCE_SECONDS, capture_output=True)

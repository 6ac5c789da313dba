"""Comparing: who was kept before doubles were looked for is compared with the others, some at a time."""

import asyncio

import structlog

from timebank.db.connections import DATABASE_ERRORS, Pool
from timebank.vault.people import BATCH_PEOPLE, People

LOOK_SECONDS = 3600.0
"""An earlier version that still runs beside this one may add more of them."""

PAUSE_SECONDS = 0.1

log = structlog.get_logger(__name__)


async def compare_on(people: People, pool: Pool) -> None:
    """Look once an hour for registrations that were not compared with the others yet, and compare them."""
    while True:
        try:
            done = BATCH_PEOPLE
            while done == BATCH_PEOPLE:
                done = await people.compare(pool)
                await asyncio.sleep(PAUSE_SECONDS)
        except DATABASE_ERRORS as error:
            log.warning("registrations could not be compared", error=str(error))
        await asyncio.sleep(LOOK_SECONDS)

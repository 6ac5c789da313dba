"""Background tasks end when they are told to."""

import asyncio

from tests.helpers.patience import PATIENCE_SECONDS
from timebank.ledger.tasks import end


async def test_a_cancellation_that_gets_lost_is_repeated() -> None:
    """A task that swallows its cancellation is cancelled again until it is over; what failed is told."""
    lost: list[str] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(10 * PATIENCE_SECONDS)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append("once")

    async def failing() -> None:
        raise LookupError

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    (failure,) = await asyncio.wait_for(end(tasks), PATIENCE_SECONDS)
    assert isinstance(failure, LookupError)
    assert lost == ["once"]

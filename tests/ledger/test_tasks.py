"""Background tasks are kept going, and end when they are told to."""

import asyncio
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from tests.helpers.patience import PATIENCE_SECONDS
from timebank.ledger import tasks as module
from timebank.ledger.tasks import Background, end


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


async def test_a_task_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that fails, or just ends, is logged, named while it is down, and started again with growing pauses."""
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(module, "STEADY_SECONDS", 0.3)
    begun: list[float] = []
    background = Background()

    async def task() -> None:
        begun.append(asyncio.get_running_loop().time())
        if len(begun) < 4:
            raise LookupError
        if len(begun) > 4:
            await asyncio.sleep(60)

    with capture_logs() as logs:
        running = asyncio.create_task(background.keep("thing", task))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not background.down():
                await asyncio.sleep(0.001)
            assert background.down() == {"thing": "LookupError"}
            while len(begun) < 5:
                assert list(background.down()) == ["thing"]
                await asyncio.sleep(0.001)
            while background.down():
                await asyncio.sleep(0.01)
        await end([running])
    pauses = [after - before for before, after in pairwise(begun)]
    assert pauses == sorted(pauses)
    assert [each["task"] for each in logs] == ["thing"] * 4


async def test_a_task_that_is_cancelled_ends() -> None:
    """Whoever keeps a task going ends with it when told to."""
    background = Background()
    running = asyncio.create_task(background.keep("thing", lambda: asyncio.sleep(60)))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(end([running]), PATIENCE_SECONDS) == []
    assert background.down() == {}

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import pytest

from tests.api.world import World, settled
from tests.helpers.databases import database

T = TypeVar("T")


@contextlib.asynccontextmanager
async def kept(context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """A context entered and left in one task, as a lifespan has to be; a fixture is set up and torn down in two."""
    entered: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def keep() -> None:
        async with context as value:
            entered.set_result(value)
            await done.wait()

    task = asyncio.create_task(keep())
    await asyncio.wait({task, entered}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if task.done():
            await task
        yield entered.result()
    finally:
        done.set()
        await task


@pytest.fixture(scope="session", autouse=True)
def brief() -> Iterator[None]:
    """What would be told for minutes, as it happens, ends soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("timebank.api.supervision.live.LIVE_SECONDS", 0.1)
        yield


@pytest.fixture(scope="package")
def shared_url(cluster: str, template: str) -> Iterator[str]:
    """The URL of a database that the tests here share, each with volunteers of its own."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture(scope="package")
async def world(shared_url: str) -> AsyncIterator[World]:
    """A served bank with somebody in each role, shared: nothing may be suspended that belongs to all."""
    async with kept(settled(shared_url)) as world:
        yield world


@pytest.fixture
async def own_world(url: str) -> AsyncIterator[World]:
    """A served bank of the test's own."""
    async with kept(settled(url)) as world:
        yield world

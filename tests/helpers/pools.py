"""Connections that stay with a database which tests take again: each new one learns its tables anew.

What most tests begin with takes a quarter of the time on connections that have done it before.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, NamedTuple

from timebank.db.connections import Admit, Pool, pool_of


class _Open(NamedTuple):
    """A pool, and what closes it."""

    pool: Pool
    stack: AsyncExitStack


_idle: dict[str, dict[Hashable, _Open]] = {}
"""Of each database whose connections are kept, the pools that nobody uses now."""

_home: list[asyncio.AbstractEventLoop] = []
"""The loop that outlives the tests: only what was opened on it is kept."""


@contextlib.contextmanager
def at_home() -> Iterator[None]:
    """What is opened on the loop that runs now may be kept."""
    _home.append(asyncio.get_running_loop())
    yield
    _home.clear()


@contextlib.asynccontextmanager
async def kept_pool_of(url: str, *, admit: Admit | None = None, **how: Any) -> AsyncIterator[Pool]:
    """What the service opens, or what it has opened before."""
    async with kept(url, tuple(how.items()), lambda: pool_of(url, admit=admit, **how)) as pool:
        if admit:
            async with pool.acquire() as connection:
                await admit(connection)
        yield pool


@contextlib.asynccontextmanager
async def kept(url: str, how: Hashable, make: Callable[[], AbstractAsyncContextManager[Pool]]) -> AsyncIterator[Pool]:
    """A pool that is made in some way; one that was made so before, if nobody uses it."""
    idle = _idle.get(url, {}) if asyncio.get_running_loop() in _home else {}
    found = idle.pop(how, None) or await _opened(make())
    try:
        yield found.pool
    finally:
        if url in _idle and asyncio.get_running_loop() in _home and _is_free(found.pool) and how not in _idle[url]:
            _idle[url][how] = found
        else:
            await found.stack.aclose()


async def _opened(made: AbstractAsyncContextManager[Pool]) -> _Open:
    stack = AsyncExitStack()
    return _Open(await stack.enter_async_context(made), stack)


def _is_free(pool: Pool) -> bool:
    """Whether all that was taken from a pool was given back."""
    return not pool.is_closing() and pool.get_idle_size() == pool.get_size()


def keep(url: str) -> None:
    """Keep what is opened to this database from now on."""
    _idle.setdefault(url, {})


def kept_by(url: str) -> list[int]:
    """The processes of PostgreSQL behind the connections that are kept."""
    holders = [holder for found in _idle.get(url, {}).values() for holder in found.pool._holders]
    return [each._con.get_server_pid() for each in holders if each._con and not each._con.is_closed()]


def forget(url: str) -> None:
    """Keep nothing more of this database: it is about to be dropped."""
    for found in _idle.pop(url, {}).values():
        found.pool.terminate()

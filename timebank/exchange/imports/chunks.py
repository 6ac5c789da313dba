"""Importing a list chunk by chunk: what its rows say, what that asks for, and what becomes of it; as it comes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary, WeakValueDictionary

from timebank.db.connections import Pool, session
from timebank.db.sql import load_statements
from timebank.domain.kernel import Command
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.rows import RowError
from timebank.exchange.spreadsheets.reading import Row
from timebank.identity.limits.turns import beside
from timebank.ledger.decisions.trial import Trial
from timebank.ledger.submission import Outcome
from timebank.runtime.composition import Services

SQL = load_statements("timebank.exchange.imports", "chunks.sql")

CHUNK = 500
"""How many rows are one transaction."""

ASK_AGAIN_SECONDS = 0.05

BANKS_AT_ONCE = 2
"""Into how many banks a process takes lists at once: each keeps a connection, and a process has four at least."""

TURN_SECONDS = 0.01
"""After so long of reading others get their turn: a row may be as long as a list."""

E = TypeVar("E")

Judged: TypeAlias = tuple[Row, RowVerdict]

Submit: TypeAlias = Callable[[Sequence[Command]], Awaitable[list[Outcome]]]
"""Has commands done, or tried, and says what becomes of each."""


class Entry(NamedTuple, Generic[E]):
    """A row, and what it says."""

    row: Row
    said: E


Judge: TypeAlias = Callable[[Sequence[Entry[E]], Submit], Awaitable[list[RowVerdict]]]
"""What becomes of the rows of a chunk, in their order."""


@contextlib.asynccontextmanager
async def submitting(services: Services, bank_id: UUID, request_id: str, *, dry_run: bool) -> AsyncIterator[Submit]:
    """A way to have commands done; or, in a dry run, tried, each by what the earlier ones would have come to."""
    if not dry_run:

        async def submit(commands: Sequence[Command]) -> list[Outcome]:
            return await services.ledger.submit(bank_id, commands, request_id=request_id) if commands else []

        yield submit
        return
    trial = Trial(services.ledger, bank_id)
    try:

        async def attempt(commands: Sequence[Command]) -> list[Outcome]:
            return await trial.submit(commands, request_id) if commands else []

        yield attempt
    finally:
        trial.close()


class _Turns:
    """Who of a process takes in a list: one at a time of each bank, and of few banks, for each keeps a connection."""

    def __init__(self) -> None:
        self._banks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self.places = asyncio.Semaphore(BANKS_AT_ONCE)

    def of(self, bank_id: UUID) -> asyncio.Lock:
        """What whoever's turn it is of a bank holds; those who wait have their turns in order."""
        return self._banks.setdefault(bank_id, asyncio.Lock())


_TURNS: WeakKeyDictionary[Pool, _Turns] = WeakKeyDictionary()


@contextlib.asynccontextmanager
async def alone(pool: Pool, bank_id: UUID, *, dry_run: bool = False) -> AsyncIterator[None]:
    """Nobody else takes in a list of people or places meanwhile, in whichever process: what is there is looked at once.

    No memory knows who has a name, so the writer cannot refuse somebody who is on two lists that come at once. However
    many lists come, few connections are kept for this: each needs others for its work.
    """
    if dry_run:
        yield
        return
    turns = _TURNS.setdefault(pool, _Turns())
    async with turns.of(bank_id):
        while True:
            async with turns.places, session(pool) as connection:  # which lets the bank go, however this ends
                if await connection.fetchval(SQL["hold"], bank_id):
                    yield
                    return
            await asyncio.sleep(ASK_AGAIN_SECONDS)  # another process takes in a list of this bank


async def in_chunks(opened: OpenedList[E], judge: Judge[E], submit: Submit, size: int) -> AsyncIterator[list[Judged]]:
    """The rows of a list with their verdicts, so many at a time. What cannot be understood is refused."""
    rows = opened.rows()
    while chunk := await beside(lambda: list(islice(rows, size))):
        entries: list[Entry[E]] = []
        verdicts: dict[int, RowVerdict] = {}
        async for row in _taking_turns(chunk):
            try:
                entries.append(Entry(row, opened.read(row)))
            except RowError as error:
                verdicts[row.line] = opened.refused(row, error)
        judged = await judge(entries, submit)
        verdicts.update({verdict.line: verdict for verdict in judged})
        yield [(row, verdicts[row.line]) for row in chunk]


async def _taking_turns(rows: Sequence[Row]) -> AsyncIterator[Row]:
    until = 0.0
    for row in rows:
        if time.perf_counter() > until:
            await asyncio.sleep(0)
            until = time.perf_counter() + TURN_SECONDS
        yield row

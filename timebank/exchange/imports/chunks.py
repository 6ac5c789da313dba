"""Importing a list chunk by chunk: what its rows say, what that asks for, and what becomes of it; as it comes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from timebank.db.connections import Pool, session
from timebank.db.sql import load_statements
from timebank.domain.kernel import Command
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.results import RowVerdict
from timebank.exchange.imports.rows import RowError
from timebank.exchange.spreadsheets.reading import Row
from timebank.ledger.decisions.trial import Trial
from timebank.ledger.submission import Outcome
from timebank.runtime.composition import Services

SQL = load_statements("timebank.exchange.imports", "chunks.sql")

CHUNK = 500
"""How many rows are one transaction."""

ASK_AGAIN_SECONDS = 0.05

READ_AT_ONCE = 100
"""After how many rows that were read others get their turn."""

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


@contextlib.asynccontextmanager
async def alone(pool: Pool, bank_id: UUID, *, dry_run: bool = False) -> AsyncIterator[None]:
    """Nobody else takes in a list of people or places meanwhile, in whichever process: what is there is looked at once.

    No memory knows who has a name, so the writer cannot refuse somebody who is on two lists that come at once.
    """
    while not dry_run:
        async with session(pool) as connection:  # which lets it go, however this ends
            if await connection.fetchval(SQL["hold"], bank_id):
                yield
                return
        await asyncio.sleep(ASK_AGAIN_SECONDS)
    yield


async def in_chunks(opened: OpenedList[E], judge: Judge[E], submit: Submit, size: int) -> AsyncIterator[list[Judged]]:
    """The rows of a list with their verdicts, so many at a time. What cannot be understood is refused."""
    rows = opened.rows()
    while chunk := list(islice(rows, size)):
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
    for start in range(0, len(rows), READ_AT_ONCE):
        for row in rows[start : start + READ_AT_ONCE]:
            yield row
        await asyncio.sleep(0)

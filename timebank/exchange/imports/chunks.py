"""Submitting what the rows of a file ask for, chunk by chunk, and counting what becomes of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID

from timebank.domain.kernel import Command
from timebank.domain.refusing import Refusal
from timebank.domain.service.refusals import DuplicateRecord
from timebank.exchange.spreadsheets import CellError, Row
from timebank.ledger.ledger import Ledger
from timebank.ledger.submission import Outcome

CHUNK = 500
"""How many rows are one transaction."""

Progress: TypeAlias = Callable[[int], None]
"""Is told how many more rows are done."""

Reading: TypeAlias = Callable[[Row], Command | None]
"""What a row asks for; None if it is there already. Raises `CellError` if the row cannot be understood."""


def no_progress(_: int) -> None:
    """Tell nobody."""


class Report(NamedTuple):
    """What became of a file's rows: how many were taken, were there already, or refused (by line, with the reason)."""

    taken: int
    known: int
    refused: dict[int, str]


class Import:
    """A file on its way into the bank, chunk by chunk.

    A dry run is one chunk, so that the rows see each other as they would if they were written.
    """

    def __init__(self, ledger: Ledger, bank_id: UUID, progress: Progress, *, dry_run: bool = False) -> None:
        self._ledger = ledger
        self._bank_id = bank_id
        self._progress = progress
        self._dry_run = dry_run
        self._taken = 0
        self._known = 0
        self._refused: dict[int, str] = {}

    async def submit(self, rows: Sequence[Row], read: Reading) -> Report:
        """Read all rows, have what they ask for done, and say what became of them."""
        size = max(1, len(rows)) if self._dry_run else CHUNK
        for start in range(0, len(rows), size):
            chunk = rows[start : start + size]
            await self._write(self._read(chunk, read))
            self._progress(len(chunk))
        return Report(self._taken, self._known, dict(sorted(self._refused.items())))

    def _read(self, rows: Sequence[Row], read: Reading) -> list[tuple[Row, Command]]:
        """What the rows of a chunk ask for; the others are counted."""
        commands: list[tuple[Row, Command]] = []
        for row in rows:
            try:
                command = read(row)
            except CellError as error:
                self._refused[row.line] = str(error)
                continue
            if command is None:
                self._known += 1
            else:
                commands.append((row, command))
        return commands

    async def _write(self, commands: Sequence[tuple[Row, Command]]) -> None:
        """Have the commands of a chunk done, and count what becomes of each row."""
        if not commands:
            return
        outcomes = await self._ledger.submit(
            self._bank_id, [command for _, command in commands], request_id="import", dry_run=self._dry_run
        )
        for (row, _), outcome in zip(commands, outcomes, strict=True):
            self._count(row, outcome)

    def _count(self, row: Row, outcome: Outcome) -> None:
        if isinstance(outcome, DuplicateRecord):
            self._known += 1
        elif isinstance(outcome, Refusal):
            self._refused[row.line] = str(outcome)
        else:
            self._taken += 1

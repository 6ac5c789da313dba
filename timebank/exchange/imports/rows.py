"""Reading a row, cell by cell: all that is wrong with it is told at once."""

from collections.abc import Callable
from typing import TypeVar

from timebank.exchange.cells.damage import must_be_whole
from timebank.exchange.cells.errors import CellError, shown
from timebank.exchange.spreadsheets.reading import Row, Table

T = TypeVar("T")


class RowError(ValueError):
    """A row cannot be understood; the message says what is wrong with which cells."""


class Cells:
    """The cells of a row. What is wrong with one is kept, and the next is read."""

    def __init__(self, table: Table, row: Row) -> None:
        self.row = row
        self._table = table
        self.problems: list[str] = []
        if row.beyond:
            self.problems.append(f"{shown(row.beyond)} stands right of the columns that have headings")

    def says(self, column: str) -> str:
        """What a cell says; nothing, where there is no such column."""
        return self.row.cells.get(column, "")

    def heading(self, column: str) -> str:
        """What the list calls a column."""
        return self._table.heading(column)

    def read(self, column: str, parser: Callable[[str], T], otherwise: T) -> T:
        """What a parser makes of a cell; `otherwise`, if it cannot be understood."""
        text = self.says(column)
        try:
            must_be_whole(text)
            return parser(text)
        except CellError as error:
            self.wrong(column, str(error))
            return otherwise

    def read_if_filled(self, column: str, parser: Callable[[str], T]) -> T | None:
        """The same for a cell that may be empty; None if it is."""
        return self.read(column, parser, None) if self.says(column) else None

    def wrong(self, column: str, problem: str) -> None:
        """Something is wrong with a cell."""
        self.problems.append(f"{self.heading(column)}: {problem}")

    def must_be_understood(self) -> None:
        """Raises `RowError` if anything is wrong."""
        if self.problems:
            raise RowError("; ".join(self.problems))

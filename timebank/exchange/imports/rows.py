"""Reading a row, cell by cell: all that is wrong with it is told at once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from timebank.exchange.cells.damage import must_be_whole
from timebank.exchange.cells.errors import CellError, shown
from timebank.exchange.cells.guards import LONGEST_CELL
from timebank.exchange.cells.texts import TOO_LONG
from timebank.exchange.spreadsheets.reading import Row, Table
from timebank.words import Language, Phrase, Quoted, told

T = TypeVar("T")


class RowError(ValueError):
    """A row cannot be understood, or not be taken; the message says what is wrong with which cells."""

    def __init__(self, *phrases: Phrase) -> None:
        self.phrases = phrases
        super().__init__(*phrases)

    def __str__(self) -> str:
        return told_together(self.phrases)

    @classmethod
    def of(cls, template: str, **details: object) -> "RowError":
        """One thing is wrong, said by a template and what fills its blanks."""
        return cls(Phrase(template, details))


def told_together(phrases: Sequence[Phrase], language: Language = "en") -> str:
    """Several things that are said of one row."""
    return _BETWEEN[language].join(told(*phrase, language) for phrase in phrases)


_BETWEEN: dict[Language, str] = {"en": "; ", "zh": "；"}


class Cells:
    """The cells of a row. What is wrong with one is kept, and the next is read."""

    def __init__(self, table: Table, row: Row) -> None:
        self.row = row
        self._table = table
        self.problems: list[Phrase] = []
        if row.beyond:
            self.add("{value} stands right of the columns that have headings", value=shown(row.beyond))

    def says(self, column: str) -> str:
        """What a cell says; nothing, where there is no such column."""
        return self.row.cells.get(column, "")

    def heading(self, column: str) -> str:
        """What the list calls a column."""
        return self._table.heading(column)

    def read(self, column: str, parser: Callable[[str], T], otherwise: T) -> T:
        """What a parser makes of a cell; `otherwise`, if it cannot be understood."""
        text = self.row.cells.get(column, "")
        try:
            if len(text) > LONGEST_CELL:
                raise CellError(text, TOO_LONG)
            must_be_whole(text)
            return parser(text)
        except CellError as error:
            self.wrong(column, "{wrong}", wrong=error.phrase)
            return otherwise

    def read_if_filled(self, column: str, parser: Callable[[str], T]) -> T | None:
        """The same for a cell that may be empty; None if it is."""
        return self.read(column, parser, None) if self.row.cells.get(column) else None

    def wrong(self, column: str, problem: str, **details: object) -> None:
        """Something is wrong with a cell: a template, and what fills its blanks."""
        self.add("{column}: {problem}", column=Quoted(self.heading(column)), problem=Phrase(problem, details))

    def add(self, template: str, **details: object) -> None:
        """Something is wrong with the row: a template, and what fills its blanks."""
        self.problems.append(Phrase(template, details))

    def must_be_understood(self) -> None:
        """Raises `RowError` if anything is wrong."""
        if self.problems:
            raise RowError(*self.problems)

"""Reading a file into a table: its rows, each with the line it starts on, and their cells by column."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from timebank.exchange.spreadsheets.columns import Column
from timebank.exchange.spreadsheets.decoding import decode
from timebank.exchange.spreadsheets.errors import CellError, SpreadsheetError
from timebank.exchange.spreadsheets.guards import unwrap
from timebank.exchange.spreadsheets.headings import Heading, find_heading, records

T = TypeVar("T")


class Row(NamedTuple):
    """One row: the line of the file it starts on, its cells by column name, and its cells as they were written."""

    line: int
    cells: dict[str, str]
    original: list[str]


class Table(NamedTuple):
    """A file as read; `headings` gives the file's own heading for each column that was recognised."""

    encoding: str
    header: list[str]
    rows: list[Row]
    headings: dict[str, str]

    def parse(self, row: Row, column: str, parser: Callable[[str], T]) -> T:
        """What a parser makes of one cell. Raises `CellError`, naming the heading that the office sees in its file."""
        try:
            return parser(row.cells.get(column, ""))
        except CellError as error:
            header = self.headings.get(column, "")
            raise CellError(error.value, error.problem, column=column, header=header) from error

    def parse_if_filled(self, row: Row, column: str, parser: Callable[[str], T]) -> T | None:
        """The same for a cell that may be empty; None if it is."""
        return self.parse(row, column, parser) if row.cells.get(column) else None


def read_table(data: bytes, columns: Sequence[Column]) -> Table:
    """The rows of a CSV file in any encoding and with any delimiter that Excel and WPS write in China.

    Raises `SpreadsheetError` if the file cannot be read, or required columns are missing.
    """
    encoding, text = decode(data)
    heading = find_heading(text, columns, encoding)
    headings = {name: unwrap(heading.record[position]) for name, position in heading.recognised}
    return Table(encoding, heading.record, list(_rows(text, heading)), headings)


def _rows(text: str, heading: Heading) -> Iterator[Row]:
    """The rows below the heading line that say anything."""
    for line, record in records(text, heading.delimiter):
        if line <= heading.line:
            continue
        width = len(heading.record)
        cells = [unwrap(cell) for cell in record] + [""] * (width - len(record))
        if any(cells[width:]):
            raise SpreadsheetError(
                f"Line {line} has {len(record)} cells, the header has {width}; "
                "a cell that holds a delimiter needs quotation marks around it."
            )
        by_column = {name: cells[position] for name, position in heading.recognised}
        if any(by_column.values()):
            yield Row(line, by_column, record)

"""Where the rows of a list come from, as often as they are needed: a file of text with delimiters, or a sheet."""

import csv
import io
from collections.abc import Iterator
from typing import IO, NamedTuple, Protocol

from timebank.exchange.spreadsheets.decoding import Encoding
from timebank.exchange.spreadsheets.errors import SpreadsheetError
from timebank.exchange.workbooks.opening import Kind, Sheet, View, Workbook

LONGEST_CELL = 100_000
MOST_IN_A_ROW = 16_384
"""More cells than a spreadsheet program has columns are in no row."""
MOST_CELLS = 5_000_000
"""As of workbooks: empty cells cost time as well, and there are many in a few bytes."""
TOO_MANY_CELLS = "The list has too many cells: leave out the columns that are not needed."
DELIMITERS = (",", "\t", ";", "，", "|")


class Form(NamedTuple):
    """In what form a list is: CSV in an encoding with a delimiter, or a sheet of a workbook beside others.

    `view` is what the sheet does not show, and where its cells stretch over several rows.
    """

    kind: str
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    other_sheets: tuple[str, ...] = ()
    view: View = View()


class Source(Protocol):
    """The lines of a list, or the rows of a sheet, each with its number, as often as they are asked for."""

    @property
    def form(self) -> Form:
        """In what form the list is."""

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row, with the line it starts on."""


class Delimited:
    """A file of text in which a delimiter stands between cells."""

    def __init__(self, file: IO[bytes], encoding: Encoding, delimiter: str) -> None:
        self._file = file
        self._encoding = encoding
        self.delimiter = delimiter

    @property
    def form(self) -> Form:
        """In what form the list is."""
        return Form("csv", self._encoding.name, self.delimiter)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row, with the line it starts on.

        Raises `SpreadsheetError` for a broken quotation, which would otherwise swallow the rows after it, and for more
        cells than are read.
        """
        self._file.seek(self._encoding.mark)
        text = io.TextIOWrapper(self._file, self._encoding.name.removesuffix("-sig"), newline="")
        start, cells = 1, 0
        try:
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            for row in reader:
                if max(map(len, row), default=0) > LONGEST_CELL:
                    raise csv.Error(f"a cell is longer than {LONGEST_CELL} characters")
                cells += len(row)
                if len(row) > MOST_IN_A_ROW or cells > MOST_CELLS:
                    raise SpreadsheetError(TOO_MANY_CELLS)
                yield start, row
                start = reader.line_num + 1
        except csv.Error as error:
            template = (
                "The row that starts in line {line} cannot be read, perhaps a quotation mark is not closed: {why}."
            )
            raise SpreadsheetError(template, line=start, why=str(error)) from error
        finally:
            text.detach()


class OnSheet:
    """A sheet of a workbook."""

    def __init__(self, workbook: Workbook, sheet: Sheet) -> None:
        self._workbook = workbook
        self._sheet = sheet

    @property
    def form(self) -> Form:
        """In what form the list is."""
        kind: Kind = self._workbook.kind
        others = tuple(each.name for each in self._workbook.sheets if each is not self._sheet)
        return Form(kind, sheet=self._sheet.name, other_sheets=others, view=self._sheet.view)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row that holds anything, with its number in the sheet."""
        return self._workbook.rows(self._sheet)

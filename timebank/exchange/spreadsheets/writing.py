"""Writing what every spreadsheet opens as it is meant: no formulas, no lost digits."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import IO, Any

import xlsxwriter

from timebank.exchange.cells.guards import guard

_MARKS = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
_AS_TEXT = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
_LONGEST_SHEET_NAME = 31


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as a file that every spreadsheet opens as it is meant: UTF-8 with a byte order mark, and no formulas."""
    return _MARKS["utf-8-sig"] + written_on(rows)


def written_on(rows: Iterable[Sequence[str]]) -> bytes:
    """More rows of such a file."""
    return _delimited(rows, ",").encode()


def _delimited(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow(guard(cell) for cell in row)
    return text.getvalue()


class DelimitedWriter:
    """A file of text that grows row by row; Unicode is marked as such, so that spreadsheets see it."""

    def __init__(self, file: IO[bytes], encoding: str, delimiter: str) -> None:
        self._file, self._encoding, self._delimiter = file, encoding, delimiter
        file.write(_MARKS.get(encoding, b""))

    def add(self, row: Sequence[str]) -> None:
        """One more row."""
        self._file.write(_delimited([row], self._delimiter).encode(self._encoding.removesuffix("-sig")))

    def close(self) -> None:
        """There are no more rows."""
        self._file.flush()


class WorkbookWriter:
    """A workbook (.xlsx) that grows row by row, every cell of it text."""

    def __init__(self, file: IO[bytes], sheet: str) -> None:
        self._workbook: Any = xlsxwriter.Workbook(file, {"constant_memory": True, **_AS_TEXT})
        self._sheet = self._workbook.add_worksheet(sheet[:_LONGEST_SHEET_NAME])
        self._sheet.set_column(0, 0, 60)
        self._sheet.set_column(1, 40, 18, self._workbook.add_format({"num_format": "@"}))
        self._text = self._workbook.add_format({"num_format": "@"})
        self._rows = 0

    def add(self, row: Sequence[str]) -> None:
        """One more row."""
        for column, cell in enumerate(row):
            if cell:
                self._sheet.write_string(self._rows, column, cell, self._text)
        self._rows += 1

    def close(self) -> None:
        """There are no more rows."""
        self._workbook.close()

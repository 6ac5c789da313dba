"""Writing what every spreadsheet opens as it is meant: no formulas, no lost digits."""

import csv
import io
import re
import shutil
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from tempfile import mkdtemp
from typing import IO, Any, TypeAlias

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from timebank.exchange.cells.guards import guard

_MARKS = {"utf-8-sig": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
_AS_TEXT = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
_LONGEST_SHEET_NAME = 31
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_LONGEST_CELL = 32_767

ROWS_A_SHEET = 1_048_576
"""As many as spreadsheets open."""

Cell: TypeAlias = str | int | float | date | None
"""What is in a cell: text, a number, a day or a point in time (which is a day to Python too), or nothing."""


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

    def drop(self) -> None:
        """Nothing is kept beside the file."""


def _sheet_name(said: str, number: str) -> str:
    """A name that a sheet may have: Excel allows not every character, and counts them as UTF-16 does."""
    room = 2 * (_LONGEST_SHEET_NAME - len(number))
    plain = _NOT_IN_SHEET_NAMES.sub("-", said)
    return (plain.encode("utf-16-le")[:room].decode("utf-16-le", "ignore").strip(" '") or "Sheet") + number


class WorkbookWriter:
    """A workbook (.xlsx) that grows row by row: text stays text, numbers are numbers; long ones have more sheets.

    It grows in files that have names, in a folder of its own: nothing is left of one that is not made to its end.
    """

    def __init__(self, file: IO[bytes], sheet: str) -> None:
        folder = mkdtemp()
        self._workbook: Any = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder, **_AS_TEXT})
        self.drop = weakref.finalize(self, _drop, self._workbook, folder)
        self._text, self._time, self._day = (
            self._workbook.add_format({"num_format": each}) for each in ("@", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd")
        )
        self._name = sheet
        self._head: Sequence[Cell] = ()
        self._sheets = 0
        self._begin()

    def _begin(self) -> None:
        self._sheets += 1
        number = f" {self._sheets}" if self._sheets > 1 else ""
        self._sheet = self._workbook.add_worksheet(_sheet_name(self._name, number))
        self._sheet.set_column(0, 0, 60)
        self._sheet.set_column(1, 40, 18, self._text)
        self._rows = 0

    def add(self, row: Sequence[Cell]) -> None:
        """One more row; the first one is the heading of every sheet."""
        if self._rows == ROWS_A_SHEET:
            self._begin()
            self._write(self._head)
        self._head = self._head or row
        self._write(row)

    def _write(self, row: Sequence[Cell]) -> None:
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                if cell:
                    self._sheet.write_string(self._rows, column, cell[:_LONGEST_CELL], self._text)
            elif isinstance(cell, datetime):
                self._sheet.write_datetime(self._rows, column, cell.replace(tzinfo=None), self._time)
            elif isinstance(cell, date):
                self._sheet.write_datetime(self._rows, column, cell, self._day)
            elif cell is not None:
                self._sheet.write_number(self._rows, column, cell)
        self._rows += 1

    def close(self) -> None:
        """There are no more rows. Raises `OSError` if there is no room for all of them."""
        try:
            self._workbook.close()
        except FileCreateError as error:  # the library's wrapping of it
            raise (error.__context__ or error) from None
        finally:
            self.drop()


def _drop(workbook: Any, folder: str) -> None:
    """Close what is still open of a workbook, and remove what it grew in, though there was no room for all of it."""
    for sheet in workbook.worksheets():
        if sheet.row_data_fh:
            with suppress(OSError):
                sheet.row_data_fh.close()
    shutil.rmtree(folder, ignore_errors=True)

"""Opening a workbook: what kind it is, and its sheets as rows, made by a process with limits."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from typing import IO, Literal, NamedTuple

from timebank.exchange.workbooks import DAMAGED, END, NO_ROOM, PASSWORD

Kind = Literal["xlsx", "xls", "ods"]

PATIENCE_SECONDS = 120.0
UNPACKED_BYTES = 512 * 1024**2
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_LOOKED_AT = 4096
_TOO_LARGE = "The workbook is too large, or damaged: save the list alone, as .xlsx or CSV."
_DAMAGED = "The workbook is damaged: open it in the spreadsheet program, and save it again."


class WorkbookError(ValueError):
    """The workbook cannot be read; the message is a sentence."""


class View(NamedTuple):
    """What a sheet does not show, rows counted from 1 and columns from 0; and rows over which one cell stretches.

    Each is a stretch, from its first to its last.
    """

    rows: tuple[tuple[int, int], ...] = ()
    columns: tuple[tuple[int, int], ...] = ()
    merged: tuple[tuple[int, int], ...] = ()

    def hides(self, row: int) -> bool:
        """Whether a row is not shown."""
        at = bisect_right(self.rows, (row, sys.maxsize)) - 1
        return at >= 0 and row <= self.rows[at][1]

    def hides_column(self, position: int) -> bool:
        """Whether a column is not shown."""
        return any(first <= position <= last for first, last in self.columns)


class Sheet(NamedTuple):
    """A sheet of a workbook, and where its rows begin in what was made of it."""

    name: str
    is_hidden: bool
    start: int
    view: View = View()


class Workbook:
    """A workbook whose sheets have been made into rows, which are kept in a temporary file.

    Raises `WorkbookError` where the file does not have them all.
    """

    def __init__(self, kind: Kind, rows: IO[bytes]) -> None:
        self.kind = kind
        self._rows = rows
        weakref.finalize(self, rows.close)
        self.sheets = list(self._find_sheets())

    def _find_sheets(self) -> Iterator[Sheet]:
        self._rows.seek(0)
        last = b""
        while line := self._rows.readline():
            if line.startswith(b"{"):
                about = json.loads(line)
                view = View(*(tuple(map(tuple, about[name])) for name in ("rows", "columns", "merged")))
                yield Sheet(about["sheet"], about["hidden"], self._rows.tell(), view)
            last = line
        if last != f"{END}\n".encode():
            raise WorkbookError(_TOO_LARGE)

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
        """The rows of a sheet that hold anything, each with its number."""
        place = sheet.start
        while True:
            self._rows.seek(place)
            line = self._rows.readline()
            if not line.startswith(b"["):
                return
            place = self._rows.tell()
            number, cells = json.loads(line)
            yield number, cells


def is_workbook(file: IO[bytes]) -> bool:
    """Whether it takes a process of its own to read a file, by how it begins."""
    file.seek(0)
    return file.read(len(_OLD)).startswith((_OLD, _ZIP))


def kind_of(file: IO[bytes]) -> Kind | None:
    """Which kind of workbook a file is, by what is in it; None if none. Raises `WorkbookError` for what is no list."""
    file.seek(0)
    head = file.read(_LOOKED_AT)
    file.seek(0)
    if head.startswith(_OLD):
        return "xls"
    if head.startswith(_ZIP):
        return _kind_of_archive(file)
    if head.startswith(b"%PDF"):
        raise WorkbookError("This is a PDF, not a list: export the list as .xlsx or CSV.")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<html", b"<!doctype", b"<table", b"<?xml")) or b"<html" in text[:1024]:
        raise WorkbookError(
            "This is a web page under the name of a list: open it in the spreadsheet program, and save it as .xlsx."
        )
    return None


def _kind_of_archive(file: IO[bytes]) -> Kind:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            unpacked = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise WorkbookError(_DAMAGED) from error
    if unpacked > UNPACKED_BYTES:
        raise WorkbookError("The workbook is too large: divide it, or save the list as CSV.")
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise WorkbookError("This is a binary workbook (.xlsb): save it as .xlsx.")
    if "content.xml" in names and not any(name.startswith("word/") for name in names):
        return "ods"
    raise WorkbookError("This is no list: save the list as .xlsx, .xls, .ods or CSV.")


def open_workbook(file: IO[bytes], kind: Kind) -> Workbook:
    """Have a workbook made into rows. Raises `WorkbookError`, or `OSError` if there is no room for them."""
    rows = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the workbook
    try:
        code = _read(file, kind, rows)
        _must_have_gone_well(code)
        return Workbook(kind, rows)
    except BaseException:
        rows.close()
        raise


def _must_have_gone_well(code: int) -> None:
    if code == PASSWORD:
        raise WorkbookError("The workbook is protected by a password: save it without one.")
    if code == DAMAGED:
        raise WorkbookError(_DAMAGED)
    if code == NO_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if code:
        raise WorkbookError(_TOO_LARGE)


def _read(file: IO[bytes], kind: Kind, rows: IO[bytes]) -> int:
    """The exit code of the process; of one that was ended, not 0."""
    command = (sys.executable, "-X", "utf8", "-m", "timebank.exchange.workbooks.reading", kind)
    with tempfile.TemporaryFile() as source:  # the file may be no file that another process can read
        file.seek(0)
        shutil.copyfileobj(file, source)
        source.seek(0)
        try:
            ran = subprocess.run(  # noqa: S603  # our own module
                command, stdin=source, stdout=rows, stderr=subprocess.DEVNULL, timeout=PATIENCE_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return -1
    return ran.returncode

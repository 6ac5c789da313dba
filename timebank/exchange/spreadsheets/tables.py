"""Lists as tables: each item is a row, its fields are the columns, under headings in the language of whoever reads.

A table is made a stretch at a time, so that however long it is little of it is in memory.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo
from functools import cache
from tempfile import TemporaryFile
from types import NoneType
from typing import Any, Literal, NamedTuple, get_args, get_type_hints

import msgspec

from timebank.exchange.spreadsheets.writing import Cell, WorkbookWriter, written, written_on
from timebank.words import Language, is_translated, translated

Form = Literal["csv", "xlsx"]

MEDIA_TYPES: dict[Form, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

PIECE_BYTES = 64 * 1024

_OF_OURS = {
    *("status", "role", "kind", "capacity", "office", "scopes", "permissions", "volunteer_status", "quota_every"),
    *("own_status", "open_to", "proof_in", "proof_out", "tie", "source"),
}
"""Fields whose values are words of ours, and are translated; what people wrote never is."""


class Column(NamedTuple):
    """A column: the fields on the way to its value, and whether it holds points in time."""

    path: tuple[str, ...]
    is_time: bool


@cache
def columns_of(kind: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns of a list of such items; fields that hold a struct of their own become several."""
    return tuple(_columns(kind, ()))


def _columns(kind: type[msgspec.Struct], above: tuple[str, ...]) -> Iterator[Column]:
    hints = get_type_hints(kind)
    for name in kind.__struct_fields__:
        kinds = [each for each in get_args(hints[name]) if each is not NoneType] or [hints[name]]
        if isinstance(kinds[0], type) and issubclass(kinds[0], msgspec.Struct) and _is_one(hints[name]):
            yield from _columns(kinds[0], (*above, name))
        else:
            yield Column((*above, name), kinds[0] is datetime)


def _is_one(hint: Any) -> bool:
    """Whether a field holds one value, or none; not a list of them."""
    return hint is not None and getattr(hint, "__origin__", None) not in (list, tuple, dict)


class Reader(NamedTuple):
    """Who reads a table: in which language, and in which zone they live."""

    language: Language
    zone: tzinfo


def headings(columns: Sequence[Column], reader: Reader, *, with_zone: bool) -> list[str]:
    """The headings of columns; in English they are the fields' own names. Times may say their zone."""
    said = [_heading(".".join(each.path), reader.language) for each in columns]
    zone = f" ({reader.zone})" if with_zone else ""
    return [f"{heading}{zone if column.is_time else ''}" for heading, column in zip(said, columns, strict=True)]


def _heading(name: str, language: Language) -> str:
    if is_translated(name, "column"):
        return translated(name, language, "column")
    return ".".join(translated(part, language, "column") for part in name.split("."))


def rows_of(items: Sequence[msgspec.Struct], columns: Sequence[Column], reader: Reader) -> list[list[Cell]]:
    """Items as rows."""
    return [[_cell(_value(item, each.path), each.path[-1], reader) for each in columns] for item in items]


def _value(item: Any, path: Sequence[str]) -> Any:
    for name in path:
        item = getattr(item, name, None)
    return item


def _cell(value: Any, name: str, reader: Reader) -> Cell:
    if isinstance(value, bool):
        return translated("true" if value else "false", reader.language, "value")
    if isinstance(value, datetime):
        return value.astimezone(reader.zone)
    if value is None or isinstance(value, int | float | date):
        return value
    if isinstance(value, str):
        return translated(value, reader.language, "value") if name in _OF_OURS else value
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return "; ".join(str(_cell(each, name, reader)) for each in value)
    if isinstance(value, msgspec.Raw | dict | list | tuple | msgspec.Struct):
        return msgspec.json.encode(value).decode()
    return str(value)


class CsvTable:
    """A table as text (UTF-8 with a byte order mark), of which no cell can be taken for a formula."""

    def __init__(self, headings: Sequence[str]) -> None:
        self._pending: bytes = written([headings])

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        """More rows; returns what of the file is ready."""
        ready, self._pending = self._pending + written_on([[plain(cell) for cell in row] for row in rows]), b""
        return ready

    def rest(self) -> Iterator[bytes]:
        """The rest of the file."""
        yield self._pending

    def close(self) -> None:
        """Nothing is kept."""


class XlsxTable:
    """A table as a workbook, numbers and times as such. It grows on disk, and is ready when all rows are there."""

    def __init__(self, headings: Sequence[str], sheet: str) -> None:
        self._file = TemporaryFile()  # noqa: SIM115  # it is closed with the table
        self._writer = WorkbookWriter(self._file, sheet)
        self._writer.add(headings)

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        """More rows; nothing is ready yet."""
        for row in rows:
            self._writer.add(row)
        return b""

    def rest(self) -> Iterator[bytes]:
        """The whole file."""
        self._writer.close()
        self._file.seek(0)
        while piece := self._file.read(PIECE_BYTES):
            yield piece

    def close(self) -> None:
        """What is on disk goes, whether or not it was made to its end."""
        self._writer.drop()
        self._file.close()


def plain(cell: Cell) -> str:
    """A cell as text: times with their offset."""
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def table(form: Form, headings: Sequence[str], sheet: str) -> CsvTable | XlsxTable:
    """A table that is empty but for its headings."""
    return CsvTable(headings) if form == "csv" else XlsxTable(headings, sheet)

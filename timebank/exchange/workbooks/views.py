"""What the sheets of a workbook do not show: rows and columns that are hidden, by hand or by a filter."""

import io
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as Xml

import olefile

from timebank.exchange.workbooks.flaws import TABLE, P, offsets_in, records_in, sheets_in, xml_of

Stretches = list[tuple[int, int]]
"""From the first to the last, in their order: rows counted from 1, columns from 0."""

Hidden = tuple[Stretches, Stretches]
"""The rows and the columns that a sheet does not show."""

NOTHING_HIDDEN: Hidden = ([], [])


def views_in(data: bytes, kind: str) -> dict[int, Hidden]:
    """What each sheet does not show, by its place in the workbook."""
    found = {"xlsx": _of_xlsx, "xls": _of_xls, "ods": _of_ods}[kind](data)
    return {index: hidden for index, hidden in enumerate(found) if any(hidden)}


def stretches(numbers: Iterable[int]) -> Stretches:
    """Numbers in their order, those that follow each other put together."""
    found: Stretches = []
    for number in numbers:
        if found and number <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(number, found[-1][1])
        else:
            found.append((number, number))
    return found


# Office Open XML (ECMA-376)

_ROW = re.compile(rb"<" + P + rb"row\b([^<>]*)>")
_COLUMN = re.compile(rb"<" + P + rb"col\b([^<>]*)>")
_NUMBER = re.compile(rb'\sr="([0-9]{1,7})"')
_FROM, _TO = re.compile(rb'\smin="([0-9]{1,5})"'), re.compile(rb'\smax="([0-9]{1,5})"')
_NOT_SHOWN = re.compile(rb'\shidden="(?:1|true)"|\s(?:ht|width)="0(?:\.0+)?"')


def _of_xlsx(data: bytes) -> Iterator[Hidden]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for path in sheets_in(archive):
            xml = xml_of(archive, path)
            yield stretches(_rows(xml)), [each for each in _columns(xml) if each[0] <= each[1]]


def _rows(xml: bytes) -> Iterator[int]:
    number = 0
    for row in _ROW.finditer(xml):
        said = _NUMBER.search(row[1])
        number = int(said[1]) if said else number + 1
        if _NOT_SHOWN.search(row[1]):
            yield number


def _columns(xml: bytes) -> Iterator[tuple[int, int]]:
    for column in _COLUMN.finditer(xml):
        first, last = _FROM.search(column[1]), _TO.search(column[1])
        if first and last and _NOT_SHOWN.search(column[1]):
            yield int(first[1]) - 1, int(last[1]) - 1


# Workbooks of the old kind ([MS-XLS] 2.4.221 and 2.4.53)

_ROW_RECORD, _COLUMN_RECORD = 0x208, 0x7D
_ROW_IS_HIDDEN, _COLUMN_IS_HIDDEN = 0x20, 0x01


def _of_xls(data: bytes) -> Iterator[Hidden]:
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        name = next(each for each in ("Workbook", "Book") if file.exists(each))
        stream = file.openstream(name).read()
    for offset in offsets_in(stream):
        rows: list[int] = []
        columns: Stretches = []
        for kind, body in records_in(stream, offset):
            if kind == _ROW_RECORD and body[12] & _ROW_IS_HIDDEN:
                rows.append(struct.unpack_from("<H", body)[0] + 1)
            elif kind == _COLUMN_RECORD and body[8] & _COLUMN_IS_HIDDEN:
                columns.append(struct.unpack_from("<HH", body))
        yield stretches(sorted(rows)), columns


# OpenDocument 1.3

_VISIBILITY = f"{TABLE}visibility"
_SHOWN = (None, "visible")


def _of_ods(data: bytes) -> Iterator[Hidden]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as content:
        for _, element in Xml.iterparse(content):  # noqa: S314  # within limits of its own
            if element.tag == f"{TABLE}table":
                rows, columns = (_of_kind(element, kind) for kind in ("row", "column"))
                yield [(first + 1, last + 1) for first, last in rows], columns
                element.clear()


def _of_kind(table: Xml.Element, kind: str) -> Stretches:
    """The rows, or columns, that a table does not show, from 0."""
    found: Stretches = []
    at = 0
    for each in table.iter(f"{TABLE}table-{kind}"):
        times = int(each.get(f"{TABLE}number-{kind}s-repeated", "1"))
        if each.get(_VISIBILITY) not in _SHOWN:
            found.append((at, at + times - 1))
        at += times
    return found

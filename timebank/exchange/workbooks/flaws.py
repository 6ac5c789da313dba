"""Cells of a workbook of which the library does not tell what they show.

Errors, and formulas without a result, it reads as if empty, and 50% as a half.
"""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from xml.etree import ElementTree as Xml

import olefile

Flaws = dict[int, dict[int, str]]
"""What such cells show, by row and column, both from 0."""

_CODES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""Errors as workbooks of the old kind count them ([MS-XLS] 2.5.10)."""

UNKNOWN_ERROR = "#N/A"
NO_RESULT = "=…"


def flaws_in(data: bytes, kind: str) -> dict[int, Flaws]:
    """The flaws of each sheet, by its place in the workbook."""
    found = {"xlsx": _of_xlsx, "xls": _of_xls, "ods": _of_ods}[kind](data)
    return {index: flaws for index, flaws in enumerate(found) if flaws}


# Office Open XML (ECMA-376)

P = rb"(?:[A-Za-z0-9]+:)?"
# No part goes on over the beginning of another cell: what is never closed is looked through once, not for each cell.
_ERROR = re.compile(
    rb"<" + P + rb'c\b(?=[^<>]*\st="e")([^<>]*)>((?:[^<]|<(?!/?' + P + rb"c\b))*)</" + P + rb"c>", re.DOTALL
)
_FORMULA = re.compile(
    rb"<" + P + rb'c\b(?![^<>]*\st="(?:e|str)")([^<>]*)>\s*<' + P + rb"f\b[^<>]*?(?:/>|>([^<]*)</" + P + rb"f>)\s*"
    rb"(?:<" + P + rb"v\s*/>|<" + P + rb"v></" + P + rb"v>)?\s*</" + P + rb"c>"
)
_VALUE = re.compile(rb"<" + P + rb"v>([^<]*)<")
_PLACE = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def _of_xlsx(data: bytes) -> Iterator[Flaws]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        percent = _percent_styles(archive)
        for path in sheets_in(archive):
            xml = xml_of(archive, path)
            flaws: Flaws = {}
            for cell in _ERROR.finditer(xml):
                value = _VALUE.search(cell[2])
                _note(flaws, cell[1], value[1].decode() if value else UNKNOWN_ERROR)
            for cell in _FORMULA.finditer(xml):
                _note(flaws, cell[1], NO_RESULT)
            for attributes, part in _percentages(xml, percent):
                _note(flaws, attributes, percentage(part))
            yield flaws


_STYLED = re.compile(rb"<" + P + rb'c\b(?=[^<>]*\ss="([0-9]{1,5})")(?![^<>]*\st="(?!n"))([^<>]*)>([^<]*<[^<]*<?[^<]*)')
_PERCENT_FORMATS = {9, 10}
"""Formats with a percent sign that need no definition (18.8.30)."""


def _percentages(xml: bytes, percent: frozenset[int]) -> Iterator[tuple[bytes, float]]:
    """Cells with a number that is shown with a percent sign."""
    for cell in _STYLED.finditer(xml) if percent else ():
        value = _VALUE.search(cell[3] + b"<")
        if value and int(cell[1]) in percent:
            with suppress(ValueError):
                yield cell[2], float(value[1])


def _percent_styles(archive: zipfile.ZipFile) -> frozenset[int]:
    """The styles of cells in which numbers have a percent sign."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = Xml.fromstring(archive.read("xl/styles.xml"))  # noqa: S314  # within limits of its own
    formats = styles.iterfind("{*}numFmts/{*}numFmt")
    percent = {int(each.get("numFmtId", "0")) for each in formats if "%" in each.get("formatCode", "")}
    used = enumerate(styles.iterfind("{*}cellXfs/{*}xf"))
    return frozenset(at for at, each in used if int(each.get("numFmtId", "0")) in percent | _PERCENT_FORMATS)


def percentage(value: float) -> str:
    """A part of the whole as it is shown."""
    return f"{value * 100:.6g}%"


def sheets_in(archive: zipfile.ZipFile) -> Iterator[str]:
    """The file of each sheet, in the order of the workbook; empty for what is none."""
    names = set(archive.namelist())
    relations = Xml.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  # within limits of its own
    targets = {each.get("Id", ""): each.get("Target", "") for each in relations}
    for sheet in Xml.fromstring(archive.read("xl/workbook.xml")).iterfind(".//{*}sheets/{*}sheet"):  # noqa: S314
        target = targets.get(sheet.get(_RELATION) or sheet.get(_STRICT_RELATION) or "", "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        yield path if path in names else ""


_SINGLE_QUOTES = re.compile(rb"(\s[A-Za-z:]+)='([^'\"<>]*)'")


def xml_of(archive: zipfile.ZipFile, path: str) -> bytes:
    """A sheet as XML, its attributes in double quotes, of whatever kind they were; nothing of what is no sheet."""
    xml = archive.read(path) if path else b""
    return _SINGLE_QUOTES.sub(rb'\1="\2"', xml) if b"='" in xml else xml


def _note(flaws: Flaws, attributes: bytes, shown: str) -> None:
    place = _PLACE.search(attributes)
    if place is None:
        raise ValueError("a cell with an error that does not say where it is")
    column = 0
    for letter in place[1]:
        column = column * 26 + letter - ord("A") + 1
    flaws.setdefault(int(place[2]) - 1, {})[column - 1] = shown


# Workbooks of the old kind ([MS-XLS])

_BOUND_SHEET, _END, _ERROR_CELL, _FORMULA_CELLS = 0x85, 0x0A, 0x205, {0x06, 0x206, 0x406}
_RESULT_IS_ERROR, _RESULT_IS_EMPTY, _NOT_YET_CALCULATED = 2, 3, 2
_BEGIN = {0x09, 0x209, 0x409, 0x809}


def _of_xls(data: bytes) -> Iterator[Flaws]:
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        name = next(each for each in ("Workbook", "Book") if file.exists(each))
        stream = file.openstream(name).read()
    percent = _percent_formats(stream)
    for offset in offsets_in(stream):
        flaws: Flaws = {}
        for kind, body in records_in(stream, offset):
            if kind == _ERROR_CELL and body[7]:
                row, column = struct.unpack_from("<HH", body)
                flaws.setdefault(row, {})[column] = _CODES.get(body[6], UNKNOWN_ERROR)
            elif kind in _FORMULA_CELLS and body[12:14] == b"\xff\xff":
                row, column = struct.unpack_from("<HH", body)
                if body[6] == _RESULT_IS_ERROR:
                    flaws.setdefault(row, {})[column] = _CODES.get(body[8], UNKNOWN_ERROR)
                elif body[6] == _RESULT_IS_EMPTY and body[14] & _NOT_YET_CALCULATED:
                    flaws.setdefault(row, {})[column] = NO_RESULT
            elif kind in _NUMBERS and percent:
                for row, column, style, value in _numbers_in(kind, body):
                    if style in percent:
                        flaws.setdefault(row, {})[column] = percentage(value)
        yield flaws


_FORMAT, _STYLE, _NUMBER, _SHORT, _SHORT_ONES = 0x41E, 0xE0, 0x203, 0x27E, 0xBD
_NUMBERS = {_NUMBER, _SHORT, _SHORT_ONES, *_FORMULA_CELLS}


def _percent_formats(stream: bytes) -> frozenset[int]:
    """The styles of cells in which numbers have a percent sign."""
    formats, styles = set(_PERCENT_FORMATS), []
    for kind, body in records_in(stream, 0):
        if kind == _FORMAT:
            number, length, is_wide = struct.unpack_from("<HHB", body)
            text = body[5:].decode("utf-16-le" if is_wide & 1 else "latin-1", "replace")
            formats |= {number} if "%" in text[:length] else set()
        elif kind == _STYLE:
            styles.append(struct.unpack_from("<H", body, 2)[0])
    return frozenset(at for at, number in enumerate(styles) if number in formats)


def _numbers_in(kind: int, body: bytes) -> Iterator[tuple[int, int, int, float]]:
    """Row, column, style and value of the numbers in a record."""
    row, column = struct.unpack_from("<HH", body)
    if kind == _SHORT_ONES:
        for at in range(4, len(body) - 2, 6):
            style, short = struct.unpack_from("<HI", body, at)
            yield row, column + (at - 4) // 6, style, _unpacked(short)
    elif kind == _SHORT:
        style, short = struct.unpack_from("<HI", body, 4)
        yield row, column, style, _unpacked(short)
    else:
        style, value = struct.unpack_from("<Hd", body, 4)
        yield row, column, style, value


def _unpacked(short: int) -> float:
    """A number that is kept in thirty bits ([MS-XLS] 2.5.217)."""
    if short & 2:
        value = float((short >> 2) - (1 << 30 if short >> 31 else 0))
    else:
        (value,) = struct.unpack("<d", struct.pack("<II", 0, short & ~3))
    return value / 100 if short & 1 else value


def offsets_in(stream: bytes) -> list[int]:
    """Where the sheets begin."""
    return [struct.unpack_from("<I", body)[0] for kind, body in records_in(stream, 0) if kind == _BOUND_SHEET]


def records_in(stream: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """The records of one part of the stream; of what is put into it, a chart say, nothing."""
    depth = 0
    while offset + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, offset)
        body = stream[offset + 4 : offset + 4 + length]
        offset += 4 + length
        depth += (kind in _BEGIN) - (kind == _END)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, body


# OpenDocument 1.3

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_EXTENDED = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_MOST_REPEATED = 10_000


def _of_ods(data: bytes) -> Iterator[Flaws]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as content:
        for _, element in Xml.iterparse(content):  # noqa: S314  # within limits of its own
            if element.tag == f"{TABLE}table":
                yield _of_table(element)
                element.clear()


def _of_table(table: Xml.Element) -> Flaws:
    flaws: Flaws = {}
    row = 0
    for each in table.iter(f"{TABLE}table-row"):
        times = int(each.get(f"{TABLE}number-rows-repeated", "1"))
        found = _in_row(each)
        for again in range(min(times, _MOST_REPEATED) if found else 0):
            flaws[row + again] = dict(found)
        row += times
    return flaws


def _in_row(row: Xml.Element) -> dict[int, str]:
    found: dict[int, str] = {}
    column = 0
    for cell in row:
        times = int(cell.get(f"{TABLE}number-columns-repeated", "1"))
        shown = "".join("".join(part.itertext()) for part in cell.iterfind(f"{_TEXT}p"))
        is_error = cell.get(f"{_EXTENDED}value-type") == "error"
        is_formula = cell.get(f"{TABLE}formula") is not None
        is_without_result = is_formula and cell.get(f"{_OFFICE}value-type") is None and not shown
        is_percentage = cell.get(f"{_OFFICE}value-type") == "percentage"
        if is_error or is_without_result or is_percentage:
            for again in range(min(times, _MOST_REPEATED)):
                found[column + again] = NO_RESULT if is_without_result else shown or UNKNOWN_ERROR
        column += times
    return found

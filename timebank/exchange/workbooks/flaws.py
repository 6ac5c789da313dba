"""Cells of a workbook that hold an error, or a formula without a result: the library reads them as if empty."""

import io
import re
import struct
import zipfile
from collections.abc import Iterator
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

_P = rb"(?:[A-Za-z0-9]+:)?"
# No part goes on over the beginning of another cell: what is never closed is looked through once, not for each cell.
_ERROR = re.compile(
    rb"<" + _P + rb'c\b(?=[^<>]*\st="e")([^<>]*)>((?:[^<]|<(?!/?' + _P + rb"c\b))*)</" + _P + rb"c>", re.DOTALL
)
_FORMULA = re.compile(
    rb"<" + _P + rb'c\b(?![^<>]*\st="(?:e|str)")([^<>]*)>\s*<' + _P + rb"f\b[^<>]*?(?:/>|>([^<]*)</" + _P + rb"f>)\s*"
    rb"(?:<" + _P + rb"v\s*/>|<" + _P + rb"v></" + _P + rb"v>)?\s*</" + _P + rb"c>"
)
_VALUE = re.compile(rb"<" + _P + rb"v>([^<]*)<")
_PLACE = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def _of_xlsx(data: bytes) -> Iterator[Flaws]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for path in _sheets(archive):
            xml = archive.read(path) if path else b""
            flaws: Flaws = {}
            for cell in _ERROR.finditer(xml):
                value = _VALUE.search(cell[2])
                _note(flaws, cell[1], value[1].decode() if value else UNKNOWN_ERROR)
            for cell in _FORMULA.finditer(xml):
                _note(flaws, cell[1], NO_RESULT)
            yield flaws


def _sheets(archive: zipfile.ZipFile) -> Iterator[str]:
    """The file of each sheet, in the order of the workbook; empty for what is none."""
    names = set(archive.namelist())
    relations = Xml.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  # within limits of its own
    targets = {each.get("Id", ""): each.get("Target", "") for each in relations}
    for sheet in Xml.fromstring(archive.read("xl/workbook.xml")).iterfind(".//{*}sheets/{*}sheet"):  # noqa: S314
        target = targets.get(sheet.get(_RELATION) or sheet.get(_STRICT_RELATION) or "", "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        yield path if path in names else ""


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
    for offset in [struct.unpack_from("<I", body)[0] for kind, body in _records(stream, 0) if kind == _BOUND_SHEET]:
        flaws: Flaws = {}
        for kind, body in _records(stream, offset):
            if kind == _ERROR_CELL and body[7]:
                row, column = struct.unpack_from("<HH", body)
                flaws.setdefault(row, {})[column] = _CODES.get(body[6], UNKNOWN_ERROR)
            elif kind in _FORMULA_CELLS and body[12:14] == b"\xff\xff":
                row, column = struct.unpack_from("<HH", body)
                if body[6] == _RESULT_IS_ERROR:
                    flaws.setdefault(row, {})[column] = _CODES.get(body[8], UNKNOWN_ERROR)
                elif body[6] == _RESULT_IS_EMPTY and body[14] & _NOT_YET_CALCULATED:
                    flaws.setdefault(row, {})[column] = NO_RESULT
        yield flaws


def _records(stream: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
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

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_EXTENDED = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_MOST_REPEATED = 10_000


def _of_ods(data: bytes) -> Iterator[Flaws]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("content.xml") as content:
        for _, element in Xml.iterparse(content):  # noqa: S314  # within limits of its own
            if element.tag == f"{_TABLE}table":
                yield _of_table(element)
                element.clear()


def _of_table(table: Xml.Element) -> Flaws:
    flaws: Flaws = {}
    row = 0
    for each in table.iter(f"{_TABLE}table-row"):
        times = int(each.get(f"{_TABLE}number-rows-repeated", "1"))
        found = _in_row(each)
        for again in range(min(times, _MOST_REPEATED) if found else 0):
            flaws[row + again] = dict(found)
        row += times
    return flaws


def _in_row(row: Xml.Element) -> dict[int, str]:
    found: dict[int, str] = {}
    column = 0
    for cell in row:
        times = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        shown = "".join("".join(part.itertext()) for part in cell.iterfind(f"{_TEXT}p"))
        is_error = cell.get(f"{_EXTENDED}value-type") == "error"
        is_formula = cell.get(f"{_TABLE}formula") is not None
        is_without_result = is_formula and cell.get(f"{_OFFICE}value-type") is None and not shown
        if is_error or is_without_result:
            for again in range(min(times, _MOST_REPEATED)):
                found[column + again] = (shown or UNKNOWN_ERROR) if is_error else NO_RESULT
        column += times
    return found

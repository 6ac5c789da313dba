"""Files as spreadsheet programs write them: text in any encoding, and workbooks of three kinds."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

import xlsxwriter
import xlwt
from hypothesis import strategies as st

Value: TypeAlias = str | int | float | dt.datetime | dt.date | dt.time | dt.timedelta

RECORD_HEADER = "志愿者编号,活动,类别,开始时间,结束时间"

any_cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
words = st.text("张三李四abc 0123,;\t\"'\n，、=+-@", max_size=8)
lists_of_people = st.lists(st.tuples(st.just("张三"), words, words), max_size=5)


def saved(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """The text that a spreadsheet would write for these rows."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def list_of(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """A list of people."""
    return saved([("姓名", "手机", "技能"), *rows], delimiter)


def stream(data: bytes | str) -> io.BytesIO:
    """A file."""
    return io.BytesIO(data.encode() if isinstance(data, str) else data)


_FORMATS = {
    dt.datetime: "yyyy/m/d h:mm:ss",
    dt.date: "yyyy/m/d",
    dt.time: "h:mm:ss",
    dt.timedelta: "[h]:mm:ss",
}


def xlsx(rows: Iterable[Sequence[Value]], sheet: str = "名单", *others: str, hidden: Sequence[int] = ()) -> bytes:
    """A workbook as Excel writes it today, which may hide rows (from 0); the other sheets hold a word."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file, {"strings_to_numbers": False, "strings_to_formulas": False})
    formats = {kind: workbook.add_format({"num_format": text}) for kind, text in _FORMATS.items()}
    written = workbook.add_worksheet(sheet)
    for other in others:
        workbook.add_worksheet(other).write(0, 0, "说明")
    for number in hidden:
        written.set_row(number, None, None, {"hidden": True})
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str):
                written.write_string(number, column, value)
            elif isinstance(value, int | float):
                written.write_number(number, column, value)
            else:
                written.write_datetime(number, column, value, formats[type(value)])
    workbook.close()
    return file.getvalue()


def xls(rows: Iterable[Sequence[Value]], sheet: str = "名单", *others: str) -> bytes:
    """A workbook as Excel wrote it until 2003."""
    workbook = xlwt.Workbook(encoding="utf-8")
    written = workbook.add_sheet(sheet)
    for other in others:
        workbook.add_sheet(other).write(0, 0, "说明")
    styles = {kind: xlwt.easyxf(num_format_str=text) for kind, text in _FORMATS.items()}
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            cell = value / dt.timedelta(days=1) if isinstance(value, dt.timedelta) else value
            if cell != "":
                written.write(number, column, cell, styles.get(type(value), xlwt.Style.default_style))
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)
_EXTENDED = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def ods(rows: Iterable[Sequence[Value]], sheet: str = "名单", *others: str) -> bytes:
    """A workbook as LibreOffice writes it."""
    lines = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    return ods_of(lines, sheet, *others)


def ods_of(lines: str, sheet: str = "名单", *others: str) -> bytes:
    """The same, of rows in XML."""
    said = f"<table:table-row>{ods_cell('说明')}</table:table-row>"
    tables = "".join(
        f"<table:table table:name={name!r}>{said if name in others else lines}</table:table>"
        for name in (sheet, *others)
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_SPACES} {_EXTENDED}>'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    name = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    manifest = (
        f'<?xml version="1.0"?><m:manifest xmlns:m="{name}"><m:file-entry m:full-path="/" m:media-type="{kind}"/>'
        '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in (("mimetype", kind), ("META-INF/manifest.xml", manifest), ("content.xml", content)):
            archive.writestr(path, text)
    return file.getvalue()


def ods_cell(value: Value) -> str:
    """A cell of such a workbook."""
    match value:
        case "":
            return "<table:table-cell/>"
        case dt.datetime():
            said = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        case dt.date():
            said = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        case dt.time():
            said = f'office:value-type="time" office:time-value="PT{value:%HH%MM%SS}"'
        case dt.timedelta():
            minutes, seconds = divmod(int(value.total_seconds()), 60)
            said = f'office:value-type="time" office:time-value="PT{minutes // 60:02}H{minutes % 60:02}M{seconds:02}S"'
        case int() | float():
            said = f'office:value-type="float" office:value="{value}"'
        case _:
            said = 'office:value-type="string"'
    return f"<table:table-cell {said}><text:p>{escape(str(value))}</text:p></table:table-cell>"


WORKBOOKS = {"xlsx": xlsx, "xls": xls, "ods": ods}

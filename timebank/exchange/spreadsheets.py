"""Reads the tables that offices export from Excel and WPS, and refuses what it cannot read in words they can act on."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")

REASON_HEADER = "reason / 原因"
LONGEST_CELL = 100_000
_LONGEST_VALUE = 100
HEADER_WITHIN_LINES = 5
_DELIMITERS = (",", "\t", ";", "，")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class SpreadsheetError(ValueError):
    """The whole file cannot be read; the message is a sentence for whoever exported it."""


class CellError(ValueError):
    """One cell cannot be understood; parsers leave column and header empty, Table.parse fills them in."""

    def __init__(self, value: str, problem: str, *, column: str = "", header: str = "") -> None:
        self.value, self.problem, self.column, self.header = value, problem, column, header
        shown = " ".join(value.split())
        shown = f'"{shown[:60]}…"' if len(shown) > 60 else f'"{shown}"' if shown else "the empty cell"
        where = header or column
        super().__init__(f"{where}: {shown} {problem}" if where else f"{shown} {problem}")


@dataclass(frozen=True, slots=True)
class Column:
    """A column we understand, by every heading offices give it; `unless` names columns that can stand in for it."""

    name: str
    headers: tuple[str, ...]
    required: bool = False
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row with the file line it starts on, so that a verdict can point at it."""

    line: int
    cells: dict[str, str]
    original: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read; `headings` gives the file's own heading for each column that was recognised."""

    encoding: str
    header: list[str]
    rows: list[Row]
    headings: dict[str, str] = field(default_factory=dict)

    def parse(self, row: Row, column: str, parser: Callable[[str], T]) -> T:
        """What a parser makes of one cell; a refusal names the heading that the office sees in its own file."""
        try:
            return parser(row.cells.get(column, ""))
        except CellError as error:
            header = self.headings.get(column, "")
            raise CellError(error.value, error.problem, column=column, header=header) from error


def _column(name: str, *headers: str, required: bool = False, unless: tuple[str, ...] = ()) -> Column:
    return Column(name, (name, *headers), required, unless)


VOLUNTEER_COLUMNS = (
    _column("name", "姓名", "名字", "志愿者姓名", required=True),
    _column("phone", "手机", "手机号", "电话", "联系电话", "联系方式"),
    _column("skills", "技能", "专业技能", "特长"),
)
RECORD_COLUMNS = (
    _column("volunteer", "志愿者", required=True, unless=("number", "phone")),
    _column("number", "volunteer_number", "志愿者编号", "编号"),
    _column("phone", "手机", "手机号", "电话", "联系电话", "联系方式"),
    _column("volunteer_name", "姓名"),
    _column("activity", "活动", "活动名称", required=True),
    _column("category", "类别", "活动类别", "服务类别", required=True),
    _column("capacity", "身份", "服务身份"),
    _column("started_at", "开始", "开始时间", "起始时间", required=True),
    _column("ended_at", "结束", "结束时间", "终止时间", required=True, unless=("minutes", "hours", "duration")),
    _column("date", "日期", "服务日期"),
    _column("minutes", "分钟", "时长(分钟)", "服务分钟"),
    _column("hours", "小时", "时长(小时)", "服务小时"),
    _column("duration", "时长", "服务时长"),
    _column("place", "地点"),
    _column("content", "内容", "服务内容"),
    _column("programmes", "项目", "服务项目"),
)


# The file


@dataclass(frozen=True, slots=True)
class _Heading:
    """A line that may be the header, with the (column name, position) pairs it was recognised by."""

    delimiter: str
    line: int
    record: list[str]
    found: list[tuple[str, int]]
    missing: list[Column]


def read_table(data: bytes, columns: Sequence[Column]) -> Table:
    """The rows of a CSV file in any encoding and with any delimiter that Excel and WPS write in China."""
    encoding, text = _decode(data)
    heading = _find_heading(text, columns)
    if heading.missing:
        wanted = "; ".join(map(_describe, heading.missing))
        raise SpreadsheetError(
            f"These columns are missing in the first {HEADER_WITHIN_LINES} lines, read as {encoding}: {wanted}."
        )
    _refuse_twins(heading)
    rows = list(_rows(text, heading))
    headings = {name: _unwrap(heading.record[position]) for name, position in heading.found}
    return Table(encoding, heading.record, rows, headings)


def _describe(column: Column) -> str:
    """A missing column with all its headings, and what may be there in its place."""
    instead = f", or instead {', '.join(column.unless)}" if column.unless else ""
    return f"{column.name} ({', '.join(h for h in column.headers if h != column.name)}{instead})"


def _decode(data: bytes) -> tuple[str, str]:
    """The encoding and the text; of two encodings that fail, the one that got further was probably meant."""
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)]
    failures: list[UnicodeDecodeError] = []
    for encoding in marked or ["utf-8", "gb18030"]:
        try:
            text = data.decode(encoding.removesuffix("-sig")).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            failures.append(error)
        else:
            return encoding, _refuse_nul(text)
    furthest = max(failures, key=lambda failure: failure.start)
    line = data[: furthest.start].decode(furthest.encoding, "replace").count("\n") + 1
    tried = " nor ".join(failure.encoding for failure in failures)
    raise SpreadsheetError(
        f"Line {line} cannot be read: byte {furthest.start} is not {tried}; save the file as CSV UTF-8."
    )


def _refuse_nul(text: str) -> str:
    """The text unless it holds NUL, which no office typed: it is a workbook, or UTF-16 without its mark."""
    before, nul, _ = text.partition("\0")
    if nul:
        line = before.count("\n") + 1
        raise SpreadsheetError(f"Line {line} holds a NUL byte, so this is no CSV file; save the file as CSV UTF-8.")
    return text


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it starts on; a broken quotation would otherwise swallow the rows after it."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for record in reader:
            if any(len(cell) > LONGEST_CELL for cell in record):
                raise csv.Error(f"a cell is longer than {LONGEST_CELL} characters")
            yield start, record
            start = reader.line_num + 1
    except csv.Error as error:
        raise SpreadsheetError(
            f"The row that starts in line {start} cannot be read, perhaps a quotation mark is not closed: {error}."
        ) from error


def _find_heading(text: str, columns: Sequence[Column]) -> _Heading:
    """The header under the delimiter that makes most sense of it; a wrong delimiter may well fail, and is passed."""
    if not text.strip():
        raise SpreadsheetError("The file is empty.")
    headings: list[_Heading] = []
    failures: list[SpreadsheetError] = []
    for delimiter in _DELIMITERS:
        try:
            headings.append(_heading(text, delimiter, columns))
        except SpreadsheetError as error:
            failures.append(error)
    if not headings:
        raise failures[0]
    return max(headings, key=lambda heading: (not heading.missing, len(heading.found)))


def _heading(text: str, delimiter: str, columns: Sequence[Column]) -> _Heading:
    """The first of the first lines that has all required columns, or the one that comes nearest."""
    candidates: list[_Heading] = []
    for line, record in _records(text, delimiter):
        if line > HEADER_WITHIN_LINES:
            break
        candidates.append(_recognise(delimiter, line, record, columns))
        if not candidates[-1].missing:
            return candidates[-1]
    return max(candidates, key=lambda heading: len(heading.found))


def _recognise(delimiter: str, line: int, record: list[str], columns: Sequence[Column]) -> _Heading:
    names = {_squeeze(header): column.name for column in columns for header in column.headers}
    keys = [_squeeze(_unwrap(cell)) for cell in record]
    found = [(names[key], position) for position, key in enumerate(keys) if key in names]
    present = {name for name, _ in found}
    missing = [c for c in columns if c.required and present.isdisjoint((c.name, *c.unless))]
    return _Heading(delimiter, line, record, found, missing)


def _squeeze(header: str) -> str:
    """A heading without what people vary: case, width, spaces, underscores, hyphens, the star of a required field."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", header).casefold())
    return re.sub(r"[\s_*\-]", "", folded)


def _refuse_twins(heading: _Heading) -> None:
    """Stops when two headings mean one column, because either choice would be a guess."""
    seen: dict[str, int] = {}
    for name, position in heading.found:
        first = heading.record[seen.setdefault(name, position)]
        if seen[name] != position:
            raise SpreadsheetError(
                f'Line {heading.line}: columns {seen[name] + 1} "{first}" and {position + 1} '
                f'"{heading.record[position]}" both mean {name}; keep or rename one.'
            )


def _rows(text: str, heading: _Heading) -> Iterator[Row]:
    """The rows below the header that say anything; one wider than the header has slipped sideways."""
    for line, record in _records(text, heading.delimiter):
        if line <= heading.line:
            continue
        cells = [_unwrap(cell) for cell in record] + [""] * (len(heading.record) - len(record))
        if any(cells[len(heading.record) :]):
            raise SpreadsheetError(
                f"Line {line} has {len(record)} cells, the header has {len(heading.record)}; "
                "a cell that holds a delimiter needs quotation marks around it."
            )
        known = {name: cells[position] for name, position in heading.found}
        if any(known.values()):
            yield Row(line, known, record)


# The guards that spreadsheets put around text, and ours against formulas

_APOSTROPHE = re.compile(r"'(?=[=+\-@＝＋－＠0-9\s]|\Z)")
_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"')
_RISKY = re.compile(r"[\t\r]|\s*[=+\-@＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-][0-9]+(?:\.[0-9]+)?")


def _unwrap(cell: str) -> str:
    """The text inside ="…" or behind an apostrophe, however often the file has gone back and forth."""
    text = cell.strip()
    while True:
        if formula := _FORMULA_TEXT.fullmatch(text):
            text = formula[1].replace('""', '"').strip()
        elif _APOSTROPHE.match(text):
            text = text[1:].strip()
        else:
            return text


def _guard(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula; numbers and phones stay as they are."""
    if _RISKY.match(cell) and not _PLAIN_NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def rejected_csv(table: Table, reasons: Mapping[int, str]) -> bytes:
    """The refused rows as the office wrote them, each behind its reason, to be mended and imported again."""
    stale = {i for i, header in enumerate(table.header) if _unwrap(header) == REASON_HEADER}
    lines = [(REASON_HEADER, table.header)]
    lines += [(reasons[row.line], row.original) for row in table.rows if row.line in reasons]
    return written([reason, *(c for i, c in enumerate(record) if i not in stale)] for reason, record in lines)


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as a file that every spreadsheet opens as it is meant: UTF-8 with a byte order mark, and no formulas."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow(_guard(cell) for cell in row)
    return text.getvalue().encode("utf-8-sig")


# The cells

_DATE = r"(?P<year>(?:19|20|21)[0-9]{2})\s*[-/.年]\s*(?P<month>[0-9]{1,2})\s*[-/.月]\s*(?P<day>[0-9]{1,2})\s*[日号]?"
_WEEKDAY = r"(?:\s*(?:星期|周)[一二三四五六日天])?"
_CLOCK = (
    r"(?P<before>上午|下午|AM|PM)?\s*(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.0+)?)?|[时点](?:(?P<fen>[0-9]{1,2})分?)?)\s*(?P<after>AM|PM)?"
)
_OFFSET = r"(?P<offset>Z|(?P<sign>[+-])(?P<east>[0-9]{2}):?(?P<rest>[0-9]{2}))?"
_GAP = r"(?:(?P<iso>T)|\s+|(?<=[日号一二三四五六天])|(?=[上下]))"
_WHOLE_DATE = re.compile(_DATE + _WEEKDAY + r"(?:\s+0{1,2}:00(?::00)?)?")
_MOMENT = re.compile(f"(?:{_DATE}{_WEEKDAY}{_GAP})?{_CLOCK}{_OFFSET}", re.IGNORECASE)
_SERIAL_DAY = re.compile(r"([1-9][0-9]{4})(?:\.0+)?")
_SERIAL_MOMENT = re.compile(r"(?P<day>0|[1-9][0-9]{4})(?P<fraction>\.[0-9]{1,20})")
_SERIAL_EPOCH = dt.date(1899, 12, 30)

_AMOUNT = r"[0-9]{1,5}(?:\.[0-9]{1,6})?"
_BARE = re.compile(_AMOUNT)
_HOURS_COLON = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::00)?")
_WITH_UNITS = re.compile(
    rf"(?!$)(?:(?P<hours>{_AMOUNT})\s*(?:个?小时|hours?|hrs?|h))?\s*"
    rf"(?:(?P<minutes>{_AMOUNT})\s*(?:分钟?|minutes?|mins?|m)?)?",
    re.IGNORECASE,
)
_LONGEST_MINUTES = 24 * 60

_CAPACITIES = {
    "resident": ("resident", "居民"),
    "staff-off-duty": ("staff-off-duty", "工作人员(非在岗)", "业余", "非工作时间"),
    "staff-on-duty": ("staff-on-duty", "在岗", "工作时间", "在岗人员"),
}


def _plain(text: str) -> str:
    """Text in half-width characters without pasted invisible marks; nothing, if too long for a date or a number."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    plain = unicodedata.normalize("NFKC", visible).strip()
    return plain if len(plain) <= _LONGEST_VALUE else ""


def parse_text(text: str) -> str:
    """Text that must be there."""
    if not text.strip():
        raise CellError(text, "must be filled in")
    return text.strip()


def parse_date(text: str) -> dt.date:
    """A day, year first, because 3/1/2026 means two days; Excel's midnight and serial numbers are taken too."""
    plain = _plain(text)
    if serial := _SERIAL_DAY.fullmatch(plain):
        return _SERIAL_EPOCH + dt.timedelta(days=int(serial[1]))
    if written := _WHOLE_DATE.fullmatch(plain):
        with suppress(ValueError):
            return _day(written)
    raise CellError(text, "is not a date like 2026/3/1")


def parse_moment(text: str, zone: ZoneInfo, *, date: dt.date | None = None) -> dt.datetime:
    """An aware time: as the zone's wall clock unless an offset is written, the first of two when clocks go back."""
    try:
        local = _local(_plain(text), date)
        aware = local if local.tzinfo else local.replace(tzinfo=zone)
        exists = local.tzinfo or aware.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) == local
    except (ValueError, OverflowError) as error:
        hint = ", or a time like 8:30" if date else ""
        raise CellError(text, f"is not a date and time like 2026/3/1 8:30{hint}") from error
    if not exists:
        raise CellError(text, f"does not exist in {zone}: the clocks were put forward over it")
    return aware


def _local(plain: str, date: dt.date | None) -> dt.datetime:
    """The time as the wall clock shows it, aware only if an offset is written with it; otherwise a ValueError."""
    if serial := _SERIAL_MOMENT.fullmatch(plain):
        return _from_serial(serial, date)
    if written := _MOMENT.fullmatch(plain):
        day = _day(written) if written["year"] else date
        return (_midnight(day) + _from_clock(written)).replace(tzinfo=_from_offset(written))
    raise ValueError("neither a serial number nor a written time")


def _from_serial(serial: re.Match[str], date: dt.date | None) -> dt.datetime:
    """Excel's day count and part of a day, to the nearest second, which is finer than what it shows."""
    day = _SERIAL_EPOCH + dt.timedelta(days=int(serial["day"])) if serial["day"] != "0" else date
    seconds = (Decimal(serial["fraction"]) * 86_400).to_integral_value()
    return _midnight(day) + dt.timedelta(seconds=int(seconds))


def _day(written: re.Match[str]) -> dt.date:
    return dt.date(int(written["year"]), int(written["month"]), int(written["day"]))


def _midnight(day: dt.date | None) -> dt.datetime:
    if day is None:
        raise ValueError("a clock time without a date")
    return dt.datetime.combine(day, dt.time())


def _from_clock(written: re.Match[str]) -> dt.timedelta:
    """The time since midnight; 下午 14:30 is taken, 上午 14:30 is not, and 24:00 ends the day."""
    hour, minute = int(written["hour"]), int(written["minute"] or written["fen"] or 0)
    second = int(written["second"] or 0)
    half = (written["before"] or written["after"] or "").upper()
    if (written["before"] and written["after"]) or (half in {"上午", "AM"} and hour > 12) or (half and hour > 23):
        raise ValueError("a contradictory half of the day")
    if half:
        hour = hour % 12 + (12 if half in {"下午", "PM"} else 0)
    if minute > 59 or second > 59 or (hour, minute, second) > (24, 0, 0):
        raise ValueError("no such time")
    return dt.timedelta(hours=hour, minutes=minute, seconds=second)


def _from_offset(written: re.Match[str]) -> dt.timezone | None:
    """The written offset, only behind an ISO T: in 8:30-10:00 the hyphen means "until"."""
    if written["offset"] is None:
        return None
    if not written["iso"] or int(written["rest"] or 0) > 59:
        raise ValueError("no such offset")
    offset = dt.timedelta(hours=int(written["east"] or 0), minutes=int(written["rest"] or 0))
    return dt.timezone(-offset if written["sign"] == "-" else offset)


def parse_minutes(text: str, unit: Literal["minutes", "hours", "duration"]) -> int:
    """Whole minutes up to a day; under "duration" a bare 90 is minutes and a bare 1.5 is hours."""
    total = _total_minutes(_plain(text), unit)
    if total is None:
        raise CellError(text, "is not a duration like 90分钟, 1.5小时 or 1小时30分")
    if total != int(total):
        raise CellError(text, "does not come to whole minutes")
    if not 0 < total <= _LONGEST_MINUTES:
        raise CellError(text, "is not more than zero and at most 24 hours")
    return int(total)


def _total_minutes(plain: str, unit: Literal["minutes", "hours", "duration"]) -> Decimal | None:
    """What a duration comes to; written units win over the column's, and 1:30 is no number of minutes."""
    if _BARE.fullmatch(plain):
        hours = unit == "hours" or (unit == "duration" and "." in plain)
        return Decimal(plain) * (60 if hours else 1)
    if (colon := _HOURS_COLON.fullmatch(plain)) and unit != "minutes":
        return Decimal(colon[1]) * 60 + Decimal(colon[2])
    if units := _WITH_UNITS.fullmatch(plain):
        return Decimal(units["hours"] or 0) * 60 + Decimal(units["minutes"] or 0)
    return None


def parse_phone(text: str) -> str:
    """A phone number as digits with at most a leading +, so that two spellings of one number are the same."""
    plain = re.sub(r"[ \t()\-\u2010-\u2015\u2212]", "", _plain(text))
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?E\+?[0-9]+", plain, re.IGNORECASE):
        raise CellError(text, "has lost its last digits; format the column as text and enter the number again")
    if not re.fullmatch(r"\+?[0-9]{5,20}", plain):
        raise CellError(text, "is not a phone number of 5 to 20 digits")
    return plain


def parse_list(text: str) -> tuple[str, ...]:
    """Several values from one cell, each once, in the order written."""
    parts = (part.strip() for part in re.split(r"[;；、,，\n\r]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def parse_capacity(text: str) -> str:
    """The capacity someone served in; an office that leaves it empty means residents."""
    if not text.strip():
        return "resident"
    for capacity, spellings in _CAPACITIES.items():
        if _squeeze(_plain(text)) in map(_squeeze, spellings):
            return capacity
    raise CellError(text, "is not one of " + ", ".join(f"{name} ({said[1]})" for name, said in _CAPACITIES.items()))

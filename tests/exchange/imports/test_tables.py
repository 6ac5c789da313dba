"""Any table that we write out is read back as it was meant; and one spoiled cell spoils its own row alone."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import IO
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchange.imports.office import records_of
from tests.exchange.spreadsheets.files import WORKBOOKS, Value, saved
from timebank.domain.text import normal
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.rows import RowError
from timebank.exchange.imports.service import Served
from timebank.exchange.workbooks import END, opening
from timebank.exchange.workbooks.reading import rows_of

ZONE = ZoneInfo("Asia/Shanghai")
WORDS = st.sampled_from(["清扫", "陪伴, 聊天", "值守; 巡查", '讲座 "一"', "登记"])
MINUTES = st.integers(1, 20 * 60)


@dataclass(frozen=True)
class Meant:
    """What a row means."""

    phone: str
    activity: str
    start: dt.datetime
    minutes: int
    place: str

    @property
    def end(self) -> dt.datetime:
        """When it ended."""
        return self.start + dt.timedelta(minutes=self.minutes)


def meant(served: Served) -> Meant:
    """The same of a row that was read."""
    start, end = (each.astimezone(ZONE).replace(tzinfo=None) for each in (served.started_at, served.ended_at))
    minutes = served.minutes if served.minutes is not None else (end - start) // dt.timedelta(minutes=1)
    return Meant(served.who.phone or "", served.activity, start, minutes, served.place or "")


ROWS = st.lists(
    st.builds(
        Meant,
        phone=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
        activity=WORDS,
        start=st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2026, 1, 1)).map(  # noqa: DTZ001
            lambda moment: moment.replace(second=0, microsecond=0)
        ),
        minutes=MINUTES,
        place=st.sampled_from(["", "三号楼", "广场"]),
    ),
    min_size=2,
    max_size=5,
)

Spelling = Callable[[Meant], Value]

PHONES: list[Spelling] = [
    lambda row: row.phone,
    lambda row: f"+86 {row.phone[:3]} {row.phone[3:7]} {row.phone[7:]}",
    lambda row: f"86-{row.phone}",
    lambda row: f"'{row.phone}",
    lambda row: f"{row.phone}.0",
]
MOMENTS: list[Callable[[dt.datetime], Value]] = [
    lambda moment: moment.isoformat(" "),
    lambda moment: f"{moment.isoformat()}+08:00",
    lambda moment: f"{moment:%Y/%m/%d %H:%M}",
    lambda moment: f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}",
    lambda moment: f"{moment:%Y.%m.%d}（周{'一二三四五六日'[moment.weekday()]}） {moment:%H点%M分}",
    lambda moment: f"{moment:%Y-%m-%d %H:%M:%S}.000",
    lambda moment: f"{moment:%Y%m%d %H%M}",
    lambda moment: f"{moment:%Y/%m/%d %I:%M %p}",
    lambda moment: f"{(moment - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1):.9f}",  # noqa: DTZ001
]
CLOCKS: list[Callable[[dt.datetime], Value]] = [
    lambda moment: f"{moment:%H:%M}",
    lambda moment: f"{moment:%H点%M分}",
    lambda moment: f"{moment:%I:%M %p}",
    lambda moment: f"{moment:%H%M}",
]
DURATIONS: dict[str, Spelling] = {
    "分钟": lambda row: str(row.minutes),
    "时长": lambda row: f"{row.minutes // 60}小时{row.minutes % 60}分",
    "服务时长": lambda row: f"{row.minutes // 60}:{row.minutes % 60:02}",
    "时长(小时)": lambda row: f"{row.minutes / 60:.10f}",
    "小时": lambda row: f"{row.minutes / 60:.10f}".replace(".", ","),
    "时长（分钟）": lambda row: str(row.minutes),
}
SPOILED = ["#N/A", "3.93489E+11", "=B2", "\ufffd\ufffd", "2026/2/30 8:30", "13910000001/13910000002"]
"""What no phone, activity, time or duration can be; the last two are good activities."""


@dataclass(frozen=True)
class Layout:
    """Which columns a table has, by their headings, and how each cell is spelt."""

    columns: tuple[tuple[str, Spelling], ...]
    titles: int

    def rows(self, meant: Sequence[Meant]) -> list[list[Value]]:
        """The table, below some lines of titles."""
        body = [[spell(row) for _, spell in self.columns] for row in meant]
        return [*[["三月活动登记表"]] * self.titles, [heading for heading, _ in self.columns], *body]


@st.composite
def layouts(draw: st.DrawFn, *, is_typed: bool) -> Layout:
    """Any of the ways in which offices lay out such a table."""
    phone = draw(st.sampled_from(PHONES))
    if is_typed and draw(st.booleans()):
        phone = lambda row: int(row.phone)  # noqa: E731
    moment = draw(st.sampled_from(MOMENTS))
    if is_typed and draw(st.booleans()):
        moment = lambda moment: moment if moment.hour or moment.minute else moment.isoformat(" ")  # noqa: E731
    clock = draw(st.sampled_from(CLOCKS))
    if is_typed and draw(st.booleans()):
        clock = lambda moment: moment.time() if moment.hour or moment.minute else "0:00"  # noqa: E731
    heading, duration = draw(st.sampled_from(sorted(DURATIONS.items())))
    if is_typed and draw(st.booleans()):
        heading, duration = "时长", lambda row: dt.timedelta(minutes=row.minutes)
    times: list[list[tuple[str, Spelling]]] = [
        [("开始时间", lambda row: moment(row.start)), ("结束时间", lambda row: moment(row.end))],
        [("开始", lambda row: moment(row.start)), (heading, duration)],
        [("日期", lambda row: f"{row.start:%Y/%m/%d}"), ("开始", lambda row: clock(row.start)), (heading, duration)],
        [
            ("开始日期", lambda row: f"{row.start:%Y-%m-%d}"),
            ("开始时间", lambda row: clock(row.start)),
            ("结束日期", lambda row: f"{row.end:%Y-%m-%d}"),
            ("结束时间", lambda row: clock(row.end)),
        ],
        [
            ("日期", lambda row: f"{row.start:%Y/%m/%d}"),
            (
                "时间段",
                lambda row: (
                    f"{row.start:%H:%M}-{row.end:%H:%M}"
                    if row.minutes <= 12 * 60
                    else f"{row.start:%H:%M}-{row.end:%Y/%m/%d %H:%M}"
                ),
            ),
        ],
    ]
    columns: list[tuple[str, Spelling]] = [
        ("手机号码", phone),
        ("活动", lambda row: row.activity),
        ("类别", lambda _: "公益慈善"),
        ("地点", lambda row: row.place),
        ("备注", lambda _: "-"),
        *draw(st.sampled_from(times)),
    ]
    return Layout(tuple(draw(st.permutations(columns))), draw(st.integers(0, 3)))


@st.composite
def written_tables(draw: st.DrawFn) -> tuple[list[Meant], Layout, str]:
    """A table, how it is laid out, and in what form it is written."""
    form = draw(st.sampled_from([*WORKBOOKS, "csv", "csv", "csv"]))
    return draw(ROWS), draw(layouts(is_typed=form != "csv")), form


def file_of(rows: list[list[Value]], form: str, encoding: str, delimiter: str) -> bytes:
    """A table in some form."""
    if form != "csv":
        return WORKBOOKS[form](rows, "登记", "说明")
    return saved([[str(cell) for cell in row] for row in rows], delimiter).encode(encoding)


@pytest.fixture(autouse=True)
def in_this_process() -> object:
    """Workbooks are read here, instead of by a process for each."""

    def read_here(file: IO[bytes], kind: opening.Kind, rows: IO[bytes]) -> int:
        file.seek(0)
        for line in rows_of(file.read(), kind):
            rows.write(json.dumps(line).encode() + b"\n")
        rows.write(f"{END}\n".encode())
        return 0

    with patch.object(opening, "_read", read_here):
        yield


def read_all(opened: OpenedList[Served]) -> list[Meant | str]:
    """What each row means, or why it is not understood."""
    found: list[Meant | str] = []
    for row in opened.rows():
        try:
            found.append(meant(opened.read(row)))
        except RowError as error:
            found.append(str(error))
    return found


ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
DELIMITERS = st.sampled_from([",", ";", "\t", "|"])


@pytest.mark.drill
@settings(max_examples=120)
@given(written_tables(), ENCODINGS, DELIMITERS)
def test_what_was_written_is_read(written: tuple[list[Meant], Layout, str], encoding: str, delimiter: str) -> None:
    """Whatever the form, the encoding, the delimiter, the layout and the spelling: each row means what it meant."""
    rows, layout, form = written
    opened = records_of(file_of(layout.rows(rows), form, encoding, delimiter), ZONE)
    assert opened.as_read.questions == []
    assert read_all(opened) == rows
    assert opened.as_read.rows == len(rows)
    assert [column.heading for column in opened.as_read.columns if not column.read_as] == ["备注"]


@pytest.mark.drill
@settings(max_examples=80)
@given(written_tables(), ENCODINGS, st.data())
def test_a_spoiled_cell_spoils_its_row_alone(
    written: tuple[list[Meant], Layout, str], encoding: str, data: st.DataObject
) -> None:
    """The row is refused, by the heading of the cell, and all others mean what they meant."""
    rows, layout, form = written
    table = layout.rows(rows)
    spoilable = [at for at, (heading, _) in enumerate(layout.columns) if heading != "备注"]
    column = data.draw(st.sampled_from(spoilable))
    heading = layout.columns[column][0]
    damage = data.draw(st.sampled_from(SPOILED[:4] if heading in {"活动", "类别", "地点"} else SPOILED))
    at = data.draw(st.integers(0, len(rows) - 1))
    table[layout.titles + 1 + at][column] = damage
    opened = records_of(file_of(table, form, encoding, ","), ZONE)
    assert opened.as_read.questions == []
    found = read_all(opened)
    assert isinstance(found[at], str)
    assert normal(heading) in normal(found[at])
    assert [each for number, each in enumerate(found) if number != at] == [
        each for number, each in enumerate(rows) if number != at
    ]


def test_the_tables_differ() -> None:
    """A table of other rows is read as other rows: the comparison can fail."""
    row = Meant("13910000001", "清扫", dt.datetime.fromisoformat("2026-03-01T08:30"), 60, "")
    layout = Layout(
        (
            *(("手机", PHONES[0]), ("活动", lambda row: row.activity), ("类别", lambda _: "x")),
            *(("开始", lambda row: MOMENTS[0](row.start)), ("分钟", DURATIONS["分钟"])),
        ),
        0,
    )
    opened = records_of(file_of(layout.rows([row]), "csv", "utf-8", ","), ZONE)
    assert read_all(opened) == [row]
    assert read_all(opened) != [replace(row, minutes=61)]

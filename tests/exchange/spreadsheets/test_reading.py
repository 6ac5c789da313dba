"""Reading a file into rows, and saying what cannot be read."""

from zoneinfo import ZoneInfo

import pytest

from tests.exchange.spreadsheets.files import RECORD_HEADER
from timebank.exchange.spreadsheets import (
    RECORD_COLUMNS,
    VOLUNTEER_COLUMNS,
    CellError,
    Column,
    SpreadsheetError,
    parse_moment,
    parse_text,
    read_table,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    """A row carries the line it starts on, also below titles, blank rows and cells of several lines."""
    table = read_table('名单\n姓名,技能\n张三,"教\n学"\n\n李四,\n'.encode(), VOLUNTEER_COLUMNS)
    assert [row.line for row in table.rows] == [3, 6]


@pytest.mark.parametrize(
    ("data", "columns", "sentence"),
    [
        (b"", VOLUNTEER_COLUMNS, "The file is empty"),
        (b"\xef\xbb\xbf \r\n", VOLUNTEER_COLUMNS, "The file is empty"),
        ("手机\n1\n".encode(), VOLUNTEER_COLUMNS, r"missing .* utf-8: name \(姓名, 名字, 志愿者姓名\)"),
        ("编号,活动,类别,开始\n".encode(), RECORD_COLUMNS, "ended_at .*or instead minutes, hours, duration"),
        ("姓名,手机,电话\n".encode(), VOLUNTEER_COLUMNS, 'columns 2 "手机" and 3 "电话" both mean phone'),
        ('姓名,手机\n张三,"1\n李四,2\n'.encode(), VOLUNTEER_COLUMNS, "starts in line 2 .*quotation mark"),
        ("姓名\n张\0三\n".encode(), VOLUNTEER_COLUMNS, "Line 2 holds a NUL byte"),
        ("姓名\n张三\n".encode("utf-16-le"), VOLUNTEER_COLUMNS, "NUL byte"),
        (
            "姓名,手机\n张三,".encode() + b"\xff\n",
            VOLUNTEER_COLUMNS,
            "Line 2 cannot be read: byte 21 .*utf-8 nor gb18030",
        ),
        ("\ufeff姓名\n\n".encode() + b"\xff", VOLUNTEER_COLUMNS, "Line 3 cannot be read: byte 11 is not utf-8;"),
        ("姓名\n".encode() + b"x" * 100_001, VOLUNTEER_COLUMNS, "line 2 .*longer than 100000"),
        ("姓名\n".encode() + b"x" * 200_000, VOLUNTEER_COLUMNS, "line 2 "),
        ("姓名,技能\n张三,教,学\n".encode(), VOLUNTEER_COLUMNS, "Line 2 has 3 cells, the header has 2"),
    ],
)
def test_what_cannot_be_read_is_explained(data: bytes, columns: tuple[Column, ...], sentence: str) -> None:
    """Each way of being unreadable has its own sentence with the place where it happens."""
    with pytest.raises(SpreadsheetError, match=sentence):
        read_table(data, columns)


def test_a_refused_cell_names_the_heading_of_the_file() -> None:
    """A CellError that comes through the table knows the column, the file's own heading and the value."""
    table = read_table(f"{RECORD_HEADER}\n7,a,b,2026/13/1,x\n".encode(), RECORD_COLUMNS)
    with pytest.raises(CellError) as refusal:
        table.parse(table.rows[0], "started_at", lambda text: parse_moment(text, SHANGHAI))
    assert (refusal.value.column, refusal.value.header, refusal.value.value) == ("started_at", "开始时间", "2026/13/1")
    assert str(refusal.value) == '开始时间: "2026/13/1" is not a date and time like 2026/3/1 8:30'
    with pytest.raises(CellError, match="place: the empty cell must be filled in"):
        table.parse(table.rows[0], "place", parse_text)

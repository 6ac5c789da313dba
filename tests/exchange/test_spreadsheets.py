import csv
import datetime as dt
import io
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from timebank.exchange.spreadsheets import (
    REASON_HEADER,
    RECORD_COLUMNS,
    VOLUNTEER_COLUMNS,
    CellError,
    SpreadsheetError,
    parse_capacity,
    parse_date,
    parse_list,
    parse_minutes,
    parse_moment,
    parse_phone,
    parse_text,
    read_table,
    rejected_csv,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
RECORD_HEADER = "志愿者编号,活动,类别,开始时间,结束时间"

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
words = st.text("张三李四abc 0123,;\t\"'\n，、=+-@", max_size=8)
rows = st.lists(st.tuples(st.just("张三"), words, words), max_size=5)


def written(
    rows: list[tuple[str, ...]], delimiter: str = ",", header: tuple[str, ...] = ("姓名", "手机", "技能")
) -> str:
    """The text that a spreadsheet would write for these rows."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue()


def volunteers(text: str) -> list[dict[str, str]]:
    """The cells of a volunteer file."""
    return [row.cells for row in read_table(text.encode(), VOLUNTEER_COLUMNS).rows]


# The file


@settings(deadline=None)
@given(rows, st.sampled_from([",", "\t", ";", "，"]))
def test_a_table_reads_the_same_in_every_encoding_and_with_every_delimiter(
    rows: list[tuple[str, ...]], delimiter: str
) -> None:
    """What was written comes back whatever encoding and delimiter the office's program chose."""
    text = written(rows, delimiter)
    plain = read_table(written(rows).encode(), VOLUNTEER_COLUMNS)
    for encoding in ("utf-8-sig", "utf-8", "utf-16", "gb18030"):
        table = read_table(text.encode(encoding), VOLUNTEER_COLUMNS)
        assert [row.original for row in table.rows] == [list(row) for row in rows]
        assert [(row.line, row.cells) for row in table.rows] == [(row.line, row.cells) for row in plain.rows]
        assert table.headings == {"name": "姓名", "phone": "手机", "skills": "技能"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16-le", "utf-16-be", "gb18030"])
def test_the_encoding_is_recognised(encoding: str) -> None:
    """The table says which encoding it was read as."""
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    assert read_table((mark + "姓名\n联通\n").encode(encoding), VOLUNTEER_COLUMNS).encoding == encoding


@settings(deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: "姓名,手机\n张三,".encode("gb18030") + tail))
@example(b"\xff\xfe\x00\x00")
@example("\ufeff".encode())
def test_bytes_are_a_table_or_refused_with_a_sentence(data: bytes) -> None:
    """No bytes at all bring up anything but a table or a SpreadsheetError that ends like a sentence."""
    refusal = ""
    try:
        table = read_table(data, VOLUNTEER_COLUMNS)
    except SpreadsheetError as error:
        refusal = str(error)
    assert refusal.endswith(".") or rejected_csv(table, {row.line: "x" for row in table.rows})


@pytest.mark.parametrize(
    "text",
    [
        "\n姓名,手机\n张三,13800001111\n",
        "春风社区志愿者名单,\n姓名,手机\n张三,13800001111\n",
        "sep=;\n姓名;手机\n张三;13800001111\n",
        " Name ,PHONE\n张三,13800001111\n",
        "*姓名,联系 电话\n张三,13800001111\n",
        "序号\t志愿者姓名\t手机号\n1\t张三\t'13800001111\n",
        '"姓名"，"手机"\n"张三"，"13800001111"\n',
        '姓名,手机\n张三,"=""13800001111"""\n,\n',
        '姓名,手机\r张三,="13800001111"\r',
        "序号,姓名,手机\n1,张三,13800001111\n2,,\n3,,\n",
    ],
)
def test_the_header_is_found_as_offices_write_it(text: str) -> None:
    """Titles, blank lines, numbered empty rows, stars, case and text guards do not get in the way."""
    assert volunteers(text) == [{"name": "张三", "phone": "13800001111"}]


def test_full_width_headings_mean_the_same() -> None:
    """Full-width letters and parentheses, underscores and spaces do not matter in a heading."""
    table = read_table("ＶＯＬＵＮＴＥＥＲ,活动,类别,Started At,时长（分钟）\n7,a,b,c,90\n".encode(), RECORD_COLUMNS)
    assert table.rows[0].cells == {
        "volunteer": "7", "activity": "a", "category": "b", "started_at": "c", "minutes": "90"
    }  # fmt: skip


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
def test_what_cannot_be_read_is_explained(data: bytes, columns: tuple, sentence: str) -> None:  # type: ignore[type-arg]
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


# The rejected rows


@settings(deadline=None)
@given(st.lists(st.tuples(st.just("张三"), cells | words, cells | words), max_size=5), cells)
@example([("张三", "\t'138", "'\t'138")], "=1")
@example([("张三", "", "\t")], "")
def test_rejected_rows_read_back_as_they_were(rows: list[tuple[str, ...]], reason: str) -> None:
    """A rejected file means what the original meant, and rejecting it again adds no second reason."""
    table = read_table(written(rows).encode(), VOLUNTEER_COLUMNS)
    again = read_table(rejected_csv(table, {row.line: reason for row in table.rows}), VOLUNTEER_COLUMNS)
    assert [row.cells for row in again.rows] == [row.cells for row in table.rows]
    twice = rejected_csv(again, {row.line: reason for row in again.rows})
    assert read_table(twice, VOLUNTEER_COLUMNS).header == [REASON_HEADER, *table.header]


@settings(deadline=None)
@given(st.lists(st.tuples(st.just("张三"), cells, words), max_size=5), words)
def test_no_rejected_cell_is_a_formula(rows: list[tuple[str, ...]], reason: str) -> None:
    """No cell of a rejected file begins like a formula unless it is a plain number."""
    table = read_table(written(rows).encode(), VOLUNTEER_COLUMNS)
    text = rejected_csv(table, {row.line: reason for row in table.rows}).decode("utf-8-sig")
    for cell in (cell for record in csv.reader(io.StringIO(text, newline="")) for cell in record):
        assert not cell.startswith(("=", "@", "\t", "\r"))
        assert not cell.startswith(("+", "-")) or cell[1:].replace(".", "", 1).isdigit()


def test_a_rejected_file_is_what_excel_opens() -> None:
    """UTF-8 with its mark, CRLF, the reason first, only the refused rows, phones left alone and formulas not."""
    table = read_table('姓名,手机,备注\n张三,+8613800001111,=1+1\n李四,2,"-5"\n'.encode(), VOLUNTEER_COLUMNS)
    assert rejected_csv(table, {2: "手机: bad", 99: "no such line"}) == (
        "\ufeffreason / 原因,姓名,手机,备注\r\n手机: bad,张三,+8613800001111,'=1+1\r\n".encode()
    )
    assert "bad,李四,2,-5\r\n".encode() in rejected_csv(table, {3: "bad"})


# The cells


@pytest.mark.parametrize(
    "text",
    [
        "2026/3/1 8:30",
        "2026/03/01 08:30:00",
        "2026-03-01 08:30",
        "2026-03-01T08:30",
        "2026-03-01T08:30+08:00",
        "2026-03-01T00:30Z",
        "2026.3.1 8:30",
        "2026年3月1日 8:30",
        "2026年3月1日8时30分",
        "2026年3月1日 星期日 上午8:30",
        "２０２６／３／１　８：３０",
        "2026/3/1 上午 8:30",
        "2026/3/1上午8点30",
        "2026/3/1 8:30 am",
        "46082.354166",
        "46082.3541666667",
    ],
)
def test_every_spelling_of_a_moment_is_the_same_moment(text: str) -> None:
    """Each way offices write half past eight on the first of March means just that."""
    assert parse_moment(text, SHANGHAI) == dt.datetime(2026, 3, 1, 8, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("8:30", 8, 30),
        ("下午 8:30", 20, 30),
        ("8:30 PM", 20, 30),
        ("下午 14:30", 14, 30),
        ("12:05 AM", 0, 5),
        ("12:05 PM", 12, 5),
        ("8时", 8, 0),
        ("0.354166666", 8, 30),
        ("24:00", 24, 0),
        ("2026/3/1 24:00", 24, 0),
    ],
)
def test_a_clock_time_belongs_to_the_given_date(text: str, hour: int, minute: int) -> None:
    """A bare clock time takes the date from its own column, and 24:00 is the midnight that ends the day."""
    expected = dt.datetime(2026, 3, 1, tzinfo=SHANGHAI) + dt.timedelta(hours=hour, minutes=minute)
    assert parse_moment(text, SHANGHAI, date=dt.date(2026, 3, 1)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "8:30",
            "0.35",
            "2026/3/1",
            "46082",
            "2026/13/1 8:30",
            "2026/2/29 8:30",
            "2026/3/1 8:60",
            "2026/3/1 24:01",
        ),
        *("2026/3/18:30", "3/1/2026 8:30", "26/3/1 8:30", "2026/3/1 8:5", "2026/3/1 上午 14:30", "2026/3/1 下午 24:00"),
        *("2026/3/1 8:30-10:00", "2026/3/1 上午8:30AM", "2026-03-01T08:30+24:00", "2026-03-01T08:30+08:60"),
    ],
)
def test_what_is_no_moment_or_two_is_refused(text: str) -> None:
    """Impossible, incomplete and ambiguous times are refused rather than guessed."""
    with pytest.raises(CellError, match=r"is not a date and time like 2026/3/1 8:30$"):
        parse_moment(text, SHANGHAI)


def test_a_range_is_not_an_offset() -> None:
    """Half past eight until ten, written with a hyphen, is not read as a time west of Greenwich."""
    with pytest.raises(CellError, match="or a time like 8:30"):
        parse_moment("8:30-10:00", SHANGHAI, date=dt.date(2026, 3, 1))


def test_clock_changes_are_honoured() -> None:
    """A skipped hour is refused, of a repeated one the first counts, and a written offset is kept."""
    with pytest.raises(CellError, match="does not exist in Europe/Berlin"):
        parse_moment("2026-03-29 02:30", BERLIN)
    assert parse_moment("2026-10-25 02:30", BERLIN).utcoffset() == dt.timedelta(hours=2)
    assert parse_moment("2026-03-29T02:30-03:30", BERLIN).utcoffset() == dt.timedelta(hours=-3, minutes=-30)
    with pytest.raises(CellError):
        parse_moment("24:00", BERLIN, date=dt.date.max)


@settings(deadline=None)
@given(st.dates(dt.date(1992, 1, 1), dt.date(2150, 1, 1)), st.integers(0, 86_399))
def test_moments_survive_writing(day: dt.date, second: int) -> None:
    """Any second comes back from its ISO text, its Chinese text and Excel's serial number."""
    moment = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=second)
    serial = f"{(day - dt.date(1899, 12, 30)).days + second / 86_400:.10f}"
    chinese = f"{day.year}年{day.month}月{day.day}日 {moment:%H:%M:%S}"
    for text in (moment.isoformat(), moment.isoformat(" "), chinese, serial):
        assert parse_moment(text, SHANGHAI) == moment.replace(tzinfo=SHANGHAI)


@settings(deadline=None)
@given(st.dates(dt.date(1930, 1, 1), dt.date(2170, 1, 1)))
def test_dates_survive_writing(day: dt.date) -> None:
    """Any day comes back from each way of writing it."""
    slashes = f"{day.year}/{day.month}/{day.day}"
    serial = str((day - dt.date(1899, 12, 30)).days)
    spellings = (day.isoformat(), slashes, slashes + " 0:00", f"{day.year}年{day.month}月{day.day}日", serial)
    assert {parse_date(text) for text in spellings} == {day}


@pytest.mark.parametrize("text", ["", "2026/2/30", "3/1/2026", "2026/3", "8:30", "2026/3/1 8:30", "二月"])
def test_what_is_no_date_is_refused(text: str) -> None:
    """A date that does not exist, or whose order is a guess, is refused."""
    with pytest.raises(CellError, match="is not a date like 2026/3/1"):
        parse_date(text)


@settings(deadline=None)
@given(st.integers(1, 1440))
def test_minutes_survive_all_notations(minutes: int) -> None:
    """A number of minutes comes back from each notation, in every column that can hold it."""
    hours, rest = divmod(minutes, 60)
    assert parse_minutes(str(minutes), "minutes") == parse_minutes(str(minutes), "duration") == minutes
    assert parse_minutes(f"{hours}:{rest:02}", "duration") == parse_minutes(f"{hours}:{rest:02}:00", "hours") == minutes
    for text in (
        f"{minutes}分钟",
        f"{minutes} min",
        f"{hours}小时{rest}分",
        f"{hours}h{rest}m",
        f"{hours} 小时 {rest}",
    ):
        assert {parse_minutes(text, unit) for unit in ("minutes", "hours", "duration")} == {minutes}
    if minutes % 3 == 0:
        assert (
            parse_minutes(f"{minutes / 60:.2f}", "hours") == parse_minutes(f"{minutes / 60:.2f}", "duration") == minutes
        )


@pytest.mark.parametrize(
    ("text", "unit", "minutes"),
    [
        ("1.5", "duration", 90),
        ("１．５小时", "duration", 90),
        ("1个小时", "minutes", 60),
        ("2", "hours", 120),
        ("0.25", "hours", 15),
        ("90.0", "minutes", 90),
        ("24", "hours", 1440),
    ],
)
def test_durations_as_offices_write_them(text: str, unit: str, minutes: int) -> None:
    """Decimals, full-width digits and units come to whole minutes."""
    assert parse_minutes(text, unit) == minutes  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "unit", "problem"),
    [
        ("1.333", "hours", "whole minutes"),
        ("0.5", "minutes", "whole minutes"),
        ("0", "minutes", "more than zero"),
        ("24:01", "duration", "at most 24 hours"),
        ("25", "hours", "at most 24 hours"),
        ("-5", "minutes", "is not a duration"),
        ("NaN", "hours", "is not a duration"),
        ("1e2", "minutes", "is not a duration"),
        ("1:30", "minutes", "is not a duration"),
        ("1 30", "duration", "is not a duration"),
        ("1:60", "duration", "is not a duration"),
        ("", "duration", "is not a duration"),
    ],
)
def test_what_is_no_duration_is_refused(text: str, unit: str, problem: str) -> None:
    """Nothing, too much, fractions of a minute and two readings of one text are refused."""
    with pytest.raises(CellError, match=problem):
        parse_minutes(text, unit)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.text("0123456789", min_size=5, max_size=20), st.sampled_from(["", " ", "-", "　", "－", "‑", "\u200b"]))
def test_phones_are_digits(phone: str, between: str) -> None:
    """However the digits are grouped, and whatever invisible marks were pasted along, the number is one."""
    assert parse_phone("\u202d" + phone[:4] + between + phone[4:] + "\u202c") == phone
    assert parse_phone(f"(+{phone[:2]}) {phone[2:]}") == "+" + phone


@pytest.mark.parametrize("text", ["", "1234", "1" * 21, "13800001111/13900002222", "138x0001111", "8+613800001111"])
def test_what_is_no_phone_is_refused(text: str) -> None:
    """Too short, too long, two numbers or letters are refused."""
    with pytest.raises(CellError, match="5 to 20 digits"):
        parse_phone(text)


@pytest.mark.parametrize("text", ["1.38E+10", "1.38e10", "1E+10", "１.３８Ｅ＋１０"])
def test_a_phone_in_scientific_notation_is_lost(text: str) -> None:
    """Excel has thrown the digits away, and the refusal says how to keep them."""
    with pytest.raises(CellError, match="format the column as text"):
        parse_phone(text)


@settings(deadline=None)
@given(
    st.lists(st.text("教学理发ab ", min_size=1).map(str.strip).filter(bool), unique=True), st.sampled_from(";；、,，\n")
)
def test_lists_split_at_every_separator(parts: list[str], separator: str) -> None:
    """Each separator in use gives the same values, in order and once."""
    assert parse_list(separator.join(parts)) == tuple(parts)
    assert parse_list(f" {separator} ".join([*parts, *parts, ""])) == tuple(parts)


@pytest.mark.parametrize(
    ("text", "capacity"),
    [
        *(("", "resident"), ("居民", "resident"), ("Resident", "resident")),
        *(("工作人员（非在岗）", "staff-off-duty"), ("业余", "staff-off-duty"), ("staff_off_duty", "staff-off-duty")),
        *(("在岗", "staff-on-duty"), ("工作时间", "staff-on-duty"), ("非工作时间", "staff-off-duty")),
    ],
)
def test_capacities_have_chinese_names(text: str, capacity: str) -> None:
    """Each capacity is known by its Chinese and English names, and an empty cell is a resident."""
    assert parse_capacity(text) == capacity


@pytest.mark.parametrize(
    "parse",
    [
        *(parse_text, parse_date, parse_phone, parse_list, parse_capacity),
        lambda text: parse_moment(text, BERLIN),
        lambda text: parse_moment(text, BERLIN, date=dt.date(2026, 3, 29)),
        lambda text: parse_minutes(text, "duration"),
    ],
)
@settings(deadline=None)
@given(text=st.text(max_size=30) | st.text("0123456789:/-.T年月日时分小上下午+ZEh ", max_size=20))
@example(text="2026/3/1" + " " * 90_000 + "x")
@example(text="1" * 90_000)
def test_any_text_is_a_value_or_a_refused_cell(parse: Callable[[str], object], text: str) -> None:
    """No text at all brings up anything but a value or a CellError that carries the text."""
    refused = text
    try:
        parse(text)
    except CellError as error:
        refused = error.value
    assert refused == text

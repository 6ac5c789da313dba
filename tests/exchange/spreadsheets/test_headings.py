"""Which line has the headings, and what they mean."""

import io
import time
from typing import Any

import pytest
import xlsxwriter

from tests.exchange.spreadsheets.files import stream
from tests.exchange.spreadsheets.test_reading import cells_of, people
from timebank.exchange.imports.lists import RECORDS, VOLUNTEERS, open_volunteers
from timebank.exchange.imports.rows import RowError
from timebank.exchange.spreadsheets import headings
from timebank.exchange.spreadsheets.columns import fold
from timebank.exchange.spreadsheets.errors import QuestionsError, SpreadsheetError
from timebank.exchange.spreadsheets.headings import MOST_COLUMNS, Said
from timebank.exchange.spreadsheets.reading import open_list

ZHANG = {"name": "张三", "phone": "13800001111"}


@pytest.mark.parametrize(
    "text",
    [
        "\n姓名,手机\n张三,13800001111\n",
        "春风社区志愿者名单,\n姓名,手机\n张三,13800001111\n",
        "\n".join(["填表说明"] * 29) + "\n姓名,手机\n张三,13800001111\n",
        "sep=;\n姓名;手机\n张三;13800001111\n",
        " Name ,PHONE\n张三,13800001111\n",
        "*姓名,联系 电话\n张三,13800001111\n",
        "姓名（必填）,手机号码（选填）\n张三,13800001111\n",
        "姓名,手\u200b机\n张三,13800001111\n",
        "序号\t志愿者姓名\t手机号\n1\t张三\t'13800001111\n",
        '"姓名"，"手机"\n"张三"，"13800001111"\n',
        "姓名|手机\n张三|13800001111\n",
        '姓名,手机\n张三,"=""13800001111"""\n,\n',
        '姓名,手机\r张三,="13800001111"\r',
    ],
)
def test_the_headings_are_found_as_offices_write_them(text: str) -> None:
    """Titles, blank lines, stars, notes, case, invisible characters and text guards do not get in the way."""
    assert cells_of(text) == [ZHANG]


def test_headings_are_looked_for_in_the_first_thirty_lines() -> None:
    """What comes later is data, whatever it looks like."""
    with pytest.raises(SpreadsheetError, match="in the first 30 rows"):
        people("填表说明\n" * 30 + "姓名,手机\n张三,13800001111\n")


@pytest.mark.parametrize(
    ("heading", "name", "unit"),
    [
        *(
            (each, "phone", None)
            for each in ("手机号码", "电话号码", "联系手机", "移动电话", "Phone Number", "手機", "Tel.")
        ),
        *((each, "capacity", None) for each in ("人员身份", "人员类别", "身份类别", "身份")),
        *((each, "started_at", None) for each in ("开始时间", "開始時間", "签到时间", "Start Time", "start_time")),
        *((each, "ended_at", None) for each in ("结束时间", "签退", "End")),
        *(
            (each, "duration", "hours")
            for each in ("时长(小时)", "服务时长（小时）", "时长/小时", "Duration (h)", "duration in hours")
        ),
        *((each, "duration", "minutes") for each in ("时长（分钟）", "时长:分", "Duration [min]")),
        *(("小时", "hours", "hours"), ("服务小时数", "hours", "hours"), ("分钟数", "minutes", "minutes")),
        *(
            ("时长", "duration", None),
            ("时数", "duration", None),
            ("休息(分钟)", "break", "minutes"),
            ("午休", "break", None),
        ),
    ],
)
def test_headings_mean_columns_and_units(heading: str, name: str, unit: str | None) -> None:
    """Headings as they are really found are known, and say the unit where they do."""
    meaning = RECORDS.meaning(heading)
    assert meaning is not None
    assert (meaning.column, meaning.unit) == (name, unit)


@pytest.mark.parametrize(
    "heading", ["备注", "手机(紧急联系人)", "分钟(小时)", "时间", "服务时间", "联系人电话", "身份证号", ""]
)
def test_a_heading_that_may_mean_another_is_not_known(heading: str) -> None:
    """What may be somebody else's phone, or a date as well as a duration, is nobody's to guess."""
    assert RECORDS.meaning(heading) is None


@pytest.mark.parametrize(
    ("heading", "name", "unit"),
    [
        *(
            ("手机号码（11位）", "phone", None),
            ("联系电话(必填)", "phone", None),
            ("*姓名【必填，与身份证一致】", "name", None),
        ),
        *(("服务时长（小时）*", "duration", "hours"), ("时长(小时,精确到0.5)", "duration", "hours")),
        *(
            ("日期（如2026/3/1）", "date", None),
            ("开始时间\n(24小时制)", "started_at", None),
            ("活动[全称]", "activity", None),
        ),
        *(("1、您的姓名：", "name", None), ("2.您的手机号", "phone", None), ("三、活动名称", "activity", None)),
        *(("Phone (11 digits)", "phone", None), ("activity (required, max. 60)", "activity", None)),
    ],
)
def test_what_a_heading_says_of_filling_in_is_no_part_of_it(heading: str, name: str, unit: str | None) -> None:
    """Notes in brackets of every width and kind, stars, and the numbers of a form."""
    assert RECORDS.meaning(heading) == (name, unit)


@pytest.mark.parametrize(
    "heading", ["电话(紧急联系人)", "手机（家长）", "姓名(监护人)", "时长(含午休)", "开始时间(计划)"]
)
def test_a_note_that_may_change_what_a_column_is_does_not_go(heading: str) -> None:
    """Whose phone it is, or which time, is not for us to pass over."""
    assert RECORDS.meaning(heading) is None


def test_two_columns_that_mean_one_are_a_question() -> None:
    """Which of them is to be read is for the office to say, by heading or by place."""
    with pytest.raises(QuestionsError, match="both mean phone: which is not to be read") as asked:
        people("姓名,手机,电话\n张三,1,2\n")
    assert asked.value.questions[0].answers == ("ignore=手机", "ignore=电话")
    (row,) = people("姓名,手机,电话\n张三,1,2\n", ignore=("手机",)).rows()
    assert row.cells == {"name": "张三", "phone": "2"}
    with pytest.raises(QuestionsError) as asked:
        people("姓名,手机,手机\n张三,1,2\n")
    assert asked.value.questions[0].answers == ("ignore=#2", "ignore=#3")
    (row,) = people("姓名,手机,手机\n张三,1,2\n", ignore=("#2",)).rows()
    assert row.cells == {"name": "张三", "phone": "2"}


def test_a_column_is_read_as_the_office_says() -> None:
    """By its heading or its place it can be made another column, under our name or a heading we know."""
    for option in ({"联系": "phone"}, {"联系": "手机"}, {"#2": "phone"}):
        (row,) = people("姓名,联系\n张三,1\n", columns=option).rows()
        assert row.cells == {"name": "张三", "phone": "1"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"ignore": ("备注",)}, 'no column "备注" in line 1; there are: 姓名, 手机'),
        ({"columns": {"手机": "fax"}}, 'cannot be read as "fax"; columns are read as: name, phone'),
        ({"units": {"手机": "weeks"}}, 'cannot be in "weeks"; units are: minutes, hours, days'),
        ({"encoding": "klingon"}, "no encoding"),
        *(({"encoding": each}, "no encoding") for each in ("punycode", "idna", "utf_7", "unicode_escape", "zlib")),
        ({"sheet": "名单"}, "no workbook"),
        ({"ignore": ("姓名",)}, "missing"),
    ],
)
def test_what_is_said_has_to_make_sense(said: dict[str, object], told: str) -> None:
    """An option about a column, a name or an encoding that there is not is refused with those that there are."""
    with pytest.raises(SpreadsheetError, match=told):
        people("姓名,手机\n张三,1\n", **said)


def test_every_heading_means_one_column() -> None:
    """No heading is given to two columns, and each is found by all of its headings."""
    for vocabulary in (RECORDS, VOLUNTEERS):
        for column in vocabulary.columns.values():
            for heading in (column.name, *column.headings):
                assert vocabulary.find(heading) == column.name, heading


def test_full_width_headings_mean_the_same() -> None:
    """Full-width letters and parentheses, underscores and spaces do not matter in a heading."""
    text = "ＶＯＬＵＮＴＥＥＲ,活动,类别,Started At,时长（分钟）\n7,a,b,c,90\n"
    (row,) = open_list(stream(text), RECORDS, Said()).rows()
    assert row.cells == {"volunteer": "7", "activity": "a", "category": "b", "started_at": "c", "duration": "90"}


def test_what_is_said_of_many_columns_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of hundreds of columns hundreds of things may be said: a heading is looked at a few times, and not for each."""
    folded = 0

    def counted(heading: str) -> str:
        nonlocal folded
        folded += 1
        return fold(heading)

    monkeypatch.setattr(headings, "fold", counted)
    names = [f"列{n}" for n in range(100)]
    lines = "".join(",".join(f"{name}.{line}" for name in names) + "\n" for line in range(headings.HEADINGS_WITHIN))
    with pytest.raises(SpreadsheetError):
        people(lines, ignore=tuple(names), units=dict.fromkeys(names, "hours"))
    assert folded < 10 * headings.HEADINGS_WITHIN * len(names)


def test_of_two_things_said_of_a_column_the_first_counts() -> None:
    """A column is called by its heading or by its place; a heading may look like the place of another."""
    read = people("姓名,联系,#2\n张三,1,2\n", columns={"联系": "skills", "#2": "phone"})
    assert [each.name for each in read.columns] == ["name", "skills", "phone"]


def test_of_a_row_that_is_too_wide_no_more_is_looked_at_than_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have any number of cells, and each of the first rows may: they are headings nowhere."""
    looked_at: list[int] = []
    look = headings._column

    def counted(position: int, *rest: Any) -> Any:
        looked_at.append(position)
        return look(position, *rest)

    monkeypatch.setattr(headings, "_column", counted)
    wide = "\n".join([",".join(["说明"] * 5_000)] * 3)
    assert cells_of(f"{wide}\n姓名,手机\n张三,13800001111\n") == [ZHANG]
    assert max(looked_at) == MOST_COLUMNS
    with pytest.raises(SpreadsheetError, match="more than 500 columns"):
        open_list(stream(f"姓名,手机{',' * 600}x\n张三,1\n".encode()), VOLUNTEERS, Said())


def test_headings_are_not_looked_for_without_end() -> None:
    """On many wide sheets that are no lists: what is left could be the list, so it is said, and nothing is taken."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    for _ in range(16):
        sheet = workbook.add_worksheet()
        for row in range(30):
            sheet.write_row(row, 0, ["说明"] * 500)
    last = workbook.add_worksheet()
    last.write_row(0, 0, ["姓名", "手机"])
    last.write_row(1, 0, ["张三", "13800001111"])
    workbook.close()
    with pytest.raises(SpreadsheetError, match="too many sheets and columns"):
        open_list(file, VOLUNTEERS, Said())
    alone = open_list(file, VOLUNTEERS, Said(sheet="Sheet17"))
    assert [row.cells for row in alone.rows()] == [ZHANG]


@pytest.mark.parametrize(("sheets", "columns"), [(65, 1), (6, 200)])
def test_of_long_cells_their_beginning_is_looked_at_and_not_without_end(sheets: int, columns: int) -> None:
    """One character may stand for eighteen: by long cells a small file kept a processor for a minute and a half."""
    file, long = io.BytesIO(), "\ufdfa" * (20_000 // columns)
    workbook: Any = xlsxwriter.Workbook(file)
    for _ in range(sheets):
        sheet = workbook.add_worksheet()
        for row in range(30):
            sheet.write_row(row, 0, [long] * columns)
    workbook.close()
    begun = time.thread_time()
    with pytest.raises(SpreadsheetError) as refused:
        open_list(file, VOLUNTEERS, Said())
    assert time.thread_time() - begun < 20
    assert len(str(refused.value)) < 20_000


def test_what_is_said_of_long_headings_is_short() -> None:
    """Each refused row names the heading of what is wrong, and a missing column is asked for with all others."""
    phone = f"手机(格式{'x' * 194}){'ﷺ' * 50_000}"
    opened = open_volunteers(stream(f"姓名,{phone}\n张三,x\n".encode()), Said())
    (row,) = opened.rows()
    with pytest.raises(RowError) as refused:
        opened.read(row)
    assert str(refused.value).startswith("手机(")
    assert len(str(refused.value)) < 400
    unknown = ",".join(f"{n}{'字' * 300}" for n in range(480))
    with pytest.raises(QuestionsError) as asked:
        open_volunteers(stream(f"手机,{unknown}\n1,2\n".encode()), Said())
    assert len(str(asked.value)) < 20_000

"""How a list is understood, before anything is written; and what has to be said first."""

import io
from typing import Any

import pytest
import xlsxwriter

from tests.exchange.imports.office import people_of, records_of
from tests.exchange.spreadsheets.files import xlsx
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.rows import RowError
from timebank.exchange.imports.service import Served
from timebank.exchange.spreadsheets.errors import QuestionsError

PHONE = "13910000001"


def minutes_in(opened: OpenedList[Served]) -> list[int | str]:
    """How long each row is, or why it is not understood."""
    found: list[int | str] = []
    for row in opened.rows():
        try:
            served = opened.read(row)
        except RowError as error:
            found.append(str(error))
        else:
            whole = int((served.ended_at - served.started_at).total_seconds() // 60)
            found.append(whole if served.minutes is None else served.minutes)
    return found


def table(header: str, *rows: str) -> str:
    """A list of service of one person."""
    return "\n".join([f"手机,活动,类别,{header}", *(f"{PHONE},清扫,公益,{row}" for row in rows)])


def asked(opened: OpenedList[Any]) -> list[tuple[str, list[str]]]:
    """What has to be said: about what, and the answers there are."""
    return [(each.about, each.answers) for each in opened.as_read.questions]


class TestTelling:
    """What a list is understood as is told, whole."""

    def test_form_columns_and_first_rows(self) -> None:
        """Encoding, delimiter, the line of the headings, how many rows, what is read as what, and the first three."""
        rows = [f"{PHONE};清扫;公益;2026/3/{day} 8:30;1,5;1" for day in range(1, 6)]
        text = "\n".join(["三月", "手机;活动;类别;开始;时长(小时);楼栋", *rows])
        read = records_of(text.encode("gb18030")).as_read
        assert (read.kind, read.form, read.encoding, read.delimiter) == ("records", "csv", "gb18030", ";")
        assert (read.headings_in_line, read.rows) == (2, 5)
        assert [(each.heading, each.read_as, each.unit) for each in read.columns] == [
            *(("手机", "phone", None), ("活动", "activity", None), ("类别", "category", None)),
            *(("开始", "started_at", None), ("时长(小时)", "duration", "hours"), ("楼栋", None, None)),
        ]
        assert [row.line for row in read.first] == [3, 4, 5]
        assert read.first[0].said == {
            "phone": PHONE,
            "activity": "清扫",
            "category": "公益",
            "capacity": "resident",
            "started_at": "2026-03-01 08:30",
            "ended_at": "2026-03-01 10:00",
            "minutes": "90",
        }
        assert read.notes == ["There is no column for the capacity: all are taken as residents."]

    def test_the_sheet_and_the_others(self) -> None:
        """Of a workbook it is said which sheet is read, and which are not."""
        read = people_of(xlsx([("姓名",), ("张三",)], "三月", "说明")).as_read
        assert (read.form, read.sheet, read.other_sheets, read.encoding) == ("xlsx", "三月", ["说明"], None)

    def test_what_is_passed_over(self) -> None:
        """Rows with nothing in the columns that are read are counted, with their lines; so are repeated headings."""
        opened = people_of("序号,姓名,手机\n1,张三,1\n2,,\n\n姓名,姓名,手机\n3,李四,2\n")
        assert (opened.as_read.rows, opened.as_read.passed_over, opened.as_read.passed_over_lines) == (2, 2, [3, 5])
        assert [row.line for row in opened.rows()] == [2, 6]

    def test_a_row_that_is_not_understood(self) -> None:
        """Among the first three it is shown with all that is wrong with it."""
        read = records_of(table("开始,结束", "2026/3/1 25:00,#N/A")).as_read
        problem = read.first[0].problem or ""
        assert "开始: " in problem
        assert "结束: " in problem


class TestUnits:
    """The unit of a duration holds for the whole column, and is never guessed."""

    def test_a_heading_without_a_unit_is_a_question(self) -> None:
        """Two, two and a half and three may be minutes or hours, so that is asked; and answered it holds for all."""
        text = table("开始,时长", "2026/3/1 9:00,2", "2026/3/2 9:00,2.5", "2026/3/3 9:00,3")
        opened = records_of(text)
        assert asked(opened) == [("时长", ["unit=时长=minutes", "unit=时长=hours"])]
        assert opened.as_read.questions[0].question == "时长 says 2, 2.5, 3: are these minutes or hours?"
        assert all("could be minutes or hours" in str(each) for each in minutes_in(opened))
        with pytest.raises(QuestionsError):
            opened.must_be_clear()
        answered = records_of(text, units={"时长": "hours"})
        assert asked(answered) == []
        assert minutes_in(answered) == [120, 150, 180]

    def test_start_and_end_show_the_unit(self) -> None:
        """What agrees with start and end in some rows holds for the others, which have no end, or claim less."""
        rows = "2026/3/1 9:00,2026/3/1 11:00,2", "2026/3/2 9:00,,1.5", "2026/3/3 9:00,2026/3/3 12:00,2"
        opened = records_of(table("开始,结束,时长", *rows))
        assert asked(opened) == []
        assert minutes_in(opened) == [120, 90, 120]
        (column,) = (each for each in opened.as_read.columns if each.read_as == "duration")
        assert column.unit == "hours"
        assert (
            column.note
            == "in 1 rows that is the time from start to end; in 1 rows it is not the time from start to end"
        )

    def test_two_units_in_one_column_are_a_question(self) -> None:
        """Hours in one row and minutes in another are not sorted out by us."""
        rows = "2026/3/1 9:00,2026/3/1 11:00,2", "2026/3/2 9:00,2026/3/2 10:00,60"
        ((about, _),) = asked(records_of(table("开始,结束,时长", *rows)))
        assert about == "时长"

    def test_a_heading_that_start_and_end_contradict_is_a_question(self) -> None:
        """Two under 分钟, from nine to eleven, are no two minutes; said so, they are."""
        text = table("开始,结束,分钟", "2026/3/1 9:00,2026/3/1 11:00,2", "2026/3/2 9:00,2026/3/2 12:00,3")
        opened = records_of(text)
        assert asked(opened) == [("分钟", ["unit=分钟=minutes", "unit=分钟=hours"])]
        assert minutes_in(records_of(text, units={"分钟": "hours"})) == [120, 180]

    def test_one_row_in_another_unit_is_refused_alone(self) -> None:
        """Where the heading says the unit, and other rows agree, the odd one is refused."""
        rows = "2026/3/1 9:00,2026/3/1 11:00,120", "2026/3/2 9:00,2026/3/2 11:00,2"
        opened = records_of(table("开始,结束,分钟", *rows))
        assert asked(opened) == []
        assert minutes_in(opened)[0] == 120
        assert minutes_in(opened)[1] == '分钟: "2" would be right in hours, but the column is in minutes'

    def test_written_units_need_none(self) -> None:
        """Cells that say their unit, or hours and minutes with a colon, are read without any."""
        opened = records_of(table("开始,时长", "2026/3/1 9:00,2小时", "2026/3/2 9:00,90分钟", "2026/3/3 9:00,1:30"))
        assert asked(opened) == []
        assert minutes_in(opened) == [120, 90, 90]

    def test_parts_of_a_day_are_no_hours(self) -> None:
        """What is left of 1:20 without its format is refused in a column of hours, and told what it would be."""
        rows = "2026/3/1 8:00,2026/3/1 9:20,1.33", "2026/3/2 8:00,2026/3/2 9:20,0.0555555555555556"
        found = minutes_in(records_of(table("开始,结束,小时", *rows)))
        assert found == [80, '小时: "0.0555555555555556" would be right in days, but the column is in hours']

    def test_a_break_is_taken_off(self) -> None:
        """From start to end less the break; what is claimed beside it has to be that."""
        rows = (
            "2026/3/1 9:00,2026/3/1 12:00,30,",
            "2026/3/2 9:00,2026/3/2 12:00,,2.5",
            "2026/3/3 9:00,2026/3/3 12:00,30,2.5",
        )
        contradictory = "2026/3/4 9:00,2026/3/4 12:00,30,3"
        opened = records_of(table("开始,结束,休息(分钟),小时", *rows, contradictory))
        found = minutes_in(opened)
        assert found[:3] == [150, 150, 150]
        assert found[3] == '休息(分钟): "30" leaves 150 minutes of the time, not the 180 claimed'
        assert asked(records_of(table("开始,结束,休息", "2026/3/1 9:00,2026/3/1 12:00,1"))) == [
            ("休息", ["unit=休息=minutes", "unit=休息=hours"])
        ]

    def test_two_columns_that_say_it_have_to_agree(self) -> None:
        """Hours and minutes side by side are the same, or the row is refused."""
        found = minutes_in(records_of(table("开始,小时,分钟", "2026/3/1 9:00,1.5,90", "2026/3/2 9:00,2,30")))
        assert found[0] == 90
        assert "in different ways, in minutes: 分钟 30, 小时 120" in str(found[1])


class TestTimes:
    """A day is added to bare clock times only, and what is said twice has to be the same."""

    @pytest.mark.parametrize(
        ("header", "row", "minutes"),
        [
            ("日期,开始,结束", "2026/3/1,22:00,2:00", 240),
            ("日期,开始,结束", "2026/3/1,20:00,8:00", 720),
            ("开始,结束", "2026/3/1 22:00,2:00", 240),
            ("开始,结束", "2026/3/1 8:30,10:00", 90),
            ("开始日期,开始时间,结束日期,结束时间", "2026/10/31,22:00,2026/11/1,6:00", 480),
            ("日期,时间段", "2026/3/1,22:00-2:00", 240),
            ("时间段", "2026/3/1 8:30-10:00", 90),
            ("开始,结束", "2026-11-10 10:01:39.761453,2026-11-10 17:27:28.438633", 445),
            ("日期,开始,结束", "2026/3/1,2026/3/1 8:30,2026/3/1 24:00", 930),
        ],
    )
    def test_days_and_clock_times_come_together(self, header: str, row: str, minutes: int) -> None:
        """Dates beside clock times, of both ends or of one, full times, and both in one cell."""
        assert minutes_in(records_of(table(header, row))) == [minutes]

    @pytest.mark.parametrize(
        ("header", "row", "told"),
        [
            ("日期,开始,结束", "2026/3/1,8:30,8:30", '结束: "8:30" is the same as 开始: no time has passed'),
            ("日期,开始,结束", "2026/3/1,2026/3/1 10:30,2026/3/1 8:30", '结束: "2026/3/1 8:30" lies before 开始'),
            ("开始日期,开始,结束日期,结束", "2026/3/1,10:00,2026/3/1,8:00", '结束: "8:00" lies before 开始'),
            ("日期,开始,结束", "2026/3/2,2026/3/1 8:30,9:30", "日期: contradicts 开始: 2026-03-02, not 2026-03-01"),
            ("开始,结束日期,结束", "2026/3/1 8:30,2026/3/1,2026/3/2 9:00", "结束日期: contradicts 结束"),
            ("开始,结束", "8:30,9:30", '开始: "8:30" does not say the day, and no other column does'),
            ("开始,结束", "2026-03-01T08:30Z,9:30", "结束: needs its day and offset too"),
            ("开始,结束", ",9:30", "开始: the empty cell must be filled in"),
            ("开始,分钟", "2026/3/1 8:30,", "分钟: the empty cell does not say when it ended, or how long it took"),
            ("开始,结束,时间段", "2026/3/1 8:30,,8:30-9:00", "开始: is said twice"),
            ("开始,结束", "2026-03-29 02:30,2026-03-29 04:30", "does not exist in Europe/Berlin"),
            (
                "日期,开始,结束",
                "2026/3/1,下午2:00,4:00",
                '"4:00" lies before 开始 "下午2:00", and until the next day it would be more than 12 hours: write 16',
            ),
            ("开始,结束", "2026/3/1 9:00,8:30", '"8:30" lies before 开始 "2026/3/1 9:00"'),
            ("日期,时间段", "2026/3/1,14:00-3:30", '"14:00-3:30" ends before it begins, and until the next day'),
            ("日期,开始,结束", "2026/3/1,23:00,22:30", "more than 12 hours: write the date of the end too"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, header: str, row: str, told: str) -> None:
        """Equal times are no day, an end before the start is none, and two days for one time are one too many."""
        (found,) = minutes_in(records_of(table(header, row)))
        assert told in str(found)


class TestLookalikes:
    """Nothing that looks like something we know is left out unless somebody says so."""

    @pytest.mark.parametrize(
        ("heading", "cell", "like"),
        [
            *(("是否在职", "是", "capacity"), ("人员属性", "在职人员", "capacity"), ("编制", "事业", "capacity")),
            *(("是否在岗", "是", "capacity"), ("岗位性质", "在岗", "capacity"), ("中途休息时间", "30", "break")),
            *(("紧急联系人电话", "139", "phone"), ("服务时间", "2小时", "duration"), ("填表日期", "2026/3/2", "date")),
            *(
                ("联系", PHONE, "phone"),
                ("", "在岗", "capacity"),
                ("情况", "2小时", "duration"),
                ("代号", "123456789015", "number"),
            ),
        ],
    )
    def test_a_column_that_matters_is_a_question(self, heading: str, cell: str, like: str) -> None:
        """By its heading, or by what is in it; ignored by its name, or read as what it is, it is none any more."""
        text = table(f"开始,结束,{heading},x", f"2026/3/1 8:30,2026/3/1 9:30,{cell},-")
        label = heading or "#6"
        assert asked(records_of(text)) == [(label, [f"ignore={label}", f"column={label}={like}"])]
        assert asked(records_of(text, ignore=(label,))) == []

    @pytest.mark.parametrize("heading", ["序号", "备注", "签名", "性别", "年龄", "身份证号", "楼栋", ""])
    def test_other_columns_are_named_only(self, heading: str) -> None:
        """What a bank does not know anyway stops nothing; it is said that it is not read."""
        opened = records_of(table(f"开始,结束,{heading},x", "2026/3/1 8:30,2026/3/1 9:30,甲,-"))
        assert asked(opened) == []
        assert [each.heading for each in opened.as_read.columns if each.read_as is None] == [heading or "#6", "x"]

    def test_an_empty_column_says_nothing(self) -> None:
        """Whatever its heading, and if it says only that there is nothing."""
        for nothing in ("", "无", "/", "—", "N/A"):
            opened = records_of(table("开始,结束,是否在岗,x", f"2026/3/1 8:30,2026/3/1 9:30,{nothing},-"))
            assert asked(opened) == []
            assert opened.as_read.columns[5].note == "empty"

    @pytest.mark.parametrize(
        ("heading", "cell"),
        [
            *(("审核结果", "不通过"), ("状态", "已取消"), ("备注", "作废"), ("是否到场", "否"), ("审核", "待审核")),
            *(("", "驳回"), ("status", "Cancelled"), ("参加情况", "请假"), ("通过", "×")),
        ],
    )
    def test_rows_that_the_office_itself_did_not_take_are_a_question(self, heading: str, cell: str) -> None:
        """One of them among many is enough, in whichever column that is not read; ignored, all are taken."""
        rows = [f"2026/3/{day} 8:30,2026/3/{day} 9:30,{'通过' if day < 28 else cell}," for day in range(1, 29)]
        text, label = table(f"开始,结束,{heading},x", *rows), heading or "#6"
        opened = records_of(text)
        assert asked(opened) == [(label, [f"ignore={label}"])]
        assert f'says "{cell}" in line 29' in opened.as_read.questions[0].question
        assert asked(records_of(text, ignore=(label,))) == []
        assert asked(people_of(f"姓名,{heading},x\n张三,{cell},\n")) == [
            (heading or "#2", [f"ignore={heading or '#2'}"])
        ]

    @pytest.mark.parametrize(
        ("heading", "cell"), [("审核结果", "通过"), ("状态", "已完成"), ("是否到场", "是"), ("残疾", "否")]
    )
    def test_rows_that_the_office_took_are_none(self, heading: str, cell: str) -> None:
        """What an office says of all that it took stops nothing."""
        assert asked(records_of(table(f"开始,结束,{heading},x", f"2026/3/1 8:30,2026/3/1 9:30,{cell},"))) == []

    def test_in_a_list_of_people_only_what_people_have_matters(self) -> None:
        """There a capacity is nothing we know, and a phone is."""
        assert asked(people_of("姓名,身份\n张三,在岗\n")) == []
        assert asked(people_of(f"姓名,联系\n张三,{PHONE}\n")) == [("联系", ["ignore=联系", "column=联系=phone"])]

    def test_the_reason_of_a_rejected_file_is_none_of_it(self) -> None:
        """The column that we put before it ourselves is neither read nor told."""
        opened = people_of("reason / 原因,姓名\n手机: bad,张三\n")
        assert [each.heading for each in opened.as_read.columns] == ["姓名"]


class TestNumbers:
    """A column of numbers may hold volunteers' numbers, or only count the rows."""

    @pytest.mark.parametrize("serial", ["1", "A-01", "2026-001"])
    def test_serial_numbers_are_not_read_where_a_phone_tells_who_it_is(self, serial: str) -> None:
        """One, two and three, and codes of the office's own, are nobody's numbers; that is said."""
        opened = records_of(f"编号,手机,活动,类别,开始,分钟\n{serial},13910000001,a,b,2026/3/1 8:30,60\n")
        assert opened.as_read.columns[0].read_as is None
        assert opened.as_read.columns[0].note == f'no volunteers\' numbers: "{serial}"'
        (row,) = opened.rows()
        assert opened.read(row).who.number is None

    def test_among_numbers_a_serial_one_is_a_mistake(self) -> None:
        """Where others are volunteers' numbers, the row that has none is refused."""
        rows = "123456789015,,a,b,2026/3/1 8:30,60", "2,13910000001,a,b,2026/3/1 8:30,60"
        opened = records_of("\n".join(["编号,手机,活动,类别,开始,分钟", *rows]))
        first, second = opened.rows()
        assert opened.read(first).who.number == "123456789015"
        with pytest.raises(RowError, match=r"编号: .* is no volunteer's number of 12 digits"):
            opened.read(second)


@pytest.mark.parametrize("nothing", ["NULL", "null", "-", "—", "/", "无"])
def test_a_placeholder_says_nothing(nothing: str) -> None:
    """A place that is not written is none; an activity or a category that has to be there is missing."""
    opened = records_of(table("开始,结束,地点", f"2026/3/1 8:30,2026/3/1 9:30,{nothing}"))
    (row,) = opened.rows()
    assert opened.read(row).place is None
    opened = records_of(f"手机,活动,类别,开始,分钟\n{PHONE},{nothing},{nothing},2026/3/1 8:30,60\n")
    assert minutes_in(opened) == ["活动: the empty cell must be filled in; 类别: the empty cell must be filled in"]


@pytest.mark.parametrize("sums", ["合计:", "总计", "Total", "小 计"])
def test_a_row_of_totals_is_told_as_one(sums: str) -> None:
    """It says nobody and does nothing, so it is refused in one short sentence, wherever the word stands."""
    rows = f",,,,{sums},6.25,", f"{sums},3人,,,,6.25,", f",,,,,6.25,{sums}"
    opened = records_of("\n".join(["手机,活动,类别,开始,结束,小时,序号", *rows]))
    for row in opened.rows():
        with pytest.raises(RowError, match=r"this is a row of totals"):
            opened.read(row)


def test_a_column_that_is_missing_may_be_one_that_is_not_known() -> None:
    """Which one is asked, if there are any; answered, the list is read."""
    text = f"手机,活动,类别,进入,离开\n{PHONE},清扫,公益,2026/3/1 8:30,2026/3/1 9:30\n"
    with pytest.raises(QuestionsError, match="Is it one of those that are not read") as asked_first:
        records_of(text)
    begun, ended = asked_first.value.questions
    assert (begun.about, begun.answers) == ("started_at", ("column=进入=started_at", "column=离开=started_at"))
    assert ended.answers[0] == "column=离开=ended_at", "the likely one comes first"
    assert minutes_in(records_of(text, columns={"进入": "started_at", "离开": "ended_at"})) == [60]


def test_a_list_on_several_sheets_is_a_question() -> None:
    """Which sheet is meant is said by its name."""
    rows = [("姓名", "手机"), ("张三", "1")]
    data = xlsx(rows, "一月", "x")
    assert people_of(data).as_read.sheet == "一月"
    with pytest.raises(QuestionsError, match="on each of the sheets"):
        people_of(_two_sheets())
    assert people_of(_two_sheets(), sheet="二月").as_read.sheet == "二月"
    assert people_of(_two_sheets(二月=0)).as_read.sheet == "一月", "one without rows is no list"


def _two_sheets(**rows_of: int) -> bytes:
    file, cells = io.BytesIO(), {"一月": 2, "二月": 2} | rows_of
    workbook: Any = xlsxwriter.Workbook(file)
    for name in ("一月", "二月"):
        sheet = workbook.add_worksheet(name)
        sheet.write_row(0, 0, ("姓名", "手机"))
        sheet.write_row(1, 0, ("张三", "1")[: cells[name]])
    workbook.close()
    return file.getvalue()


def hiding() -> bytes:
    """A sheet that shows the first and the last of three people, and no second column; and one cell for two rows."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    for line, row in enumerate((("姓名", "手机"), ("张三", "1"), ("李四", "2"), ("王五", "3"))):
        sheet.write_row(line, 0, row)
    sheet.merge_range(4, 0, 5, 0, "赵六")
    sheet.write_row(4, 1, ["4"])
    sheet.write_row(5, 1, ["5"])
    sheet.set_row(2, None, None, {"hidden": True})
    sheet.set_column(1, 1, None, None, {"hidden": True})
    workbook.close()
    return file.getvalue()


def test_rows_that_the_sheet_hides_are_a_question() -> None:
    """They are told with their lines, and taken or left as the office says; a hidden column is told too."""
    opened = people_of(hiding())
    assert asked(opened) == [("hidden", ["hidden=take", "hidden=leave"])]
    assert (opened.as_read.hidden, opened.as_read.hidden_lines) == (1, [3])
    assert opened.as_read.columns[1].note == "hidden"
    assert opened.as_read.notes == ["Cells that stretch over several rows are read in each of them: rows 5-6."]
    for hidden, names in (
        ("take", ["张三", "李四", "王五", "赵六", "赵六"]),
        ("leave", ["张三", "王五", "赵六", "赵六"]),
    ):
        told = people_of(hiding(), hidden=hidden)
        assert asked(told) == []
        assert [row.cells["name"] for row in told.rows()] == names


def test_what_is_wrong_is_told_in_the_language_that_was_asked_for() -> None:
    """Rows, notes and questions, with what stands in the cells as it is."""
    text = table("开始,时长,是否在岗", "2026-02-30 8:30,2,是")
    opened = records_of(text, language="zh")
    assert opened.as_read.questions[0].question == "时长 写着 2：是分钟还是小时？"
    assert "不存在这一天：2026-02 只有 28 天" in (opened.as_read.first[0].problem or "")
    assert opened.as_read.notes == ["没有“身份”列：全部按居民处理。"]


@pytest.mark.parametrize(
    ("row", "until"),
    [
        ("2026/3/1,22:00,次日2:00,", "2026-03-02 02:00"),
        ("2026/3/1,8:00,翌日21:00,", "2026-03-02 21:00"),
        ("2026/3/1,22:00,次日2:00,2026/3/2", "2026-03-02 02:00"),
        ("2026/3/1,22:00,当天23:00,", "2026-03-01 23:00"),
    ],
)
def test_an_end_may_be_said_to_be_of_the_next_day(row: str, until: str) -> None:
    """Then it is, however long that is; the date of the end may say it too."""
    opened = records_of(table("日期,开始,结束,结束日期", row))
    (first,) = opened.as_read.first
    assert first.said["ended_at"] == until


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2026/3/1,22:00,次日2:00,2026/3/3", "结束日期: contradicts 结束: 2026-03-03, not 2026-03-02"),
        ("2026/3/1,次日2:00,4:00,", '"次日2:00" does not say after which day'),
        ("2026/3/1,22:00,2026/3/1 次日2:00,", "says a day, and that it is another"),
    ],
)
def test_a_next_day_that_may_be_another_is_refused(row: str, told: str) -> None:
    """It is the day after the start, and nothing else says otherwise."""
    (first,) = records_of(table("日期,开始,结束,结束日期", row)).as_read.first
    assert told in (first.problem or "")

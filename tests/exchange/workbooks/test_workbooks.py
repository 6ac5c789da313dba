"""Workbooks of three kinds, and what is in their cells."""

import datetime as dt
import io
import subprocess
import sys
import tempfile
import zipfile
from typing import Any

import pytest
import xlsxwriter
import xlwt

from tests.exchange.spreadsheets.files import WORKBOOKS, ods_cell, ods_of, stream, xlsx
from timebank.exchange.workbooks import TOO_LARGE, opening
from timebank.exchange.workbooks.flaws import _ERROR, _FORMULA
from timebank.exchange.workbooks.opening import WorkbookError, kind_of, open_workbook
from timebank.exchange.workbooks.reading import LONGEST_NAME, MOST_SHEETS, rows_of


def rows(data: bytes, kind: str, sheet: int = 0) -> list[list[str]]:
    """The rows of a sheet, as a process of its own has made them."""
    assert kind_of(stream(data)) == kind
    workbook = open_workbook(stream(data), kind)  # type: ignore[arg-type]
    return [cells for _, cells in workbook.rows(workbook.sheets[sheet])]


@pytest.mark.parametrize("kind", WORKBOOKS)
def test_values_become_text_that_can_mean_nothing_else(kind: str) -> None:
    """Numbers keep their digits, dates and times their order, durations their hours; rows keep their numbers."""
    values = [
        *("张三", 13800001111, 1.5, 123456789015, dt.datetime.fromisoformat("2026-03-01T08:30"), dt.date(2026, 3, 1)),
        *(dt.time(8, 30), dt.timedelta(hours=25, minutes=30), 0.0625),
    ]
    data = WORKBOOKS[kind]([(), ("", *values)], "三月", "说明")
    workbook = open_workbook(stream(data), kind)  # type: ignore[arg-type]
    assert [(sheet.name, sheet.is_hidden) for sheet in workbook.sheets] == [("三月", False), ("说明", False)]
    assert list(workbook.rows(workbook.sheets[0])) == [
        (
            2,
            [
                *("", "张三", "13800001111", "1.5", "123456789015", "2026-03-01 08:30:00", "2026-03-01"),
                *("08:30:00", "25:30:00", "0.0625"),
            ],
        )
    ]


def test_errors_and_formulas_without_a_result_are_seen() -> None:
    """What the library would hand over as an empty cell says what it is."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet("甲")
    sheet.write_formula(2, 1, "=NA()", None, "#N/A")
    sheet.write_formula(2, 3, "=1/0", None, "#DIV/0!")
    sheet.write_formula(3, 1, '=IF(1,"","x")', None, "")
    sheet.write_formula(4, 1, "=1+1", None, 2)
    workbook.close()
    assert rows(file.getvalue(), "xlsx") == [["", "#N/A", "", "#DIV/0!"], ["", "=…", "", ""], ["", "2", "", ""]]
    # What Excel has calculated to an empty text is one.
    calculated = changed(file, b'<c r="B4"><f>', b'<c r="B4" t="str"><f>')
    assert rows(calculated, "xlsx") == [["", "#N/A", "", "#DIV/0!"], ["", "2", "", ""]]
    single = changed(file, b'<c r="B3" t="e">', b"<c r='B3' t='e'>")
    assert rows(single, "xlsx") == rows(file.getvalue(), "xlsx")


def changed(file: io.BytesIO, before: bytes, after: bytes) -> bytes:
    """The workbook with something else in its first sheet."""
    copy = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert before in data
                data = data.replace(before, after)
            target.writestr(name, data)
    return copy.getvalue()


def test_errors_of_an_open_document_are_seen() -> None:
    """Also where a number, or an empty text, is kept beside them, and where a cell is repeated."""
    error = 'office:value-type="float" office:value="0" calcext:value-type="error"'
    lines = (
        f'<table:table-row>{ods_cell("a")}<table:table-cell table:formula="of:=1/0" {error}>'
        "<text:p>#DIV/0!</text:p></table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2"/>'
        f"{ods_cell('c')}</table:table-row>"
        f"<table:table-row><table:table-cell {error}><text:p>#REF!</text:p></table:table-cell></table:table-row>"
    )
    found = [[cell for cell in row if cell] for row in rows(ods_of(lines), "ods")]
    assert found == [["a", "#DIV/0!"], ["c"], ["c"], ["#REF!"]]


def test_sheets_beyond_number_are_not_read() -> None:
    """A few bytes make any number of sheets, which may all be the same one; as many as people have are read."""

    def of(sheets: int) -> io.BytesIO:
        file = io.BytesIO()
        workbook: Any = xlsxwriter.Workbook(file)
        for _ in range(sheets):
            workbook.add_worksheet()
        workbook.close()
        return file

    assert len(open_workbook(of(MOST_SHEETS), "xlsx").sheets) == MOST_SHEETS
    with pytest.raises(WorkbookError, match="too large"):
        open_workbook(of(MOST_SHEETS + 1), "xlsx")


def test_sheets_with_endless_names_are_not_read() -> None:
    """All names are said where it is asked which sheet is meant: by them 34 KB made an answer of 120 MB."""

    def of(name: str) -> io.BytesIO:
        plain, file = io.BytesIO(), io.BytesIO()
        workbook: Any = xlsxwriter.Workbook(plain)
        workbook.add_worksheet("this")
        workbook.close()
        with zipfile.ZipFile(plain) as read, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
            for each in read.namelist():
                written.writestr(each, read.read(each).replace(b'"this"', f'"{name}"'.encode()))
        return file

    assert [sheet.name for sheet in open_workbook(of("名" * LONGEST_NAME), "xlsx").sheets] == ["名" * LONGEST_NAME]
    with pytest.raises(WorkbookError, match="too large"):
        open_workbook(of("名" * (LONGEST_NAME + 1)), "xlsx")


def test_a_cell_over_several_rows_is_said_for_each_of_them() -> None:
    """What an office merges down a column holds for every row; across columns it holds for the first."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.merge_range(0, 0, 0, 1, "名单")
    sheet.merge_range(1, 0, 3, 0, "清扫")
    for row in range(1, 4):
        sheet.write(row, 1, f"第{row}人")
    workbook.close()
    assert rows(file.getvalue(), "xlsx") == [["名单", ""], ["清扫", "第1人"], ["清扫", "第2人"], ["清扫", "第3人"]]


def test_what_the_sheet_does_not_show_is_told() -> None:
    """Rows and columns that are hidden by hand or by a filter, or have no height, in each kind of workbook."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.write_column(0, 0, range(9))
    for row in (2, 3, 7):
        sheet.set_row(row, None, None, {"hidden": True})
    sheet.set_row(5, 0)
    sheet.set_column(1, 2, None, None, {"hidden": True})
    workbook.close()
    assert view(file.getvalue(), "xlsx") == (((3, 4), (6, 6), (8, 8)), ((1, 2),))
    single = changed(file, b'<row r="3" spans="1:1" hidden="1">', b"<row r='3' hidden='1'>")
    assert view(single, "xlsx") == (((3, 4), (6, 6), (8, 8)), ((1, 2),))
    old: Any = xlwt.Workbook()
    written = old.add_sheet("x")
    for row in range(9):
        written.write(row, 0, row)
        written.row(row).hidden = row in (2, 3, 7)
    written.col(1).hidden = True
    file = io.BytesIO()
    old.save(file)
    assert view(file.getvalue(), "xls") == (((3, 4), (8, 8)), ((1, 1),))
    lines = "".join(
        f"<table:table-row{visibility}>{ods_cell('a')}</table:table-row>"
        for visibility in (
            "",
            ' table:visibility="filter" table:number-rows-repeated="2"',
            "",
            ' table:visibility="collapse"',
        )
    )
    column = '<table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse"/>'
    assert view(ods_of(column + lines), "ods") == (((2, 3), (5, 5)), ((2, 2),))


def view(data: bytes, kind: str) -> tuple[Any, Any]:
    """The rows and columns that the first sheet does not show."""
    found = open_workbook(stream(data), kind).sheets[0].view  # type: ignore[arg-type]
    return found.rows, found.columns


def test_a_part_of_the_whole_is_no_number_of_hours() -> None:
    """What is shown as 50% is read as that, not as half an hour."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    formats = [workbook.add_format({"num_format": each}) for each in ("0%", "0.00%", '0.0"%"', "0.0")]
    workbook.add_worksheet().write_row(0, 0, ["x", 0.5])
    for column, each in enumerate(formats):
        workbook.worksheets()[0].write_number(1, column, 0.125, each)
    workbook.close()
    assert rows(file.getvalue(), "xlsx") == [["x", "0.5", "", ""], ["12.5%", "12.5%", "12.5%", "0.125"]]
    old: Any = xlwt.Workbook()
    sheet = old.add_sheet("x")
    for row, value in enumerate((0.5, 1, 1.25, 0.1234, 1 / 3)):
        for column, each in enumerate(("0%", "0.00%", '0.0"个%"', "0.0", "General")):
            sheet.write(row, column, value, xlwt.easyxf(num_format_str=each))
    file = io.BytesIO()
    old.save(file)
    shown = [["50%", "0.5"], ["100%", "1"], ["125%", "1.25"], ["12.34%", "0.1234"], ["33.3333%", "0.3333333333333333"]]
    assert rows(file.getvalue(), "xls") == [[percent] * 3 + [number] * 2 for percent, number in shown]
    cell = '<table:table-cell office:value-type="percentage" office:value="0.5"><text:p>50%</text:p></table:table-cell>'
    assert rows(ods_of(f"<table:table-row>{cell}</table:table-row>"), "ods") == [["50%"]]


def test_what_would_take_all_memory_takes_none_of_ours() -> None:
    """A cell in the last corner of a sheet brings down the process that reads it, and that is a sentence."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.write(0, 0, "姓名")
    sheet.write(1_048_575, 16_383, "x")
    workbook.close()
    with pytest.raises(WorkbookError, match="too large, or damaged"):
        rows(file.getvalue(), "xlsx")


@pytest.mark.drill
def test_a_few_bytes_that_say_very_many_cells_are_refused() -> None:
    """What repeats itself in six million cells is not made into rows, which would take half a minute for each list."""
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="6"><text:p>x</text:p>'
    line = f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-cell></table:table-row>'
    with pytest.raises(WorkbookError, match="too large"):
        rows(ods_of(line), "ods")


@pytest.mark.parametrize("opened", [b'<c r="A1" t="e">', b'<c r="A1" t="e"', b'<c t="e"><f>', b"<c ><f "])
def test_what_is_never_closed_is_looked_through_once(opened: bytes) -> None:
    """A few kilobytes that begin cell after cell keep nobody busy for minutes."""
    assert list(_ERROR.finditer(opened * 50_000)) == []
    assert list(_FORMULA.finditer(opened * 50_000)) == []


def test_rows_that_would_fill_the_disk_do_not() -> None:
    """One long text, said again for each of very many rows, ends the process that writes them."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.merge_range(0, 0, 2_000, 0, "x" * 30_000)
    sheet.write_column(0, 1, [1] * 2_000)
    workbook.close()
    code = "import sys, timebank.exchange.workbooks.reading as c; c.OUTPUT_BYTES = 10**6; sys.exit(c.main())"
    with tempfile.TemporaryFile() as rows_file:
        ran = subprocess.run([sys.executable, "-c", code, "xlsx"], input=file.getvalue(), stdout=rows_file, check=False)
        assert rows_file.seek(0, 2) <= 10**6
    assert ran.returncode == TOO_LARGE


def test_rows_that_were_cut_off_are_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file of the rows became full, wherever it ends, the list is refused and not taken for a shorter one."""
    data = xlsx([("姓名",), *[(f"张三{n}",) for n in range(50)]])

    def cut(convert: Any, at: int) -> Any:
        def converted(file: Any, kind: Any, made: Any) -> int:
            code: int = convert(file, kind, made)
            made.truncate(made.seek(0, 2) - at)
            return code

        return converted

    for at in (1, 20, 200):
        with monkeypatch.context() as patch:
            patch.setattr(opening, "_read", cut(opening._read, at))
            with pytest.raises(WorkbookError, match="too large, or damaged"):
                rows(data, "xlsx")


def test_a_row_has_an_end() -> None:
    """A text that no cell of a spreadsheet program could hold is refused where it is read."""
    with pytest.raises(WorkbookError, match="too large, or damaged"):
        rows(ods_of(f"<table:table-row>{ods_cell('x' * 5_000_000)}</table:table-row>"), "ods")


def test_the_process_starts_without_the_rest_of_the_program() -> None:
    """So that it starts fast, it loads neither the rules nor the driver of the database."""
    code = "import sys, timebank.exchange.workbooks.reading; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "asyncpg" not in loaded
    assert not [name for name in loaded if name.startswith("timebank.domain")]


def test_in_this_process_it_is_the_same() -> None:
    """What the process writes is what the function says."""
    data = xlsx([("姓名",), ("张三",)])
    assert [line[1] for line in rows_of(data, "xlsx") if isinstance(line, tuple)] == rows(data, "xlsx")

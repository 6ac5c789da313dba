"""The file of the rows that were not taken, and what spreadsheets must not take for formulas."""

import csv
import io
import zipfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.exchange.spreadsheets.files import any_cells, list_of, words, xlsx
from tests.exchange.spreadsheets.test_reading import people
from timebank.exchange.spreadsheets.reading import Table
from timebank.exchange.spreadsheets.rejected import REASON_HEADING, Rejected
from timebank.exchange.spreadsheets.writing import WorkbookWriter


def rejected(table: Table, reason: str = "x", lines: set[int] | None = None) -> bytes:
    """All rows of a list, or those of some lines, in a file with the reason."""
    file = io.BytesIO()
    writer = Rejected(table, file)
    for row in table.rows():
        if lines is None or row.line in lines:
            writer.add(row, reason)
    writer.close()
    return file.getvalue()


@given(
    st.lists(st.tuples(st.just("张三"), any_cells | words, any_cells | words), min_size=1, max_size=5),
    any_cells,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.sampled_from([",", ";", "\t"]),
)
@example([("张三", "\t'138", "'\t'138")], "=1", "utf-8", ",")
@example([("张三", "", "\t")], "", "gb18030", ";")
def test_rejected_rows_read_back_as_they_were(
    rows: list[tuple[str, ...]], reason: str, encoding: str, delimiter: str
) -> None:
    """The file means what the list meant, has its encoding and delimiter, and gets no second reason."""
    table = people(list_of(rows, delimiter).encode(encoding))
    again = people(rejected(table, reason))
    assert [row.cells for row in again.rows()] == [row.cells for row in table.rows()]
    assert (again.form.encoding or "").removesuffix("-sig") == (table.form.encoding or "").removesuffix("-sig")
    assert again.form.delimiter == delimiter
    twice = people(rejected(again, reason))
    assert list(twice.header) == [REASON_HEADING, *table.header]


@given(st.lists(st.tuples(st.just("张三"), any_cells, words), min_size=1, max_size=5), words)
def test_no_cell_of_it_is_a_formula(rows: list[tuple[str, ...]], reason: str) -> None:
    """No cell begins like a formula unless it is a plain number."""
    text = rejected(people(list_of(rows)), reason).decode("utf-8-sig")
    for cell in (cell for record in csv.reader(io.StringIO(text, newline="")) for cell in record):
        assert not cell.startswith(("=", "@", "\t", "\r"))
        assert not cell.startswith(("+", "-")) or cell[1:].replace(".", "", 1).isdigit()


def test_it_is_what_excel_opens_and_saves_without_losing_a_digit() -> None:
    """UTF-8 with its mark, CRLF, the reason first, only those rows; what would lose digits is kept text."""
    table = people("姓名,手机,备注\n张三,+8613800001111,=1+1\n李四,123456789015,-5\n王五,02782345678,13800001111\n")
    assert rejected(table, "手机: bad", {2}) == (
        "\ufeffreason / 原因,姓名,手机,备注\r\n手机: bad,张三,'+8613800001111,'=1+1\r\n".encode()
    )
    assert "x,李四,'123456789015,-5\r\nx,王五,'02782345678,13800001111\r\n".encode() in rejected(table)


def test_an_encoding_that_could_not_be_told_again_becomes_utf_8() -> None:
    """The mended file is imported like any list, without a question."""
    for text, encoding in (("name,phone\nAnna Müller,1\n", "cp1252"), ("name,phone\n张三,1\n", "gb18030")):
        table = people(text.encode(encoding), encoding=encoding)
        again = people(rejected(table))
        assert again.form.encoding == "utf-8-sig"
        assert [row.cells for row in again.rows()] == [row.cells for row in table.rows()]


@pytest.mark.parametrize("value", ["123456789015", "+8613800001111", "=1+1", "007", "2026-03-01", "张三\n李四"])
def test_rows_of_a_workbook_go_back_in_one(value: str) -> None:
    """On a sheet of the same name, every cell as text, so that no spreadsheet makes anything else of it."""
    table = people(xlsx([("姓名", "手机"), ("张三", value)], "三月"))
    again = people(rejected(table, "=bad"))
    assert (again.form.kind, again.form.sheet) == ("xlsx", "三月")
    (row,) = again.rows()
    assert row.original == ["=bad", "张三", value]


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("三月/四月", "三月-四月"),
        ("[名单]:*?\\x", "-名单-----x"),
        ("'名单'", "名单"),
        ("👩" * 31, "👩" * 15),
        ("名" * 40, "名" * 31),
        ("'", "Sheet"),
        ("\x01\ud800", "--"),
        ("", "Sheet"),
    ],
)
def test_sheets_are_called_what_they_may_be(said: str, made: str) -> None:
    """However the sheet of a list is called, the file of its rows can be made, and is opened by spreadsheets."""
    file = io.BytesIO()
    writer = WorkbookWriter(file, said)
    writer.add(["原因"])
    writer.close()
    with zipfile.ZipFile(file) as archive:
        assert f'<sheet name="{made}" ' in archive.read("xl/workbook.xml").decode()

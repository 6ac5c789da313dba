"""The file of the refused rows, and what spreadsheets must not take for formulas."""

import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.exchange.spreadsheets.files import any_cells, saved, words
from timebank.exchange.spreadsheets import REASON_HEADER, VOLUNTEER_COLUMNS, read_table, rejected_csv


@settings(deadline=None)
@given(st.lists(st.tuples(st.just("张三"), any_cells | words, any_cells | words), max_size=5), any_cells)
@example([("张三", "\t'138", "'\t'138")], "=1")
@example([("张三", "", "\t")], "")
def test_rejected_rows_read_back_as_they_were(rows: list[tuple[str, ...]], reason: str) -> None:
    """A rejected file means what the original meant, and rejecting it again adds no second reason."""
    table = read_table(saved(rows).encode(), VOLUNTEER_COLUMNS)
    again = read_table(rejected_csv(table, {row.line: reason for row in table.rows}), VOLUNTEER_COLUMNS)
    assert [row.cells for row in again.rows] == [row.cells for row in table.rows]
    twice = rejected_csv(again, {row.line: reason for row in again.rows})
    assert read_table(twice, VOLUNTEER_COLUMNS).header == [REASON_HEADER, *table.header]


@settings(deadline=None)
@given(st.lists(st.tuples(st.just("张三"), any_cells, words), max_size=5), words)
def test_no_rejected_cell_is_a_formula(rows: list[tuple[str, ...]], reason: str) -> None:
    """No cell of a rejected file begins like a formula unless it is a plain number."""
    table = read_table(saved(rows).encode(), VOLUNTEER_COLUMNS)
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

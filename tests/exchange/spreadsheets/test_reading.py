"""Reading a list into rows, and saying what cannot be read."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.exchange.spreadsheets.files import any_cells, list_of, lists_of_people, saved, stream, words
from timebank.exchange.cells.guards import filled
from timebank.exchange.imports.lists import RECORDS, VOLUNTEERS
from timebank.exchange.spreadsheets.columns import Vocabulary
from timebank.exchange.spreadsheets.errors import QuestionsError, SpreadsheetError
from timebank.exchange.spreadsheets.headings import Said
from timebank.exchange.spreadsheets.reading import Table, open_list

NOTHING = Said()


def people(data: bytes | str, **said: object) -> Table:
    """A list of people, opened."""
    return open_list(stream(data), VOLUNTEERS, Said(**said))  # type: ignore[arg-type]


def cells_of(data: bytes | str) -> list[dict[str, str]]:
    """The cells of its rows."""
    return [row.cells for row in people(data).rows()]


@given(lists_of_people, st.sampled_from([",", "\t", ";", "，", "|"]))
def test_a_list_reads_the_same_in_every_encoding_and_with_every_delimiter(
    rows: list[tuple[str, ...]], delimiter: str
) -> None:
    """What was written comes back whatever encoding and delimiter the office's program chose."""
    text = list_of(rows, delimiter)
    plain = list(people(list_of(rows)).rows())
    for encoding in ("utf-8-sig", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "gb18030"):
        table = people(text.encode(encoding))
        assert [row.original for row in table.rows()] == [list(row) for row in rows]
        assert [(row.line, row.cells) for row in table.rows()] == [(row.line, row.cells) for row in plain]
        assert [column.name for column in table.columns] == ["name", "phone", "skills"]
        assert (table.form.delimiter, table.form.kind) == (delimiter if len(table.columns) > 1 else ",", "csv")


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    """A row carries the line it starts on, also below titles, blank rows and cells of several lines."""
    table = people('名单\n姓名,技能\n张三,"教\n学"\n\n李四,\n')
    assert [row.line for row in table.rows()] == [3, 6]
    assert table.line == 2


def test_what_stands_right_of_the_headings_belongs_to_its_row_alone() -> None:
    """A remark beside the table spoils one row, and no other."""
    rows = list(people("姓名,手机,\n张三,1,,迟到\n李四,2,,\n").rows())
    assert [row.beyond for row in rows] == ["迟到", ""]


@pytest.mark.parametrize(
    ("data", "vocabulary", "sentence"),
    [
        (b"", VOLUNTEERS, "The list is empty"),
        (b"\xef\xbb\xbf \r\n", VOLUNTEERS, "The list is empty"),
        ("手机\n1\n".encode(), VOLUNTEERS, r"missing in the first 30 rows: name \(姓名, .*not known in it: none"),
        ("编号,活动,类别,开始\n".encode(), RECORDS, "ended_at .* / minutes / hours / duration / period"),
        ("手机,活动,类别,服务时间,结束\n".encode(), RECORDS, "read as started_at .*not read: 服务时间"),
        ('姓名,手机\n张三,"1\n李四,2\n'.encode(), VOLUNTEERS, "starts in line 2 .*quotation mark"),
        ("姓名\n张\0三\n".encode(), VOLUNTEERS, "NUL"),
        ("姓名,手机\n张三,".encode() + b"\xff\n", VOLUNTEERS, "Line 2 cannot be read as utf-8"),
        ("\ufeff姓名\n\n".encode() + b"\xff", VOLUNTEERS, "Line 3 cannot be read as utf-8"),
        ("姓名\n张三\n".encode("gb18030") + b"\xff\xff", VOLUNTEERS, "Line 3 cannot be read as gb18030"),
        ("姓名\n".encode() + b"x" * 100_001, VOLUNTEERS, "line 2 .*longer than 100000"),
        ("姓名\n".encode() + b"x" * 200_000, VOLUNTEERS, "line 2 "),
        (f"姓名,手机{',x' * 499}\n张三,1\n".encode(), VOLUNTEERS, "Line 1 has more than 500 columns"),
        (f"姓名,手机\n张三,1{',' * 20_000}\n".encode(), VOLUNTEERS, "too many cells"),
        (f"姓名,手机{',' * 16_000}\n{'张三,1' + ',' * 16_000}\n".encode() * 200, VOLUNTEERS, "too many cells"),
        (b"%PDF-1.7 x", VOLUNTEERS, "This is a PDF"),
        ("<html><table><tr><td>姓名".encode(), VOLUNTEERS, "a web page under the name of a list"),
        (b"PK\x03\x04 and no more", VOLUNTEERS, "The workbook is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, VOLUNTEERS, "The workbook is damaged"),
    ],
)
def test_what_cannot_be_read_is_explained(data: bytes, vocabulary: Vocabulary, sentence: str) -> None:
    """Each way of being unreadable has its own sentence with the place where it happens."""
    with pytest.raises(SpreadsheetError, match=sentence):
        list(open_list(stream(data), vocabulary, NOTHING).rows())


def test_so_many_cells_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells that say something take time, also in columns that are not read: so many are looked at, and no more."""
    monkeypatch.setattr("timebank.exchange.spreadsheets.reading.MOST_FILLED", 6)
    text = "姓名,手机,备注\n" + "张三,1,x\n" * 2
    assert len(list(people(text + ",,\n").rows())) == 2
    with pytest.raises(SpreadsheetError, match="too many cells"):
        list(people(text + "李四,,\n").rows())


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: "姓名,手机\n张三,".encode("gb18030") + tail))
@example(b"\xff\xfe\x00\x00")
@example("\ufeff".encode())
@example(b"PK\x03\x04")
def test_bytes_are_a_list_or_refused_with_a_sentence(data: bytes) -> None:
    """No bytes at all bring up anything but a list, or a SpreadsheetError that ends like a sentence."""
    refusal = "."
    try:
        list(people(data).rows())
    except QuestionsError as error:
        refusal = str(error) if all(question.answers for question in error.questions) else ""
    except SpreadsheetError as error:
        refusal = str(error)
    assert refusal.endswith((".", "?"))


@given(st.lists(st.tuples(any_cells | words, any_cells | words), max_size=5))
def test_the_guards_of_spreadsheets_are_not_part_of_what_is_said(rows: list[tuple[str, str]]) -> None:
    """Text that a spreadsheet was kept from reading as a number comes back without what kept it."""
    guarded = [tuple(f'="{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows]
    text = saved([("姓名", "手机"), *guarded])
    wanted = [{"name": filled(name), "phone": filled(phone)} for name, phone in rows]
    assert cells_of(text) == [cells for cells in wanted if any(cells.values())]

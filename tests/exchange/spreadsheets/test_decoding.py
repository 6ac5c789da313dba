"""From bytes to text, in the encodings that offices have."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.exchange.spreadsheets.files import lists_of_people, saved
from timebank.exchange.spreadsheets import VOLUNTEER_COLUMNS, SpreadsheetError, read_table, rejected_csv


@settings(deadline=None)
@given(lists_of_people, st.sampled_from([",", "\t", ";", "，"]))
def test_a_table_reads_the_same_in_every_encoding_and_with_every_delimiter(
    rows: list[tuple[str, ...]], delimiter: str
) -> None:
    """What was written comes back whatever encoding and delimiter the office's program chose."""
    text = saved(rows, delimiter)
    plain = read_table(saved(rows).encode(), VOLUNTEER_COLUMNS)
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

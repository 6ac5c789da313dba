"""Text, lists, capacities; and any text at all, for every parser."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timebank.exchange.cells.damage import must_be_whole
from timebank.exchange.cells.durations import parse_amount
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.people import parse_number, parse_phone
from timebank.exchange.cells.texts import parse_capacity, parse_line, parse_list
from timebank.exchange.cells.times import parse_date, parse_period, parse_time


@given(
    st.lists(st.text("教学理发ab ", min_size=1).map(str.strip).filter(bool), unique=True), st.sampled_from(";；、,，\n")
)
def test_lists_split_at_every_separator(parts: list[str], separator: str) -> None:
    """Each separator in use gives the same values, in order and once."""
    assert parse_list(separator.join(parts)) == tuple(parts)
    assert parse_list(f" {separator} ".join([*parts, *parts, ""])) == tuple(parts)


@pytest.mark.parametrize("spelling", ["楼道 清扫", "  楼道　清扫 ", "楼道\u200b 清扫\u202d", "楼道\n清扫"])
def test_a_line_has_one_form(spelling: str) -> None:
    """Full width, blanks and invisible characters make no other name of it; a line break makes two lines."""
    if "\n" in spelling:
        with pytest.raises(CellError, match="cannot be shown"):
            parse_line(spelling)
    else:
        assert parse_line(spelling) == "楼道 清扫"


@pytest.mark.parametrize(
    ("text", "capacity"),
    [
        *(("", "resident"), ("居民", "resident"), ("Resident", "resident"), ("社区居民", "resident")),
        *(("工作人员（非在岗）", "staff-off-duty"), ("业余", "staff-off-duty"), ("staff_off_duty", "staff-off-duty")),
        *(("在岗", "staff-on-duty"), ("工作时间", "staff-on-duty"), ("非工作时间", "staff-off-duty")),
    ],
)
def test_capacities_have_chinese_names(text: str, capacity: str) -> None:
    """Each capacity is known by its Chinese and English names, and an empty cell is a resident."""
    assert parse_capacity(text) == capacity


@pytest.mark.parametrize("text", ["是", "党员", "on", "1"])
def test_other_capacities_are_refused(text: str) -> None:
    """What could be any capacity is none."""
    with pytest.raises(CellError, match="is not one of 居民"):
        parse_capacity(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *(
            ("#N/A", "no value was found"),
            ("#ref!", "is gone"),
            ("#DIV/0!", "divided by nothing"),
            ("Err:502", "error"),
        ),
        *(("#名称?", "in the formula is not known"), ("#值！", "no number"), ("#引用!", "is gone")),
        *(("同上", "fill it in from above"), ("〃", "from above"), ("″", "from above"), ("Ditto", "from above")),
        *(("###", "too narrow"), ("=SUM(A1:A3)", "is a formula"), ("= B2", "is a formula")),
        *(("3.93489E+11", "its last digits are lost"), ("1,39E+10", "its last digits are lost")),
        *(("张\ufffd", "has lost characters"), ("锟斤拷", "has lost characters"), ("???", "has lost characters")),
    ],
)
def test_what_a_spreadsheet_has_spoiled_is_refused_in_its_words(text: str, told: str) -> None:
    """Errors, shortened numbers, formulas and lost characters look like text, and say nothing."""
    with pytest.raises(CellError, match=told):
        must_be_whole(text)


@pytest.mark.parametrize("text", ["", "#3栋", "同上次活动", "问题?", "E+", "2=3", "C++", "张三", "-5", "1.5"])
def test_what_only_looks_spoiled_is_left_alone(text: str) -> None:
    """A house called #3, a question, and numbers as they are say what they say."""
    must_be_whole(text)


@pytest.mark.parametrize(
    "parse",
    [parse_line, parse_date, parse_phone, parse_number, parse_capacity, parse_time, parse_period, parse_amount],
)
@given(text=st.text(max_size=30) | st.text("0123456789:/-.T年月日时分小上下午半+ZEh ", max_size=20))
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

"""Phones, lists, capacities; and any text at all, for every parser."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from timebank.exchange.spreadsheets import (
    CellError,
    parse_capacity,
    parse_date,
    parse_list,
    parse_minutes,
    parse_moment,
    parse_phone,
    parse_text,
)

BERLIN = ZoneInfo("Europe/Berlin")


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

"""Phones and numbers, as they are spelt and as spreadsheets spoil them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.domain.identifiers import check_digit
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.people import is_phone, parse_number, parse_phone

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
BETWEEN = st.sampled_from(["", " ", "-", "　", "－", "‑", "\u200b", "."])


@given(MOBILES, BETWEEN, st.sampled_from(["", "+86", "86", "0086", "(+86)", "+86 "]))
def test_a_phone_has_one_spelling(phone: str, between: str, country: str) -> None:
    """However it is grouped, with or without the country, and whatever was pasted along, the number is one."""
    written = f"\u202d{country}{between}{phone[:3]}{between}{phone[3:7]}{between}{phone[7:]}\u202c"
    assert parse_phone(written) == phone
    assert parse_phone(f"{phone}.0") == parse_phone(f"{int(phone):,}") == phone
    assert is_phone(written)


@given(st.from_regex(r"[1-9][0-9]{8,13}", fullmatch=True), BETWEEN)
def test_a_phone_of_another_country_keeps_its_country(number: str, between: str) -> None:
    """A plus and two noughts say the same."""
    if not number.startswith("86"):
        assert parse_phone(f"+{number[:2]}{between}{number[2:]}") == parse_phone(f"00{number}") == f"+{number}"


@pytest.mark.parametrize("text", ["", "1234", "1" * 21, "13800001111/13900002222", "138x0001111", "8+613800001111"])
def test_what_is_no_phone_is_refused(text: str) -> None:
    """Too short, too long, two numbers or letters are refused."""
    with pytest.raises(CellError, match="5 to 20 digits"):
        parse_phone(text)


@pytest.mark.parametrize("country", ["", "+86 ", "0086"])
@pytest.mark.parametrize(("text", "digits"), [("1393300000", 10), ("139-3300-0010 1", 12)])
def test_a_mobile_has_eleven_digits(text: str, digits: int, country: str) -> None:
    """One digit more or less is a mistake in writing, and told as that; other numbers have other lengths."""
    with pytest.raises(CellError, match=f"has {digits} digits, and the number of a mobile has 11"):
        parse_phone(f"{country}{text}")
    assert parse_phone("027-8234567") == "0278234567"


@pytest.mark.parametrize("text", ["1.38E+10", "1.38e10", "1E+10", "１.３８Ｅ＋１０"])
def test_a_number_in_scientific_notation_is_lost(text: str) -> None:
    """The spreadsheet has thrown the digits away, and the refusal says how to keep them."""
    for parse in (parse_phone, parse_number):
        with pytest.raises(CellError, match="format the column as text"):
            parse(text)


@given(st.from_regex(r"[1-9][0-9]{10}", fullmatch=True), st.integers(0, 10))
def test_a_volunteers_number_has_its_check_digit(digits: str, at: int) -> None:
    """It is read in groups, with commas and as a number; with one digit mistyped it is refused as that."""
    number = digits + check_digit(digits)
    spellings = number, f"{number[:4]} {number[4:8]} {number[8:]}", f"{int(number):,}", f"{number}.0", f" {number}"
    assert {parse_number(text) for text in spellings} == {number}
    mistyped = number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
    with pytest.raises(CellError, match="one of its digits is mistyped"):
        parse_number(mistyped)
    with pytest.raises(CellError, match="of 12 digits"):
        parse_number(digits)

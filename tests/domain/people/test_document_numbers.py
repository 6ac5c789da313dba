"""Document numbers are checked, and have one spelling."""

from datetime import date

import pytest
from hypothesis import given, strategies

from tests.helpers.document_numbers import document_number
from timebank.domain.people.document_numbers import checked, spelt
from timebank.domain.people.refusals import DocumentNumberNotValid

TODAY = date(2026, 3, 1)
OF_THE_STANDARD = ("11010519491231002X", "440524188001010014")
"""The numbers that GB 11643-1999 gives as examples."""


@pytest.mark.parametrize("number", OF_THE_STANDARD)
def test_the_examples_of_the_standard_are_valid(number: str) -> None:
    """What the standard prints is taken as it is."""
    assert checked(number, TODAY) == number


@pytest.mark.parametrize(
    "spelling",
    ["11010519491231002x", " 110105 19491231 002X ", "110105-19491231-002X", "１１０１０５１９４９１２３１００２ｘ"],
)
def test_every_spelling_is_the_same_number(spelling: str) -> None:
    """Small letters, blanks, hyphens and full-width characters are how people write; one spelling is kept."""
    assert checked(spelling, TODAY) == "11010519491231002X"


@given(strategies.integers(0, 30_000), strategies.integers(0, 17), strategies.sampled_from("0123456789X"))
def test_a_slip_of_the_pen_is_noticed(n: int, place: int, character: str) -> None:
    """One character that is another one, or two neighbours exchanged, make no valid number of it."""
    number = document_number(n)
    assert checked(number, TODAY) == number
    other = number[:place] + character + number[place + 1 :]
    turned = number[:place] + number[place : place + 2][::-1] + number[place + 2 :]
    for wrong in {other, turned} - {number}:
        with pytest.raises(DocumentNumberNotValid):
            checked(wrong, TODAY)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "eighteen"),
        ("110105491231002", "eighteen"),
        ("1101051949123100", "eighteen"),
        ("11010519491231002XX", "eighteen"),
        ("X1010519491231002X", "eighteen"),
        ("010105194912310020", "eighteen"),
        ("E12345678", "eighteen"),
        ("110105194913310020", "day of birth"),
        ("110105194902300020", "day of birth"),
        ("110105202603020020", "day of birth"),
        ("110105194912310021", "check digit"),
    ],
)
def test_what_cannot_be_is_refused_and_why(number: str, why: str) -> None:
    """Another length, a day that is none or is still to come, another check digit: each is told apart."""
    with pytest.raises(DocumentNumberNotValid, match=why):
        checked(number, TODAY)


def test_digits_of_other_scripts_are_no_digits() -> None:
    """What looks like a digit elsewhere is none here, as two spellings of one number would be two."""
    arabic = "".join(chr(0x0660 + int(each)) for each in "11010519491231002") + "X"
    with pytest.raises(DocumentNumberNotValid):
        checked(arabic, TODAY)
    assert spelt(arabic) == arabic

"""Cells that say who somebody is: a phone, in its one spelling, or the number of a volunteer."""

import re

from timebank.domain.identifiers import VolunteerNumber, is_volunteer_number
from timebank.domain.people.phones import phone_spelling
from timebank.domain.text import remembered
from timebank.exchange.cells.damage import must_be_whole
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.texts import plain

_BETWEEN = re.compile(r"[ \t().\-\u00b7\u2010-\u2015\u2212]")
_BY_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){2,}")
_AS_A_NUMBER = re.compile(r"([0-9]+)\.0+")
_SHORTENED = re.compile(r"[0-9]+(?:\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_NUMBER_DIGITS = 12
_NEARLY_A_MOBILE = re.compile(r"1[3-9](?:[0-9]{8}|[0-9]{10})")


@remembered
def digits_in(text: str) -> str:
    """The digits of a number, and a plus in front, without what people and spreadsheets put between them."""
    said = plain(text)
    if _BY_THOUSANDS.fullmatch(said):
        said = said.replace(",", "")
    if as_number := _AS_A_NUMBER.fullmatch(said):
        said = as_number[1]
    return _BETWEEN.sub("", said)


def parse_phone(text: str) -> str:
    """A phone number in its one spelling. Raises `CellError`."""
    must_be_whole(text)
    number = digits_in(text)
    if _SHORTENED.fullmatch(number):
        raise CellError(text, "has lost its last digits: format the column as text, and enter the number again")
    if not re.fullmatch(r"\+?[0-9]{5,20}", number):
        raise CellError(text, "is not a phone number of 5 to 20 digits")
    spelling = phone_spelling(number)
    if _NEARLY_A_MOBILE.fullmatch(spelling.removeprefix("+86")):
        digits = len(spelling.removeprefix("+86"))
        raise CellError(text, "has {digits} digits, and the number of a mobile has 11: look it up", digits=digits)
    return spelling


@remembered
def parse_number(text: str) -> VolunteerNumber:
    """The number of a volunteer. Raises `CellError`, saying whether it is one that is mistyped."""
    must_be_whole(text)
    number = digits_in(text)
    if _SHORTENED.fullmatch(number):
        raise CellError(text, "has lost its last digits: format the column as text, and enter the number again")
    if is_volunteer_number(number):
        return VolunteerNumber(number)
    if len(number) == _NUMBER_DIGITS and number.isascii() and number.isdigit():
        raise CellError(text, "is no volunteer's number: one of its digits is mistyped")
    raise CellError(text, "is no volunteer's number of {digits} digits", digits=_NUMBER_DIGITS)


def is_phone(text: str) -> bool:
    """Whether a cell can hardly be anything but a phone: a mobile number of China, or one with its country."""
    number = phone_spelling(digits_in(text))
    return bool(re.fullmatch(r"1[3-9][0-9]{9}|\+[1-9][0-9]{7,14}", number))


def is_number(text: str) -> bool:
    """Whether a cell holds the number of a volunteer, mistyped perhaps."""
    number = digits_in(text)
    return len(number) == _NUMBER_DIGITS and number.isascii() and number.isdigit()


def is_serial(text: str) -> bool:
    """Whether a cell only counts the rows, or is a short code of the office's own, as A-01."""
    return bool(re.fullmatch(r"[A-Za-z]{0,6}[0-9]{1,8}", digits_in(text)))

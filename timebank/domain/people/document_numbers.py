"""Document numbers: the numbers of identity cards, in one spelling, and checked (GB 11643-1999).

Eighteen characters: six for the place of the first registration, eight for the day of birth, three to tell apart who
was born there on that day, and a check character (ISO/IEC 7064, MOD 11-2), which is a digit or X.
"""

import re
from datetime import date

from timebank.domain.people.refusals import DocumentNumberNotValid
from timebank.domain.text import normal

_FORM = re.compile(r"[1-9][0-9]{16}[0-9X]")
_BORN = slice(6, 14)


def spelt(number: str) -> str:
    """A document number in its one spelling: plain digits, no blanks or hyphens, a capital X."""
    return normal(number).replace(" ", "").replace("-", "").upper()


def checked(number: str, today: date) -> str:
    """A document number in its one spelling. Raises `DocumentNumberNotValid`, which says what is wrong with it."""
    number = spelt(number)
    if not _FORM.fullmatch(number):
        raise DocumentNumberNotValid(reason="it has eighteen digits, of which the last may be an X")
    if not _is_a_day(number[_BORN], today):
        raise DocumentNumberNotValid(reason="its seventh to fourteenth digit are a day of birth")
    if not _is_consistent(number):
        raise DocumentNumberNotValid(reason="its check digit does not fit the others")
    return number


def _is_a_day(digits: str, today: date) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) <= today
    except ValueError:
        return False


def _is_consistent(number: str) -> bool:
    values = (10 if each == "X" else int(each) for each in reversed(number))
    return sum(value << place for place, value in enumerate(values)) % 11 == 1

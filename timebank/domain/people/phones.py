"""Phones: as people write them, and in the one spelling by which people are found."""

import re
from typing import Annotated

from msgspec import Meta

from timebank.domain.text import normal

Phone = Annotated[str, Meta(min_length=3, max_length=32, pattern=r"^\+?[0-9][0-9 -]{1,30}$(?!\n)")]
"""A phone number as people write it: digits, blanks, hyphens, and a plus sign in front."""

_MOBILE_OF_CHINA = re.compile(r"^(?:\+|00)?86(?=1[0-9]{10}$)")
_ABROAD = re.compile(r"^00(?=[1-9][0-9]{6,})")


def phone_spelling(phone: str) -> str:
    """The one spelling of a phone: digits alone, after a plus and the country if that is not China.

    Mobile numbers of China are written with and without the country by the same people.
    """
    number = re.sub(r"[^0-9+]", "", normal(phone))
    return _ABROAD.sub("+", _MOBILE_OF_CHINA.sub("", number), count=1)

"""Parsing a cell that says how long something took, in minutes, hours, or words with units."""

import re
from decimal import Decimal
from typing import Literal, TypeAlias

from timebank.exchange.spreadsheets.cells import plain
from timebank.exchange.spreadsheets.errors import CellError

Unit: TypeAlias = Literal["minutes", "hours", "duration"]
"""What the column counts in; under "duration" a bare 90 is minutes and a bare 1.5 is hours."""

_AMOUNT = r"[0-9]{1,5}(?:\.[0-9]{1,6})?"
_BARE = re.compile(_AMOUNT)
_HOURS_COLON = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::00)?")
_WITH_UNITS = re.compile(
    rf"(?!$)(?:(?P<hours>{_AMOUNT})\s*(?:个?小时|hours?|hrs?|h))?\s*"
    rf"(?:(?P<minutes>{_AMOUNT})\s*(?:分钟?|minutes?|mins?|m)?)?",
    re.IGNORECASE,
)
_LONGEST_MINUTES = 24 * 60


def parse_minutes(text: str, unit: Unit) -> int:
    """Whole minutes, at least one and at most those of a day. Raises `CellError`."""
    total = _total_minutes(plain(text), unit)
    if total is None:
        raise CellError(text, "is not a duration like 90分钟, 1.5小时 or 1小时30分")
    if total != int(total):
        raise CellError(text, "does not come to whole minutes")
    if not 0 < total <= _LONGEST_MINUTES:
        raise CellError(text, "is not more than zero and at most 24 hours")
    return int(total)


def _total_minutes(text: str, unit: Unit) -> Decimal | None:
    """What a duration comes to; written units win over the column's, and 1:30 is no number of minutes."""
    if _BARE.fullmatch(text):
        hours = unit == "hours" or (unit == "duration" and "." in text)
        return Decimal(text) * (60 if hours else 1)
    if (colon := _HOURS_COLON.fullmatch(text)) and unit != "minutes":
        return Decimal(colon[1]) * 60 + Decimal(colon[2])
    if units := _WITH_UNITS.fullmatch(text):
        return Decimal(units["hours"] or 0) * 60 + Decimal(units["minutes"] or 0)
    return None

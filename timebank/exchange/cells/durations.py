"""Cells that say how long something took: in minutes, in hours, in words; a bare number waits for its column's unit."""

import re
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias, get_args

from timebank.exchange.cells.damage import must_be_whole
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.numerals import duration_in_digits
from timebank.exchange.cells.texts import plain

Unit: TypeAlias = Literal["minutes", "hours", "days"]
"""What a column of bare numbers counts in; days are what spreadsheets make of 1:30 that lost its format."""

UNITS: tuple[Unit, ...] = get_args(Unit)

_MINUTES_IN: dict[Unit, int] = {"minutes": 1, "hours": 60, "days": 1440}
_LONGEST_MINUTES = 24 * 60
_FLOAT_NOISE = Decimal("0.01")
_NOISY_DECIMALS = 4

_NUMBER = r"[0-9]{1,5}(?:[.,][0-9]{1,20})?"
_BARE = re.compile(_NUMBER)
_TWO_WAYS = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")
_COLON = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9])(?:\.[0-9]+)?)?")
_HOURS = r"(?:个?小时|个?小時|个?钟头|hours?|hrs?|std|stunden?|h)"
_MINUTES = r"(?:分钟?|分鐘?|minutes?|mins?|min|m|')"
_WITH_UNITS = re.compile(
    rf"(?!$)(?:(?P<hours>{_NUMBER})\s*(?P<and_half>个半)?{_HOURS}\s*(?P<half>半)?)?\s*"
    rf"(?:(?P<minutes>{_NUMBER})\s*(?P<said>{_MINUTES})?)?",
    re.IGNORECASE,
)
_PARTS_OF_AN_HOUR = {
    **dict.fromkeys(("半小时", "半个小时", "半小時", "半個小時", "半个钟头", "半个钟"), 30),
    "一刻钟": 15,
    "1刻钟": 15,
    "三刻钟": 45,
    "3刻钟": 45,
}


class Amount(NamedTuple):
    """What a cell says of a duration: a bare number with so many decimals, or minutes, if its unit is written."""

    text: str
    number: Decimal
    decimals: int
    is_bare: bool

    def minutes(self, unit: Unit) -> Decimal:
        """How many minutes it is, if a bare number is in this unit."""
        return self.number * (_MINUTES_IN[unit] if self.is_bare else 1)

    def agrees(self, unit: Unit, minutes: Decimal) -> bool:
        """Whether it is that many minutes, give or take less than one, and what rounding its decimals hides."""
        slack = Decimal(1)
        if self.is_bare and self.decimals:
            slack += Decimal(_MINUTES_IN[unit]) / 2 / 10**self.decimals
        return abs(self.minutes(unit) - minutes) < slack


def parse_amount(text: str) -> Amount:
    """How long something took, as far as the cell says it. Raises `CellError`."""
    must_be_whole(text)
    said = duration_in_digits(plain(text))
    if _BARE.fullmatch(said):
        if _TWO_WAYS.fullmatch(said):
            raise CellError(text, "can be read in two ways: write it without a comma, or with a point")
        number = Decimal(said.replace(",", "."))
        return Amount(text, number, len(said.replace(",", ".").partition(".")[2].rstrip("0")), is_bare=True)
    if colon := _COLON.fullmatch(said):
        seconds = int(colon[1]) * 3600 + int(colon[2]) * 60 + int(colon[3] or 0)
        return Amount(text, Decimal(seconds) / 60, 0, is_bare=False)
    if part := _PARTS_OF_AN_HOUR.get(said.replace(" ", "")):
        return Amount(text, Decimal(part), 0, is_bare=False)
    units = _WITH_UNITS.fullmatch(said)
    if units and (units["hours"] or units["said"]):
        return Amount(text, _minutes_written(units), 0, is_bare=False)
    raise CellError(text, "is not a duration like 90分钟, 1.5小时 or 1小时30分")


def is_colon(text: str) -> bool:
    """Whether a duration is written as 1:30, which in a column of minutes may be one minute and a half."""
    return bool(_COLON.fullmatch(plain(text)))


def _minutes_written(units: re.Match[str]) -> Decimal:
    hours = Decimal((units["hours"] or "0").replace(",", "."))
    if units["and_half"] or units["half"]:
        hours += Decimal("0.5")
    return hours * 60 + Decimal((units["minutes"] or "0").replace(",", "."))


def whole_minutes(amount: Amount, unit: Unit, interval: Decimal | None = None) -> int:
    """Whole minutes, at least one and at most those of a day. Raises `CellError`.

    What was rounded, 1.33 hours say, is the time from start to end, where it agrees with that `interval` of minutes.
    """
    if unit == "minutes" and is_colon(amount.text):
        raise CellError(amount.text, "is not a number of minutes: write 90, or 1小时30分")
    minutes = amount.minutes(unit)
    whole = int(minutes.to_integral_value())
    is_noise = amount.decimals >= _NOISY_DECIMALS and abs(minutes - whole) < _FLOAT_NOISE
    if minutes != whole and not is_noise:
        if interval is None or not amount.agrees(unit, interval):
            raise CellError(amount.text, "does not come to whole minutes, nor to the time from start to end")
        whole = int(interval)
    elif interval is not None and interval < whole < interval + 1:
        whole = int(interval)
    if not 0 < whole <= _LONGEST_MINUTES:
        raise CellError(amount.text, "is not more than zero and at most 24 hours")
    return whole

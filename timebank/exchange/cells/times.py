"""Cells that say a date, a clock time, or both, as people write them and as spreadsheets count them.

A clock time without a date of its own is bare, and only then its day may come from another cell.
"""

import datetime as dt
import re
from calendar import monthrange
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from timebank.domain.text import remembered
from timebank.exchange.cells.clocks import CLOCK, ClockError, days_later, since_midnight
from timebank.exchange.cells.damage import must_be_whole
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.numerals import time_in_digits
from timebank.exchange.cells.texts import plain
from timebank.words import Phrase

_YEAR = r"(?P<year>(?:19|20|21)[0-9]{2})"
_DATE = (
    rf"(?:{_YEAR}\s*[-/.年]\s*(?P<month>[0-9]{{1,2}})\s*[-/.月]\s*(?P<day>[0-9]{{1,2}})\s*[日号]?"
    rf"|{_YEAR.replace('year', 'year8')}(?P<month8>[01][0-9])(?P<day8>[0-3][0-9]))"
)
_WEEKDAY = r"(?:\s*\(?\s*(?:星期|周|礼拜)(?P<weekday>[一二三四五六日天])\s*\)?)?"
_OFFSET = r"(?:\s?(?P<offset>Z|(?P<sign>[+-])(?P<east>[0-9]{2}):?(?P<rest>[0-9]{2})))?"
_GAP = r"(?:(?P<iso>T)|[\s_]+|(?<=[日号一二三四五六天)])|(?=[上下早晚中凌清傍午夜次翌隔第当同])|(?<=[0-9]{8}))"
_WHOLE_DATE = re.compile(_DATE + _WEEKDAY + r"(?:[\sT]+0{1,2}:00(?::00(?:\.0+)?)?)?")
_BEGINS_WITH_A_DATE = re.compile(_DATE + _WEEKDAY + r"(?![0-9])")
_MOMENT = re.compile(f"{_DATE}{_WEEKDAY}{_GAP}{CLOCK}{_OFFSET}", re.IGNORECASE)
_BARE = re.compile(f"{CLOCK}{_OFFSET}", re.IGNORECASE)
_SERIAL_DAY = re.compile(r"([1-9][0-9]{4})(?:\.0+)?")
_SERIAL_MOMENT = re.compile(r"(?P<day>0|[1-9][0-9]{4})(?P<fraction>\.[0-9]{1,20})")
_SERIAL_EPOCH = dt.date(1899, 12, 30)
_SECONDS_A_DAY = 86_400
_DAY_ZERO = re.compile(r"1900\s*[-/.年]\s*0?1\s*[-/.月]\s*0\b.*|1899\s*[-/.年]\s*12\s*[-/.月]\s*3[01]\b.*")
_YEAR_LAST = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}\b.*")
_IN_ANY_ORDER = re.compile(
    r"(?P<one>[0-9]{1,2})(?P<by>[-/.])(?P<other>[0-9]{1,2})(?P=by)(?P<year>(?:19|20|21)[0-9]{2})(?![0-9])"
)
_SHORT_YEAR = re.compile(r"(?:[0-9]{2}[-/.年])?[0-9]{1,2}[-/.月][0-9]{1,2}[日号]?\b.*")
_DOTTED = re.compile(r"[0-9]{1,2}[.,][0-9]{2}")
_MONTHS = 12
_HOURS_A_DAY = 24
_WEEKDAYS = "一二三四五六日"
_SEVERAL = re.compile(r"\s*[、,;/&+和及]\s*")
_UNTIL = re.compile(r"\s*(?:[-~\u2010-\u2015\u2212\u223c\u301c]|至|到)+\s*")


class TimeSaid(NamedTuple):
    """What a cell says of a time: its day and its offset, where they are written, and the time since midnight.

    A bare one may say that it is so many days `later` than the start, as 次日2:00.
    """

    day: dt.date | None
    since_midnight: dt.timedelta
    offset: dt.timezone | None = None
    later: int = 0

    @property
    def is_bare(self) -> bool:
        """Whether it is a clock time without a day."""
        return self.day is None

    def on(self, day: dt.date, zone: ZoneInfo) -> dt.datetime:
        """That time: by the zone's clock on the wall unless an offset is written, the first of two when clocks go back.

        Raises `ValueError` for a time that there was not.
        """
        local = dt.datetime.combine(self.day or day, dt.time()) + dt.timedelta(days=self.later) + self.since_midnight
        return local.replace(tzinfo=self.offset) if self.offset else _on_the_wall(local, zone)


@lru_cache(maxsize=10_000)
def _on_the_wall(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """A time by the clock of a zone; many rows of a list have the same. Raises `ValueError`, as above."""
    aware = local.replace(tzinfo=zone)
    if aware.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != local:
        msg = f"does not exist in {zone}: the clocks were put forward over it"
        raise ValueError(msg)
    return aware


@remembered
def parse_date(text: str) -> dt.date:
    """A day, year first, because 3/1/2026 means two days; with its year last, if it can mean one only, as 27/11/2026.

    A spreadsheet's midnight and serial numbers are taken too.

    Raises `CellError`.
    """
    must_be_whole(text)
    said = _year_first(time_in_digits(plain(text)))
    if serial := _SERIAL_DAY.fullmatch(said):
        return _SERIAL_EPOCH + dt.timedelta(days=int(serial[1]))
    if (match := _WHOLE_DATE.fullmatch(said)) and not _DAY_ZERO.fullmatch(said):
        return _day(match, text)
    raise CellError(text, _why_no_date(said, text) or Phrase("is not a date like 2026/3/1", {}))


@remembered
def parse_time(text: str) -> TimeSaid:
    """A date and time, or a bare clock time. Raises `CellError`."""
    must_be_whole(text)
    said = _year_first(time_in_digits(plain(text)))
    try:
        found = _time(said, text)
    except ClockError as error:
        raise CellError(text, str(error)) from None
    if found is None:
        raise CellError(text, _why_no_date(said, text) or Phrase(NO_TIME, {}))
    return found


NO_TIME = "is not a date and time like 2026/3/1 8:30, or a time like 8:30"


def _time(said: str, text: str) -> TimeSaid | None:
    """The time that is written; None if none is. Raises `ClockError` or `CellError` for one that there is not."""
    if serial := _SERIAL_MOMENT.fullmatch(said):
        with suppress(OverflowError):
            return _from_serial(serial)
    if (match := _MOMENT.fullmatch(said)) and not _DAY_ZERO.fullmatch(said):
        if days_later(match):
            raise CellError(text, "says a day, and that it is another: write the day of that time, like 2026/3/2 2:00")
        return TimeSaid(_day(match, text), since_midnight(match, is_dated=True), _offset(match))
    if (match := _BARE.fullmatch(said)) and match["offset"] is None:  # in 8:30-10:00 the hyphen means until
        return TimeSaid(None, since_midnight(match, is_dated=False), later=days_later(match))
    return None


def parse_period(text: str) -> tuple[TimeSaid, TimeSaid]:
    """From when until when, in one cell, as 8:30-10:00. Raises `CellError`."""
    must_be_whole(text)
    said = time_in_digits(plain(text))
    found = []
    for until in _UNTIL.finditer(said):
        with suppress(CellError):
            found.append((parse_time(said[: until.start()]), parse_time(said[until.end() :])))
    if len(found) != 1:
        _must_begin_with_a_day(said, text)
        if len(_SEVERAL.split(said)) > 1 and all(map(_is_period, _SEVERAL.split(said))):
            raise CellError(text, "says several periods: give each a row of its own")
        raise CellError(text, "does not say from when until when, like 8:30-10:00")
    return found[0]


def _is_period(text: str) -> bool:
    try:
        return bool(parse_period(text))
    except CellError:
        return False


def _from_serial(serial: re.Match[str]) -> TimeSaid:
    """A spreadsheet's day count and part of a day, to the nearest second, which is finer than what it shows."""
    day = _SERIAL_EPOCH + dt.timedelta(days=int(serial["day"])) if serial["day"] != "0" else None
    seconds = (Decimal(serial["fraction"]) * _SECONDS_A_DAY).to_integral_value()
    return TimeSaid(day, dt.timedelta(seconds=int(seconds)))


def _day(match: re.Match[str], text: str) -> dt.date:
    """The day written. Raises `CellError` if there is no such day, or another weekday stands beside it."""
    parts = (match["year"] or match["year8"], match["month"] or match["month8"], match["day"] or match["day8"])
    year, month, number = map(int, parts)
    if not 1 <= month <= _MONTHS:
        raise CellError(text, "is no day that there is: a year has 12 months")
    days = monthrange(year, month)[1]
    if not 1 <= number <= days:
        raise CellError(text, "is no day that there is: {month} has {days} days", month=f"{year}-{month:02}", days=days)
    day = dt.date(year, month, number)
    weekday = match["weekday"]
    if weekday and _WEEKDAYS[day.weekday()] != weekday.replace("天", "日"):
        weekday = f"星期{_WEEKDAYS[day.weekday()]}"
        raise CellError(text, "contradicts itself: {day} is a {weekday}", day=day, weekday=weekday)
    return day


def _year_first(said: str) -> str:
    """The same with the year first, where a day is written with its year last and can be one day only."""
    found = _IN_ANY_ORDER.match(said)
    if found is None:
        return said
    one, other = int(found["one"]), int(found["other"])
    if one != other and max(one, other) <= _MONTHS:
        return said
    return f"{found['year']}/{min(one, other)}/{max(one, other)}{said[found.end() :]}"


def _offset(match: re.Match[str]) -> dt.timezone | None:
    """The written offset: behind an ISO T, or with a plus, since a hyphen may mean "until". Raises `ClockError`."""
    if match["offset"] is None:
        return None
    hours, minutes = int(match["east"] or 0), int(match["rest"] or 0)
    if not (match["iso"] or match["sign"] != "-") or minutes > 59 or hours >= _HOURS_A_DAY:
        raise ClockError(NO_TIME)
    offset = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-offset if match["sign"] == "-" else offset)


def _must_begin_with_a_day(said: str, text: str) -> None:
    """If it begins with a date, there has to be such a day. Raises `CellError`."""
    if match := _BEGINS_WITH_A_DATE.match(said):
        _day(match, text)


def _why_no_date(said: str, text: str) -> Phrase | None:
    """What is wrong with a date that people often write so."""
    if _DAY_ZERO.fullmatch(said):
        return Phrase("is the spreadsheet's day nought: the cell that it was made from was empty", {})
    _must_begin_with_a_day(said, text)
    if _YEAR_LAST.fullmatch(said):
        return Phrase("may be two days: write the year first, then the month, like 2026/3/1", {})
    if _DOTTED.fullmatch(said):
        return Phrase("may be a number: write a time like 8:30", {})
    if _SHORT_YEAR.fullmatch(said):
        return Phrase("does not say the whole year: write it like 2026/3/1", {})
    return None

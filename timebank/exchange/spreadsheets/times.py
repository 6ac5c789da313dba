"""Parsing a cell that holds a date, or a date and time, as people write them and as Excel counts them."""

import datetime as dt
import re
from contextlib import suppress
from decimal import Decimal
from zoneinfo import ZoneInfo

from timebank.exchange.spreadsheets.cells import plain
from timebank.exchange.spreadsheets.errors import CellError

_DATE = r"(?P<year>(?:19|20|21)[0-9]{2})\s*[-/.年]\s*(?P<month>[0-9]{1,2})\s*[-/.月]\s*(?P<day>[0-9]{1,2})\s*[日号]?"
_WEEKDAY = r"(?:\s*(?:星期|周)[一二三四五六日天])?"
_CLOCK = (
    r"(?P<before>上午|下午|AM|PM)?\s*(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.0+)?)?|[时点](?:(?P<fen>[0-9]{1,2})分?)?)\s*(?P<after>AM|PM)?"
)
_OFFSET = r"(?P<offset>Z|(?P<sign>[+-])(?P<east>[0-9]{2}):?(?P<rest>[0-9]{2}))?"
_GAP = r"(?:(?P<iso>T)|\s+|(?<=[日号一二三四五六天])|(?=[上下]))"
_WHOLE_DATE = re.compile(_DATE + _WEEKDAY + r"(?:\s+0{1,2}:00(?::00)?)?")
_MOMENT = re.compile(f"(?:{_DATE}{_WEEKDAY}{_GAP})?{_CLOCK}{_OFFSET}", re.IGNORECASE)
_SERIAL_DAY = re.compile(r"([1-9][0-9]{4})(?:\.0+)?")
_SERIAL_MOMENT = re.compile(r"(?P<day>0|[1-9][0-9]{4})(?P<fraction>\.[0-9]{1,20})")
_SERIAL_EPOCH = dt.date(1899, 12, 30)
_SECONDS_A_DAY = 86_400


def parse_date(text: str) -> dt.date:
    """A day, year first, because 3/1/2026 means two days; Excel's midnight and serial numbers are taken too.

    Raises `CellError`.
    """
    said = plain(text)
    if serial := _SERIAL_DAY.fullmatch(said):
        return _SERIAL_EPOCH + dt.timedelta(days=int(serial[1]))
    if match := _WHOLE_DATE.fullmatch(said):
        with suppress(ValueError):
            return _day(match)
    raise CellError(text, "is not a date like 2026/3/1")


def parse_moment(text: str, zone: ZoneInfo, *, date: dt.date | None = None) -> dt.datetime:
    """An aware time: as the zone's wall clock unless an offset is written, the first of two when clocks go back.

    `date` is the day that a clock time without one belongs to. Raises `CellError`.
    """
    try:
        local = _local(plain(text), date)
        aware = local if local.tzinfo else local.replace(tzinfo=zone)
        exists = local.tzinfo or aware.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) == local
    except (ValueError, OverflowError) as error:
        hint = ", or a time like 8:30" if date else ""
        raise CellError(text, f"is not a date and time like 2026/3/1 8:30{hint}") from error
    if not exists:
        raise CellError(text, f"does not exist in {zone}: the clocks were put forward over it")
    return aware


def _local(said: str, date: dt.date | None) -> dt.datetime:
    """The time as the wall clock shows it, aware only if an offset is written with it. Raises `ValueError`."""
    if serial := _SERIAL_MOMENT.fullmatch(said):
        return _from_serial(serial, date)
    if match := _MOMENT.fullmatch(said):
        day = _day(match) if match["year"] else date
        return (_midnight(day) + _since_midnight(match)).replace(tzinfo=_offset(match))
    raise ValueError("neither a serial number nor a written time")


def _from_serial(serial: re.Match[str], date: dt.date | None) -> dt.datetime:
    """Excel's day count and part of a day, to the nearest second, which is finer than what it shows."""
    day = _SERIAL_EPOCH + dt.timedelta(days=int(serial["day"])) if serial["day"] != "0" else date
    seconds = (Decimal(serial["fraction"]) * _SECONDS_A_DAY).to_integral_value()
    return _midnight(day) + dt.timedelta(seconds=int(seconds))


def _day(match: re.Match[str]) -> dt.date:
    return dt.date(int(match["year"]), int(match["month"]), int(match["day"]))


def _midnight(day: dt.date | None) -> dt.datetime:
    if day is None:
        raise ValueError("a clock time without a date")
    return dt.datetime.combine(day, dt.time())


def _since_midnight(match: re.Match[str]) -> dt.timedelta:
    """The time since midnight; 24:00 ends the day. Raises `ValueError`."""
    hour, minute = _hour(match), int(match["minute"] or match["fen"] or 0)
    second = int(match["second"] or 0)
    if minute > 59 or second > 59 or (hour, minute, second) > (24, 0, 0):
        raise ValueError("no such time")
    return dt.timedelta(hours=hour, minutes=minute, seconds=second)


def _hour(match: re.Match[str]) -> int:
    """The hour, by the half of the day that is written; 下午 14 is taken, 上午 14 is not. Raises `ValueError`."""
    hour = int(match["hour"])
    half = (match["before"] or match["after"] or "").upper()
    if not half:
        return hour
    is_morning = half in {"上午", "AM"}
    if (match["before"] and match["after"]) or (is_morning and hour > 12) or hour > 23:
        raise ValueError("a contradictory half of the day")
    return hour % 12 + (0 if is_morning else 12)


def _offset(match: re.Match[str]) -> dt.timezone | None:
    """The written offset, only behind an ISO T: in 8:30-10:00 the hyphen means "until". Raises `ValueError`."""
    if match["offset"] is None:
        return None
    if not match["iso"] or int(match["rest"] or 0) > 59:
        raise ValueError("no such offset")
    offset = dt.timedelta(hours=int(match["east"] or 0), minutes=int(match["rest"] or 0))
    return dt.timezone(-offset if match["sign"] == "-" else offset)

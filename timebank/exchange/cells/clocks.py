"""Clock times, as 8:30, 下午2点半 or 8:30 PM: what is written of one, and how long after midnight that is."""

import datetime as dt
import re

_HALVES = "上午|下午|早上|早晨|清晨|凌晨|中午|午后|傍晚|晚上|晚间|夜里|夜间|早|晚|AM|PM|A\\.M\\.|P\\.M\\."

_LATER = "次日|翌日|隔日|隔天|第二天|第2天|当日|当天|同日"

CLOCK = (
    rf"(?P<later>{_LATER})?\s*(?P<before>{_HALVES})?\s*(?:"
    r"(?P<hour>[0-9]{1,2})"
    r"(?:[:：](?P<minute>[0-9]{2})(?:[:：](?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"|\s*[时点時點]\s*(?:(?P<part>半|整|一刻|三刻)|(?P<fen>[0-9]{2}(?![0-9])|[0-9](?=\s*分))\s*分?(?:\s*(?P<miao>[0-9]{1,2})\s*秒)?)?"
    r"|\.(?P<dotted>[0-5][0-9]))"
    r"|(?P<compact>[0-2][0-9][0-5][0-9](?:[0-5][0-9])?)"
    rf")\s*(?P<after>AM|PM|A\.M\.|P\.M\.)?"
)
"""A pattern, to be matched without regard to case; `since_midnight` reads what it finds."""

_SAME_DAY = {"当日", "当天", "同日"}
_PARTS = {"半": 30, "整": 0, "一刻": 15, "三刻": 45}
NO_SUCH_TIME = "is no time of the day: hours go to 24, minutes and seconds to 59"
DOUBTFUL = "does not go with its half of the day, or may be two times: write it by 24 hours, like 8:30 or 20:30"
_NOON = 12
_LAST_HOUR = 24


class ClockError(ValueError):
    """What looks like a clock time is none, or may be two; the message says which, without the cell."""


_HOURS = {
    # The half of the day, and which hours of twelve can be meant by it; 12 is doubtful where it is not among them.
    "AM": (0, range(1, 13)),
    "PM": (_NOON, range(1, 13)),
    "上午": (0, range(12)),
    "早": (0, range(3, 12)),
    "清晨": (0, range(3, 12)),
    "凌晨": (0, (*range(7), 12)),
    "下午": (_NOON, range(1, 13)),
    "午后": (_NOON, range(1, 13)),
    "傍晚": (_NOON, range(4, 9)),
    "晚": (_NOON, range(5, 12)),
    "夜": (_NOON, range(5, 12)),
}


def since_midnight(match: re.Match[str], *, is_dated: bool) -> dt.timedelta:
    """The time since midnight; 24:00 ends the day. Raises `ClockError` for what is no time, or may be two.

    Without a date before it, 8.30 may be a number.
    """
    if match["dotted"] and not is_dated:
        raise ClockError("may be a number: write a time like 8:30")
    hour, minute, second = _numbers(match)
    hour = _hour(hour, _half(match))
    if minute > 59 or second > 59 or (hour, minute, second) > (_LAST_HOUR, 0, 0):
        raise ClockError(NO_SUCH_TIME)
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    if hour == _LAST_HOUR and micro:
        raise ClockError(NO_SUCH_TIME)
    return dt.timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def days_later(match: re.Match[str]) -> int:
    """How many days after another, by what stands before the time: one after 次日, none where nothing does."""
    return int(bool(match["later"]) and match["later"] not in _SAME_DAY)


def _numbers(match: re.Match[str]) -> tuple[int, int, int]:
    """Hour, minute and second as they are written."""
    if compact := match["compact"]:
        return int(compact[:2]), int(compact[2:4]), int(compact[4:] or 0)
    minute = _PARTS[match["part"]] if match["part"] else int(match["minute"] or match["fen"] or match["dotted"] or 0)
    return int(match["hour"]), minute, int(match["second"] or match["miao"] or 0)


def _half(match: re.Match[str]) -> str:
    """The half of the day that is written, in one spelling. Raises `ClockError` if there are two."""
    if match["before"] and match["after"]:
        raise ClockError(DOUBTFUL)
    half = (match["before"] or match["after"] or "").upper().replace(".", "")
    return half if half in {"早", "晚"} or half not in _SAME else _SAME[half]


_SAME = {"早上": "早", "早晨": "早", "晚上": "晚", "晚间": "晚", "夜里": "夜", "夜间": "夜"}


def _hour(hour: int, half: str) -> int:
    """The hour, by the half of the day; 下午 14 is taken, 上午 14 is not. Raises `ClockError`."""
    if not half:
        return hour
    if half == "中午":
        if hour not in {11, 12, 13, 14, 1, 2}:
            raise ClockError(DOUBTFUL)
        return hour + _NOON if hour < 3 else hour
    start, hours = _HOURS[half]
    if hour > _NOON:
        if start == _NOON and hour - _NOON in hours and hour < _LAST_HOUR:
            return hour
        raise ClockError(DOUBTFUL)
    if hour not in hours and not (half == "AM" and hour == 0):
        raise ClockError(DOUBTFUL)
    return hour % _NOON + start

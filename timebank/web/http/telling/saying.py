"""Times, durations and numbers as people read them: 24小时30分, 2026年3月1日 星期日, 上午8:30."""

from datetime import date, datetime
from typing import Any

from timebank.web.http.telling.words import Language

_WEEKDAYS = "一二三四五六日"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def duration(minutes: int, language: Language) -> str:
    """Hours and minutes: never a fraction of an hour. The sign is a minus as printed, not a hyphen."""
    sign, (hours, rest) = "− " if minutes < 0 else "", divmod(abs(minutes), 60)
    named = ((f"{hours:,}", "小时", " h"), (str(rest), "分", " min"))
    of_language = 1 if language == "zh" else 2
    parts = [each[0] + each[of_language] for each, value in zip(named, (hours, rest), strict=True) if value]
    return sign + ("" if language == "zh" else " ").join(parts or [named[1][0] + named[1][of_language]])


def change(minutes: int, language: Language) -> str:
    """How much more or less, with its sign."""
    return ("+ " if minutes > 0 else "") + duration(minutes, language)


def day(value: str | date | None, language: Language) -> str:
    """A day with its weekday."""
    if not value:
        return ""
    found = value if isinstance(value, date) else date.fromisoformat(value[:10])
    if language == "zh":
        return f"{found.year}年{found.month}月{found.day}日 星期{_WEEKDAYS[found.weekday()]}"
    return f"{_DAYS[found.weekday()]} {found.day} {_MONTHS[found.month - 1]} {found.year}"


def weekday(number: int, language: Language) -> str:
    """A day of the week; 1 is Monday."""
    return f"星期{_WEEKDAYS[number - 1]}" if language == "zh" else _DAYS[number - 1]


def clock(value: str | None, language: Language) -> str:
    """A time of the day."""
    if not value:
        return ""
    found = datetime.fromisoformat(value)
    if language == "en":
        return f"{found:%H:%M}"
    half = "上午" if found.hour < 12 else "下午"
    return f"{half}{found.hour if found.hour <= 12 else found.hour - 12}:{found:%M}"


def moment(value: str | None, language: Language) -> str:
    """A day and a time."""
    return f"{day(value, language)} {clock(value, language)}" if value else ""


def month(value: str, language: Language) -> str:
    """A month, from `2026-11`."""
    year, number = int(value[:4]), int(value[5:7])
    return f"{year}年{number}月" if language == "zh" else f"{_MONTHS[number - 1]} {year}"


def groups(digits: Any) -> str:
    """A volunteer number in groups of four, or a phone as 138 1234 5678: what people read to each other."""
    text = str(digits or "")
    if len(text) == 11 and text.isdigit():
        return f"{text[:3]} {text[3:7]} {text[7:]}"
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4)) if text.isdigit() else text

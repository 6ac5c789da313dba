"""The periods that totals are kept of: months (`2026-11`) and years (`2026`)."""

import calendar
from datetime import date, timedelta
from typing import NamedTuple


class Parts(NamedTuple):
    """What lies between two days: whole months, from one to another (both empty if there is none), and days outside."""

    first_month: str
    last_month: str
    days: list[tuple[date, date]]


def month_end(day: date) -> date:
    """The last day of the month of a day."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def last_over(today: date) -> date:
    """The last day of the last month that is over."""
    return today.replace(day=1) - timedelta(days=1)


def parts_of(first: date, last: date) -> Parts:
    """The whole months between two days, and the days before and after them."""
    since, until = _number_of(first) + (first.day > 1), _number_of(last) - (last < month_end(last))
    if since > until:
        return Parts("", "", [(first, last)])
    before = [(first, month_end(first))] if first.day > 1 else []
    after = [(last.replace(day=1), last)] if last < month_end(last) else []
    return Parts(_named(since), _named(until), before + after)


def is_months(first: date, last: date) -> bool:
    """Whether whole months lie between two days, and no days besides."""
    return not parts_of(first, last).days


def period_of(first: date, last: date) -> str | None:
    """The month or the year that begins and ends with two days; None if there is none."""
    if (first.month, first.day, last) == (1, 1, date(first.year, 12, 31)):
        return str(first)[:4]
    is_month = first.day == 1 and last == month_end(first)
    return str(first)[:7] if is_month else None


def _number_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def _named(month: int) -> str:
    return f"{month // 12:04}-{month % 12 + 1:02}"

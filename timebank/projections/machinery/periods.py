"""The periods that totals are kept of: months (`2026-11`) and years (`2026`)."""

import calendar
from datetime import date


def month_end(day: date) -> date:
    """The last day of the month of a day."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def months_of(first: date, last: date) -> tuple[str, str] | None:
    """The first and the last month between two days that one begins with and one ends with; None if they do not."""
    is_whole = first <= last and first.day == 1 and last == month_end(last)
    return (str(first)[:7], str(last)[:7]) if is_whole else None


def period_of(first: date, last: date) -> str | None:
    """The month or the year that begins and ends with two days; None if there is none."""
    if (first.month, first.day, last) == (1, 1, date(first.year, 12, 31)):
        return str(first)[:4]
    months = months_of(first, last)
    return months[0] if months and months[0] == months[1] else None

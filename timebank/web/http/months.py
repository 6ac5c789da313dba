"""Months that pages are about: the one that an address asks for, its days, and those beside it."""

from datetime import date, timedelta
from typing import NamedTuple

from timebank.web.http.visitors import Visitor

EARLIEST = date(1900, 1, 1)
"""Months before are not shown: nobody served then."""


class Month(NamedTuple):
    """A month of the bank's calendar, and whether it is the last one that is shown."""

    first: date
    is_last: bool

    @property
    def name(self) -> str:
        """As addresses have it, `2026-11`."""
        return f"{self.first:%Y-%m}"

    @property
    def last(self) -> date:
        """Its last day."""
        return _following(self.first) - timedelta(days=1)

    @property
    def before(self) -> "Month":
        """The month before."""
        return Month((self.first - timedelta(days=1)).replace(day=1), is_last=False)

    @property
    def earlier(self) -> str:
        """The name of the month before."""
        return self.before.name

    @property
    def later(self) -> str | None:
        """The month after, unless it is not shown."""
        return None if self.is_last else f"{_following(self.first):%Y-%m}"


def month_of(visitor: Visitor, *, over: bool = False) -> Month:
    """The month that is asked for, as `month=2026-11`; else, and at the latest, this one, or the last that is over."""
    last = Month(visitor.today.replace(day=1), is_last=True)
    if over:
        last = last.before._replace(is_last=True)
    asked = visitor.query.get("month", "")
    try:
        first = date.fromisoformat(f"{asked}-01") if len(asked) == 7 else last.first
    except ValueError:
        first = last.first
    return Month(first, is_last=False) if EARLIEST <= first < last.first else last


def _following(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)

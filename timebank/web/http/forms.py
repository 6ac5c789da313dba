"""What people type into forms, as the API takes it: days, clock times, hours and minutes, in any usual spelling."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.times import parse_date, parse_time
from timebank.words import Language, Phrase, told

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
HALF_A_DAY = timedelta(hours=12)
"""What would be longer past midnight is more likely a slip, as in lists."""
_WHOLE = re.compile(r"-?[0-9]{1,15}")

Yearless = Literal["latest", "next", "refused"]
"""Which day is meant where no year is written: the latest one up to today, the next one from today on, or none."""

_YEARS: Mapping[Yearless, Sequence[int]] = {"latest": range(0, -9, -1), "next": range(9), "refused": ()}
"""Where to look for it, counted from this year: the 29th of February may be eight years away."""


class Unreadable(Exception):  # noqa: N818  # it is told to whoever typed, and no error of ours
    """What was typed into a field is no day, or no time."""

    def __init__(self, field: str, why: Phrase) -> None:
        self.field, self.why = field, why
        super().__init__(field)

    def problem(self, language: Language) -> dict[str, Any]:
        """The same as the API says what is wrong with a field."""
        reason = told(*self.why, language)
        return {"status": 422, "title": "", "detail": reason, "errors": [{"field": self.field, "reason": reason}]}


class Form(dict[str, str]):
    """The fields of a form; what was not filled in is empty. `lists` has all values of what can be ticked."""

    def __init__(self, fields: dict[str, list[Any]]) -> None:
        self.lists = fields
        super().__init__({name: str(values[-1]).strip() for name, values in fields.items() if values})

    def said(self, name: str) -> str:
        """What a field says, or nothing."""
        return self.get(name, "")

    def one(self, name: str) -> str:
        """What a field names, as a part of an address; what cannot be an id names nothing."""
        return self.said(name) if _ID.fullmatch(self.said(name)) else "-"

    def secret(self, name: str) -> str:
        """A password as it was typed, blanks at its ends and all."""
        return str((self.lists.get(name) or [""])[-1])

    def ticked(self, name: str) -> list[str]:
        """All values of a field that are ticked."""
        return [str(each) for each in self.lists.get(name, []) if str(each)]

    def given(self, *names: str) -> dict[str, str]:
        """The fields that were filled in."""
        return {name: self[name] for name in names if self.said(name)}

    def several(self, name: str) -> list[str]:
        """What a field names, parted by commas."""
        parted = self.said(name).replace("\uff0c", ",").replace("\u3001", ",").split(",")
        return [each.strip() for each in parted if each.strip()]

    def number(self, name: str) -> Any:
        """A whole number; what is none is left as it is, for the API to say so."""
        text = self.said(name).replace(",", "").replace(" ", "")
        return int(text) if _WHOLE.fullmatch(text) else text or None

    def minutes(self, hours: str = "hours", minutes: str = "minutes") -> Any:
        """Hours and minutes together, in minutes; None if neither says anything."""
        if not (self.said(hours) or self.said(minutes)):
            return None
        parts = self.number(hours) or 0, self.number(minutes) or 0
        return parts[0] * 60 + parts[1] if all(isinstance(each, int) for each in parts) else " ".join(map(str, parts))

    def day(self, name: str, today: date, yearless: Yearless = "latest") -> str | None:
        """A day, as 2026-03-01. Raises `Unreadable`."""
        text = self.said(name)
        if not text:
            return None
        try:
            return parse_date(text).isoformat()
        except CellError as error:
            if found := _without_year(text, today, yearless):
                return found.isoformat()
            raise Unreadable(name, error.phrase) from None

    def days(self, today: date, **yearless: Yearless) -> dict[str, str | None]:
        """Several days, by name, each with the day that is meant where its year is not written. Raises `Unreadable`."""
        return {name: self.day(name, today, each) for name, each in yearless.items() if self.said(name)}

    def moment(self, day: str | None, clock: str, zone: ZoneInfo) -> str | None:
        """A clock time on a day, as the API takes it. Raises `Unreadable`."""
        text = self.said(clock)
        if not text or not day:
            return text or None
        try:
            return parse_time(text).on(date.fromisoformat(day), zone).isoformat()
        except CellError as error:
            raise Unreadable(clock, error.phrase) from None
        except ValueError:
            return text

    def span(self, day: str | None, zone: ZoneInfo, start: str = "start", end: str = "end") -> tuple[str, str]:
        """From one clock time on a day until another: on the day after, where it is past midnight within half a day."""
        since, until = (self.moment(day, name, zone) or "" for name in (start, end))
        with suppress(ValueError, TypeError):
            first, last = datetime.fromisoformat(since), datetime.fromisoformat(until)
            following = (first.date() + timedelta(days=1)).isoformat()
            next_day = datetime.fromisoformat(self.moment(following, end, zone) or "")
            if last < first and next_day - first <= HALF_A_DAY:
                return since, next_day.isoformat()
        return since, until


def _without_year(text: str, today: date, yearless: Yearless) -> date | None:
    """The day that is meant by its month and its number."""
    for years in _YEARS[yearless]:
        for written in (f"{today.year + years}-{text}", f"{today.year + years}年{text}"):
            with suppress(CellError):
                day = parse_date(written)
                if day == today or (day < today) == (yearless == "latest"):
                    return day
    return None

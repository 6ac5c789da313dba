"""A row of a list of service: who did what, from when until when, and how many minutes of that count."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from timebank.domain.facts.service import Capacity
from timebank.domain.service.descriptions import Programmes
from timebank.exchange.cells.durations import Amount, Unit, parse_amount, whole_minutes
from timebank.exchange.cells.errors import CellError, shown
from timebank.exchange.cells.texts import parse_capacity, parse_content, parse_line, parse_lines
from timebank.exchange.cells.times import TimeSaid, parse_date, parse_period, parse_time
from timebank.exchange.imports.rows import Cells, RowError
from timebank.exchange.imports.who import Who, read_one, read_who
from timebank.words import Phrase, Quoted

CLAIMS = ("minutes", "hours", "duration")
_NO_CAPACITY: Capacity = "resident"
_SUMS = re.compile(r"合\s*计|总\s*计|小\s*计|\btotal|\bsum\b|\bsumme\b", re.IGNORECASE)
_ONE_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS_A_MINUTE = 60_000_000
_ONE_DAY = timedelta(days=1)
_HALF_A_DAY = timedelta(hours=12)


class Times(NamedTuple):
    """When service began and ended; an end that is not written is None."""

    started_at: datetime
    ended_at: datetime | None

    @property
    def minutes(self) -> Decimal | None:
        """How many minutes there are between, fractions among them."""
        if self.ended_at is None:
            return None
        took = self.ended_at.astimezone(UTC) - self.started_at.astimezone(UTC)
        return Decimal(took // _ONE_MICROSECOND) / _MICROSECONDS_A_MINUTE


class Served(NamedTuple):
    """A row, understood; minutes are None if all from start to end count."""

    who: Who
    activity: str
    category: str
    capacity: Capacity
    started_at: datetime
    ended_at: datetime
    minutes: int | None
    place: str | None
    content: str | None
    programmes: tuple[str, ...]
    team: str | None = None
    in_charge: Who | None = None

    def said(self) -> dict[str, str]:
        """What was understood of the row, in words, for whoever compares it with the list."""
        zone = self.started_at.tzinfo
        until = self.ended_at.astimezone(zone)
        all_of_it = Times(self.started_at, self.ended_at).minutes or 0
        told = {
            "number": self.who.number,
            "phone": self.who.phone,
            "name": self.who.name,
            "activity": self.activity,
            "category": self.category,
            "capacity": self.capacity,
            "started_at": f"{self.started_at:%Y-%m-%d %H:%M}",
            "ended_at": f"{until:%Y-%m-%d %H:%M}",
            "minutes": str(self.minutes if self.minutes is not None else int(all_of_it)),
            "place": self.place,
            "content": self.content,
            "programmes": "; ".join(self.programmes),
            "team": self.team,
            "person_in_charge": self.in_charge.any if self.in_charge else None,
        }
        return {name: value for name, value in told.items() if value}


class Counting(NamedTuple):
    """What was found out of a list as a whole: units by column, and whether the numbers only count the rows."""

    units: Mapping[str, Unit]
    is_serial: bool


def read_service(cells: Cells, zone: ZoneInfo, counting: Counting) -> Served:
    """What a row says. Raises `RowError`."""
    _must_not_be_totals(cells)
    who = read_who(cells, is_serial=counting.is_serial)
    activity = cells.read("activity", parse_line, "")
    category = cells.read("category", parse_line, "")
    capacity = cells.read("capacity", parse_capacity, _NO_CAPACITY)
    place = cells.read_if_filled("place", parse_line)
    content = cells.read_if_filled("content", parse_content)
    programmes = cells.read_if_filled("programmes", lambda text: parse_lines(text, Programmes)) or ()
    team = cells.read_if_filled("team", parse_line)
    in_charge = read_one(cells, "person_in_charge")
    times = read_times(cells, zone)
    minutes = _minutes(cells, times, counting.units) if times else None
    cells.must_be_understood()
    assert times, "what is not understood was told"
    started_at, ended_at = times
    if ended_at is None:
        # In UTC, so that the minutes are real ones where the clocks change.
        taken_off = _break(cells, counting.units) or 0
        length = timedelta(minutes=(minutes or 0) + taken_off)
        ended_at = (started_at.astimezone(UTC) + length).astimezone(zone)
    described = place, content, programmes, team, in_charge
    return Served(who, activity, category, capacity, started_at, ended_at, minutes, *described)


def _must_not_be_totals(cells: Cells) -> None:
    """Refuse a row that says nobody and no time, but sums; a column that is not read may say so."""
    said = {cells.says(name) for name in ("number", "phone", "volunteer", "started_at", "period")} - {""}
    if len(said) > 1 or not all(map(_SUMS.search, said)):
        return
    sums = next((text for text in cells.row.original if _SUMS.search(text)), "").strip()
    if sums and said <= {sums}:
        raise RowError.of("{sums}: this is a row of totals", sums=shown(sums))


# Times


def read_times(cells: Cells, zone: ZoneInfo) -> Times | None:
    """When service began and ended; None if that is not understood, which is told."""
    before = len(cells.problems)
    start, end = _said(cells)
    days = {name: cells.read_if_filled(name, parse_date) for name in ("date", "start_date", "end_date")}
    if len(cells.problems) > before or start is None:
        return None
    column = "started_at" if cells.says("started_at") else "period"
    if start.later:
        cells.wrong(column, "{said} does not say after which day: write the day", said=shown(cells.says(column)))
        return None
    first = _first_day(cells, start, days, column)
    if first is None:
        return None
    started_at = _at(cells, column, start, first, zone)
    if end is None or started_at is None:
        return Times(started_at, None) if started_at else None
    return _with_end(cells, zone, (start, started_at), end, (first, days["end_date"]))


def _with_end(
    cells: Cells, zone: ZoneInfo, began: tuple[TimeSaid, datetime], end: TimeSaid, days: tuple[date, date | None]
) -> Times | None:
    """When service began and ended; of the `days` the first is that of the start, the second that of the end."""
    (start, started_at), (first, last) = began, days
    column = "ended_at" if cells.says("ended_at") else "period"
    said = end.day or (first + end.later * _ONE_DAY if end.later else None)
    if said and last and said != last:
        _contradicts(cells, "end_date", column, last, said)
        return None
    if end.is_bare and start.offset:
        cells.wrong(column, "needs its day and offset too, since the start has one")
        return None
    is_past_midnight = end.is_bare and not (said or last) and end.since_midnight < start.since_midnight
    if is_past_midnight and end.since_midnight + _ONE_DAY - start.since_midnight > _HALF_A_DAY:
        _too_long_past_midnight(cells, column, start, end)
        return None
    # Bare clock times, of which the later is the smaller: it went on past midnight.
    last = said or last or first + is_past_midnight * _ONE_DAY
    ended_at = _at(cells, column, end._replace(later=0) if end.later else end, last, zone)
    return _in_order(cells, column, Times(started_at, ended_at)) if ended_at else None


def _contradicts(cells: Cells, name: str, other: str, day: date | None, not_day: date | None) -> None:
    """Tell that two columns say different days."""
    details = {"other": Quoted(cells.heading(other)), "day": day, "not_day": not_day}
    cells.wrong(name, "contradicts {other}: {day}, not {not_day}", **details)


def _too_long_past_midnight(cells: Cells, column: str, start: TimeSaid, end: TimeSaid) -> None:
    """Tell why an end before its start is not the next day's: more likely it is written by a clock of 12 hours."""
    if column == "period":
        order = Phrase(ENDS_BEFORE, {"said": shown(cells.says("period"))})
    else:
        beginning = f"{cells.heading('started_at')} {shown(cells.says('started_at'))}"
        order = Phrase("{said} lies before {start}", {"said": shown(cells.says("ended_at")), "start": beginning})
    afternoon = end.since_midnight + _HALF_A_DAY
    hour, minute = divmod(int(afternoon.total_seconds()) // 60, 60)
    if start.since_midnight < afternoon < _ONE_DAY:
        half = f"下午{(hour - 1) % 12 + 1}:{minute:02}"
        cells.wrong(column, MORE_LIKELY, order=order, clock=f"{hour}:{minute:02}", half=half)
    else:
        cells.wrong(column, TOO_LONG, order=order)


ENDS_AT_ONCE, ENDS_BEFORE = "{said} ends when it begins", "{said} ends before it begins"
SKIPPED = "{said} does not exist in {zone}: the clocks were put forward over it"
TOO_LONG = (
    "{order}, and until the next day it would be more than 12 hours: write the date of the end too, or 次日 before it"
)
MORE_LIKELY = (
    "{order}, and until the next day it would be more than 12 hours: write {clock} or {half} if that is meant, "
    "or else the date of the end too, or 次日 before it"
)


def _said(cells: Cells) -> tuple[TimeSaid | None, TimeSaid | None]:
    """What the row says of start and end."""
    period = cells.read_if_filled("period", parse_period)
    if period:
        for name in ("started_at", "ended_at"):
            if cells.says(name):
                cells.wrong(name, "is said twice: {other} says it too", other=Quoted(cells.heading("period")))
        return period
    if cells.says("period"):
        return None, None  # not understood, and told
    start = cells.read("started_at", _required_time, None)
    return start, cells.read_if_filled("ended_at", parse_time)


def _required_time(text: str) -> TimeSaid | None:
    if not text:
        raise CellError(text, "must be filled in")
    return parse_time(text)


def _first_day(cells: Cells, start: TimeSaid, days: Mapping[str, date | None], column: str) -> date | None:
    """The day on which it began, of which all that is said has to be the same."""
    said = {name: day for name in ("start_date", "date") if (day := days[name])}
    if start.day:
        said = {column: start.day, **said}
    if not said:
        said_so = shown(cells.says(column))
        cells.wrong(column, "{said} does not say the day, and no other column does", said=said_so)
        return None
    (first, day), *others = said.items()
    for name, other in others:
        if other != day:
            _contradicts(cells, name, first, other, day)
            return None
    return day


def _at(cells: Cells, column: str, said: TimeSaid, day: date, zone: ZoneInfo) -> datetime | None:
    try:
        return said.on(day, zone)
    except (ValueError, OverflowError):
        said_so = shown(cells.says(column))
        cells.wrong(column, SKIPPED, said=said_so, zone=str(zone))
        return None


def _in_order(cells: Cells, column: str, times: Times) -> Times | None:
    minutes = times.minutes
    if minutes is None or minutes > 0:
        return times
    said = shown(cells.says(column))
    start = Quoted(cells.heading("started_at"))
    if column == "period":
        cells.wrong(column, ENDS_AT_ONCE if minutes == 0 else ENDS_BEFORE, said=said)
    elif minutes == 0:
        cells.wrong(column, "{said} is the same as {start}: no time has passed", said=said, start=start)
    else:
        cells.wrong(column, "{said} lies before {start}", said=said, start=start)
    return None


# Minutes


def _minutes(cells: Cells, times: Times, units: Mapping[str, Unit]) -> int | None:
    """The minutes that count; None if all from start to end do."""
    interval = times.minutes
    taken_off = _break(cells, units)
    left = interval - taken_off if interval is not None and taken_off else None
    claims = {name: _claim(cells, name, interval, left, units) for name in CLAIMS if cells.says(name)}
    if cells.problems:
        return None
    if len(set(claims.values())) > 1:
        said = ", ".join(f"{cells.heading(name)} {minutes}" for name, minutes in claims.items())
        cells.add("how long it took is said in different ways, in minutes: {said}", said=said)
        return None
    claimed = next(iter(claims.values()), None)
    if claimed is None and interval is None:
        name = next((name for name in CLAIMS if cells.heading(name) != name), "ended_at")
        cells.wrong(name, "the empty cell does not say when it ended, or how long it took")
    if left is None:
        return claimed
    if left <= 0:
        cells.wrong("break", "{said} leaves nothing of the time from start to end", said=shown(cells.says("break")))
    elif claimed is not None and abs(claimed - left) >= 1:
        details = {"said": shown(cells.says("break")), "left": int(left), "claimed": claimed}
        cells.wrong("break", "{said} leaves {left} minutes of the time, not the {claimed} claimed", **details)
    return int(left) if claimed is None else claimed


def _break(cells: Cells, units: Mapping[str, Unit]) -> int | None:
    amount = cells.read_if_filled("break", parse_amount)
    if amount is None or amount.number == 0:
        return None
    unit = _unit_of(cells, "break", amount, units)
    return cells.read("break", lambda _: whole_minutes(amount, unit), None) if unit else None


def _unit_of(cells: Cells, name: str, amount: Amount, units: Mapping[str, Unit]) -> Unit | None:
    """The unit that a column counts in; of a bare number, where nobody knows that, what is wrong is told."""
    unit = units.get(name)
    if unit is None and amount.is_bare:
        cells.wrong(name, "{said} could be minutes or hours", said=shown(amount.text))
    return unit or (None if amount.is_bare else "hours")


def _claim(
    cells: Cells, name: str, interval: Decimal | None, left: Decimal | None, units: Mapping[str, Unit]
) -> int | None:
    """The minutes that a column claims, in its unit; checked against the time from start to end."""
    amount = cells.read_if_filled(name, parse_amount)
    if amount is None:
        return None
    unit = _unit_of(cells, name, amount, units)
    if unit is None:
        return None
    for possible in (left, interval):
        if possible is not None and amount.agrees(unit, possible):
            return cells.read(name, lambda _, at=possible: whole_minutes(amount, unit, at), None)  # type: ignore[misc]
    if interval is not None:
        other = other_unit(amount, unit, interval)
        if other:
            details = {"said": shown(amount.text), "other": other, "unit": unit}
            cells.wrong(name, "{said} would be right in {other}, but the column is in {unit}", **details)
            return None
    return cells.read(name, lambda _: whole_minutes(amount, unit), None)


def other_unit(amount: Amount, unit: Unit, interval: Decimal) -> Unit | None:
    """The unit, other than this, in which a bare number is the time from start to end."""
    others: tuple[Unit, ...] = ("minutes", "hours", "days")
    if not amount.is_bare:
        return None
    return next((each for each in others if each != unit and amount.agrees(each, interval)), None)

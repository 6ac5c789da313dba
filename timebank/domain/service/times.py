"""Times of service: how long it lasted, on which local days, and which times cannot be."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated

from msgspec import Meta

from timebank.domain.service.refusals import (
    EndsBeforeItStarts,
    LastsTooLong,
    TooFewMinutes,
    TooManyMinutes,
)

MINUTES_A_DAY = 24 * 60

WORKING_DAYS_TO_LOG = 10
"""A record is to be made within ten working days of the activity (Measures, art. 11); after that it is marked late."""

ServiceMinutes = Annotated[int, Meta(ge=1, le=MINUTES_A_DAY)]


def served_minutes(started_at: datetime, ended_at: datetime, minutes: int | None) -> int:
    """The minutes claimed, or all there are; refuses an interval, or a claim, that cannot be."""
    interval = ended_at.astimezone(UTC) - started_at.astimezone(UTC)
    interval_minutes = interval // timedelta(minutes=1)
    if interval_minutes < 1:
        raise EndsBeforeItStarts
    if interval > timedelta(hours=24):
        raise LastsTooLong
    if minutes is not None and minutes < 1:
        raise TooFewMinutes
    if minutes is not None and minutes > interval_minutes:
        raise TooManyMinutes(minutes=minutes, interval_minutes=interval_minutes)
    return interval_minutes if minutes is None else minutes


def minutes_by_day(started_at: datetime, ended_at: datetime, minutes: int, zone: tzinfo | None) -> dict[date, int]:
    """How the minutes fall on local days, in proportion to the time spent there; the parts sum to the whole."""
    days = local_days(started_at, ended_at, zone)
    if len(days) == 1:
        return {days[0]: minutes}
    start, end = started_at.astimezone(UTC), ended_at.astimezone(UTC)
    shares: dict[date, int] = {}
    given = 0
    for day in days[:-1]:
        midnight = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
        # Where clocks are set back across midnight the same day may come twice, hence the bounds.
        reached = minutes * (min(max(midnight, start), end) - start) // (end - start)
        shares[day] = reached - given
        given = reached
    shares[days[-1]] = minutes - given
    return shares


def local_days(started_at: datetime, ended_at: datetime, zone: tzinfo | None) -> list[date]:
    """The local days an interval touches; only the first, where it is no interval that a record could cover."""
    here, there = started_at.astimezone(zone), ended_at.astimezone(zone)
    if _is_within_a_day(here, there):
        return [here.date()]
    first = here.date()
    start, end = started_at.astimezone(UTC), ended_at.astimezone(UTC)
    if not timedelta(0) < end - start <= timedelta(hours=24):
        return [first]
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    first, last = min(first, last), max(first, last)
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def _is_within_a_day(started_at: datetime, ended_at: datetime) -> bool:
    """Whether that can be told from local times alone: nearly always, and faster than by way of UTC.

    An end that comes twice, because clocks are set back, may come right after another day; so does one at midnight.
    """
    is_clear = not ended_at.fold and bool(ended_at.hour or ended_at.minute)
    return is_clear and started_at.date() == ended_at.date()


def is_late(last_day: date, today: date) -> bool:
    """Whether service is recorded later than it should be."""
    is_recent = (today - last_day).days <= WORKING_DAYS_TO_LOG  # no stretch has more working days than days
    return not is_recent and working_days_between(last_day, today) > WORKING_DAYS_TO_LOG


def working_days_between(first: date, last: date) -> int:
    """How many working days (Monday to Friday; holidays are not known here) come after `first`, up to `last`."""
    weeks, days = divmod(max((last - first).days, 0), 7)
    return weeks * 5 + sum((first.weekday() + 1 + day) % 7 < 5 for day in range(days))

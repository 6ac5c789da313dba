"""Caps: what a record takes up of them, also once it was put right to another day, or another activity.

Two people have seen when service was, and which. Whoever corrects a record alone frees no room by it for the credit of
other records: as far as its credit has moved, it is counted where it was, too.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

from timebank.domain.identifiers import OrganisationId

Activity: TypeAlias = tuple[OrganisationId, str]


class Counted(NamedTuple):
    """What a record is credited with by local day, and for which activity of which organisation."""

    activity: Activity
    by_day: Mapping[date, int]


class Kept(NamedTuple):
    """What a record takes up where it was, by local day: of the day, and of its activity on that day."""

    of_day: dict[date, int]
    of_activity: dict[date, int]


def kept(seen: Counted, now: Counted) -> Kept:
    """What a record takes up where two people have seen it, beside what it is credited with there now."""
    same = now.by_day if seen.activity == now.activity else {}
    total = sum(now.by_day.values())
    return Kept(_kept(seen.by_day, now.by_day, total), _kept(seen.by_day, same, total))


def seen_after(seen: Counted, now: Counted) -> Counted:
    """What two people have seen once a record is corrected: more than before, where it is told to be where it was."""
    if any(kept(seen, now)):
        return seen
    return seen._replace(by_day={day: max(minutes, now.by_day.get(day, 0)) for day, minutes in seen.by_day.items()})


def _kept(seen: Mapping[date, int], there: Mapping[date, int], total: int) -> dict[date, int]:
    moved = total - sum(min(minutes, seen.get(day, 0)) for day, minutes in there.items())
    left = {day: min(minutes - there.get(day, 0), moved) for day, minutes in seen.items()}
    return {day: minutes for day, minutes in left.items() if minutes > 0}

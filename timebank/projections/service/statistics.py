"""What does service come to? Totals of what counts are kept, by organisation and month and by periods of the bank."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.service import ServiceConfirmed, ServiceCorrected, ServiceVoided
from timebank.projections.machinery.periods import period_of
from timebank.projections.machinery.projection import SetProjection, Step
from timebank.projections.service.records import COUNTED, Wanted
from timebank.projections.service.records import SQL as RECORDS_SQL

By = Literal["month", "category", "programme"]

SQL = load_statements("timebank.projections.service", "statistics.sql")

_FEWER = (ServiceCorrected, ServiceVoided)

PROJECTION = SetProjection(
    name="statistics",
    version=1,
    tables=("served_month", "service_total"),
    steps=(
        Step(SQL["count_service"], (ServiceConfirmed, *_FEWER)),
        Step(SQL["forget_months"], _FEWER),
        Step(SQL["forget_totals"], _FEWER),
    ),
)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What records of an organisation and a local month come to; of paid duty are `duty_minutes` of the `minutes`.

    `category`, or the `programmes` that records have together, only where it is asked for. `people` are counted once.
    """

    organisation_id: str | None
    organisation_name: str | None = None
    month: str | None
    category: str | None
    programmes: list[str] | None
    people: int
    records: int
    minutes: int
    duty_minutes: int
    credited_minutes: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """What records come to, in parts and as a whole; minutes and records of all parts sum to those of the whole."""

    items: list[Figures]
    total: Figures
    next: str | None


class _Period(NamedTuple):
    """A period that totals are kept of, and its first and last month."""

    name: str
    first: str = ""
    last: str = "9999-12"


def is_kept(wanted: Wanted) -> bool:
    """Whether the whole of what is wanted is kept; else it is counted."""
    return _period_of(wanted) is not None


def _period_of(wanted: Wanted) -> _Period | None:
    """The period that is wanted, if it is of all that counts in the bank in a month, in a year or at any time."""
    first, last = wanted.first_day, wanted.last_day
    if wanted._replace(statuses=None, first_day=None, last_day=None) != Wanted() or wanted.statuses != COUNTED:
        return None
    if first is None or last is None:
        return _Period("all") if first is last else None
    period = period_of(first, last)
    return _Period(period, str(first)[:7], str(last)[:7]) if period else None


async def figures(
    pool: Pool,
    bank_id: UUID,
    wanted: Wanted,
    by: By,
    after: str | None,
    limit: int,
    earlier_ids: Sequence[str] = (),
) -> Statistics:
    """What the records that are wanted come to: as a whole, and the parts after the one that a cursor says.

    Both are of the same moment. Of somebody with whose registration others were merged (`earlier_ids`) they are those
    of all. Raises `ValueError` where it is no cursor.
    """
    period, place, at_most = _period_of(wanted), _place_of(after), limit + 1
    if period is None:
        people = [wanted.volunteer_id, *earlier_ids] if earlier_ids else None
        asked = wanted._replace(volunteer_id=None) if people else wanted
        rows = await pool.fetch(RECORDS_SQL["figures"], bank_id, *asked, by, *place, at_most, people)
    elif by == "month":
        rows = await pool.fetch(SQL["totals"], bank_id, *period, *place, at_most)
    else:
        rows = await pool.fetch(RECORDS_SQL["parts_of_totals"], bank_id, *period, *place, by, at_most)
    total = next((_figures(row) for row in rows if row["organisation_id"] is None), _NOTHING)
    parts = [row for row in rows if row["organisation_id"] is not None]
    return Statistics(
        items=[_figures(row) for row in parts[:limit]],
        total=total,
        next=_cursor_of(parts[limit - 1]) if len(parts) > limit else None,
    )


def _figures(row: Any) -> Figures:
    return Figures(**{name: value for name, value in row.items() if name != "part"})


_NOTHING = Figures(
    organisation_id=None,
    month=None,
    category=None,
    programmes=None,
    people=0,
    records=0,
    minutes=0,
    duty_minutes=0,
    credited_minutes=0,
)


def _cursor_of(row: Any) -> str:
    """Where a part is: which of its organisation and month."""
    return f"{row['organisation_id']}/{row['month']}/{row['part']}"


def _place_of(cursor: str | None) -> tuple[str, str, int]:
    """What a cursor says. Raises `ValueError`."""
    if not cursor:
        return "", "", 0
    organisation_id, month, part = cursor.split("/")
    return organisation_id, month, min(int(part), _MOST)


_MOST = 2**62

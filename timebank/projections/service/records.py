"""Which service is on record, and what has become of it?"""

from collections.abc import Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.credit import RuleEffect
from timebank.domain.facts.service import (
    ServiceAmended,
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
    ServiceWithdrawn,
)
from timebank.domain.service.descriptions import digest_of
from timebank.projections.machinery.projection import SetProjection, Step

Order = Literal["newest", "oldest"]

COUNTED: tuple[Literal["confirmed", "corrected"], ...] = ("confirmed", "corrected")
"""The statuses of what counts as service."""

SQL = load_statements("timebank.projections.service", "records.sql")

PROJECTION = SetProjection(
    name="service_records",
    version=1,
    tables=("service_record",),
    steps=(
        Step(SQL["log"], (ServiceLogged, ServiceConfirmed, ServiceAmended)),
        Step(SQL["amend"], (ServiceAmended,)),
        Step(SQL["withdraw"], (ServiceWithdrawn,)),
        Step(SQL["confirm"], (ServiceAmended,)),
        Step(SQL["reject"], (ServiceRejected,)),
        Step(SQL["correct"], (ServiceCorrected,)),
        Step(SQL["void"], (ServiceVoided,)),
        Step(SQL["name_team"], (ServiceAmended, ServiceCorrected)),
        Step(SQL["mark"], (ServiceAmended, ServiceCorrected)),
    ),
)


class ServiceRecordView(msgspec.Struct, frozen=True, kw_only=True):
    """A service record as it now stands; `position` is where the last fact about it is in the log.

    Of confirmed service, `minutes` and what the rules of version `policy_version` did (`rules_applied`) sum to
    `credited_minutes`. `certificate_lacks` are the fields that a certificate of it would have to have, and that nobody
    has filled in (Measures, art. 7 and 14). Whoever confirms it names its `digest`, and so what they have seen.
    """

    record_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    organisation_id: str
    organisation_name: str | None = None
    recorder_id: str
    recorder_name: str | None = None
    activity: str
    category: str
    capacity: str
    started_at: datetime
    ended_at: datetime
    minutes: int
    local_date: date
    is_late: bool
    place: str | None
    content: str | None
    programmes: list[str]
    person_in_charge_id: str | None
    person_in_charge_name: str | None = None
    activity_id: str | None
    is_subsidised: bool
    team_id: str | None
    team_name: str | None = None
    status: str
    credited_minutes: int
    policy_version: int
    rules_applied: list[RuleEffect]
    decided_by: str | None
    decided_by_name: str | None = None
    reason: str | None
    position: int
    certificate_lacks: list[str] = []
    digest: str


class Wanted(NamedTuple):
    """Which records are wanted; None is without limit. Days are those that the service counts for."""

    volunteer_id: str | None = None
    organisation_ids: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    first_day: date | None = None
    last_day: date | None = None
    late: bool | None = None

    @property
    def of_days(self) -> bool:
        """Whether days are asked for: then records are in their order."""
        return self.first_day is not None or self.last_day is not None


class TeamHours(msgspec.Struct, frozen=True, kw_only=True):
    """What people served in the name of a team in a month, or in all (null); each of them is counted once."""

    month: str | None
    people: int
    records: int
    minutes: int


async def one(pool: Pool, bank_id: UUID, record_id: str) -> ServiceRecordView | None:
    """One record."""
    row = await pool.fetchrow(SQL["one"], bank_id, record_id)
    return _view(row) if row else None


async def names_of(pool: Pool, bank_id: UUID, record_ids: Sequence[str]) -> dict[str, str]:
    """What was done, by the ids of records."""
    rows = await pool.fetch(SQL["names_of"], bank_id, record_ids)
    return {row["record_id"]: row["activity"] for row in rows}


async def page(
    pool: Pool,
    bank_id: UUID,
    wanted: Wanted,
    *,
    after: str | None,
    limit: int,
    order: Order = "newest",
    earlier_ids: Sequence[str] = (),
) -> list[ServiceRecordView]:
    """Records in the order they were logged, after the one given; where days are asked for, in the order of days.

    Days are those the service counts for; `after` is then the day and the record, as `cursor_of` says them. Of somebody
    with whose registration others were merged (`earlier_ids`) they are those of all. Raises `ValueError` where it is
    after nothing.
    """
    by_entry, by_day = _STATEMENTS[order, wanted.organisation_ids is not None and wanted.volunteer_id is None]
    day, place = await _place_of(pool, bank_id, wanted, after) if after else (None, None)
    statement, further = (by_day, (day,)) if wanted.of_days else (by_entry, ())
    rows: list[Any] = []
    for each in (wanted.volunteer_id, *earlier_ids):
        asked = wanted._replace(volunteer_id=each)
        rows += await pool.fetch(statement, bank_id, *asked, place, limit, *further)
    if earlier_ids:
        fields = ("local_date", "logged_position") if wanted.of_days else ("logged_position",)
        rows.sort(key=itemgetter(*fields), reverse=order == "newest")
    return [_view(row) for row in rows[:limit]]


_STATEMENTS: dict[tuple[Order, bool], tuple[str, str]] = {
    ("newest", False): (SQL["newest"], SQL["latest_day"]),
    ("newest", True): (SQL["newest_of"], SQL["latest_day_of"]),
    ("oldest", False): (SQL["oldest"], SQL["earliest_day"]),
    ("oldest", True): (SQL["oldest_of"], SQL["earliest_day_of"]),
}
"""By the order, and whether each of some organisations is looked into by itself: in the order of entry, and of days."""


def cursor_of(record: ServiceRecordView) -> str:
    """Where a record is among those of some days."""
    return f"{record.local_date}/{record.record_id}"


async def _place_of(pool: Pool, bank_id: UUID, wanted: Wanted, cursor: str) -> tuple[date | None, int]:
    """The day that a cursor says, if days are asked for, and where its record is among those logged."""
    day, _, record_id = cursor.partition("/") if wanted.of_days else (None, "", cursor)
    place = await pool.fetchval(SQL["place"], bank_id, record_id)
    if place is None:
        msg = f"there is no record {record_id}"
        raise ValueError(msg)
    return date.fromisoformat(day) if day is not None else None, place


async def hours_of_team(
    pool: Pool, bank_id: UUID, team_id: str, first_day: date | None, last_day: date | None
) -> list[TeamHours]:
    """What confirmed service in the name of a team comes to, without paid duty: by month, and last as a whole."""
    return [TeamHours(**row) for row in await pool.fetch(SQL["of_team"], bank_id, team_id, first_day, last_day)]


async def waiting_of(pool: Pool, bank_id: UUID, activity_id: str, limit: int) -> list[str]:
    """The records of an activity that nobody has decided on."""
    return [row["record_id"] for row in await pool.fetch(SQL["of_activity"], bank_id, activity_id, limit)]


def _view(row: Any) -> ServiceRecordView:
    lacking = [name for name in _ON_CERTIFICATES if row[name] is None]
    said = {**row, "rules_applied": _effects(row["rules_applied"])}
    del said["logged_position"]
    return ServiceRecordView(**said, certificate_lacks=lacking, digest=digest_of(row))


_ON_CERTIFICATES = ("place", "content", "person_in_charge_id")


_effects = msgspec.json.Decoder(list[RuleEffect]).decode

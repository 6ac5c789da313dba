"""Importing service: a list of who did what, and when, becomes records of it."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, OrganisationId, VolunteerId, new_record_id
from timebank.domain.kernel import Command
from timebank.domain.service.lists import EnterService
from timebank.domain.service.records import LogService, Programmes
from timebank.exchange.imports.chunks import Import, Progress, Report, no_progress
from timebank.exchange.imports.now import local_now
from timebank.exchange.imports.people import People, people_on
from timebank.exchange.spreadsheets import (
    Row,
    Table,
    Unit,
    parse_capacity,
    parse_content,
    parse_date,
    parse_line,
    parse_lines,
    parse_minutes,
    parse_moment,
)
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR


async def import_records(
    services: Services,
    bank_id: UUID,
    table: Table,
    organisation_id: OrganisationId,
    *,
    confirm_as: VolunteerId | None = None,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> Report:
    """Log the service on the list for an organisation, and have it confirmed by somebody if they signed it."""
    at = await local_now(services, bank_id)
    people = await people_on(services, bank_id, table)

    def command(row: Row) -> Command:
        return _signed(_read(table, row, people, organisation_id, at), confirm_as)

    return await Import(services.ledger, bank_id, progress, dry_run=dry_run).submit(table.rows, command)


def _signed(log: LogService, confirm_as: VolunteerId | None) -> Command:
    signer = Acting(ActorId(confirm_as), "volunteer") if confirm_as else None
    return EnterService(by=log.by, at=log.at, log=log, signer=signer)


def _read(table: Table, row: Row, people: People, organisation_id: OrganisationId, at: datetime) -> LogService:
    """The record that a row is about. Raises `CellError`."""
    times = _read_times(table, row, at)
    return LogService(
        by=OPERATOR,
        at=at,
        record_id=new_record_id(),
        volunteer_id=people.volunteer_in(row),
        organisation_id=organisation_id,
        activity=table.parse(row, "activity", parse_line),
        category=table.parse(row, "category", parse_line),
        capacity=table.parse(row, "capacity", parse_capacity),
        place=table.parse_if_filled(row, "place", parse_line),
        content=table.parse_if_filled(row, "content", parse_content),
        programmes=table.parse(row, "programmes", lambda text: parse_lines(text, Programmes)),
        started_at=times.started_at,
        ended_at=times.ended_at,
        minutes=times.minutes,
    )


class _Times(NamedTuple):
    """When service began and ended, and how many minutes of that are claimed; None if all."""

    started_at: datetime
    ended_at: datetime
    minutes: int | None


def _read_times(table: Table, row: Row, at: datetime) -> _Times:
    """The times in a row; an end that is not written is as many minutes after the start as are claimed."""
    zone = at.tzinfo
    assert isinstance(zone, ZoneInfo), "it is now in the bank's local time"
    day = table.parse_if_filled(row, "date", parse_date)
    read_moment = partial(parse_moment, zone=zone, date=day)
    started_at = table.parse(row, "started_at", read_moment)
    minutes = _read_minutes(table, row)
    ended_at = table.parse_if_filled(row, "ended_at", read_moment)
    if ended_at is None:
        # In UTC, so that the minutes are real ones where the clocks change.
        ended_at = (started_at.astimezone(UTC) + timedelta(minutes=minutes or 0)).astimezone(zone)
    elif day and ended_at <= started_at:
        ended_at += timedelta(days=1)  # clock times beside a date: the service went on past midnight
    return _Times(started_at, ended_at, minutes)


def _read_minutes(table: Table, row: Row) -> int | None:
    """The minutes claimed, in the first column that says so; None if none does."""
    for unit in get_args(Unit):
        if row.cells.get(unit):
            return table.parse(row, unit, partial(parse_minutes, unit=unit))
    return None

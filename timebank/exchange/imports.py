"""Importing what offices have: volunteers and service records from spreadsheets, a verdict a row.

Rows are submitted in chunks, each a transaction of its own: interrupted anywhere, whole rows are in and the rest are
not, and importing the same file again adds only those.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from timebank.domain.acting import Acting
from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    VolunteerId,
    is_volunteer_number,
    new_record_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.kernel import Command
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.domain.refusing import Refusal
from timebank.domain.service.records import LogConfirmedService, LogService
from timebank.domain.service.refusals import DuplicateRecord
from timebank.domain.text import Line, Text
from timebank.exchange.spreadsheets import (
    CellError,
    Row,
    Table,
    parse_capacity,
    parse_date,
    parse_list,
    parse_minutes,
    parse_moment,
    parse_phone,
    parse_text,
)
from timebank.ledger.submission import Outcome
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services

CHUNK = 500

T = TypeVar("T")

Progress = Callable[[int], None]


class Report(NamedTuple):
    """What became of a file's rows: how many were taken, were there already, or refused (by line, with the reason)."""

    taken: int
    known: int
    refused: dict[int, str]


class _Import:
    """A file on its way into the bank: one chunk is being written while the next is read."""

    def __init__(self, services: Services, bank_id: UUID, progress: Progress, *, dry_run: bool = False) -> None:
        self.services = services
        self.bank_id = bank_id
        self.progress = progress
        self.dry_run = dry_run
        self.taken = 0
        self.known = 0
        self.refused: dict[int, str] = {}
        self._writing: asyncio.Task[None] | None = None

    async def hand_over(self, commands: list[tuple[Row, Command]], rows: int) -> None:
        """Have commands executed that came out of so many rows, after those handed over before."""
        await self._wait()
        self._writing = asyncio.create_task(self._write(commands, rows))

    async def finish(self) -> Report:
        """Wait for the last chunk, and say what became of all rows."""
        await self._wait()
        return Report(self.taken, self.known, dict(sorted(self.refused.items())))

    async def _wait(self) -> None:
        if self._writing:
            await self._writing

    async def _write(self, commands: list[tuple[Row, Command]], rows: int) -> None:
        if commands:
            outcomes = await self.services.ledger.submit(
                self.bank_id, [command for _, command in commands], request_id="import", dry_run=self.dry_run
            )
            for (row, _), outcome in zip(commands, outcomes, strict=True):
                self._count(row, outcome)
        self.progress(rows)

    def _count(self, row: Row, outcome: Outcome) -> None:
        if isinstance(outcome, DuplicateRecord):
            self.known += 1
        elif isinstance(outcome, Refusal):
            self.refused[row.line] = str(outcome)
        else:
            self.taken += 1


async def import_volunteers(
    services: Services, bank_id: UUID, table: Table, by: Acting, *, progress: Progress = lambda done: None
) -> Report:
    """Register everybody on the list who is not registered yet: somebody with the same name and phone is."""
    importing = _Import(services, bank_id, progress)
    names = {row.cells.get("name", "") for row in table.rows}
    seen = await services.people.same(services.pool, bank_id, sorted(names))
    at = await _local_now(services, bank_id)
    for rows in _chunks(table.rows):
        commands: list[tuple[Row, Command]] = []
        for row in rows:
            try:
                name, phone, skills = _read_volunteer(table, row)
            except CellError as error:
                importing.refused[row.line] = str(error)
                continue
            if (name, phone) in seen:
                importing.known += 1
                continue
            seen.add((name, phone))
            command = RegisterVolunteer(
                by=by,
                at=at,
                volunteer_id=new_volunteer_id(),
                number=new_volunteer_number(),
                name=name,
                phone=phone,
                skills=skills,
            )
            commands.append((row, command))
        await importing.hand_over(commands, len(rows))
    return await importing.finish()


async def import_records(
    services: Services,
    bank_id: UUID,
    table: Table,
    organisation_id: OrganisationId,
    *,
    confirm_as: VolunteerId | None = None,
    dry_run: bool = False,
    progress: Progress = lambda done: None,
) -> Report:
    """Log the service on the list for an organisation, and have it confirmed by somebody if they signed it."""
    importing = _Import(services, bank_id, progress, dry_run=dry_run)
    at = await _local_now(services, bank_id)
    people = await _people_on(services, bank_id, table)
    # A dry run is one chunk, so that the rows see each other as they would if they were written.
    for rows in [table.rows] if dry_run else _chunks(table.rows):
        commands: list[tuple[Row, Command]] = []
        for row in rows:
            try:
                log = _read_record(table, row, people, organisation_id, at)
            except CellError as error:
                importing.refused[row.line] = str(error)
            else:
                commands.append((row, _signed(log, confirm_as)))
        await importing.hand_over(commands, len(rows))
    return await importing.finish()


def _signed(log: LogService, confirm_as: VolunteerId | None) -> Command:
    if confirm_as is None:
        return log
    return LogConfirmedService(by=Acting(ActorId(confirm_as), "volunteer"), at=log.at, log=log)


def _read_volunteer(table: Table, row: Row) -> tuple[str, str | None, tuple[str, ...]]:
    phone = table.parse(row, "phone", parse_phone) if row.cells.get("phone") else None
    return table.parse(row, "name", _parse_line), phone, table.parse(row, "skills", _parse_lines)


def _parse_line(text: str) -> str:
    return _fitting(parse_text(text), Line)


def _parse_content(text: str) -> str:
    return _fitting(text, Text)


def _parse_lines(text: str) -> tuple[str, ...]:
    return tuple(_fitting(each, Line) for each in parse_list(text))


def _fitting(text: str, kind: Any) -> str:
    """The text, within the limits that the API has for the same field."""
    try:
        fitting: str = msgspec.convert(text, kind)
    except msgspec.ValidationError:
        raise CellError(text, "is too long, or holds characters that cannot be shown") from None
    return fitting


async def _people_on(services: Services, bank_id: UUID, table: Table) -> dict[str, list[str]]:
    """Who is meant by the numbers and phones on the list."""
    while await services.runner.catch_up(bank_id):
        pass
    written = {cells for row in table.rows if (cells := _who(row)[1])}
    return await volunteers.by_number_or_phone(services.pool, services.people, bank_id, sorted(written))


def _who(row: Row) -> tuple[str, str]:
    """The column that tells who it is, and what it says in one spelling: a number, or else a phone."""
    column = next((name for name in ("number", "volunteer", "phone") if row.cells.get(name)), "volunteer")
    text = row.cells.get(column, "")
    compact = text.replace(" ", "")
    if is_volunteer_number(compact):
        return column, compact
    try:
        return column, parse_phone(text)
    except CellError:
        return column, ""


def _read_record(
    table: Table, row: Row, people: dict[str, list[str]], organisation_id: OrganisationId, at: datetime
) -> LogService:
    zone = at.tzinfo
    assert isinstance(zone, ZoneInfo)
    day = table.parse(row, "date", parse_date) if row.cells.get("date") else None
    started_at = table.parse(row, "started_at", lambda text: parse_moment(text, zone, date=day))
    minutes = _read_minutes(table, row)
    if row.cells.get("ended_at"):
        ended_at = table.parse(row, "ended_at", lambda text: parse_moment(text, zone, date=day))
        if day and ended_at <= started_at:
            ended_at += timedelta(days=1)  # clock times beside a date: the service went on past midnight
    else:
        # In UTC, so that the minutes are real ones where the clocks change.
        ended_at = (started_at.astimezone(UTC) + timedelta(minutes=minutes or 0)).astimezone(zone)
    return LogService(
        by=Acting(ActorId(organisation_id), "organisation"),
        at=at,
        record_id=new_record_id(),
        volunteer_id=_read_person(table, row, people),
        organisation_id=organisation_id,
        activity=table.parse(row, "activity", _parse_line),
        category=table.parse(row, "category", _parse_line),
        capacity=msgspec.convert(table.parse(row, "capacity", parse_capacity), Capacity),
        started_at=started_at,
        ended_at=ended_at,
        minutes=minutes,
        place=table.parse(row, "place", _parse_line) if row.cells.get("place") else None,
        content=table.parse(row, "content", _parse_content) if row.cells.get("content") else None,
        programmes=table.parse(row, "programmes", _parse_lines),
    )


def _read_minutes(table: Table, row: Row) -> int | None:
    if row.cells.get("minutes"):
        return table.parse(row, "minutes", lambda text: parse_minutes(text, "minutes"))
    if row.cells.get("hours"):
        return table.parse(row, "hours", lambda text: parse_minutes(text, "hours"))
    if row.cells.get("duration"):
        return table.parse(row, "duration", lambda text: parse_minutes(text, "duration"))
    return None


def _read_person(table: Table, row: Row, people: dict[str, list[str]]) -> VolunteerId:
    column, text = _who(row)
    found = people.get(text, [])
    if len(found) == 1:
        return VolunteerId(found[0])
    problem = "is the phone of several volunteers: write the number" if found else "is no volunteer of this bank"
    raise CellError(row.cells.get(column, ""), problem, column=column, header=table.headings.get(column, ""))


async def _local_now(services: Services, bank_id: UUID) -> datetime:
    bank = await services.ledger.store.bank(bank_id)
    assert bank is not None, "the caller has found the bank"
    return services.ledger.clock().astimezone(ZoneInfo(bank.timezone))


def _chunks(items: Sequence[T]) -> list[Sequence[T]]:
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]

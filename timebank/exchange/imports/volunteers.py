"""Importing people: a list of names, phones and skills becomes volunteers."""

from typing import NamedTuple
from uuid import UUID

from timebank.domain.acting import Acting
from timebank.domain.identifiers import new_volunteer_id, new_volunteer_number
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.domain.person import Skills
from timebank.exchange.imports.chunks import Import, Progress, Report, no_progress
from timebank.exchange.imports.now import local_now
from timebank.exchange.spreadsheets import Row, Table, parse_line, parse_lines, parse_phone
from timebank.runtime.composition import Services


class _Person(NamedTuple):
    """Somebody on the list."""

    name: str
    phone: str | None
    skills: tuple[str, ...]


async def import_volunteers(
    services: Services, bank_id: UUID, table: Table, by: Acting, *, progress: Progress = no_progress
) -> Report:
    """Register everybody on the list who is not registered yet: somebody with the same name and phone is."""
    names = {row.cells.get("name", "") for row in table.rows}
    registered = await services.people.same(services.pool, bank_id, sorted(names))
    at = await local_now(services, bank_id)

    def registration(row: Row) -> RegisterVolunteer | None:
        person = _read(table, row)
        if (person.name, person.phone) in registered:
            return None
        registered.add((person.name, person.phone))
        return RegisterVolunteer(
            by=by, at=at, volunteer_id=new_volunteer_id(), number=new_volunteer_number(), **person._asdict()
        )

    return await Import(services.ledger, bank_id, progress).submit(table.rows, registration)


def _read(table: Table, row: Row) -> _Person:
    """Somebody on the list. Raises `CellError`."""
    phone = table.parse_if_filled(row, "phone", parse_phone)
    name = table.parse(row, "name", parse_line)
    return _Person(name, phone, table.parse(row, "skills", lambda text: parse_lines(text, Skills)))

"""Who are the volunteers? What is personal about them comes from `person`, where it can be erased."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    RegistrationAccepted,
    RegistrationDeclined,
    RegistrationsMerged,
    VolunteerErased,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.domain.identifiers import as_number
from timebank.domain.people.document_numbers import spelt
from timebank.domain.person import Person
from timebank.domain.text import normal
from timebank.projections.machinery.projection import SetProjection, Step
from timebank.vault.people import LONGEST_BEGINNING, People

SQL = load_statements("timebank.projections.people", "volunteers.sql")

OPENED_AT_ONCE = 500
"""Of so many people what is sealed is opened before others get their turn."""

_STATUS = (
    *(RegistrationAccepted, RegistrationDeclined),
    *(VolunteerSuspended, VolunteerReinstated, VolunteerLeft, VolunteerErased),
)

PROJECTION = SetProjection(
    name="volunteers",
    version=4,
    tables=("volunteer",),
    steps=(
        Step(SQL["register"], (VolunteerRegistered,)),
        Step(SQL["set_status"], _STATUS),
        Step(SQL["set_merged"], (RegistrationsMerged,)),
        Step(SQL["set_consent"], (ConsentGiven, ConsentWithdrawn)),
    ),
)


class VolunteerView(msgspec.Struct, frozen=True, kw_only=True):
    """A volunteer, as those see them who may.

    Where somebody was registered twice, and that was merged, `kept_number` is the number they have now, and
    `earlier_numbers` are those under which they were recorded as well.
    """

    volunteer_id: str
    number: str
    status: str
    on_leaderboards: bool
    registered_at: datetime
    name: str | None
    phone: str | None
    birth_year: int | None
    skills: list[str] | None
    alias: str | None
    door: str | None
    kept_id: str | None = None
    kept_number: str | None = None
    earlier_numbers: list[str] = []


class Brief(NamedTuple):
    """Who somebody is, in short; None for what is not known, or not to be seen."""

    name: str | None
    number: str | None
    status: str | None


async def briefly(pool: Pool, people: People, bank_id: UUID, volunteer_ids: Sequence[str]) -> dict[str, Brief]:
    """Who volunteers are, by their ids; some at a time, so that others get their turn."""
    found: dict[str, Brief] = {}
    for start in range(0, len(volunteer_ids), OPENED_AT_ONCE):
        rows = await pool.fetch(SQL["briefly"], bank_id, volunteer_ids[start : start + OPENED_AT_ONCE])
        found |= {row["volunteer_id"]: _brief(_person(people, bank_id, row), row) for row in rows}
    return found


def _brief(person: Person | None, row: Any) -> Brief:
    return Brief(person.name if person else None, row["number"], row["status"])


async def one(pool: Pool, people: People, bank_id: UUID, volunteer_id: str) -> VolunteerView | None:
    """One volunteer."""
    row = await pool.fetchrow(SQL["one"], bank_id, volunteer_id)
    return _view(people, bank_id, row) if row else None


async def is_known(pool: Pool, bank_id: UUID, volunteer_id: str) -> bool:
    """Whether there is, or was, such a volunteer."""
    return bool(await pool.fetchval(SQL["is_known"], bank_id, volunteer_id))


async def page(
    pool: Pool,
    people: People,
    bank_id: UUID,
    query: str | None,
    after: str,
    limit: int,
    *,
    members_of: Sequence[str] | None = None,
) -> list[VolunteerView]:
    """Volunteers in order of registration, after the one given; all of them, or members of some organisations only.

    A query is a number, a phone, or a name or its beginning, of two characters at least; among all of them a document
    number, too: of members it is told to nobody by trying. A name kept since before names had one form is found as it
    was written then.
    """
    whose: tuple[Any, ...] = bank_id, after, limit
    whom = [] if members_of is None else [members_of]
    if query is None:
        rows = await pool.fetch(SQL["members"] if whom else SQL["page"], *whose, *whom)
        return [_view(people, bank_id, row) for row in rows]
    asked = normal(query)
    whose = *whose, [key for name in {asked, query} for key in people.name_keys(name)], *whom
    if any(each.isdecimal() for each in asked):
        numbers = as_number(query), people.phone_indexes(asked)
        documents = [] if whom else [people.document_indexes(spelt(asked))]
        rows = await pool.fetch(SQL["found_members"] if whom else SQL["found"], *whose, *numbers, *documents)
    else:  # no number is without a digit
        rows = await pool.fetch(SQL["found_members_by_name"] if whom else SQL["found_by_name"], *whose)
    return [view for row in rows if _is_meant(view := _view(people, bank_id, row), asked)]


async def applied(pool: Pool, people: People, bank_id: UUID, after: str, limit: int) -> list[VolunteerView]:
    """Who registered themselves and waits to be taken in, in that order."""
    return [_view(people, bank_id, row) for row in await pool.fetch(SQL["applied"], bank_id, after, limit)]


async def is_registered(pool: Pool, people: People, bank_id: UUID, name: str, birth_year: int) -> bool:
    """Whether somebody of this name and year of birth is a volunteer."""
    rows = await pool.fetch(SQL["meant"], bank_id, [], [], people.name_keys(name))
    found = [person for row in rows if (person := people.shown(bank_id, row))]
    return any((each.name, each.birth_year) == (name, birth_year) for each in found)


def _is_meant(view: VolunteerView, asked: str) -> bool:
    """Names are found by their first characters; what more was asked for is compared here."""
    name, known = normal(view.name or ""), asked[:LONGEST_BEGINNING]
    return len(asked) <= LONGEST_BEGINNING or not name.startswith(known) or name.startswith(asked)


async def exactly(pool: Pool, people: People, bank_id: UUID, number_or_phone: str) -> list[VolunteerView]:
    """Whoever has this very number or phone."""
    rows = await pool.fetch(SQL["exactly"], bank_id, as_number(number_or_phone), people.phone_indexes(number_or_phone))
    return [_view(people, bank_id, row) for row in rows]


async def by_numbers(pool: Pool, bank_id: UUID, numbers: Sequence[str]) -> dict[str, str]:
    """Who has these volunteer numbers, as the log says it; nobody is meant by a phone, and nobody who was erased."""
    return {row["number"]: row["volunteer_id"] for row in await pool.fetch(SQL["by_numbers"], bank_id, numbers)}


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may be meant by what a list says of them.

    A phone that only they say is theirs does not count (`phone_counts`): anybody could be meant by another's.
    """

    volunteer_id: str
    number: str
    name: str | None
    phone: str | None
    door: str | None
    skills: tuple[str, ...]
    phone_counts: bool = True


async def meant_by(
    pool: Pool,
    people: People,
    bank_id: UUID,
    *,
    numbers: Sequence[str] = (),
    phones: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[Meant]:
    """Everybody who has one of these numbers, phones or names, in the order of registration."""
    by_phone = [index for phone in phones for index in people.phone_indexes(phone)]
    by_name = [key for name in names for key in people.name_keys(name)]
    rows = await pool.fetch(SQL["meant"], bank_id, numbers, by_phone, by_name)
    found: list[Meant] = []
    for start in range(0, len(rows), OPENED_AT_ONCE):
        found += [_meant(people, bank_id, row) for row in rows[start : start + OPENED_AT_ONCE]]
        await asyncio.sleep(0)
    written, numbered = set(names), set(numbers)
    return [each for each in found if by_phone or each.name in written or each.number in numbered]


def _meant(people: People, bank_id: UUID, row: Any) -> Meant:
    person = people.shown(bank_id, row)
    return Meant(
        volunteer_id=row["volunteer_id"],
        number=row["number"],
        name=person.name if person else None,
        phone=person.phone if person else None,
        door=person.door if person else None,
        skills=(person.skills or ()) if person else (),
        phone_counts=bool(row["counts"]),
    )


def _person(people: People, bank_id: UUID, row: Any) -> Person | None:
    """Who it is: they are sealed under the registration that was kept, where it was merged."""
    return people.shown(bank_id, {**row, "volunteer_id": row["kept_id"] or row["volunteer_id"]})


def _view(people: People, bank_id: UUID, row: Any) -> VolunteerView:
    person = _person(people, bank_id, row)
    return VolunteerView(
        volunteer_id=row["volunteer_id"],
        number=row["number"],
        status=row["status"],
        on_leaderboards=row["on_leaderboards"],
        registered_at=row["registered_at"],
        name=person.name if person else None,
        phone=person.phone if person else None,
        birth_year=person.birth_year if person else None,
        skills=list(person.skills or ()) if person else None,
        alias=person.alias if person else None,
        door=person.door if person else None,
        kept_id=row["kept_id"],
        kept_number=row["kept_number"],
        earlier_numbers=row["earlier_numbers"],
    )

"""Who served most? Only those who agreed to it are named; everybody counts in the total, paid duty never does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.moments import as_of_one_moment
from timebank.db.sql import load_statements
from timebank.domain.facts.people import ConsentGiven, ConsentWithdrawn
from timebank.domain.facts.service import ServiceConfirmed, ServiceCorrected, ServiceVoided
from timebank.domain.person import Person
from timebank.projections.machinery.projection import SetProjection, Step
from timebank.vault.people import People

SQL = load_statements("timebank.projections.recognition", "leaderboards.sql")

_CONSENTS = (ConsentGiven, ConsentWithdrawn)

PROJECTION = SetProjection(
    name="leaderboards",
    version=3,
    tables=("leaderboard", "leaderboard_total", "leaderboard_step"),
    steps=(
        Step(SQL["count_service"], (ServiceConfirmed, ServiceCorrected, ServiceVoided)),
        Step(SQL["show_or_hide"], _CONSENTS),
    ),
)


class RankedVolunteer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who agreed to appear, under their name or the alias they chose.

    By an id more could be found out than they agreed to: of an alias only its owner is told it.
    """

    volunteer_id: str | None
    name: str | None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place on the board; `value` is in minutes of confirmed service."""

    rank: int
    volunteer: RankedVolunteer
    value: int


class CutOff(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which fact the board counts."""

    position: int
    recorded_at: datetime | None


class Leaderboard(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a board. `total` minutes are those of all; `hidden` people have `hidden_minutes` of them."""

    period: str
    cut_off: CutOff
    items: list[Place]
    next: str | None
    total: int
    hidden: int
    hidden_minutes: int


class OwnPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody stands; `rank` is the one they would have, where they have not agreed to be shown.

    `minutes_to_next` are wanting to have as many as the next; null for whoever is first. Neighbours are those
    who agreed to be shown: right `above`, nearest last, and right `below`.
    """

    period: str
    cut_off: CutOff
    is_shown: bool
    value: int
    rank: int | None
    minutes_to_next: int | None
    above: list[Place]
    below: list[Place]


class _Cursor(NamedTuple):
    """A place: its minutes, the position of the fact that it was reached with, and whose it is."""

    minutes: int | None = None
    position: int | None = None
    volunteer_id: str | None = None

    @classmethod
    def of(cls, row: Any) -> "_Cursor":
        return cls(row["minutes"], row["position"], row["volunteer_id"])

    def __str__(self) -> str:
        return f"{self.minutes}.{self.position}"


def cursor_at(text: str | None) -> _Cursor:
    """The place that the `next` of a page says. Raises `ValueError`."""
    if not text:
        return _Cursor()
    minutes, position = text.split(".")
    return _Cursor(min(int(minutes), _MOST), min(int(position), _MOST), _AFTER_ALL)


_MOST = 2**62
_AFTER_ALL = "zzz"
"""Behind every id. A fact is about one person's service: so nobody is passed over, and no cursor says who it is."""


async def leaderboard(
    pool: Pool, people: People, bank_id: UUID, period: str, after: str | None, limit: int, own_id: str | None = None
) -> Leaderboard:
    """The places of a period (`all`, a year as `2026`, a month as `2026-11`) after the one that a cursor says.

    Whoever looks (`own_id`) finds their own place by its id.
    """
    async with as_of_one_moment(pool, *PROJECTION.tables) as connection:
        rows = await connection.fetch(SQL["ranked"], bank_id, period, *cursor_at(after), limit + 1)
        places = await _places(connection, people, bank_id, period, rows[:limit], own_id)
        totals = await connection.fetchrow(SQL["totals"], bank_id, period)
        cut_off = await _cut_off(connection, bank_id)
    return Leaderboard(
        period=period,
        cut_off=cut_off,
        items=places,
        next=str(_Cursor.of(rows[limit - 1])) if len(rows) > limit else None,
        **(totals or {"total": 0, "hidden": 0, "hidden_minutes": 0}),
    )


async def own_place(
    pool: Pool, people: People, bank_id: UUID, period: str, volunteer_id: str, neighbours: int
) -> OwnPlace:
    """Where somebody stands in a period, with so many neighbours on each side."""
    async with as_of_one_moment(pool, *PROJECTION.tables) as connection:
        own = await connection.fetchrow(SQL["own"], bank_id, period, volunteer_id)
        assert own is not None, "it has a row whoever is asked about"
        at, above, below, rank, wanting = _Cursor(own["minutes"], own["position"], volunteer_id), [], [], None, None
        if own["minutes"] > 0:
            counted = await connection.fetchrow(SQL["counted"], bank_id, period, own["minutes"])
            assert counted is not None, "so does what is counted"
            rank, ahead = counted["more"] + 1, counted["next_minutes"]
            wanting = ahead - own["minutes"] if ahead is not None else None
            rows = await connection.fetch(SQL["above"], bank_id, period, *at, neighbours)
            above = await _places(connection, people, bank_id, period, rows[::-1])
            rows = await connection.fetch(SQL["ranked"], bank_id, period, *at, neighbours)
            below = await _places(connection, people, bank_id, period, rows)
        cut_off = await _cut_off(connection, bank_id)
    return OwnPlace(
        period=period,
        cut_off=cut_off,
        is_shown=own["is_visible"],
        value=own["minutes"],
        rank=rank,
        minutes_to_next=wanting,
        above=above,
        below=below,
    )


async def _places(
    connection: Connection, people: People, bank_id: UUID, period: str, rows: Sequence[Any], own_id: str | None = None
) -> list[Place]:
    """Rows that follow each other as places: competition rank (1-2-2-4), whose first one is counted from the steps."""
    if not rows:
        return []
    first = await connection.fetchrow(SQL["counted"], bank_id, period, rows[0]["minutes"])
    assert first is not None, "what is counted has a row"
    rank, equals, minutes = first["more"] + 1, first["as_many"], rows[0]["minutes"]
    places = []
    for row in rows:
        if row["minutes"] != minutes:
            rank, equals, minutes = rank + equals, 0, row["minutes"]
        equals += minutes != rows[0]["minutes"]
        volunteer = _ranked(people.shown(bank_id, row), row["volunteer_id"], own_id)
        places.append(Place(rank=rank, volunteer=volunteer, value=minutes))
    return places


async def _cut_off(connection: Connection, bank_id: UUID) -> CutOff:
    row = await connection.fetchrow(SQL["cut_off"], bank_id)
    return CutOff(**row) if row else CutOff(position=0, recorded_at=None)


def _ranked(person: Person | None, volunteer_id: str, own_id: str | None) -> RankedVolunteer:
    is_told = volunteer_id == own_id or not (person and person.alias)
    name = (person.alias or person.name) if person else None
    return RankedVolunteer(volunteer_id=volunteer_id if is_told else None, name=name)

"""Who served most? Only those who agreed to it are named; everybody counts in the total, paid duty never does."""

from datetime import datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
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
    version=1,
    tables=("leaderboard",),
    steps=(
        Step(SQL["count_service"], (ServiceConfirmed, ServiceCorrected, ServiceVoided)),
        Step(SQL["know_person"], _CONSENTS),
        Step(SQL["show_or_hide"], _CONSENTS),
    ),
)


class RankedVolunteer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who agreed to appear, under their name or the alias they chose."""

    volunteer_id: str
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


async def leaderboard(pool: Pool, people: People, bank_id: UUID, period: str, offset: int, limit: int) -> Leaderboard:
    """The places from `offset` on of a period: `all`, a year as `2026`, or a month as `2026-11`."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(SQL["hold"])
        rows = await connection.fetch(SQL["ranked"], bank_id, period, offset, limit + 1)
        totals = await connection.fetchrow(SQL["totals"], bank_id, period)
        cut_off = await connection.fetchrow(SQL["cut_off"], bank_id)
    assert totals is not None, "an aggregate has a row"
    places = [
        Place(
            rank=row["rank"],
            volunteer=_ranked(people.shown(bank_id, row), row["volunteer_id"]),
            value=row["value"],
        )
        for row in rows[:limit]
    ]
    return Leaderboard(
        period=period,
        cut_off=CutOff(**cut_off) if cut_off else CutOff(position=0, recorded_at=None),
        items=places,
        next=str(offset + limit) if len(rows) > limit else None,
        **totals,
    )


def _ranked(person: Person | None, volunteer_id: str) -> RankedVolunteer:
    return RankedVolunteer(volunteer_id=volunteer_id, name=(person.alias or person.name) if person else None)

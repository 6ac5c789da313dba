"""What happened? The log itself, as an auditor reads it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.vocabulary import topics_under

SQL = load_statements("timebank.projections.supervision", "history.sql")

END: Final = 2**53
"""A position that no log comes to."""


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """A fact with all that is known about its recording; `leaf` is the hash that seals the row, in hexadecimal.

    `on_behalf_of` is the volunteer whom the actor, as their proxy, acted for.
    """

    position: int
    event_id: UUID
    topic: str
    data: msgspec.Raw
    tags: list[str]
    actor: str
    authority: str
    request_id: str
    command_id: UUID
    on_behalf_of: str | None
    recorded_at: datetime
    leaf: str


class NamedEvent(EventView, frozen=True, kw_only=True, omit_defaults=True):
    """A fact of the history; with names, where they are asked for, as far as whoever asks may see them."""

    actor_name: str | None = None
    on_behalf_of_name: str | None = None
    volunteer_id: str | None = None
    volunteer_number: str | None = None
    volunteer_name: str | None = None
    to_volunteer_id: str | None = None
    to_volunteer_number: str | None = None
    to_volunteer_name: str | None = None
    organisation_id: str | None = None
    organisation_name: str | None = None


class Wanted(NamedTuple):
    """Which facts are asked for: all of what is said here has to be so of them; days are local days of the zone.

    A fact happened on the day that it is about; one that is about none happened when it was recorded.
    """

    topic: str | None = None
    tags: tuple[str, ...] = ()
    actor: str | None = None
    authority: str | None = None
    request_id: str | None = None
    happened_from: date | None = None
    happened_until: date | None = None
    zone: str = "UTC"


class Span(NamedTuple):
    """A stretch of the log: what is after a position and before another."""

    after: int = 0
    before: int = END


async def page(
    pool: Pool, bank_id: UUID, wanted: Wanted, span: Span, limit: int, *, newest: bool = False
) -> list[NamedEvent]:
    """The first facts of a stretch, in order; or the last, the latest first."""
    return [_view(row) for row in await _rows(pool, bank_id, wanted, span, limit, newest=newest)]


async def _rows(pool: Pool, bank_id: UUID, wanted: Wanted, span: Span, limit: int, *, newest: bool) -> list[Any]:
    topics = [wanted.topic] if wanted.topic else topics_under(wanted.tags[0]) if _goes_by_tag(wanted) else None
    rows: list[Any] = await pool.fetch(
        _statement(wanted, newest=newest),
        bank_id,
        *span,
        topics,
        wanted.actor,
        wanted.authority,
        wanted.request_id,
        list(wanted.tags) or None,
        wanted.happened_from,
        wanted.happened_until,
        wanted.zone,
        limit,
    )
    return rows


def _goes_by_tag(wanted: Wanted) -> bool:
    """Whether facts are looked for by their tag; a request has fewer than any tag."""
    return bool(wanted.tags) and not wanted.request_id


def _statement(wanted: Wanted, *, newest: bool) -> str:
    if _goes_by_tag(wanted):
        return SQL["newest_tagged"] if newest else SQL["oldest_tagged"]
    return SQL["newest"] if newest else SQL["oldest"]


async def about(pool: Pool, bank_id: UUID, tag: str, after: int, limit: int) -> list[EventView]:
    """The facts under a tag after a position, in order, without names."""
    rows = await _rows(pool, bank_id, Wanted(tags=(tag,)), Span(after), limit, newest=False)
    return [EventView(**_fields(row)) for row in rows]


async def one(pool: Pool, bank_id: UUID, position: int) -> NamedEvent | None:
    """The fact at a position, if the log has come to it."""
    row = await pool.fetchrow(SQL["one"], bank_id, position)
    return _view(row) if row else None


async def head(pool: Pool, bank_id: UUID) -> int:
    """The position of the last fact."""
    found: int = await pool.fetchval(SQL["head"], bank_id)
    return found


async def position_before(pool: Pool, bank_id: UUID, moment: datetime) -> int:
    """The last position that was recorded before a moment; 0 if none was."""
    if moment.year <= 1 or moment.year >= 9999:  # in another zone it would be in no year that there is
        return 0 if moment.year <= 1 else await head(pool, bank_id)
    return await pool.fetchval(SQL["position_before"], bank_id, moment) or 0


class _Named(msgspec.Struct, frozen=True):
    """Whom a fact names."""

    volunteer_id: str | None = None
    to_volunteer_id: str | None = None
    organisation_id: str | None = None


_named = msgspec.json.Decoder(_Named)


def with_whom(items: Sequence[NamedEvent]) -> list[NamedEvent]:
    """These facts with the ids of people that are in their data, so that names can be filled in."""
    return [msgspec.structs.replace(each, **msgspec.structs.asdict(_named.decode(each.data))) for each in items]


def _view(row: Any) -> NamedEvent:
    return NamedEvent(**_fields(row))


def _fields(row: Any) -> dict[str, Any]:
    return {**row, "data": msgspec.Raw(row["data"]), "leaf": row["leaf"].hex()}

"""What happened? The log itself, as an auditor reads it."""

from datetime import datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.vocabulary import FACTS

SQL = load_statements("timebank.projections.supervision", "history.sql")


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


async def page(
    pool: Pool, bank_id: UUID, *, after: int, topic: str | None, tag: str | None, actor: str | None, limit: int
) -> list[EventView]:
    """Events after a position, in order; those under a tag whoever caused them."""
    if tag:
        topics = [topic] if topic else list(FACTS)
        rows = await pool.fetch(SQL["page_by_tag"], bank_id, after, topics, limit, tag)
    else:
        rows = await pool.fetch(SQL["page"], bank_id, after, topic, actor, limit)
    return [EventView(**{**row, "data": msgspec.Raw(row["data"]), "leaf": row["leaf"].hex()}) for row in rows]

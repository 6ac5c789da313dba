"""Which rule books were adopted, and whose credit would another one change? Both asked of the log itself."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.credit.policies import RuleBook, Version, in_force_until
from timebank.domain.credit.preview import REPLAYED, Effects, Replay
from timebank.domain.facts.credit import PolicyAdopted, PolicyWithdrawn, Rules
from timebank.ledger.codec import decode

SQL = load_statements("timebank.projections.credit", "policies.sql")

BATCH_EVENTS = 2_000
"""How many events are replayed before others have their turn."""

_TOPICS = [fact.TOPIC for fact in REPLAYED]


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the rule book, adopted by a resolution, for service from a local day on, up to another.

    It holds from `effective_from` to `effective_until` (included; null: until further notice), and never where that is
    the day before: then a later resolution was for the same day. One that was withdrawn never holds.
    """

    version: int
    resolution: str
    effective_from: date
    effective_until: date | None
    rules: Rules
    adopted_at: datetime
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    position: int


async def adopted(pool: Pool, bank_id: UUID) -> list[PolicyView]:
    """All versions, in the order in which they were adopted; those that were withdrawn too."""
    told = [(row, decode(row["topic"], row["data"])) for row in await pool.fetch(SQL["adopted"], bank_id)]
    withdrawn = {fact.version: (row, fact) for row, fact in told if isinstance(fact, PolicyWithdrawn)}
    adopted = [(row, fact) for row, fact in told if isinstance(fact, PolicyAdopted)]
    first_days = {fact.version: fact.effective_from for _, fact in adopted if fact.version not in withdrawn}
    return [
        PolicyView(
            version=fact.version,
            resolution=fact.resolution,
            effective_from=fact.effective_from,
            effective_until=in_force_until(first_days, fact.version) if fact.version in first_days else None,
            rules=fact.rules,
            adopted_at=row["recorded_at"],
            withdrawn_at=withdrawn[fact.version][0]["recorded_at"] if fact.version in withdrawn else None,
            withdrawn_reason=withdrawn[fact.version][1].reason if fact.version in withdrawn else None,
            position=row["position"],
        )
        for row, fact in adopted
    ]


async def in_force(pool: Pool, bank_id: UUID, day: date) -> Version:
    """The version in force on a day, of all that were adopted so far."""
    book = RuleBook()
    for row in await pool.fetch(SQL["adopted"], bank_id):
        book.remember(decode(row["topic"], row["data"]))
    return book.on(day)


async def preview(
    pool: Pool,
    bank_id: UUID,
    draft: Rules,
    effective_from: date,
    largest: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, Effects]:
    """What a draft, had it been in force from a day on, would have changed; as of a position. Nothing is written."""
    replay = Replay(draft, effective_from)
    head: int = await pool.fetchval(SQL["head"], bank_id) or 0
    for after in range(0, head, BATCH_EVENTS):
        until = min(after + BATCH_EVENTS, head)
        for row in await pool.fetch(SQL["replayed"], bank_id, after, until, _TOPICS):
            replay.take(decode(row["topic"], row["data"]))
        progress(until, head)
        await asyncio.sleep(0)
    return head, replay.effects(largest)

"""Who may act for whom, now and before. Kept in the append transaction, so it is never behind the log."""

from datetime import date
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.people import ProxyAppointed, ProxyEnded
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.people", "proxies.sql")

PROJECTION = SetProjection(
    name="proxies",
    version=1,
    tables=("proxy",),
    steps=(Step(SQL["appoint"], (ProxyAppointed,)), Step(SQL["end"], (ProxyEnded,))),
    is_inline=True,
)


class ProxyView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may act, or could, for a volunteer; `valid_until` is the last day."""

    proxy_id: str
    volunteer_id: str
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    proxy_volunteer_id: str
    proxy_volunteer_name: str | None = None
    proxy_volunteer_number: str | None = None
    scopes: list[str]
    acts_per_day: int
    minutes_per_day: int | None
    valid_until: date | None
    status: str

    def in_force(self, on: date) -> bool:
        """Whether they may act on a day."""
        return self.status == "in force" and (self.valid_until or on) >= on


async def of(pool: Pool, bank_id: UUID, volunteer_id: str) -> list[ProxyView]:
    """All proxies that a volunteer has, or is, or had, or was."""
    rows = await pool.fetch(SQL["of"], bank_id, volunteer_id)
    return [ProxyView(**row) for row in rows]

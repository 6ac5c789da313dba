"""Which funds are there, and what is in them?"""

from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.credit import FundClosed, FundOpened
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.credit", "funds.sql")

PROJECTION = SetProjection(
    name="funds",
    version=1,
    tables=("fund",),
    steps=(Step(SQL["open"], (FundOpened,)), Step(SQL["close"], (FundClosed,))),
)


class FundView(msgspec.Struct, frozen=True, kw_only=True):
    """A fund and the `minutes` that are in it."""

    fund_id: str
    name: str
    kind: str
    organisation_id: str | None
    organisation_name: str | None = None
    purpose: str | None
    status: str
    minutes: int


async def one(pool: Pool, bank_id: UUID, fund_id: str) -> FundView | None:
    """One fund."""
    row = await pool.fetchrow(SQL["one"], bank_id, fund_id)
    return FundView(**row) if row else None


async def page(pool: Pool, bank_id: UUID, after: str, limit: int) -> list[FundView]:
    """Funds in the order in which they were opened, after the one given."""
    rows = await pool.fetch(SQL["page"], bank_id, after, limit)
    return [FundView(**row) for row in rows]


async def names(pool: Pool, bank_id: UUID) -> dict[str, str]:
    """The names of all funds there ever were."""
    return {row["fund_id"]: row["name"] for row in await pool.fetch(SQL["names"], bank_id)}

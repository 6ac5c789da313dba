"""Which credit went from hand to hand?"""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.domain.facts.credit import CreditDonated, CreditGiven, CreditGranted
from timebank.projections.machinery.projection import SetProjection, Step

SQL = load_statements("timebank.projections.credit", "transfers.sql")

TransferKind = Literal["gift", "donation", "grant"]

PROJECTION = SetProjection(
    name="transfers",
    version=1,
    tables=("transfer",),
    steps=(Step(SQL["make"], (CreditGiven, CreditDonated, CreditGranted)),),
)


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """Credit that went from a volunteer, or a fund, to another."""

    transfer_id: str
    kind: str
    volunteer_id: str | None
    volunteer_name: str | None = None
    volunteer_number: str | None = None
    fund_id: str | None
    fund_name: str | None = None
    to_volunteer_id: str | None
    to_volunteer_name: str | None = None
    to_volunteer_number: str | None = None
    to_fund_id: str | None
    to_fund_name: str | None = None
    minutes: int
    reason: str | None
    made_at: datetime
    position: int


async def page(
    pool: Pool,
    bank_id: UUID,
    kind: TransferKind | None,
    *,
    volunteer_id: str | None,
    fund_id: str | None,
    before: str | None,
    limit: int,
) -> list[TransferView]:
    """Transfers of a kind, of somebody or else of a fund, or all, that were made before the one given; newest first."""
    asked = bank_id, [kind] if kind else get_args(TransferKind), before, limit
    if volunteer_id is not None:
        rows = await pool.fetch(SQL["of_volunteer"], *asked, volunteer_id)
    elif fund_id is not None:
        rows = await pool.fetch(SQL["of_fund"], *asked, fund_id)
    else:
        rows = await pool.fetch(SQL["page"], *asked)
    return [TransferView(**row) for row in rows]

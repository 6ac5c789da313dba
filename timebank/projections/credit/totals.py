"""What was on all accounts of a bank together, as of a position: from what is on them now, or from the facts alone."""

from collections import Counter
from typing import Final
from uuid import UUID

import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.moments import as_of_one_moment
from timebank.db.sql import load_statements
from timebank.domain.credit.accounts import POSTED, Account, postings
from timebank.ledger.codec import decode
from timebank.projections.credit import balances

SQL = load_statements("timebank.projections.credit", "totals.sql")

STRETCH: Final = 2_000

_SIGNS: Final[dict[Account, int]] = {
    "available": 1,
    "reserved": 1,
    "debt": -1,
    "served": 1,
    "issued": -1,
    "redeemed": 1,
    "fund": 1,
}
"""How an account is shown: debts and what the bank issued are kept below zero."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes on all accounts of a bank together: of volunteers, and in funds; and what was served."""

    available_minutes: int
    reserved_minutes: int
    debt_minutes: int
    served_minutes: int
    issued_minutes: int
    redeemed_minutes: int
    fund_minutes: int


async def totals_at(pool: Pool, bank_id: UUID, position: int) -> Totals:
    """The totals after a position, from whichever end of the log is nearer."""
    async with as_of_one_moment(pool, *balances.PROJECTION.tables) as connection:
        row = await connection.fetchrow(SQL["now"], bank_id)
        assert row, "a row of sums there always is"
        head = row["head"] or 0
        if position < head // 2:
            found = await _posted(connection, bank_id, 0, position)
        else:
            found = Counter({account: row[account] for account in _SIGNS})
            found.subtract(await _posted(connection, bank_id, position, head))
    return Totals(**{f"{account}_minutes": found[account] for account in _SIGNS})


async def _posted(connection: Connection, bank_id: UUID, after: int, until: int) -> Counter[Account]:
    """What a stretch of the log does to accounts."""
    sums, topics = Counter[Account](), [fact.TOPIC for fact in POSTED]
    while rows := await connection.fetch(SQL["booked"], bank_id, after, until, topics, STRETCH):
        for row in rows:
            for account, _, minutes, _ in postings(decode(row["topic"], row["data"])):
                if account in _SIGNS:
                    sums[account] += _SIGNS[account] * minutes
        after = rows[-1]["position"]
    return sums

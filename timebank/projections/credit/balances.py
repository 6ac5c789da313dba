"""What does a volunteer have? Kept in the append transaction, so that a balance is never older than the log."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.db.together import Together
from timebank.domain.credit.accounts import BOOKED, Account, opened, postings
from timebank.domain.credit.statements import Holdings
from timebank.domain.kernel import Fact
from timebank.ledger.codec import Recorded, decode

SQL = load_statements("timebank.projections.credit", "balances.sql")

ACCOUNTS = ("available", "reserved", "debt", "service", "credited", "redeemed", "fund")
"""What there is on accounts, in the order of the table."""

EVENTS_IN_MEMORY = 20_000
"""How many events of a stretch are looked at at a time, since they are here as a whole."""

# Which column an account is shown in, and with which sign: debts and what the bank issued are kept below zero.
_COLUMNS: Final[dict[Account, tuple[int, int]]] = {
    "available": (0, 1),
    "reserved": (1, 1),
    "debt": (2, -1),
    "served": (3, 1),
    "issued": (4, -1),
    "redeemed": (5, 1),
}

_NOTHING: Final = [0] * len(_COLUMNS)


class Balance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a volunteer can spend, has reserved and owes, in minutes; what they served, was credited, and redeemed.

    With `as_of` also what it was at the end of that day, twice: `as_recorded` is what the log said then, `as_effective`
    what had happened by then as it is known today: service entered later counts on its own day, and what was put
    right counts as it was put right.
    """

    available_minutes: int
    reserved_minutes: int
    debt_minutes: int
    service_minutes: int
    credited_minutes: int
    redeemed_minutes: int
    position: int
    as_of: date | None = None
    as_recorded: Holdings | None = None
    as_effective: Holdings | None = None


class _Balances:
    """Credit is worked out by `postings` and nothing else, so here alone facts go through Python."""

    name = "balances"
    version = 1
    tables = ("balance", "fund_balance")
    is_inline = True

    async def apply(
        self, connection: Connection, bank_id: UUID, after: int, until: int, topics: frozenset[str]
    ) -> None:
        """Take in a stretch of the log."""
        if topics.isdisjoint(BOOKED):
            return
        for first in range(after, until, EVENTS_IN_MEMORY):
            asked = bank_id, first, min(first + EVENTS_IN_MEMORY, until), list(BOOKED)
            rows = await connection.fetch(SQL["booked_between"], *asked)
            await _post(connection, bank_id, (decode(row["topic"], row["data"]) for row in rows))

    async def keep(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Take in what is being appended, within the same transaction."""
        await _post(connection, bank_id, (fact for _, fact in recorded))


PROJECTION = _Balances()


async def _post(connection: Connection, bank_id: UUID, facts: Iterable[Fact]) -> None:
    accounts: defaultdict[str, list[str]] = defaultdict(list)
    changes: defaultdict[str, list[int]] = defaultdict(_NOTHING.copy)
    funds: defaultdict[str, int] = defaultdict(int)
    for fact in facts:
        new = opened(fact)
        if new:
            accounts[new[0]].append(new[1])
        left = 0
        for account, holder, minutes, _ in postings(fact):
            left += minutes
            if minutes and account in _COLUMNS:
                column, sign = _COLUMNS[account]
                changes[holder][column] += sign * minutes
            elif account == "fund":
                funds[holder] += minutes
        assert left == 0, "postings sum to zero"
    await _write(connection, bank_id, accounts["available"], changes)
    if accounts["fund"]:
        await connection.execute(SQL["open_funds"], bank_id, accounts["fund"])
    if funds:
        done = await connection.execute(SQL["post_to_funds"], bank_id, list(funds), list(funds.values()))
        assert done == f"UPDATE {len(funds)}", "every fund has an account"


async def _write(connection: Connection, bank_id: UUID, new: list[str], changes: dict[str, list[int]]) -> None:
    """Open accounts of volunteers with what is on them already, and add to those that are there."""
    if new:
        there = [changes.pop(holder, _NOTHING) for holder in new]
        await connection.execute(SQL["open_accounts"], bank_id, new, *zip(*there, strict=True))
    if changes:
        done = await connection.execute(SQL["post"], bank_id, list(changes), *zip(*changes.values(), strict=True))
        assert done == f"UPDATE {len(changes)}", "every volunteer has an account"


async def trial_balance(pool: Pool, bank_id: UUID) -> int:
    """What remains when all accounts of a bank are added up: nothing, if all is well."""
    return await pool.fetchval(SQL["trial_balance"], bank_id) or 0


async def every_account(connection: Connection, bank_id: UUID) -> list[tuple[str, dict[str, int]]]:
    """What is on all accounts, of volunteers and funds, by holder; those on which nothing is are left out."""
    rows = await connection.fetch(SQL["every_account"], bank_id)
    return [(row["holder"], {name: row[name] for name in ACCOUNTS if row[name]}) for row in rows]


async def balance_of(pool: Pool, bank_id: UUID, volunteer_id: str) -> Balance | None:
    """A volunteer's balance as of the head of the log; None for a volunteer nobody knows."""
    return (await _balances_of(pool, bank_id, [volunteer_id])).get(volunteer_id)


async def _balances_of(pool: Pool, bank_id: UUID, volunteer_ids: Sequence[str]) -> dict[str, Balance]:
    rows = map(dict, await pool.fetch(SQL["balances_of"], bank_id, volunteer_ids))
    return {row.pop("volunteer_id"): Balance(**row) for row in rows}


class Balances:
    """Balances as they are asked for: those asked for at the same time are read together."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._of_bank: dict[UUID, Together[str, Balance]] = {}

    async def of(self, bank_id: UUID, volunteer_id: str) -> Balance | None:
        """A volunteer's balance as of the head of the log; None for a volunteer nobody knows."""
        together = self._of_bank.get(bank_id)
        if together is None:
            together = self._of_bank[bank_id] = Together(lambda some: _balances_of(self._pool, bank_id, some))
        return await together.one(volunteer_id)

"""Slowing down whoever guesses passwords, without locking out whom they guess for.

- An address that fails for one account waits longer each time, from the sixth failure on.
- An address that fails for many accounts, none of which it gets into, waits.
- An account that fails from many addresses waits.

The last two do not hold up an address that has signed in to the account before.
"""

import math
from datetime import datetime, timedelta
from uuid import UUID

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.identity.failures import TooManyAttempts
from timebank.vault.keyring import Keyring
from timebank.vault.people import digits

SQL = load_statements("timebank.identity", "attempts.sql")

FREE_FAILURES = 5
LONGEST_WAIT = timedelta(minutes=15)
FAILING_ACCOUNTS_OF_AN_ADDRESS = 50
FAILURES_OF_A_LOGIN = 100
WINDOW = timedelta(hours=1)


class Attempts:
    """Counts attempts to sign in, by keyed hashes of what was typed and of where from."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    def address(self, address: str) -> str:
        """The keyed hash that an address is counted under."""
        return self._keyring.current.index("address", address)

    def login(self, login: str) -> str:
        """The keyed hash that a login is counted under, however it is spelt."""
        return self._keyring.current.index("login", digits(login).casefold())

    async def begin(self, bank_id: UUID, login: str, address: str, at: datetime) -> None:
        """Count one more attempt as failed, until it has succeeded. Raises `TooManyAttempts` if it comes too early."""
        called = bank_id, self.login(login), self.address(address)
        row = await self._pool.fetchrow(SQL["so_far"], *called, at - WINDOW)
        assert row is not None, "an aggregate has a row"
        until = at
        if row["of_login"] >= FAILURES_OF_A_LOGIN and not row["is_known"]:
            until = max(until, row["login_failed_at"] + WINDOW)
        if row["of_address"] >= FAILING_ACCOUNTS_OF_AN_ADDRESS and not row["is_known"]:
            until = max(until, row["address_failed_at"] + WINDOW)
        if until == at:
            pause = LONGEST_WAIT.total_seconds()
            if await self._pool.fetchval(SQL["begin"], *called, at, FREE_FAILURES, pause):
                return
            until = await self._pool.fetchval(SQL["due"], *called, FREE_FAILURES, pause)
        raise TooManyAttempts(seconds=max(1, math.ceil((until - at).total_seconds())))

    async def failed(self, bank_id: UUID, login: str, address: str, volunteer_id: str | None) -> None:
        """It did fail; whom it was about, so that it goes when they are erased."""
        await self._pool.execute(SQL["failed"], bank_id, self.login(login), self.address(address), volunteer_id)

    async def succeeded(
        self, to: "Pool | Connection", bank_id: UUID, login: str, address: str, volunteer_id: str, at: datetime
    ) -> None:
        """It succeeded: from now on this address is known to this account."""
        await to.execute(SQL["succeeded"], bank_id, self.login(login), self.address(address), volunteer_id, at)

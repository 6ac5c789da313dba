"""Slowing down whoever guesses passwords, without locking out whom they guess for.

- An address that fails for one account waits longer each time, from the sixth failure on.
- An address that fails for many accounts waits.
- An account that fails from many addresses lets in only addresses that have signed in to it before.
"""

from datetime import datetime, timedelta
from uuid import UUID

from timebank.identity.failures import TooManyAttempts
from timebank.ledger.keyring import Keyring
from timebank.ledger.statements import load_statements
from timebank.ledger.store import Connection, Pool

SQL = load_statements("timebank.identity", "attempts.sql")

FREE_FAILURES = 5
LONGEST_WAIT = timedelta(minutes=15)
FAILURES_OF_AN_ADDRESS = 50
FAILURES_OF_A_LOGIN = 100
WINDOW = timedelta(hours=1)


class Attempts:
    """Counts attempts to sign in, by keyed hashes of what was typed and of where from."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    def address(self, address: str) -> str:
        """What an address is called."""
        return self._keyring.current.index("address", address)

    def login(self, login: str) -> str:
        """What something typed as a login is called."""
        return self._keyring.current.index("login", login)

    async def must_not_wait(self, bank_id: UUID, login: str, address: str, at: datetime) -> None:
        """Refuse an attempt that comes too early."""
        row = await self._pool.fetchrow(SQL["so_far"], bank_id, self.login(login), self.address(address), at - WINDOW)
        assert row is not None, "an aggregate has a row"
        wait = timedelta()
        if row["failures"] >= FREE_FAILURES and row["last_failed_at"]:
            pause = min(timedelta(seconds=2 ** min(row["failures"] - FREE_FAILURES, 20)), LONGEST_WAIT)
            wait = row["last_failed_at"] + pause - at
        from_everywhere = row["of_login"] >= FAILURES_OF_A_LOGIN and not row["is_known"]
        if from_everywhere or row["of_address"] >= FAILURES_OF_AN_ADDRESS:
            wait = max(wait, LONGEST_WAIT)
        if wait > timedelta():
            raise TooManyAttempts(seconds=max(1, int(wait.total_seconds())))

    async def failed(self, bank_id: UUID, login: str, address: str, volunteer_id: str | None, at: datetime) -> None:
        """One more failure."""
        await self._pool.execute(SQL["failed"], bank_id, self.login(login), self.address(address), volunteer_id, at)

    async def succeeded(
        self, connection: Connection, bank_id: UUID, login: str, address: str, volunteer_id: str, at: datetime
    ) -> None:
        """A success: from now on this address is known to this account."""
        await connection.execute(SQL["succeeded"], bank_id, self.login(login), self.address(address), volunteer_id, at)

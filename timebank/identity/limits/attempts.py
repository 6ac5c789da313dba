"""Slowing down whoever guesses passwords, without locking out whom they guess for.

- An address that fails for one account waits longer each time, from the sixth failure on.
- An address that fails for many accounts, none of which it gets into, waits; and so does a network of IPv6 addresses.
- An account that fails from many addresses waits.

The last two do not hold up an address that is known to the account: it has signed in to it before.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from timebank.db.commits import writing
from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.identifiers import as_number, is_volunteer_number
from timebank.domain.people.phones import phone_spelling
from timebank.domain.text import normal
from timebank.identity.failures import TooManyAttempts
from timebank.identity.limits.alone import alone
from timebank.identity.limits.throttle import wider_network
from timebank.vault.keyring import Keyring
from timebank.vault.people import digits

SQL = load_statements("timebank.identity.limits", "attempts.sql")

FREE_FAILURES = 5
LONGEST_WAIT = timedelta(minutes=15)
FAILING_ACCOUNTS_OF_AN_ADDRESS = 50
FAILING_ACCOUNTS_OF_A_NETWORK = 200
"""Of an IPv6 network of 48 bits, which one house has to itself, or one campus."""
FAILURES_OF_A_LOGIN = 100
WINDOW = timedelta(hours=1)


def spelt(login: str) -> str:
    """A number, or a phone, in its one spelling: whom it may mean is found by it, and attempts are counted under it.

    Else whoever writes something else between the digits each time would begin to be counted anew.
    """
    number = as_number(normal(login))
    return number if is_volunteer_number(number) else phone_spelling(number) or number


class Attempts:
    """Counts attempts to sign in, by keyed hashes of what was typed and of where from."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._keyring = keyring

    def address(self, address: str) -> str:
        """The keyed hash that an address is counted under, after a rotation of keys too."""
        return self._keyring.lasting("address", address)

    def login(self, login: str) -> str:
        """The keyed hash that a login is counted under, however it is spelt."""
        return self._keyring.current.index("login", digits(login).casefold())

    def logins(self, login: str) -> list[str]:
        """The same, and while keys are rotated those of the other keys."""
        return self._keyring.indexes("login", digits(login).casefold())

    def network(self, address: str) -> str | None:
        """The keyed hash that the network of an IPv6 address is counted under."""
        network = wider_network(address)
        return self._keyring.current.index("network", network) if network else None

    async def known(self, bank_id: UUID, login: str, address: str, at: datetime, meant: Sequence[str] = ()) -> bool:
        """Whether an address is known to the account; `meant` are the volunteers whom the login may mean.

        Raises `TooManyAttempts` where too many attempts have failed, and the address is not.
        """
        network = self.network(address)
        known = self._keyring.lasting_or_before("address", address)
        called = bank_id, self.login(login), self.address(address), at - WINDOW, network, meant, known
        row = await self._pool.fetchrow(SQL["so_far"], *called)
        assert row is not None, "an aggregate has a row"
        if row["is_known"]:
            return True
        until = at
        for failures, most, last in (
            (row["of_login"], FAILURES_OF_A_LOGIN, row["login_failed_at"]),
            (row["of_address"], FAILING_ACCOUNTS_OF_AN_ADDRESS, row["address_failed_at"]),
            (row["of_network"], FAILING_ACCOUNTS_OF_A_NETWORK, row["network_failed_at"]),
        ):
            if failures >= most:
                until = max(until, last + WINDOW)
        _must_be_due(until, at)
        return False

    async def begin(self, bank_id: UUID, login: str, address: str, at: datetime) -> None:
        """Count one more attempt as failed, until it has succeeded. Raises `TooManyAttempts` if it comes too early."""
        called, pause = (bank_id, self.login(login), self.address(address)), LONGEST_WAIT.total_seconds()
        async with alone(self._pool, f"attempt {called[1]} {called[2]}"), writing(self._pool) as connection:
            begun = await connection.fetchval(SQL["begin"], *called, at, FREE_FAILURES, pause, self.network(address))
        if not begun:
            _must_be_due(await self._pool.fetchval(SQL["due"], *called, FREE_FAILURES, pause), at, least=1)

    async def failed(self, bank_id: UUID, login: str, address: str, volunteer_id: str | None) -> None:
        """Note whose account a failed attempt was about, so that it is deleted when they are erased."""
        async with writing(self._pool) as connection:
            await connection.execute(SQL["failed"], bank_id, self.login(login), self.address(address), volunteer_id)

    async def succeeded(
        self,
        to: "Connection | None",
        bank_id: UUID,
        login: str,
        address: str,
        volunteer_id: str,
        at: datetime,
        *,
        is_shared: bool = False,
    ) -> None:
        """Note that an attempt succeeded: failures are forgotten, and the account knows the address from now on.

        Of a login that several share they are forgotten once in a while only.
        """
        since = at - LONGEST_WAIT if is_shared else None
        called = bank_id, self.login(login), self.address(address)
        async with writing(self._pool, to) as connection:
            await connection.execute(SQL["succeeded"], *called, volunteer_id, at, since)

    async def forget(self, bank_id: UUID, login: str, address: str) -> None:
        """It succeeded, and nothing is to be known of it later."""
        async with writing(self._pool) as connection:
            await connection.execute(SQL["forget"], bank_id, self.login(login), self.address(address))


def _must_be_due(until: datetime, at: datetime, least: int = 0) -> None:
    seconds = max(least, math.ceil((until - at).total_seconds()))
    if seconds > 0:
        raise TooManyAttempts(seconds=seconds)

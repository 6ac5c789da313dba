"""Passwords: Argon2id (RFC 9106) with OWASP's parameters (19 MiB, 2 passes), worked out in threads of their own."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.identity.failures import PasswordTooWeak, TooManyAttempts
from timebank.vault.people import digits

SQL = load_statements("timebank.identity", "passwords.sql")

SHORTEST, LONGEST = 10, 200
THREADS = 2
LONGEST_QUEUE = 50

T = TypeVar("T")

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class Passwords:
    """Sets and checks passwords."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys = _hasher.hash("nobody has this password")

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def set(
        self, connection: Connection, bank_id: UUID, volunteer_id: str, password_hash: str, at: datetime
    ) -> None:
        """Keep a new password, in the transaction that is open on the connection."""
        await connection.execute(SQL["set"], bank_id, volunteer_id, password_hash, at)

    async def hash(self, password: str) -> str:
        """The hash that is kept."""
        return await self._in_thread(_hasher.hash, password)

    async def check(self, bank_id: UUID, volunteer_id: str | None, password: str) -> bool:
        """Whether it is the volunteer's password. Takes as long for one who has none, or whom nobody knows."""
        kept = await self._pool.fetchval(SQL["kept"], bank_id, volunteer_id)
        right = await self._in_thread(_verify, kept or self._nobodys, password)
        return right and kept is not None

    async def has_any(self, bank_id: UUID, volunteer_id: str) -> bool:
        """Whether the volunteer has a password."""
        return await self._pool.fetchval(SQL["kept"], bank_id, volunteer_id) is not None

    async def _in_thread(self, function: Callable[..., T], *given: str) -> T:
        if self._waiting >= LONGEST_QUEUE:
            raise TooManyAttempts(seconds=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, function, *given)
        finally:
            self._waiting -= 1


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def must_be_good(password: str, own: Sequence[str | None]) -> None:
    """Refuse a password that is too short or too easily guessed; `own` is what everybody around knows."""
    known = {digits(each).casefold() for each in own if each}
    is_known = digits(password).casefold() in known
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < 4 or is_known:
        raise PasswordTooWeak(shortest=SHORTEST, longest=LONGEST)

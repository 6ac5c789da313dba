"""Passwords: Argon2id (RFC 9106) with OWASP's parameters (19 MiB, 2 passes), worked out in threads of their own.

A password that is chosen must not be guessed soon: zxcvbn compares it with lists of leaked and common ones, with words,
names, dates and rows of keys, and with what is known of its owner.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn_rs_py import zxcvbn

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.identity.failures import PasswordTooWeak, TooManyAttempts
from timebank.vault.people import digits

SQL = load_statements("timebank.identity", "passwords.sql")

SHORTEST, LONGEST = 10, 200
LOOKED_AT = 64
"""So many characters are judged: the work grows faster than the length, and what is good so far stays good."""
FEWEST_GUESSES = 10**8.5
"""A password has to stand so many guesses. zxcvbn's own mark, 10^8, lets `admin@123456` pass."""
EVERYBODYS = ("timebank", "shijianyinhang", "时间银行", "zhiyuanzhe", "志愿者", "woaini", "5201314", "520", "1314")
"""Words that are tried here first, beside the lists of the library, which hold little Chinese."""

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

    async def must_be_good(self, password: str, own: Sequence[str | None]) -> None:
        """Refuse a password that is too short, or would be guessed soon; `own` is what everybody around knows.

        Raises `PasswordTooWeak`, which says why.
        """
        why: str | None = "This one is too short or too long."
        if SHORTEST <= len(password) <= LONGEST:
            why = await self._in_thread(_weakness, password, *(each for each in own if each))
        if why:
            raise PasswordTooWeak(shortest=SHORTEST, longest=LONGEST, why=why)

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


def _weakness(password: str, *own: str) -> str | None:
    """Why a password would be guessed soon; None if it would not."""
    if digits(password).casefold() in {digits(each).casefold() for each in own}:
        return "This one is your number, phone or name."
    found = zxcvbn(password[:LOOKED_AT], [*EVERYBODYS, *own, *(digits(each) for each in own)])
    if found.guesses >= FEWEST_GUESSES:
        return None
    warning = found.feedback.warning if found.feedback else None
    return str(warning) if warning else "Use a few words that have nothing to do with each other, or with you."

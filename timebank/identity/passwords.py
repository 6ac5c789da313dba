"""Passwords: Argon2id (RFC 9106) with OWASP's parameters (19 MiB, 2 passes), worked out in threads of their own.

Whoever comes from an address that is known to the account has a thread and a queue apart from strangers', so that any
number of people who guess cannot close the door to all.

A password that is chosen must not be guessed soon: zxcvbn compares it with lists of leaked and common ones, with words,
names, dates and rows of keys, and with what is known of its owner.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
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
SUBSTITUTES = frozenset("4@8({[<369!1|0$5+7%2")
MOST_SUBSTITUTES, LOOKED_AT_THEN = 8, 20
"""Signs that may stand for letters: the library tries all that they can mean, each further one is more work, and
nobody else is served meanwhile. Of a password with more of them its beginning is judged."""
FEWEST_GUESSES = 10**8.5
"""A password has to stand so many guesses. zxcvbn's own mark, 10^8, lets `admin@123456` pass."""
EVERYBODYS = ("timebank", "shijianyinhang", "时间银行", "zhiyuanzhe", "志愿者", "woaini", "5201314", "520", "1314")
"""Words that are tried here first, beside the lists of the library, which hold little Chinese."""

LONGEST_QUEUE = 50
"""So many may wait in a queue; more are told to come again."""
OF_ONE_NETWORK, OF_ONE_ACCOUNT = 25, 4
"""So many of those may be strangers of one network, or ask for one account from addresses that are known to it.

Of the known each account has one place at any rate: those who fill the queue keep nobody else out.
"""

T = TypeVar("T")

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has; worked out once, when the service starts."""
    return _hasher.hash("nobody has this password")


class _Lane:
    """A thread for the work, and a queue before it, in which nobody has more than some places, and less than `sure`."""

    def __init__(self, name: str, of_one: int, sure: int = 0) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"argon2 {name}")
        self._of_one, self._sure = of_one, sure
        self._waiting: Counter[str] = Counter()

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def must_have_room(self, who: str) -> None:
        """Refuse one more where too many wait. Raises `TooManyAttempts`."""
        own, is_full = self._waiting[who], self._waiting.total() >= LONGEST_QUEUE
        if own >= self._of_one or (is_full and own >= self._sure):
            raise TooManyAttempts(seconds=2)

    async def run(self, who: str, function: Callable[..., T], *given: str) -> T:
        """Have something worked out for whoever it is. Raises `TooManyAttempts` where too many wait."""
        self.must_have_room(who)
        self._waiting[who] += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function, *given)
        finally:
            self._waiting[who] -= 1
            if not self._waiting[who]:
                del self._waiting[who]


class Passwords:
    """Sets and checks passwords."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known = _Lane("known", OF_ONE_ACCOUNT, sure=1)
        self._strangers = _Lane("strangers", OF_ONE_NETWORK)
        _nobodys()  # now, so that nobody's first sign-in takes longer

    def close(self) -> None:
        """Stop the threads."""
        self._known.close()
        self._strangers.close()

    async def set(
        self, connection: Connection, bank_id: UUID, volunteer_id: str, password_hash: str, at: datetime
    ) -> None:
        """Keep a new password, in the transaction that is open on the connection."""
        await connection.execute(SQL["set"], bank_id, volunteer_id, password_hash, at)

    async def hash(self, volunteer_id: str, password: str) -> str:
        """The hash that is kept."""
        return await self._known.run(volunteer_id, _hasher.hash, password)

    async def whose(
        self, bank_id: UUID, meant: Sequence[str], password: str, *, times: int, stranger: str | None
    ) -> dict[str, str]:
        """Whose password it is, of those who may be meant (`times` at the most), each with the hash that is kept of it.

        It takes as long as `times` comparisons, however many are meant, and whether they have passwords. `stranger` is
        whence somebody comes from where nobody has signed in to the account before; None for an address that is known.
        """
        lane, who = (self._known, "".join(meant)) if stranger is None else (self._strangers, stranger)
        rows = await self._pool.fetch(SQL["kept"], bank_id, meant)
        kept = {row["volunteer_id"]: row["password_hash"] for row in rows[:times]}
        hashes = [*kept.values(), *[_nobodys()] * (times - len(kept))]
        right = await lane.run(who, _verify, password, *hashes)
        return {each: kept[each] for each, is_right in zip(kept, right, strict=False) if is_right}

    async def is_still(self, connection: Connection, bank_id: UUID, volunteer_id: str, password_hash: str) -> bool:
        """Whether a password that was right before is still somebody's: comparing takes a while."""
        return bool(await connection.fetchval(SQL["is_still"], bank_id, volunteer_id, password_hash))

    def must_have_room_for(self, stranger: str) -> None:
        """Refuse a stranger for whom the queue has no place, before anything is done. Raises `TooManyAttempts`."""
        self._strangers.must_have_room(stranger)

    async def must_be_good(self, volunteer_id: str, password: str, own: Sequence[str | None]) -> None:
        """Refuse a password that is too short, or would be guessed soon; `own` is what everybody around knows.

        Raises `PasswordTooWeak`, which says why.
        """
        why: str | None = "This one is too short or too long."
        if SHORTEST <= len(password) <= LONGEST:
            why = await self._known.run(volunteer_id, _weakness, password, *(each for each in own if each))
        if why:
            raise PasswordTooWeak(shortest=SHORTEST, longest=LONGEST, why=why)


def _verify(password: str, *kept: str) -> list[bool]:
    """Which of the hashes are of the password."""
    return [_is_of(each, password) for each in kept]


def _is_of(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _weakness(password: str, *own: str) -> str | None:
    """Why a password would be guessed soon; None if it would not."""
    if digits(password).casefold() in {digits(each).casefold() for each in own}:
        return "This one is your number, phone or name."
    found = zxcvbn(_looked_at(password), [*EVERYBODYS, *own, *(digits(each) for each in own)])
    if found.guesses >= FEWEST_GUESSES:
        return None
    warning = found.feedback.warning if found.feedback else None
    return str(warning) if warning else "Use a few words that have nothing to do with each other, or with you."


def _looked_at(password: str) -> str:
    """As much of a password as is judged."""
    beginning = password[:LOOKED_AT]
    return beginning if len(SUBSTITUTES & set(beginning)) <= MOST_SUBSTITUTES else beginning[:LOOKED_AT_THEN]

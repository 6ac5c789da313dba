"""What is handed to the ledger, and what comes back."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from timebank.domain.kernel import Command, Fact
from timebank.domain.refusing import Refusal

WAIT_SECONDS = 9.0
"""How long whoever hands commands in waits for an answer, and for each command a hundredth of a second more."""

TICK_SECONDS = 0.25
"""How much later than that it may be told."""


class StoreUnavailableError(Exception):
    """PostgreSQL did not answer in time. Whether the command took effect is not known: ask again with the same key."""


class ClockError(StoreUnavailableError):
    """This machine's clock is wrong or was just set, so nothing is recorded with its time; nothing was done."""


class StandbyAwayError(StoreUnavailableError):
    """A standby is required and none is there, so nothing is recorded; nothing was done."""


def patience(seconds: float, commands: int) -> float:
    """How long a submission may wait: `seconds`, and a hundredth of a second more for each of its commands."""
    return seconds + commands / 100


class Deadlines:
    """Ends waits that take too long. Those that end in the same quarter of a second share a timer: very many begin."""

    def __init__(self) -> None:
        self._waiting: dict[int, set[asyncio.Future[Any]]] = {}

    def begin(self, answer: "asyncio.Future[Any]", seconds: float) -> set["asyncio.Future[Any]"]:
        """Have a future fail with `StoreUnavailableError` after `seconds`, unless it was answered before.

        Gives the set that it waits in: whoever has the answer takes it out of there.
        """
        loop = answer.get_loop()
        tick = int((loop.time() + seconds) / TICK_SECONDS) + 1
        waiting = self._waiting.get(tick)
        if waiting is None:
            waiting = self._waiting[tick] = set()
            loop.call_at(tick * TICK_SECONDS, self._end, tick)
        waiting.add(answer)
        return waiting

    def _end(self, tick: int) -> None:
        for answer in self._waiting.pop(tick):
            if not answer.done():
                answer.set_exception(StoreUnavailableError("it took too long"))


class QueueFullError(Exception):
    """More commands are waiting than the ledger takes on; nothing was done."""


class IdempotencyKey(NamedTuple):
    """A caller's promise that all requests with this key are the same one; a fingerprint holds them to it.

    The fingerprint is kept as the first one says it; it may have been made with another key of the keyring.
    """

    principal: str
    key: str
    fingerprints: tuple[bytes, ...]


class Receipt(NamedTuple):
    """What a command did: the facts it became, and the position of the log after them.

    The leaf is that of the last fact, by which it can be proved later; empty where there is none, as in a dry run.
    """

    position: int
    facts: tuple[Fact, ...]
    leaf: bytes = b""


class Repeated(Receipt):
    """A receipt that was given before, under the same Idempotency-Key."""

    __slots__ = ()


Outcome = Receipt | Refusal


class Submission(NamedTuple):
    """Commands that are decided and appended together; each may be refused alone, or has been already.

    It `is_prepared` where the memories that it needs were recalled beside the writer.
    """

    commands: Sequence[Command | Refusal]
    request_id: str
    key: IdempotencyKey | None
    dry_run: bool
    outcomes: "asyncio.Future[list[Outcome]]"
    is_prepared: bool = False

    def answer(self, outcomes: list[Outcome]) -> None:
        """Give whoever submitted the commands their outcomes."""
        if not self.outcomes.done():
            self.outcomes.set_result(outcomes)

    def fail(self, error: Exception) -> None:
        """Raise an error for whoever submitted the commands: they get no outcomes."""
        if not self.outcomes.done():
            self.outcomes.set_exception(error)

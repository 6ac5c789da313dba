"""Waking followers: at once within this process, within 50 ms across processes, by polling whatever happens.

NOTIFY takes a lock over the whole cluster when its transaction commits, so it has no place in the append transaction;
it is sent from a connection of its own, for all appends of the last 50 ms together.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST, session

CHANNEL = "timebank"
COALESCE_SECONDS = 0.05
POLL_SECONDS = 1.0
NEW_BANK = UUID(int=0)
"""In the place of the id of a bank that nobody follows yet."""

log = structlog.get_logger(__name__)


class Waker:
    """Lets followers of a bank sleep until something was appended."""

    def __init__(self) -> None:
        self._expected: dict[UUID, asyncio.Event] = defaultdict(asyncio.Event)
        self._to_tell: set[UUID] = set()
        self._something_to_tell = asyncio.Event()
        self._subscribed: dict[str, Callable[[str], None]] = {}
        self._missed: list[Callable[[], None]] = []
        self.is_listening = False
        self._since = time.monotonic()

    @property
    def deaf_seconds(self) -> float:
        """For how long others have not been heard; 0 while they are."""
        return 0.0 if self.is_listening else time.monotonic() - self._since

    def subscribe(self, channel: str, hear: Callable[[str], None], missed: Callable[[], None]) -> None:
        """Be told what others notify on a channel, and when something may be, or may have been, `missed`.

        To be called before `run`.
        """
        self._subscribed[channel] = hear
        self._missed.append(missed)

    def _listening(self, is_listening: bool) -> None:  # its whole meaning
        if is_listening != self.is_listening:
            self._since = time.monotonic()
        self.is_listening = is_listening
        for missed in self._missed:
            missed()

    def expect(self, bank_id: UUID) -> asyncio.Event:
        """What `wait` waits for. Taken before looking, so that nothing can happen unnoticed in between."""
        return self._expected[bank_id]

    def expect_bank(self) -> asyncio.Event:
        """What `wait` waits for until this process opens another bank; what others open is seen by looking anyway."""
        return self._expected[NEW_BANK]

    def bank_opened(self) -> None:
        """Say that this process opened a bank."""
        self._wake(NEW_BANK)

    async def wait(self, rung: asyncio.Event) -> None:
        """Sleep until the bank's log grew, or long enough to look anyway."""
        # Not asyncio.wait_for: in Python 3.11 it swallows a cancellation that comes together with the ringing.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await rung.wait()

    def ring(self, bank_id: UUID) -> None:
        """Say that this process appended to the bank's log."""
        self._wake(bank_id)
        self._to_tell.add(bank_id)
        self._something_to_tell.set()

    def _wake(self, bank_id: UUID) -> None:
        rung = self._expected.pop(bank_id, None)
        if rung:
            rung.set()

    async def run(self, pool: "asyncpg.Pool[Any]") -> None:
        """Tell other processes, and listen to them, until cancelled; a lost connection is replaced."""
        while True:
            try:
                async with session(pool) as connection:
                    await self._serve(connection)
            except CONNECTION_LOST as error:
                log.warning("waker lost its connection", error=str(error))
            await asyncio.sleep(POLL_SECONDS)

    async def _serve(self, connection: Any) -> None:
        """Tell and listen on one connection, until it is lost."""
        lost = asyncio.Event()

        def on_loss(_: Any) -> None:
            self._listening(False)
            lost.set()
            self._something_to_tell.set()

        connection.add_termination_listener(on_loss)
        try:
            await connection.add_listener(CHANNEL, self._heard)
            for channel in self._subscribed:
                await connection.add_listener(channel, self._passed_on)
            self._listening(True)
            while not lost.is_set():
                await self._something_to_tell.wait()
                await asyncio.sleep(COALESCE_SECONDS)
                self._something_to_tell.clear()
                await self._tell(connection)
        finally:
            self._listening(False)
            with contextlib.suppress(*CONNECTION_LOST):
                connection.remove_termination_listener(on_loss)

    async def _tell(self, connection: Any) -> None:
        """Name the banks that grew; a payload holds at most 8,000 bytes, so what does not fit goes with the next."""
        telling = list(self._to_tell)[:200]
        if telling:
            await connection.execute("select pg_notify($1, $2)", CHANNEL, " ".join(map(str, telling)))
            self._to_tell.difference_update(telling)
        if self._to_tell:
            self._something_to_tell.set()

    def _passed_on(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        self._subscribed[channel](str(payload))

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        for bank_id in str(payload).split():
            self._wake(UUID(bank_id))

"""The ledger: the only write path. Commands go in, receipts or refusals come out, in the order they came."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from timebank.db.connections import CONNECTION_LOST
from timebank.domain.authority import authorised
from timebank.domain.kernel import Command
from timebank.domain.refusing import Refusal
from timebank.ledger.hooks import Hook
from timebank.ledger.store import Store
from timebank.ledger.submission import IdempotencyKey, Outcome, Receipt, StoreUnavailableError, Submission
from timebank.ledger.tasks import end
from timebank.ledger.writer import Writer
from timebank.vault.people import People

log = structlog.get_logger(__name__)


class Ledger:
    """Decides commands and appends what they come to, for all banks of one database.

    Each bank that has something to do gets one writer, a task of this process. New commands gather while a batch
    commits, so the batch adapts to the load without a timer. Between processes the head's swap is the fence.
    """

    def __init__(
        self,
        store: Store,
        people: People,
        *,
        clock: Callable[[], datetime],
        hooks: Sequence[Hook] = (),
        queue_limit: int = 10_000,
        memories_limit: int = 100_000,
    ) -> None:
        self.store = store
        self.people = people
        self.clock = clock
        self._hooks = hooks
        self._queue_limit = queue_limit
        self._memories_limit = memories_limit
        self._writers: dict[UUID, tuple[Writer, asyncio.Task[None]]] = {}

    async def execute(
        self, bank_id: UUID, command: Command, *, request_id: str = "", key: IdempotencyKey | None = None
    ) -> Receipt:
        """Do one thing, or raise the `Refusal`."""
        (outcome,) = await self.submit(bank_id, [command], request_id=request_id, key=key)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def submit(
        self,
        bank_id: UUID,
        commands: Sequence[Command],
        *,
        request_id: str = "",
        key: IdempotencyKey | None = None,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Do several things in one transaction, each refused alone; a dry run decides the same and appends nothing.

        Raises `QueueFullError` if too much is waiting, `StoreUnavailableError` if PostgreSQL does not answer in time.
        """
        writer = await self._writer(bank_id)
        outcomes: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        writer.put(Submission([_checked(command) for command in commands], request_id, key, dry_run, outcomes))
        return await outcomes

    def head(self, bank_id: UUID) -> int:
        """The last position this process knows to be in the log; 0 if it has not written to the bank yet."""
        running = self._writers.get(bank_id)
        return running[0].head if running else 0

    async def close(self) -> None:
        """Stop writing; what still waits is told so."""
        for writer, _ in self._writers.values():
            writer.fail_all(StoreUnavailableError("the service is stopping"))
        await end(task for _, task in self._writers.values())
        self._writers.clear()

    async def _writer(self, bank_id: UUID) -> Writer:
        running = self._writers.get(bank_id)
        if running and not running[1].done():
            return running[0]
        try:
            bank = await self.store.bank(bank_id)
        except CONNECTION_LOST as error:
            raise StoreUnavailableError(str(error)) from error
        if bank is None:
            msg = f"there is no bank {bank_id} in this database"
            raise LookupError(msg)
        running = self._writers.get(bank_id)
        if running and not running[1].done():
            return running[0]
        writer = Writer(
            bank,
            self.store,
            self.people,
            clock=self.clock,
            hooks=self._hooks,
            queue_limit=self._queue_limit,
            memories_limit=self._memories_limit,
        )
        self._writers[bank_id] = writer, asyncio.create_task(writer.run(), name=f"writer of {bank_id}")
        return writer


def _checked(command: Command) -> Command | Refusal:
    """A command that can be decided, with the proof of its actor's right; or why it cannot be, whatever is known."""
    try:
        return authorised(command.checked())
    except Refusal as refusal:
        return refusal

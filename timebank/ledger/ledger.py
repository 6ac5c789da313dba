"""The ledger: the only write path. Commands go in, receipts or refusals come out, in the order they came."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from timebank.db.connections import CONNECTION_LOST, DATABASE_ERRORS
from timebank.domain.authority import authorised
from timebank.domain.kernel import Command
from timebank.domain.refusing import Refusal
from timebank.ledger.hooks import Hook
from timebank.ledger.meter import NO_METER, Meter
from timebank.ledger.store import NOTHING_YET, Store
from timebank.ledger.submission import (
    WAIT_SECONDS,
    Deadlines,
    IdempotencyKey,
    Outcome,
    QueueFullError,
    Receipt,
    StoreUnavailableError,
    Submission,
    patience,
)
from timebank.ledger.tasks import end
from timebank.ledger.writer import Loss, WentBack, Writer
from timebank.vault.people import People

LOOK_SECONDS = 1.0

CHECKED_AT_ONCE = 100

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
        may_write: Callable[[], None] = lambda: None,
        went_back: WentBack | None = None,
        meter: Meter = NO_METER,
    ) -> None:
        """`may_write` raises `StoreUnavailableError` where nothing may be written now; `went_back` may fail."""
        self.store = store
        self.people = people
        self.clock = clock
        self._hooks = hooks
        self._queue_limit = queue_limit
        self._memories_limit = memories_limit
        self.may_write = may_write
        self._tell_went_back = went_back
        self._meter = meter
        self._deadlines = Deadlines()
        self.times_gone_back: Counter[UUID] = Counter()
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
        submission = Submission(await _all_checked(commands), request_id, key, dry_run, outcomes)
        try:
            writer.put(submission)
        except QueueFullError:
            self._count(commands, "queue-full")
            raise
        waiting = self._deadlines.begin(outcomes, patience(WAIT_SECONDS, len(commands)))
        self._meter.waiting(len(commands))
        try:
            decided = await outcomes
        except StoreUnavailableError:
            self._count(commands, "unavailable")
            raise
        finally:
            self._meter.waiting(-len(commands))
            waiting.discard(outcomes)
        for command, outcome in zip(commands, decided, strict=False):
            self._count([command], _told(outcome, is_dry=dry_run))
        return decided

    def _count(self, commands: Sequence[Command], outcome: str) -> None:
        for command in commands:
            self._meter.decided(type(command).__name__, outcome)

    def head(self, bank_id: UUID) -> int:
        """The last position this process knows to be in the log; 0 if it has not written to the bank yet."""
        running = self._writers.get(bank_id)
        return running[0].tip.position if running else 0

    def unanswered(self) -> dict[UUID, float]:
        """Banks whose writer has something to do, and for how many seconds it has not come to the end of it."""
        waiting = {bank_id: writer.unanswered_seconds for bank_id, (writer, _) in self._writers.items()}
        return {bank_id: seconds for bank_id, seconds in waiting.items() if seconds}

    @property
    def had_no_room(self) -> bool:
        """Whether the server's disk was full when a writer last tried to append something."""
        return any(writer.had_no_room for writer, _ in self._writers.values())

    async def look(self) -> None:
        """Have writers notice that a log went back, or that they can write again, also while nobody writes."""
        known = {bank_id: writer.tip for bank_id, (writer, _) in self._writers.items()}
        banks = {bank.bank_id: bank.tip for bank in await self.store.banks()} if known else {}
        for bank_id, before in known.items():
            now = banks.get(bank_id, NOTHING_YET)
            is_lost = now.position < before.position or (now.position == before.position and now != before)
            self._writers[bank_id][0].look_again(is_needed=is_lost)

    async def watch(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except DATABASE_ERRORS as error:
                log.debug("the logs could not be looked at", error=repr(error))

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
            may_write=self.may_write,
            went_back=self._went_back,
            meter=self._meter,
        )
        self._writers[bank_id] = writer, asyncio.create_task(writer.run(), name=f"writer of {bank_id}")
        return writer

    async def _went_back(self, loss: Loss) -> None:
        """What was in the log is not any more: if it was acknowledged, say so as loudly as possible; and go on."""
        if self._tell_went_back:
            try:
                await self._tell_went_back(loss)
            except CONNECTION_LOST:
                raise  # it is noticed, and told, again
            except Exception:
                log.exception("nobody could be told that a log went back", bank_id=str(loss.bank_id))
        where = {
            "bank_id": str(loss.bank_id),
            "known_position": loss.known.position,
            "known_event": str(loss.known.event_id),
            "found_position": loss.found.position,
            "found_event": str(loss.found.event_id),
        }
        if not loss.was_acknowledged:
            log.warning("what was seen in the log, and had not been acknowledged, is not in it any more", **where)
            return
        self.times_gone_back[loss.bank_id] += 1
        log.error("the log went back: what was acknowledged after its last event of now is lost, or elsewhere", **where)


def _told(outcome: Outcome, *, is_dry: bool) -> str:
    """What is counted of an outcome."""
    if isinstance(outcome, Refusal):
        return outcome.kind
    return "tried" if is_dry else "done"


async def _all_checked(commands: Sequence[Command]) -> list[Command | Refusal]:
    """Commands that are `checked`; of very many some at a time, so that others get their turn."""
    found: list[Command | Refusal] = []
    for start in range(0, len(commands), CHECKED_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        found += map(checked, commands[start : start + CHECKED_AT_ONCE])
    return found


def checked(command: Command) -> Command | Refusal:
    """A command that can be decided, with the proof of its actor's right; or why it cannot be, whatever is known."""
    try:
        return authorised(command.checked())
    except Refusal as refusal:
        return refusal

"""A bank's writer: takes all that is queued, decides it in order, appends it in one transaction, answers everybody."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog

from timebank.db.commits import committed
from timebank.db.connections import CONNECTION_LOST, Connection
from timebank.domain.kernel import Key
from timebank.domain.refusing import Refusal
from timebank.ledger import idempotency
from timebank.ledger.decisions.deciding import Knowledge
from timebank.ledger.decisions.draft import Draft
from timebank.ledger.decisions.snapshots import LongHistoryError, Snapshots
from timebank.ledger.hooks import Hook
from timebank.ledger.meter import Meter
from timebank.ledger.store import Bank, Store, Tip
from timebank.ledger.submission import QueueFullError, StoreUnavailableError, Submission, patience
from timebank.vault.people import DOCUMENT_INDEX, People

BATCH_COMMANDS = 500
PATIENCE_SECONDS = 8.0
"""How long a batch is tried again where PostgreSQL cannot serve, or others keep appending first."""
COMMIT_SECONDS = 5.0
"""How long a COMMIT may take, replicas included, before its fate is looked into; and waiting for others to append."""
RETRY_SECONDS = 0.1

_TAKEN_MEANWHILE = ("idempotency_pkey", DOCUMENT_INDEX)
"""What others may have taken since it was looked for: a key, or a document number sealed with a key not known yet."""

log = structlog.get_logger(__name__)


class Loss(NamedTuple):
    """A bank's log has lost facts: its last event as `known` and `found`, and whether a lost one was acknowledged."""

    bank_id: UUID
    known: Tip
    found: Tip
    was_acknowledged: bool


WentBack = Callable[[Loss], Awaitable[None]]
"""Is told when a log went back."""


class Writer:
    """The one task of this process that appends to a bank's log."""

    def __init__(
        self,
        bank: Bank,
        store: Store,
        people: People,
        *,
        clock: Callable[[], datetime],
        hooks: Sequence[Hook],
        queue_limit: int,
        memories_limit: int,
        may_write: Callable[[], None],
        went_back: WentBack,
        meter: Meter,
    ) -> None:
        self.bank_id = bank.bank_id
        self._store = store
        self._people = people
        self._clock = clock
        self._hooks = hooks
        self._may_write = may_write
        self._went_back = went_back
        self._meter = meter
        self._queue_limit = queue_limit
        self._queue: asyncio.Queue[Submission] = asyncio.Queue()
        self._waiting = 0
        self._held: Submission | None = None
        self._snapshots = Snapshots(store, bank.bank_id)
        self._knowledge = Knowledge(store, people, bank.bank_id, memories_limit, self._snapshots)
        self._aside: list[Submission] = []
        self._is_fresh = self._is_busy = False
        self._since: float | None = None
        self._is_unwell = False
        self.had_no_room = False
        """Whether the server's disk was full when this writer last tried to append something."""

    @property
    def tip(self) -> Tip:
        """The last event this writer knows to be in the log."""
        return self._knowledge.tip

    @property
    def unanswered_seconds(self) -> float:
        """For how many seconds there have been commands without an answer; 0 where there are none."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    # Taking in

    def put(self, submission: Submission) -> None:
        """Queue commands. Raises `QueueFullError` when too many wait already."""
        if self._waiting + len(submission.commands) > self._queue_limit and self._waiting:
            raise QueueFullError
        self._waiting += len(submission.commands)
        self._queue.put_nowait(submission)

    def look_again(self, *, is_needed: bool) -> None:
        """Queue an empty submission, by which the writer looks where the log ends.

        Only if `is_needed` or its last try failed, and only if no commands wait, since those make it look as well.
        """
        if (is_needed or self._is_unwell) and self._queue.empty() and not self._is_busy:
            self._is_fresh = False
            self._queue.put_nowait(Submission([], "", None, False, asyncio.get_running_loop().create_future()))

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = await self._gather()
            try:
                await self._answer(batch)
            except asyncio.CancelledError:
                for submission in batch:
                    submission.fail(StoreUnavailableError("the service is stopping"))
                raise
            self._waiting -= sum(len(submission.commands) for submission in batch)
            self._knowledge.memories.shrink()
            self._is_busy = False
            if not self._is_unwell:
                self._since = None if self._queue.empty() else time.monotonic()

    async def _gather(self) -> list[Submission]:
        """Everything queued, up to a batch; a dry run stands alone, since what it decides is thrown away."""
        batch = [self._held or await self._next()]
        self._held = None
        self._is_busy = True
        self._since = self._since or time.monotonic()
        commands = len(batch[0].commands)
        while commands < BATCH_COMMANDS and not batch[0].dry_run and not self._queue.empty():
            submission = self._queue.get_nowait()
            if self._is_given_up(submission):
                continue
            if submission.dry_run:
                self._held = submission
                break
            batch.append(submission)
            commands += len(submission.commands)
        if commands:
            self._meter.batch(commands)
        return batch

    async def _next(self) -> Submission:
        """The next that somebody still waits for."""
        while self._is_given_up(submission := await self._queue.get()):
            pass
        return submission

    def _is_given_up(self, submission: Submission) -> bool:
        """Whether nobody waits for it any more: then it is not even begun."""
        if submission.outcomes.done():
            self._waiting -= len(submission.commands)
            return True
        return False

    def fail_all(self, error: Exception) -> None:
        """Raise an error for everybody whose commands still wait, as the service stops."""
        if self._held:
            self._held.fail(error)
        while not self._queue.empty():
            self._queue.get_nowait().fail(error)
        self._snapshots.close()
        for submission in self._aside:
            submission.fail(error)

    # Answering

    async def _answer(self, batch: list[Submission]) -> None:
        """Settle a batch. If something in it fails unexpectedly, each submission is settled alone and fails alone."""
        try:
            draft = await self._settle_patiently(batch, is_dry=batch[0].dry_run)
        except LongHistoryError as long:
            if len(batch) == 1:
                self._set_aside(batch[0], long.keys)
            for submission in batch if len(batch) > 1 else ():
                await self._answer([submission])
            return
        except Exception as error:
            self._is_fresh = False
            self._is_unwell = isinstance(error, StoreUnavailableError)
            if self._is_unwell or len(batch) == 1:
                for submission in batch:
                    submission.fail(error)
                return
            if not isinstance(error, Refusal):
                log.exception("a batch failed; settling its submissions one by one", bank_id=str(self.bank_id))
            for submission in batch:
                await self._answer([submission])
            return
        self._is_unwell = False
        for submission, outcomes in zip(batch, draft.outcomes, strict=True):
            submission.answer(draft.receipts(outcomes))

    def _set_aside(self, submission: Submission, keys: Sequence[Key]) -> None:
        """Recall what a submission needs beside the writer, and queue it anew: until then, others have their turn."""
        tip, prepared = self.tip.position, submission._replace(is_prepared=True)
        self._aside.append(submission)

        async def prepare() -> None:
            try:
                await self._snapshots.prepare(keys, tip)
            finally:
                self._aside.remove(submission)
                self._waiting += len(prepared.commands)
                self._queue.put_nowait(prepared)

        self._snapshots.behind(prepare())

    async def _settle_patiently(self, batch: list[Submission], *, is_dry: bool) -> Draft:
        """Settle, and start afresh while PostgreSQL is away: until the draft is sent, nothing can have happened."""
        commands = sum(len(submission.commands) for submission in batch)
        deadline = time.monotonic() + patience(PATIENCE_SECONDS, commands)
        while True:
            try:
                return await self._settle(batch, deadline, is_dry=is_dry)
            except CONNECTION_LOST as error:
                self._is_fresh = False
                await self._pause(error, deadline)

    async def _pause(self, error: Exception, deadline: float) -> None:
        """Wait a little before the next try. Raises `StoreUnavailableError` where there is no time for one."""
        self.had_no_room = self.had_no_room or isinstance(error, asyncpg.DiskFullError)
        if time.monotonic() > deadline:
            raise StoreUnavailableError(str(error)) from error
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            await self._store.pool.expire_connections()  # to a standby now: the primary is looked for anew
        await asyncio.sleep(RETRY_SECONDS)

    async def _settle(self, batch: list[Submission], deadline: float, *, is_dry: bool) -> Draft:
        """Decide and append until the log has not moved in between; a dry run leaves everything as it was."""
        knowledge, is_fruitless = self._knowledge, False
        while True:
            if not self._is_fresh:
                await self._start_afresh()
            draft = await knowledge.decide(batch)
            landed = await self._land(draft, deadline, is_dry=is_dry)
            if is_dry or not landed:
                knowledge.memories.restore(draft.before)
            elif draft.events:
                self._arrive(draft)
            if landed:
                return draft
            taken_in = await knowledge.catch_up()
            self._is_fresh = taken_in > 0 or (taken_in == 0 and not is_fruitless)
            is_fruitless = taken_in <= 0
            if is_fruitless or time.monotonic() > deadline:
                await self._pause(TimeoutError("the log does not stand still"), deadline)

    async def _start_afresh(self) -> None:
        """Forget everything but where the log ends; that it went back meanwhile is told before anything is decided."""
        standing = await self._knowledge.look()
        if not (standing.goes_on and standing.has_kept):
            known = self._knowledge.tip if standing.has_kept else self._knowledge.kept
            await self._went_back(Loss(self.bank_id, known, standing.tip, was_acknowledged=not standing.has_kept))
        self._knowledge.start_afresh(standing)
        await self._snapshots.learn()
        self._is_fresh = True

    def _arrive(self, draft: Draft) -> None:
        """The draft is in the log: wake who follows it, and let the hooks know."""
        self.had_no_room = False
        self._knowledge.arrive(draft)
        self._store.waker.ring(self.bank_id)
        for hook in self._hooks:
            if hook.after_commit:
                hook.after_commit(self.bank_id, draft.recorded)
            if hook.leaves:
                hook.leaves(self.bank_id, draft.tip.position + 1, draft.leaves)

    # Appending

    async def _land(self, draft: Draft, deadline: float, *, is_dry: bool) -> bool:
        """Make a draft come true; False if the log is not the one any more that it was decided by.

        Refusals, too, must rest neither on memories that another process has made stale, nor on what replicas lack.
        """
        if is_dry or (draft.is_empty and not draft.repeats and self._knowledge.is_for_good):
            return await self._store.tip(self.bank_id) == draft.tip
        self._may_write()
        landed = await self._commit(draft, deadline)
        if landed:
            self._knowledge.is_kept(draft.new_tip)
        return landed

    async def _commit(self, draft: Draft, deadline: float) -> bool:
        """Append the draft, or touch the bank where it has nothing to append: False if another process appended first.

        When the outcome of a commit is not known, the same events are sent again after the same event: either they are
        in the log already, which their ids tell, or appending decides anew.
        """
        known = self._knowledge
        recorded_at = max(self._clock(), known.recorded_at or self._clock())
        draft.seal(self.bank_id, recorded_at)
        in_doubt = False
        while True:
            try:
                landed = await self._send(draft, recorded_at, in_doubt=in_doubt)
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name not in _TAKEN_MEANWHILE:
                    raise
                return False  # decided again, the first answer is found, or whose number it is
            except asyncpg.DeadlockDetectedError:
                return False  # PostgreSQL took it all back
            except CONNECTION_LOST as error:
                await self._pause(error, deadline)
                in_doubt = True
            else:
                known.recorded_at = recorded_at if landed and draft.events else known.recorded_at
                return landed

    async def _send(self, draft: Draft, recorded_at: datetime, *, in_doubt: bool) -> bool:
        async with committed(self._store.pool, COMMIT_SECONDS) as connection:
            if draft.repeats != await idempotency.answered(connection, self.bank_id, list(draft.repeats)):
                return False  # what was answered before is not known to this server
            events, seconds = draft.events, patience(COMMIT_SECONDS, len(draft.events))
            if not await self._store.append_if_head(
                connection, self.bank_id, draft.tip, events, recorded_at, draft.leaves, seconds=seconds
            ):
                return in_doubt and await self._was_sent(connection, draft)
            if draft.people:
                await self._people.keep(connection, self.bank_id, list(draft.people.values()))
            if draft.answers:
                await idempotency.keep(connection, self.bank_id, recorded_at, draft.answers)
            for hook in self._hooks:
                if hook.in_transaction and draft.recorded:
                    await hook.in_transaction(connection, self.bank_id, draft.recorded)
            return True

    async def _was_sent(self, connection: Connection, draft: Draft) -> bool:
        """Whether the draft is in the log from an earlier try whose outcome was not known."""
        if not draft.events:
            return False
        position, first = draft.tip.position + 1, draft.events[0].event_id
        return await self._store.has_for_good(connection, self.bank_id, position, first, seconds=COMMIT_SECONDS)

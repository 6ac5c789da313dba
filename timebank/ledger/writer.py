"""A bank's writer: takes all that is queued, decides it in order, appends it in one transaction, answers everybody."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST
from timebank.domain.people.refusals import DocumentNumberTaken
from timebank.domain.refusing import Refusal
from timebank.ledger import idempotency
from timebank.ledger.deciding import Knowledge
from timebank.ledger.draft import Draft
from timebank.ledger.hooks import Hook
from timebank.ledger.store import Bank, Store
from timebank.ledger.submission import QueueFullError, StoreUnavailableError, Submission
from timebank.vault.people import People, is_taken_document

BATCH_COMMANDS = 500
PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.1

log = structlog.get_logger(__name__)


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
    ) -> None:
        self.bank_id = bank.bank_id
        self._store = store
        self._people = people
        self._clock = clock
        self._hooks = hooks
        self._queue_limit = queue_limit
        self._queue: asyncio.Queue[Submission] = asyncio.Queue()
        self._waiting = 0
        self._held: Submission | None = None
        self._knowledge = Knowledge(store, bank.bank_id, memories_limit)
        self._is_fresh = False

    @property
    def head(self) -> int:
        """The last position this writer knows to be in the log."""
        return self._knowledge.head

    # Taking in

    def put(self, submission: Submission) -> None:
        """Queue commands; refuses when too many wait already."""
        if self._waiting + len(submission.commands) > self._queue_limit and self._waiting:
            raise QueueFullError
        self._waiting += len(submission.commands)
        self._queue.put_nowait(submission)

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

    async def _gather(self) -> list[Submission]:
        """Everything queued, up to a batch; a dry run stands alone, since what it decides is thrown away."""
        batch = [self._held or await self._queue.get()]
        self._held = None
        commands = len(batch[0].commands)
        while commands < BATCH_COMMANDS and not batch[0].dry_run and not self._queue.empty():
            submission = self._queue.get_nowait()
            if submission.dry_run:
                self._held = submission
                break
            batch.append(submission)
            commands += len(submission.commands)
        return batch

    def fail_all(self, error: Exception) -> None:
        """Tell everybody who still waits that nobody will answer."""
        if self._held:
            self._held.fail(error)
        while not self._queue.empty():
            self._queue.get_nowait().fail(error)

    # Answering

    async def _answer(self, batch: list[Submission]) -> None:
        """Settle a batch. If something in it fails unexpectedly, each submission is settled alone and fails alone."""
        try:
            draft = await self._settle_patiently(batch, is_dry=batch[0].dry_run)
        except Exception as error:
            self._is_fresh = False
            if isinstance(error, StoreUnavailableError) or len(batch) == 1:
                for submission in batch:
                    submission.fail(error)
                return
            if not isinstance(error, Refusal):
                log.exception("a batch failed; settling its submissions one by one", bank_id=str(self.bank_id))
            for submission in batch:
                await self._answer([submission])
            return
        for submission, outcomes in zip(batch, draft.outcomes, strict=True):
            submission.answer(outcomes)

    async def _settle_patiently(self, batch: list[Submission], *, is_dry: bool) -> Draft:
        """Settle, and start afresh while PostgreSQL is away: until the draft is sent, nothing can have happened."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await self._settle(batch, is_dry=is_dry)
            except CONNECTION_LOST as error:
                self._is_fresh = False
                if time.monotonic() > deadline:
                    raise StoreUnavailableError(str(error)) from error
                await asyncio.sleep(RETRY_SECONDS)

    async def _settle(self, batch: list[Submission], *, is_dry: bool) -> Draft:
        """Decide and append until the log has not moved in between; a dry run leaves everything as it was."""
        knowledge = self._knowledge
        if not self._is_fresh:
            await knowledge.start_afresh()
            self._is_fresh = True
        while True:
            draft = await knowledge.decide(batch)
            if draft.is_empty or is_dry:
                # Refusals must not rest on memories that another process has made stale.
                landed = await self._store.head(self.bank_id) == knowledge.head
            else:
                landed = await self._commit(draft)
            if is_dry or not landed:
                knowledge.memories.restore(draft.before)
            elif draft.events:
                self._arrive(draft)
            if landed:
                return draft
            await knowledge.catch_up()

    def _arrive(self, draft: Draft) -> None:
        """The draft is in the log: wake who follows it, and let the hooks know."""
        self._knowledge.head = draft.position
        self._store.waker.ring(self.bank_id)
        for hook in self._hooks:
            if hook.after_commit:
                hook.after_commit(self.bank_id, draft.recorded)

    # Appending

    async def _commit(self, draft: Draft) -> bool:
        """Append the draft: False if another process appended first.

        When the connection is lost the outcome is not known. The same events are then sent again after the same head:
        either they are in the log already, which their ids tell, or appending decides anew.
        """
        known = self._knowledge
        recorded_at = max(self._clock(), known.recorded_at or self._clock())
        deadline = time.monotonic() + PATIENCE_SECONDS
        in_doubt = False
        while True:
            try:
                landed = await self._send(draft, recorded_at)
                if not landed and in_doubt and draft.events:
                    found = await self._store.event_id_at(self.bank_id, draft.head + 1)
                    landed = found == draft.events[0].event_id
            except asyncpg.UniqueViolationError as error:
                if is_taken_document(error):
                    raise DocumentNumberTaken from error
                if error.constraint_name != "idempotency_pkey":
                    raise
                return False  # the key was used in the meantime: decided again, the first answer is found
            except asyncpg.DeadlockDetectedError:
                return False  # PostgreSQL took it all back
            except CONNECTION_LOST as error:
                if time.monotonic() > deadline:
                    raise StoreUnavailableError(str(error)) from error
                in_doubt = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                known.recorded_at = recorded_at if landed else known.recorded_at
                return landed

    async def _send(self, draft: Draft, recorded_at: datetime) -> bool:
        async with self._store.pool.acquire(timeout=PATIENCE_SECONDS) as connection, connection.transaction():
            if not await self._store.append_if_head(connection, self.bank_id, draft.head, draft.events, recorded_at):
                return False
            if draft.people:
                await self._people.keep(connection, self.bank_id, list(draft.people.values()))
            if draft.answers:
                await idempotency.keep(connection, self.bank_id, recorded_at, draft.answers)
            for hook in self._hooks:
                if hook.in_transaction and draft.recorded:
                    await hook.in_transaction(connection, self.bank_id, draft.recorded)
            return True

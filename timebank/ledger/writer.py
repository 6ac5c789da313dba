"""A bank's writer: takes all that is queued, decides it in order, appends it in one transaction, answers everybody."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from timebank.domain.kernel import Command, Memory
from timebank.domain.refusals import DocumentNumberTaken, IdempotencyKeyReused
from timebank.domain.refusing import Refusal
from timebank.ledger.codec import Recorded, decode
from timebank.ledger.connections import CONNECTION_LOST
from timebank.ledger.draft import Draft
from timebank.ledger.memories import Memories
from timebank.ledger.people import People, taken_document
from timebank.ledger.store import SQL, Bank, Connection, Store
from timebank.ledger.submission import (
    KeptRefusal,
    Outcome,
    QueueFullError,
    Receipt,
    StoreUnavailableError,
    Submission,
    keep,
    kept,
    revive,
)

BATCH_COMMANDS = 500
PATIENCE_SECONDS = 5.0
RETRY_SECONDS = 0.1
DELTA_LIMIT = 10_000

InlineProjection = Callable[[Connection, UUID, Sequence[Recorded]], Awaitable[None]]

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
        inline: Sequence[InlineProjection],
        queue_limit: int,
        memories_limit: int,
    ) -> None:
        self.bank_id = bank.bank_id
        self.head = 0
        self._store = store
        self._people = people
        self._clock = clock
        self._inline = inline
        self._queue_limit = queue_limit
        self._queue: asyncio.Queue[Submission] = asyncio.Queue()
        self._waiting = 0
        self._held: Submission | None = None
        self._memories = Memories(memories_limit)
        self._is_fresh = False
        self._recorded_at: datetime | None = None

    # Taking in

    def put(self, submission: Submission) -> None:
        """Queue commands; refuses when too many wait already."""
        if self._waiting + len(submission.commands) > self._queue_limit and self._waiting:
            raise QueueFullError
        self._waiting += len(submission.commands)
        self._queue.put_nowait(submission)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return self._waiting == 0

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = await self._gather()
            try:
                await self._answer(batch)
            except asyncio.CancelledError:
                for submission in batch:
                    _fail(submission, StoreUnavailableError("the service is stopping"))
                raise
            self._waiting -= sum(len(submission.commands) for submission in batch)
            self._memories.shrink()

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
            _fail(self._held, error)
        while not self._queue.empty():
            _fail(self._queue.get_nowait(), error)

    # Answering

    async def _answer(self, batch: list[Submission]) -> None:
        """Settle a batch. If something in it fails unexpectedly, each submission is settled alone and fails alone."""
        try:
            draft = await self._settle_patiently(batch)
        except Exception as error:
            self._is_fresh = False
            if isinstance(error, StoreUnavailableError) or len(batch) == 1:
                for submission in batch:
                    _fail(submission, error)
                return
            if not isinstance(error, Refusal):
                log.exception("a batch failed; settling its submissions one by one", bank_id=str(self.bank_id))
            for submission in batch:
                await self._answer([submission])
            return
        for submission, outcomes in zip(batch, draft.outcomes, strict=True):
            if not submission.outcomes.done():
                submission.outcomes.set_result(outcomes)

    async def _settle_patiently(self, batch: list[Submission]) -> Draft:
        """Settle, and start afresh while PostgreSQL is away: until the draft is sent, nothing can have happened."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return await self._settle(batch)
            except CONNECTION_LOST as error:
                self._is_fresh = False
                if time.monotonic() > deadline:
                    raise StoreUnavailableError(str(error)) from error
                await asyncio.sleep(RETRY_SECONDS)

    async def _settle(self, batch: list[Submission]) -> Draft:
        """Decide and append until the log has not moved in between."""
        if not self._is_fresh:
            await self._start_afresh()
        while True:
            draft = await self._decide(batch)
            if draft.is_empty or batch[0].dry_run:
                # Refusals must not rest on memories that another process has made stale.
                landed = await self._store.head(self.bank_id) == self.head
            else:
                landed = await self._commit(draft)
            if not landed or batch[0].dry_run:
                self._memories.restore(draft.before)
            if landed:
                self._arrive(draft, appended=not batch[0].dry_run)
                return draft
            await self._catch_up()

    def _arrive(self, draft: Draft, *, appended: bool) -> None:
        if appended and draft.events:
            self.head = draft.position
            self._store.waker.ring(self.bank_id)

    # Knowing

    async def _start_afresh(self) -> None:
        """Know where the log ends, and nothing else."""
        self._memories.forget_all()
        self.head = await self._store.head(self.bank_id)
        self._recorded_at = await self._store.pool.fetchval(SQL["last_recorded_at"], self.bank_id, self.head)
        self._is_fresh = True

    async def _catch_up(self) -> None:
        """Take in what other processes appended since."""
        rows = await self._store.pool.fetch(SQL["delta"], self.bank_id, self.head, DELTA_LIMIT)
        for row in rows:
            fact = decode(row["topic"], row["data"])
            self._memories.advance(fact, fact.tags())
            self.head, self._recorded_at = row["position"], row["recorded_at"]
        if len(rows) == DELTA_LIMIT:
            await self._start_afresh()

    async def _remembered(self, memories: Sequence[Memory], draft: Draft) -> list[Memory]:
        """The kept memories that answer to those asked for; what is not kept is recalled, all with one query."""
        found = [self._memories.get(memory.key) for memory in memories]
        missing = {memory.key: memory for memory, kept in zip(memories, found, strict=True) if kept is None}
        if missing:
            await self._recall(list(missing.values()), draft)
        return [kept or missing[memory.key] for memory, kept in zip(memories, found, strict=True)]

    async def _recall(self, memories: Sequence[Memory], draft: Draft) -> None:
        """Fill blank memories with what is in the log and what the draft adds to it, and keep them."""
        fresh = Memories()
        for memory in memories:
            fresh.keep(memory)
        for recorded in await self._store.recall(self.bank_id, memories, self.head):
            fresh.advance(recorded.fact, recorded.fact.tags())
        for recorded in draft.recorded:
            fresh.advance(recorded.fact, recorded.fact.tags(), draft.before)
        for memory in memories:
            self._memories.keep(memory)

    # Deciding

    async def _decide(self, batch: list[Submission]) -> Draft:
        draft = Draft(self.head)
        used = await self._keys_used(batch)
        commands = [command for submission in batch for command in submission.commands]
        needs = [command.needs() for command in commands]
        remembered = iter(await self._remembered([memory for each in needs for memory in each], draft))
        first = [[next(remembered) for _ in each] for each in needs]
        # What the first memories name is recalled in one go; if that changes on the way, it is recalled when it is met.
        await self._remembered(
            [memory for command, known in zip(commands, first, strict=True) for memory in command.also_needs(*known)],
            draft,
        )
        plan = iter(zip(commands, first, strict=True))
        for submission in batch:
            steps = [next(plan) for _ in submission.commands]
            draft.outcomes.append(await self._decide_submission(submission, steps, used, draft))
        return draft

    async def _decide_submission(
        self,
        submission: Submission,
        steps: Sequence[tuple[Command, Sequence[Memory]]],
        used: dict[tuple[str, str], tuple[bytes, bytes]],
        draft: Draft,
    ) -> list[Outcome]:
        key = submission.key
        if key and (key.principal, key.key) in used:
            fingerprint, outcome = used[key.principal, key.key]
            return await self._repeat(submission, fingerprint, outcome)
        if key and (key.principal, key.key) in draft.keys:
            first, outcomes = draft.keys[key.principal, key.key]
            return outcomes if first.fingerprints[0] in key.fingerprints else _reused(submission)
        outcomes = [await self._decide_command(command, first, submission, draft) for command, first in steps]
        if key and not submission.dry_run and not all(isinstance(outcome, Refusal) for outcome in outcomes):
            draft.keys[key.principal, key.key] = key, outcomes
        return outcomes

    async def _decide_command(
        self, command: Command, first: Sequence[Memory], submission: Submission, draft: Draft
    ) -> Outcome:
        further = await self._remembered(command.also_needs(*first), draft)
        try:
            facts = tuple(command.decide(*first, *further))
        except Refusal as refusal:
            return refusal
        command_id = uuid7()
        for fact in facts:
            tags = fact.tags()
            self._memories.advance(fact, tags, draft.before)
            draft.add(fact, tags, command, submission.request_id, command_id)
        person, erased = command.personal(), command.erases()
        if person:
            draft.add_person(person)
        if erased:
            draft.erase_person(erased)
        return Receipt(draft.position, facts)

    # Keeping promises

    async def _keys_used(self, batch: list[Submission]) -> dict[tuple[str, str], tuple[bytes, bytes]]:
        keys = [submission.key for submission in batch if submission.key]
        if not keys:
            return {}
        rows = await self._store.pool.fetch(
            SQL["keys_used"], self.bank_id, [key.principal for key in keys], [key.key for key in keys]
        )
        return {(row["principal"], row["key"]): (row["fingerprint"], row["outcome"]) for row in rows}

    async def _repeat(self, submission: Submission, fingerprint: bytes, outcome: bytes) -> list[Outcome]:
        """The answer that was given the first time."""
        assert submission.key is not None
        if fingerprint not in submission.key.fingerprints:
            return _reused(submission)
        answers: list[Outcome] = []
        for item in kept(outcome):
            if isinstance(item, KeptRefusal):
                answers.append(revive(item))
            else:
                recorded = await self._store.facts_at(self.bank_id, item.first, item.first + item.count - 1)
                answers.append(Receipt(item.position, tuple(fact for _, fact in recorded)))
        return answers

    # Appending

    async def _commit(self, draft: Draft) -> bool:
        """Append the draft: False if another process appended first.

        When the connection is lost the outcome is not known. The same events are then sent again after the same head:
        either they are in the log already, which their ids tell, or the swap decides anew.
        """
        recorded_at = max(self._clock(), self._recorded_at or self._clock())
        deadline = time.monotonic() + PATIENCE_SECONDS
        in_doubt = False
        while True:
            try:
                landed = await self._send(draft, recorded_at)
                if not landed and in_doubt and draft.events:
                    found = await self._store.pool.fetchval(SQL["event_id_at"], self.bank_id, draft.head + 1)
                    landed = found == draft.events[0].event_id
            except asyncpg.UniqueViolationError as error:
                if taken_document(error):
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
                self._recorded_at = recorded_at if landed else self._recorded_at
                return landed

    async def _send(self, draft: Draft, recorded_at: datetime) -> bool:
        async with self._store.pool.acquire(timeout=PATIENCE_SECONDS) as connection, connection.transaction():
            if not await self._store.swap(connection, self.bank_id, draft.head, draft.events, recorded_at):
                return False
            if draft.people:
                await self._people.keep(connection, self.bank_id, list(draft.people.values()))
            if draft.erased:
                await self._people.erase(connection, self.bank_id, draft.erased)
            if draft.keys:
                rows = [
                    (key.principal, key.key, key.fingerprints[0], keep(outcomes))
                    for key, outcomes in draft.keys.values()
                ]
                columns: Any = zip(*rows, strict=True)
                await connection.execute(SQL["use_keys"], self.bank_id, recorded_at, *columns)
            for project in self._inline:
                await project(connection, self.bank_id, draft.recorded)
            return True


def _fail(submission: Submission, error: Exception) -> None:
    if not submission.outcomes.done():
        submission.outcomes.set_exception(error)


def _reused(submission: Submission) -> list[Outcome]:
    return [IdempotencyKeyReused() for _ in submission.commands]

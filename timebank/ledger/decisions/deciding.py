"""Deciding: what one bank's writer knows of its log, and what commands come to by that."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from timebank.db.sql import load_statements
from timebank.domain.kernel import Command, Fact, Key, Memory
from timebank.domain.people.refusals import DocumentNumberTaken
from timebank.domain.refusals import IdempotencyKeyReused
from timebank.domain.refusing import Refusal
from timebank.ledger import idempotency
from timebank.ledger.codec import decode, new_id
from timebank.ledger.decisions.draft import Draft
from timebank.ledger.decisions.memories import Memories, State
from timebank.ledger.decisions.snapshots import FACTS_APART, FACTS_EACH, LONG_FACTS, LongHistoryError, Snapshots
from timebank.ledger.idempotency import Answered, Named
from timebank.ledger.store import NOTHING_YET, READ_SECONDS, Store, Tip
from timebank.ledger.submission import Outcome, Receipt, Submission
from timebank.vault.documents import Documents
from timebank.vault.people import People

SQL = load_statements("timebank.ledger.decisions", "deciding.sql")

DELTA_EVENTS = 10_000
"""Where others appended more than so many events, knowing nothing is quicker than taking them all in."""


TURN_SECONDS = 0.01
"""After so long of deciding others get their turn: a batch may have a thousand commands."""


class Turns:
    """Lets others have their turn now and then, where something is worked out for long."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + TURN_SECONDS

    async def give(self) -> None:
        """Let others have theirs, if it is time."""
        if time.perf_counter() > self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + TURN_SECONDS


class Standing(NamedTuple):
    """Where a log ends, when that was recorded, whether it goes on from what was known, and has what was kept."""

    tip: Tip
    recorded_at: datetime | None
    goes_on: bool
    has_kept: bool


class Knowledge:
    """Where a bank's log ends, and memories as of that position.

    `kept` is the last event that is known to be kept by whoever commits have to wait for, replicas included: nothing
    else is acknowledged. `is_for_good` says that all that is known is.
    """

    def __init__(
        self, store: Store, people: People, bank_id: UUID, memories_limit: int, snapshots: Snapshots | None = None
    ) -> None:
        self.tip = self.kept = NOTHING_YET
        self.recorded_at: datetime | None = None
        self.is_for_good = False
        self._may_take_long = True
        self._turns = Turns()
        self.memories = Memories(memories_limit)
        self._snapshots = snapshots
        self._store = store
        self._people = people
        self._bank_id = bank_id

    async def look(self) -> Standing:
        """Where the log ends now, and whether the events that were the last ones are still in it."""
        known, kept = self.tip, self.kept
        binds = self._bank_id, known.position, kept.position
        row = await self._store.pool.fetchrow(SQL["standing"], *binds, timeout=READ_SECONDS)
        if row is None:
            return Standing(NOTHING_YET, None, goes_on=known == NOTHING_YET, has_kept=kept == NOTHING_YET)
        tip = Tip(row["head"], row["head_event_id"])
        return Standing(
            tip,
            row["recorded_at"],
            goes_on=tip.position >= known.position and row["known_id"] == known.event_id,
            has_kept=tip.position >= kept.position and row["kept_id"] == kept.event_id,
        )

    def start_afresh(self, standing: Standing) -> None:
        """Know where the log ends, and nothing else."""
        self.memories.forget_all()
        self.tip, self.recorded_at, self.is_for_good = standing.tip, standing.recorded_at, False
        self.kept = self.kept if standing.has_kept else NOTHING_YET

    def is_kept(self, tip: Tip) -> None:
        """All up to an event is there for good."""
        self.kept, self.is_for_good = tip, True

    async def catch_up(self) -> int:
        """Take in what other processes appended since, and say how much; -1 where one has to start afresh instead.

        So it is where there is a fact that nobody here can read: another version may have appended it.
        """
        limit = DELTA_EVENTS + 1
        rows = await self._store.pool.fetch(SQL["delta"], self._bank_id, self.tip.position, limit, timeout=READ_SECONDS)
        if self.tip.position:
            if not rows or rows[0]["event_id"] != self.tip.event_id:
                return -1
            rows = rows[1:]
        for row in rows:
            try:
                fact = decode(row["topic"], row["data"])
            except (KeyError, msgspec.MsgspecError):
                return -1
            self.memories.advance(fact, fact.tags())
            self.tip, self.recorded_at = Tip(row["position"], row["event_id"]), row["recorded_at"]
            self.is_for_good = False
        return len(rows) if len(rows) < DELTA_EVENTS else -1

    async def decide(self, batch: Sequence[Submission]) -> Draft:
        """What a batch comes to: its commands decided in order, each by what the earlier ones have come to.

        Raises `LongHistoryError`, and leaves all as it was, where that needs what takes long to recall.
        """
        draft = Draft(self.tip, await self._documents(batch))
        try:
            return await self._decided(batch, draft)
        except LongHistoryError:
            self.memories.restore(draft.before)
            raise

    async def _decided(self, batch: Sequence[Submission], draft: Draft) -> Draft:
        self._may_take_long = self._snapshots is None or any(submission.is_prepared for submission in batch)
        names = [(submission.key.principal, submission.key.key) for submission in batch if submission.key]
        used = await idempotency.answered(self._store.pool, self._bank_id, names)
        await self._remember(batch, draft)
        for submission in batch:
            draft.outcomes.append(await self._answer(submission, used, draft))
        return draft

    async def _documents(self, batch: Sequence[Submission]) -> Documents:
        """Who has the document numbers that a batch names. Whoever changes that appends, so the swap holds it still."""
        people = (each.personal() for submission in batch for each in submission.commands if isinstance(each, Command))
        numbers = {person.document_number for person in people if person and person.document_number}
        holders = await self._people.holders(self._store.pool, self._bank_id, numbers) if numbers else {}
        return Documents(holders)

    async def _remember(self, batch: Sequence[Submission], draft: Draft) -> None:
        """Recall what the commands of a batch need, with one query; and with another what only that can name.

        Where a batch is one command there is nothing to be gained by the second: it is asked when it is decided.
        """
        commands = [each for submission in batch for each in submission.commands if isinstance(each, Command)]
        await self._recall(await self._named(commands, lambda each: each.needs()), draft)
        if len(commands) > 1:
            known = self.memories.known
            await self._recall(await self._named(commands, lambda each: each.also_needs(known)), draft)

    async def _named(self, commands: Sequence[Command], name: Callable[[Command], Sequence[Key]]) -> list[Key]:
        """The keys of the memories that commands name."""
        keys: list[Key] = []
        for command in commands:
            keys += name(command)
            await self._turns.give()
        return keys

    async def _recall(self, keys: Iterable[Key], draft: Draft) -> None:
        """Keep a memory for each key: what is not kept is made of the log, and of what the draft adds to it."""
        missing: dict[Key, Memory] = self.memories.missing(keys)
        if not missing:
            return
        kept = await self._snapshots.of(missing, self.tip.position) if self._snapshots else {}
        folded = await self._from_log({key: memory for key, memory in missing.items() if key not in kept})
        for key, (position, state) in kept.items():
            vars(missing[key]).update(state)
            folded |= await self._from_log({key: missing[key]}, after=position)
        self._keep_snapshots(folded, {key: memory.state() for key, memory in missing.items() if key in folded})
        fresh = Memories()
        fresh.keep(missing)
        for recorded in draft.recorded:
            fresh.advance(recorded.fact, recorded.fact.tags(), draft.before)
        self.memories.keep(missing)

    async def _from_log(self, memories: dict[Key, Memory], after: int = 0) -> dict[Key, int]:
        """Let memories take in what the log has for them after a position; how many facts those were that took many."""
        if not memories:
            return {}
        can_be_kept = self._snapshots is not None and all(map(self._snapshots.are_of, memories))
        most = max(LONG_FACTS, FACTS_EACH * len(memories)) if can_be_kept and not self._may_take_long else None
        found = await self._store.recall(self._bank_id, memories.values(), self.tip.position, after=after, most=most)
        if most and len(found) > most:
            raise LongHistoryError(memories)
        fresh = Memories()
        fresh.keep(memories)
        for recorded in found:
            fresh.advance(recorded.fact, recorded.fact.tags())
        return {key: facts for key, facts in fresh.folded.items() if facts >= FACTS_APART}

    def arrive(self, draft: Draft) -> None:
        """What was decided is in the log; memories that have taken in much since are kept as they are now."""
        self.tip = draft.new_tip
        folded = self.memories.folded
        long = {key: folded[key] for key in draft.before if folded.get(key, 0) >= FACTS_APART}
        held = {key: self.memories.state_of(key) for key in long}
        self._keep_snapshots(long, {key: state for key, state in held.items() if state is not None})
        for key in long:
            folded[key] = 0

    def _keep_snapshots(self, long: Iterable[Key], held: dict[Key, State]) -> None:
        """Keep memories as of the tip, beside everything else."""
        if self._snapshots is None:
            return
        for key in long:
            if key in held:
                self._snapshots.take(key, held[key], self.tip.position)

    async def _answer(self, submission: Submission, used: dict[Named, Answered], draft: Draft) -> list[Outcome]:
        """What a submission comes to; one whose key was used before comes to what the first one did."""
        key = submission.key
        named = (key.principal, key.key) if key else None
        if key and named in used:
            before = draft.repeats[named] = used[named]
            if before.fingerprint in key.fingerprints:
                return await idempotency.repeated(self._store, self._bank_id, before)
            return _reused(submission)
        if key and named in draft.answers:
            first, outcomes = draft.answers[named]
            return idempotency.again(outcomes) if first.fingerprints[0] in key.fingerprints else _reused(submission)
        decided = [await self._decide(command, submission.request_id, draft) for command in submission.commands]
        if key and named and not submission.dry_run and not all(isinstance(outcome, Refusal) for outcome in decided):
            draft.answers[named] = key, decided
        return decided

    async def _decide(self, command: Command | Refusal, request_id: str, draft: Draft) -> Outcome:
        if isinstance(command, Refusal):
            return command
        await self._turns.give()
        known = self.memories.known
        while missing := self.memories.missing(command.also_needs(known)):
            await self._recall(missing, draft)
        facts: list[Fact] = []
        try:
            for fact in command.decide(known):
                facts.append(fact)
                await self._turns.give()
        except Refusal as refusal:
            return refusal
        person = command.personal()
        if person and draft.documents.are_taken(person):
            return DocumentNumberTaken()
        command_id = new_id()
        for fact in facts:
            tags = fact.tags()
            self.memories.advance(fact, tags, draft.before)
            draft.add(fact, tags, command, request_id, command_id)
            await self._turns.give()
        if person:
            draft.add_person(person)
        return Receipt(draft.position, tuple(facts))


def _reused(submission: Submission) -> list[Outcome]:
    return [IdempotencyKeyReused() for _ in submission.commands]

"""A trial: commands are decided as they would be, each by what the earlier ones would have come to; nothing is written.

It is no business of the bank's writer, so nobody waits for it. What the commands would come to is kept in a temporary
file, so that a trial of any length takes little memory.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from uuid import UUID

from timebank.domain.kernel import Command, Memory
from timebank.ledger.codec import Recorded, decode, encode
from timebank.ledger.decisions.deciding import Knowledge
from timebank.ledger.decisions.draft import Draft
from timebank.ledger.ledger import Ledger, checked
from timebank.ledger.store import Store
from timebank.ledger.submission import Outcome, Submission

MEMORIES = 5_000
"""How many memories a trial keeps ready."""


class Trial:
    """Decides commands for one bank as of one position of its log."""

    def __init__(self, ledger: Ledger, bank_id: UUID, memories_limit: int = MEMORIES) -> None:
        self._store = _WithWhatWouldBe(ledger.store)
        self._knowledge = Knowledge(self._store, ledger.people, bank_id, memories_limit)
        self._is_fresh = False

    async def submit(self, commands: Sequence[Command], request_id: str = "") -> list[Outcome]:
        """What the commands would come to, after those of earlier calls."""
        knowledge = self._knowledge
        if not self._is_fresh:
            knowledge.start_afresh(await knowledge.look())
            self._is_fresh = True
        outcomes: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        submission = Submission([checked(command) for command in commands], request_id, None, True, outcomes)
        draft = await knowledge.decide([submission])
        self._store.keep(draft)
        knowledge.memories.shrink()
        return draft.outcomes[0]

    def close(self) -> None:
        """Forget what would have been."""
        self._store.close()


# Of a temporary file of SQLite, which is no database of the bank's.
_TABLES = """
    create table fact (number integer primary key, topic text, data blob);
    create table tag (tag text, number integer, primary key (tag, number)) without rowid;
"""
_KEEP, _TAG = "insert into fact (topic, data) values (?, ?)", "insert into tag values (?, ?)"
_TAGGED, _READ = "select number from tag where tag = ?", "select topic, data from fact where number = ?"


class _WithWhatWouldBe(Store):
    """The log, and after it the facts that would be in it."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.pool, store.waker)
        self._facts = sqlite3.connect("")  # a file that has no name, and goes with the connection
        self._facts.executescript(_TABLES)

    def keep(self, draft: Draft) -> None:
        """Take in what one more draft would add."""
        for recorded in draft.recorded:
            fact = recorded.fact
            number = self._facts.execute(_KEEP, (fact.TOPIC, encode(fact))).lastrowid
            self._facts.executemany(_TAG, [(tag, number) for tag in fact.tags()])

    async def recall(
        self, bank_id: UUID, memories: Iterable[Memory], up_to: int, *, after: int = 0, most: int | None = None
    ) -> list[Recorded]:
        """The facts that lie in the boundary of any of the memories, in the log or after it."""
        wanted = list(memories)
        recorded = await super().recall(bank_id, wanted, up_to, after=after)
        tags = {memory.boundary_tags[-1] for memory in wanted if memory.boundary_tags}
        numbers = {number for tag in tags for (number,) in self._facts.execute(_TAGGED, (tag,))}
        for number in sorted(numbers):
            recorded.append(Recorded(up_to + number, decode(*self._facts.execute(_READ, (number,)).fetchone())))
        return recorded

    def close(self) -> None:
        """Forget what would be."""
        self._facts.close()

"""What a projection is: tables, and how a stretch of the log changes them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from timebank.db.connections import Connection
from timebank.domain.kernel import Fact
from timebank.ledger.codec import Recorded


class Projection(Protocol):
    """A read model. Applying the log in stretches of any length gives the same rows."""

    @property
    def name(self) -> str:
        """What `timebank rebuild` calls it."""

    @property
    def version(self) -> int:
        """Counts up whenever the same log would give other rows."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables it writes, and nobody else does."""

    @property
    def is_inline(self) -> bool:
        """Whether it is written in the append transaction; else it follows the log, a moment behind it."""

    async def apply(
        self, connection: Connection, bank_id: UUID, after: int, until: int, topics: frozenset[str]
    ) -> None:
        """Take in the events after one position, up to another; `topics` are those that occur there."""

    async def keep(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Take in what is being appended, within the same transaction."""


class Step(NamedTuple):
    """One statement, and the facts it is for.

    Binds, in the order in which the function `facts_between` takes them: $1 bank, $2 after, $3 until, $4 topics.
    """

    statement: str
    facts: tuple[type[Fact], ...]

    @property
    def topics(self) -> list[str]:
        """The topics of the facts."""
        return [fact.TOPIC for fact in self.facts]


class SetProjection(NamedTuple):
    """A projection that PostgreSQL works out by itself, from the stored facts, a set at a time.

    Steps run in the order in which such facts can follow each other, so that it does not matter where a stretch ends.
    """

    name: str
    version: int
    tables: tuple[str, ...]
    steps: Sequence[Step]
    is_inline: bool = False

    async def apply(
        self, connection: Connection, bank_id: UUID, after: int, until: int, topics: frozenset[str]
    ) -> None:
        """Run the steps that the stretch has facts for."""
        for step in self.steps:
            if not topics.isdisjoint(step.topics):
                await connection.execute(step.statement, bank_id, after, until, step.topics)

    async def keep(self, connection: Connection, bank_id: UUID, recorded: Sequence[Recorded]) -> None:
        """Take in what is being appended, within the same transaction."""
        topics = frozenset(fact.TOPIC for _, fact in recorded)
        if not topics.isdisjoint(topic for step in self.steps for topic in step.topics):
            await self.apply(connection, bank_id, recorded[0].position - 1, recorded[-1].position, topics)

"""The uncommitted result of a batch of commands, with what it takes to undo it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from timebank.domain.kernel import Command, Fact, Key
from timebank.domain.person import Person
from timebank.ledger.codec import Event, Recorded, encode, new_id
from timebank.ledger.codec import leaves as leaves_of
from timebank.ledger.decisions.memories import State
from timebank.ledger.idempotency import Answered, Named
from timebank.ledger.store import Tip
from timebank.ledger.submission import IdempotencyKey, Outcome, Receipt
from timebank.vault.documents import Documents


class Draft:
    """What a batch is about to write: facts and what goes with them. `before` has the memories as they were before it.

    `repeats` are the earlier answers that are given again: they have to be kept for good first.
    """

    def __init__(self, tip: Tip, documents: Documents) -> None:
        self.tip = tip
        self.documents = documents
        self.events: list[Event] = []
        self.recorded: list[Recorded] = []
        self.leaves: list[bytes] = []
        self.people: dict[str, Person] = {}
        self.answers: dict[Named, tuple[IdempotencyKey, Sequence[Outcome]]] = {}
        self.repeats: dict[Named, Answered] = {}
        self.outcomes: list[list[Outcome]] = []
        self.before: dict[Key, State] = {}

    @property
    def position(self) -> int:
        """The last position of the log once this batch is written."""
        return self.tip.position + len(self.events)

    @property
    def new_tip(self) -> Tip:
        """The last event of the log once this batch is written."""
        return Tip(self.position, self.events[-1].event_id) if self.events else self.tip

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.events or self.people or self.answers)

    def seal(self, bank_id: UUID, recorded_at: datetime) -> None:
        """Make the leaves of the facts, now that it is known when they are recorded."""
        self.leaves = leaves_of(bank_id, self.tip.position, recorded_at, self.events)

    def receipts(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The outcomes; receipts for facts of this batch get the leaf of their fact."""
        return [self._with_leaf(each) if isinstance(each, Receipt) else each for each in outcomes]

    def _with_leaf(self, receipt: Receipt) -> Receipt:
        nth = receipt.position - self.tip.position - 1
        is_of_this = receipt.facts and 0 <= nth < len(self.leaves)
        return receipt._replace(leaf=self.leaves[nth]) if is_of_this else receipt

    def add(self, fact: Fact, tags: list[str], command: Command, request_id: str, command_id: UUID) -> None:
        """Add a fact that a command of the batch decided."""
        by = command.by
        self.events.append(
            Event(
                new_id(),
                fact.TOPIC,
                encode(fact),
                tuple(tags),
                by.actor,
                by.authority,
                request_id,
                command_id,
                by.on_behalf_of,
            )
        )
        self.recorded.append(Recorded(self.position, fact))

    def add_person(self, person: Person) -> None:
        """Personal data to keep; of two values for one person the later counts."""
        self.documents.take(person)
        before = self.people.get(person.volunteer_id)
        given = {name: value for name, value in msgspec.structs.asdict(person).items() if value is not None}
        self.people[person.volunteer_id] = msgspec.structs.replace(before, **given) if before else person

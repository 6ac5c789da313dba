"""Decisions without a database: given these facts, when this is asked for, then that happens."""

from collections.abc import Iterable, Sequence
from typing import Any

from timebank.domain.credit.accounts import Account, postings
from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory
from timebank.domain.refusing import Refusal
from timebank.ledger.codec import decode, encode


def stored(fact: Fact) -> Fact:
    """The fact as it comes back from the log."""
    return decode(fact.TOPIC, encode(fact))


def blank(key: Key) -> Memory:
    """The memory with this key, before it has remembered anything."""
    kind, whom = key
    return kind(*whom)


def recall(command: Command, facts: Sequence[Fact]) -> tuple[Known, list[Fact]]:
    """The memories a command asks for, as of the facts; and the facts that are in the boundary of none of them."""
    first = {key: blank(key) for key in command.needs()}
    unseen = _take_in(first.values(), facts)
    while further := {key: blank(key) for key in command.also_needs(Known(first)) if key not in first}:
        unseen_further = _take_in(further.values(), facts)
        unseen = [fact for fact in unseen if any(fact is other for other in unseen_further)]
        first |= further
    return Known(first), unseen


def _take_in(memories: Iterable[Memory], facts: Sequence[Fact]) -> list[Fact]:
    unseen = list(facts)
    for memory in memories:
        boundary = memory.consistency_boundary()
        for fact in facts:
            if type(fact) in boundary.types and set(fact.tags()).issuperset(boundary.tags):
                memory.remember(fact)
                unseen = [other for other in unseen if other is not fact]
    return unseen


def _decide(command: Command, facts: Sequence[Fact]) -> tuple[Fact, ...] | Refusal:
    try:
        command = command.checked()
        known, unseen = recall(command, facts)
        told = f"{type(command).__name__} never sees {unseen}: leave it out, or put its memory among the needs"
        assert not unseen, told
        return tuple(command.decide(known))
    except Refusal as refusal:
        return refusal


def _said(outcome: tuple[Fact, ...] | Refusal) -> Any:
    return (type(outcome), outcome.details) if isinstance(outcome, Refusal) else outcome


class Decided:
    """What a command came to."""

    def __init__(self, outcome: tuple[Fact, ...] | Refusal) -> None:
        self.outcome = outcome

    def then(self, *facts: Fact) -> None:
        """Exactly these facts happened."""
        assert self.outcome == facts, f"{self.outcome!r} instead of {facts!r}"

    def then_nothing(self) -> None:
        """It was all right, and nothing happened."""
        self.then()

    def then_refused(self, refusal: type[Refusal], **details: Any) -> None:
        """It was refused, for this reason, with these details among those it gives."""
        assert type(self.outcome) is refusal, f"{self.outcome!r} instead of {refusal.__name__}"
        assert self.outcome.details | details == self.outcome.details
        assert "{" not in str(self.outcome)

    @property
    def fact(self) -> Any:
        """The one fact that happened."""
        assert isinstance(self.outcome, tuple), f"{self.outcome!r} instead of a fact"
        (fact,) = self.outcome
        return fact


class Given:
    """What had happened before."""

    def __init__(self, *facts: Fact) -> None:
        self.facts = facts

    def when(self, command: Command) -> Decided:
        """Decide, from memories made of the facts as they are, and again of the facts as the log gives them back."""
        outcome = _decide(command, self.facts)
        again = _decide(command, [stored(fact) for fact in self.facts])
        assert _said(again) == _said(outcome), "the decision depends on whether its memories were kept or recalled"
        if not isinstance(outcome, Refusal):
            assert tuple(map(stored, outcome)) == outcome, "a fact has to come back from its bytes as it was"
        return Decided(outcome)


given = Given


class Book:
    """A ledger in memory, for histories too long to write down: each command is decided from all facts so far."""

    def __init__(self, *facts: Fact) -> None:
        self.facts = list(facts)

    def do(self, command: Command) -> Any:
        """Decide and keep what happens; says the last fact of it, or raises the refusal."""
        command = command.checked()
        known, _ = recall(command, self.facts)
        facts = tuple(command.decide(known))
        assert tuple(map(stored, facts)) == facts, "a fact has to come back from its bytes as it was"
        self.facts += facts
        return facts[-1] if facts else None

    def minutes(self, account: Account, holder: VolunteerId | None = None) -> int:
        """What is on an account, of one volunteer or of all."""
        lines = [line for fact in self.facts for line in postings(fact)]
        return sum(line.minutes for line in lines if line.account == account and holder in (None, line.holder))

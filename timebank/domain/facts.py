"""The vocabulary: every fact there is, by its topic."""

from typing import TypeVar

from timebank.domain import (
    accounts,
    appointments,
    bank,
    erasure,
    funds,
    giving,
    keys,
    leaving,
    memberships,
    offices,
    organisations,
    policy,
    proxies,
    redeeming,
    redemptions,
    review,
    rewards,
    service,
    transfers,
    volunteers,
)
from timebank.domain.kernel import Fact, Memory

NOUNS = (
    bank,
    volunteers,
    organisations,
    memberships,
    appointments,
    offices,
    proxies,
    keys,
    policy,
    service,
    review,
    rewards,
    redemptions,
    redeeming,
    funds,
    transfers,
    giving,
    accounts,
    leaving,
    erasure,
)


T = TypeVar("T")


def _defined_in_nouns(base: type[T]) -> list[type[T]]:
    return [
        value
        for noun in NOUNS
        for value in vars(noun).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == noun.__name__
    ]


FACTS: dict[str, type[Fact]] = {fact.TOPIC: fact for fact in _defined_in_nouns(Fact)}
MEMORIES: tuple[type[Memory], ...] = tuple(_defined_in_nouns(Memory))

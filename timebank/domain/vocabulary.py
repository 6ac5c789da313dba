"""The vocabulary: every fact there is, by its topic. The modules of `facts/` are found by themselves."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, get_args, get_type_hints

from timebank.domain import facts
from timebank.domain.identifiers import KINDS, VolunteerId
from timebank.domain.kernel import Fact, tagged_by


def _found() -> Iterator[type[Fact]]:
    for module in iter_modules(facts.__path__, f"{facts.__name__}."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Fact) and value is not Fact:
                yield value


def _is_about_people(fact: type[Fact]) -> bool:
    return any(VolunteerId in (hint, *get_args(hint)) for hint in get_type_hints(fact).values())


FACTS: dict[str, type[Fact]] = {fact.TOPIC: fact for fact in _found()}

TOLD = tuple(topic for topic, fact in FACTS.items() if fact.TELLS and _is_about_people(fact))
"""The topics that people are told of, where others brought about what concerns them."""


def topics_under(tag: str) -> tuple[str, ...]:
    """The topics of facts that can be found by a tag: of an identifier those that its kind tags."""
    return _topics_naming(KINDS.get(tag.partition("_")[0]))


@cache
def _topics_naming(kind: Any) -> tuple[str, ...]:
    return tuple(topic for topic, fact in FACTS.items() if kind is None or kind in tagged_by(fact))

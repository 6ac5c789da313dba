"""Every memory of the domain, and those that a fact belongs to."""

import inspect
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from itertools import product
from pkgutil import walk_packages
from typing import Any, get_args, get_type_hints

import timebank.domain
from timebank.domain.identifiers import CodeHash, RedemptionTag, redemption_tag
from timebank.domain.kernel import Fact, Memory

for _module in walk_packages(timebank.domain.__path__, "timebank.domain."):
    import_module(_module.name)


def _kinds(below: type[Memory]) -> Iterator[type[Memory]]:
    for kind in below.__subclasses__():
        yield from [] if kind.__name__.startswith("_") else [kind]
        yield from _kinds(kind)


MEMORIES: tuple[type[Memory], ...] = tuple(sorted(_kinds(Memory), key=lambda kind: (kind.__module__, kind.__name__)))


def memories_of(kind: type[Memory], fact: Fact) -> list[Memory]:
    """The memories of a kind that a fact belongs to, made of whatever identifiers the fact has."""
    parameters = inspect.signature(kind.__init__).parameters
    hints = get_type_hints(kind.__init__)
    wanted = [hints[name] for name in parameters if name in hints and name != "self"]
    known = list(_identifiers(fact))
    choices = [[value for sort, value in known if sort in (get_args(want) or (want,))] for want in wanted]
    tags = set(fact.tags())
    made = [kind(*whom) for whom in product(*choices)]
    return [memory for memory in made if tags.issuperset(memory.boundary_tags)]


def _identifiers(fact: Fact) -> Iterator[tuple[Any, Any]]:
    """What a fact is about, each with its sort."""
    hints = get_type_hints(type(fact))
    days: dict[date, None] = {}
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        sorts = [each for each in get_args(hints[name]) if each is not type(None)] or [hints[name]]
        if name in {"minutes_by_day", "previous_minutes_by_day", "original_days"}:
            days |= dict.fromkeys(value)
        elif value is not None and not isinstance(value, tuple):
            yield sorts[0], value
            if sorts[0] is CodeHash:
                yield RedemptionTag, redemption_tag(value)
    yield from ((date, day) for day in days)

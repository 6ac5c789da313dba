"""Categories and the names of activities: the bank's own lists, in its rule book.

Credit hangs on a category's spelling, so where the rule book has a list nothing else is taken. What a later version no
longer lists is retired: service of days before may still be entered under it, and records that have it keep it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache
from heapq import nlargest
from typing import Literal, NamedTuple

from timebank.domain.credit.policies import in_force_until
from timebank.domain.credit.refusals import ActivityNotListed, CategoryNotListed
from timebank.domain.facts.credit import Rules
from timebank.domain.text import normal, remembered

Sort = Literal["category", "activity"]

SEEDS_CATEGORIES = ("公共设施擦洗", "文体娱乐", "公益慈善", "治安巡逻", "邻里守望", "调解", "帮教")
"""The categories that the community of the beginning (百步亭) works by."""


def must_be_listed(rules: Rules, *, category: str | None = None, activity: str | None = None) -> None:
    """Refuse a category, or an activity's name, that is not on the list of the rules; an empty list takes any.

    What is None is not looked at. Raises `CategoryNotListed` or `ActivityNotListed`, with the nearest that is listed.
    """
    if category is not None and not _is_on(rules.categories, category):
        raise CategoryNotListed(category=category, nearest=nearest(category, rules.categories))
    if activity is not None and not _is_on(rules.activities, activity):
        raise ActivityNotListed(activity=activity, nearest=nearest(activity, rules.activities))


def _is_on(names: tuple[str, ...], name: str) -> bool:
    return not names or normal(name) in _normals(names)


@lru_cache(maxsize=256)
def _normals(names: tuple[str, ...]) -> frozenset[str]:
    """The names of a list in their normal form; many records are told of the same list."""
    return frozenset(map(normal, names))


LIKELY, LOOKED_AT = 3, 50
"""So many of the names are compared, those that have most characters in common, and so much of each: a list of a
thousand rows is told the nearest for each of them, and nobody else is served meanwhile."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Of some names the one that is most like another; of equals the first."""
    wanted = normal(name)[:LOOKED_AT]
    letters = frozenset(wanted)
    likely = nlargest(LIKELY, names, key=lambda each: _in_common(letters, _letters(each)))
    return max(likely, key=lambda each: SequenceMatcher(None, normal(each)[:LOOKED_AT], wanted).ratio())


def _in_common(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / (len(some) + len(others) or 1)


@remembered
def _letters(name: str) -> frozenset[str]:
    return frozenset(normal(name)[:LOOKED_AT])


class Listed(NamedTuple):
    """A name on one of the lists, and for which days it was; `until` is None where it is listed until further notice.

    It may have been off the list between.
    """

    name: str
    sort: Sort
    since: date
    until: date | None


def every_name(versions: Mapping[int, tuple[date, Rules]]) -> Iterator[Listed]:
    """All names that were ever listed, of the versions of a rule book with their first days; retired ones as well."""
    first_days = {version: start for version, (start, _) in versions.items()}
    spans: dict[tuple[Sort, str], tuple[date, date | None]] = {}
    for version in sorted(versions, key=lambda each: (first_days[each], each)):
        start, rules = versions[version]
        until = in_force_until(first_days, version)
        if until is not None and until < start:
            continue
        for key in _names(rules):
            since, _ = spans.get(key, (start, None))
            spans[key] = since, until
    yield from (Listed(name, sort, since, until) for (sort, name), (since, until) in spans.items())


def _names(rules: Rules) -> Iterator[tuple[Sort, str]]:
    yield from (("category", name) for name in rules.categories)
    yield from (("activity", name) for name in rules.activities)

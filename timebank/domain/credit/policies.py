"""The rule book: what service is worth, and what may be done with the worth; dated, and adopted by a resolution.

A record uses the version in force on the day it counts for. Each confirmation says which version that was and which
rule did what, so that the same service under the same version always comes to the same credit.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple, Self, TypeAlias

import msgspec

from timebank.domain.acting import must_govern
from timebank.domain.credit.refusals import (
    CoefficientNotListed,
    PolicyHasBegun,
    PolicyIsWithdrawn,
    PolicyNotAhead,
    PolicyUnknown,
    ThresholdsNotRising,
)
from timebank.domain.facts.credit import PolicyAdopted, PolicyWithdrawn, Rule, RuleEffect, Rules
from timebank.domain.facts.service import Capacity, counts_as_volunteering
from timebank.domain.identifiers import OrganisationId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event, must_fit
from timebank.domain.organisations.memberships import VERIFIES_SERVICE
from timebank.domain.text import Line, Text, normal


class Version(NamedTuple):
    """A version of the rule book; 0 is what holds where none was adopted."""

    number: int
    rules: Rules


UNWRITTEN = Version(0, Rules())
assert UNWRITTEN.rules.direct_confirm_roles == VERIFIES_SERVICE, "without a rule book verifiers confirm"


class RuleBook(Memory):
    """All versions of the rule book, and which is in force on a day."""

    def __init__(self) -> None:
        super().__init__()
        self.adopted: dict[int, PolicyAdopted] = {}
        self.withdrawn: set[int] = set()

    @event(PolicyAdopted)
    def _(self, fact: PolicyAdopted) -> None:
        self.adopted[fact.version] = fact

    @event(PolicyWithdrawn)
    def _(self, version: int) -> None:
        self.withdrawn.add(version)

    @property
    def standing(self) -> dict[int, PolicyAdopted]:
        """The versions that were not withdrawn."""
        return {number: fact for number, fact in self.adopted.items() if number not in self.withdrawn}

    def on(self, day: date) -> Version:
        """The version in force on a day: of those effective by then, the one from the latest day, adopted last."""
        in_force = max(
            ((fact.effective_from, number) for number, fact in self.standing.items() if fact.effective_from <= day),
            default=None,
        )
        return Version(in_force[1], self.adopted[in_force[1]].rules) if in_force else UNWRITTEN


def in_force_until(adopted: Mapping[int, date], version: int) -> date | None:
    """The last day on which a version holds, of versions by their first days; None where none follows.

    A version whose last day is before its first never holds: another was adopted later for the same day.
    """
    start = adopted[version]
    following = [day for number, day in adopted.items() if (day, number) > (start, version)]
    return min(following) - timedelta(days=1) if following else None


class AdoptPolicy(Command, frozen=True, kw_only=True):
    """Adopt a new version of the rule book, for service from a day on that has not begun.

    Only a bank's first one may reach back: service from before may still have to be entered.
    """

    resolution: Line
    effective_from: date
    rules: Rules

    def checked(self) -> Self:
        by_name = {normal(category): percent for category, percent in self.rules.credit_percent.items()}
        for category in by_name:
            must_fit(category, Line, "rules.credit_percent")
        rules = msgspec.structs.replace(
            self.rules,
            credit_percent=by_name,
            categories=_names(self.rules.categories, "rules.categories"),
            activities=_names(self.rules.activities, "rules.activities"),
            place_levels=_names(self.rules.place_levels, "rules.place_levels"),
        )
        return msgspec.structs.replace(super().checked(), rules=rules)

    def needs(self) -> Sequence[Key]:
        return (about(RuleBook),)

    def decide(self, known: Known) -> Iterator[Fact]:
        book = known(RuleBook)
        must_govern(self.by)
        must_be_consistent(self.rules)
        if book.standing and self.effective_from <= self.at.date():
            raise PolicyNotAhead(effective_from=self.effective_from.isoformat())
        yield PolicyAdopted(
            version=len(book.adopted) + 1,
            resolution=self.resolution,
            effective_from=self.effective_from,
            rules=self.rules,
        )


class WithdrawPolicy(Command, frozen=True, kw_only=True):
    """Withdraw a version of the rule book that has not begun: what was in force goes on."""

    version: int
    reason: Text

    def needs(self) -> Sequence[Key]:
        return (about(RuleBook),)

    def decide(self, known: Known) -> Iterator[Fact]:
        book = known(RuleBook)
        must_govern(self.by)
        adopted = book.adopted.get(self.version)
        if adopted is None:
            raise PolicyUnknown(version=self.version)
        if self.version in book.withdrawn:
            raise PolicyIsWithdrawn(version=self.version)
        if adopted.effective_from <= self.at.date():
            raise PolicyHasBegun(version=self.version, effective_from=adopted.effective_from.isoformat())
        yield PolicyWithdrawn(version=self.version, reason=self.reason)


def _names(names: Sequence[str], field: str) -> tuple[str, ...]:
    """A list of names in their one form, each once, in their order. Raises `NotWellFormed`."""
    for name in names:
        must_fit(normal(name), Line, field)
    return tuple(dict.fromkeys(map(normal, names)))


def must_be_consistent(rules: Rules) -> None:
    """Refuse rules that contradict themselves."""
    unlisted = [each for each in rules.credit_percent if rules.categories and each not in rules.categories]
    if unlisted:
        raise CoefficientNotListed(category=unlisted[0])
    if list(rules.star_minutes) != sorted(set(rules.star_minutes)):
        raise ThresholdsNotRising


Setting: TypeAlias = bool | int | list[int | str] | None


class Difference(NamedTuple):
    """A rule of two books that is not the same, by its name: `cap_per_day_minutes`, `credit_percent.讲座`."""

    rule: str
    before: Setting
    after: Setting


def differences(before: Rules, after: Rules) -> list[Difference]:
    """What is not the same in two books; null is a category without a percentage of its own, or no limit."""
    old, new = _settings(before), _settings(after)
    return [
        Difference(rule, old.get(rule), new.get(rule))
        for rule in dict.fromkeys((*old, *new))
        if old.get(rule) != new.get(rule)
    ]


def _settings(rules: Rules) -> dict[str, Setting]:
    """All that a book says, by name."""
    said: dict[str, Any] = msgspec.structs.asdict(rules)
    percent, gifts = said.pop("credit_percent"), msgspec.structs.asdict(said.pop("gifts"))
    said |= {f"credit_percent.{category}": value for category, value in percent.items()}
    said |= {f"gifts.{name}": value for name, value in gifts.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


class Work(NamedTuple):
    """The inputs of `credit_for` that are about the service itself."""

    organisation_id: OrganisationId
    activity: str
    category: str
    capacity: Capacity
    minutes_by_day: Mapping[date, int]


class DayCredit(NamedTuple):
    """What was credited to the person already, for a local day and, of that, for the same activity."""

    minutes: int = 0
    same_activity_minutes: int = 0


NOTHING_YET = DayCredit()


class Credit(NamedTuple):
    """What service is worth, by local day, and how that came about: minutes served and effects sum to it."""

    by_day: dict[date, int]
    effects: tuple[RuleEffect, ...]

    @property
    def minutes(self) -> int:
        """The credited minutes of all days together."""
        return sum(self.by_day.values())


def credit_for(rules: Rules, work: Work, days: Mapping[date, DayCredit], total_minutes: int) -> Credit:
    """What service is worth under rules, given what was credited already, on its days and in all.

    Worked out day by day and rounded down, so that a record split at midnight comes to the same.
    """
    served = sum(work.minutes_by_day.values())
    if not counts_as_volunteering(work.capacity):
        return Credit(dict.fromkeys(work.minutes_by_day, 0), (RuleEffect("paid-duty", -served),))
    percent = rules.percent_of(work.category)
    weighted = {day: minutes * percent // 100 for day, minutes in work.minutes_by_day.items()}
    steps = [served, sum(weighted.values())]
    by_day = weighted
    if rules.cap_per_activity_minutes is not None:
        cap = rules.cap_per_activity_minutes
        by_day = {
            day: _within(cap - days.get(day, NOTHING_YET).same_activity_minutes, minutes)
            for day, minutes in by_day.items()
        }
    steps.append(sum(by_day.values()))
    if rules.cap_per_day_minutes is not None:
        cap = rules.cap_per_day_minutes
        by_day = {day: _within(cap - days.get(day, NOTHING_YET).minutes, minutes) for day, minutes in by_day.items()}
    steps.append(sum(by_day.values()))
    if rules.cap_total_minutes is not None:
        room = rules.cap_total_minutes - total_minutes
        for day, minutes in sorted(by_day.items()):
            by_day = by_day | {day: _within(room, minutes)}
            room -= by_day[day]
    steps.append(sum(by_day.values()))
    return Credit(by_day, _effects(steps))


_STEPS: tuple[Rule, ...] = ("coefficient", "cap-per-activity", "cap-per-day", "cap-total")


def _within(room: int, minutes: int) -> int:
    return max(0, min(room, minutes))


def _effects(steps: Sequence[int]) -> tuple[RuleEffect, ...]:
    changes = zip(_STEPS, (after - before for before, after in pairwise(steps)), strict=True)
    return tuple(RuleEffect(rule, minutes) for rule, minutes in changes if minutes)

"""Fact, Memory and Command: the three shapes every rule of the bank is written in.

The one file of the domain that imports the event sourcing library (`eventsourcing.dcb`), so that a new version of it is
met here and in `timebank.ledger` only.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from eventsourcing.dcb.domain import Decision, Selector, Slice
from eventsourcing.domain import event

from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    VolunteerId,
    VolunteerNumber,
    code_tag,
    day_tag,
    number_tag,
)

__all__ = ["Acting", "Command", "Fact", "Memory", "Moment", "Person", "event"]

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time with its offset; a time without one could mean any hour of the day."""


class Fact(msgspec.Struct, Decision, frozen=True, kw_only=True):
    """Something that happened. Its `TOPIC` is stored for ever; fields are only ever added, with defaults."""

    TOPIC: ClassVar[str]

    def as_dict(self) -> dict[str, Any]:
        """The fields by name, and the fact itself as `fact` for the memories that want it whole."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        fields["fact"] = self
        return fields

    def tags(self) -> list[str]:
        """By which tags the fact is found: derived here, from its own identifiers, and nowhere else."""
        return list(dict.fromkeys(tag for name in self.__struct_fields__ for tag in self._tags_of(name)))

    def _tags_of(self, name: str) -> Iterator[str]:
        value = getattr(self, name)
        if value is None:
            return
        if name in _IDENTIFIERS:
            yield value
        elif name == "number":
            yield number_tag(VolunteerNumber(value))
        elif name == "code":
            yield code_tag(value)
        elif name in _DAYS:
            volunteer_id: VolunteerId = self.volunteer_id  # type: ignore[attr-defined]  # days are always a volunteer's
            for day in value:
                yield day_tag(volunteer_id, day)


_IDENTIFIERS = frozenset({"volunteer_id", "organisation_id", "membership_id", "record_id"})
_DAYS = frozenset({"minutes_by_day", "previous_minutes_by_day"})


class Memory(Slice[Fact]):
    """The little that a decision must know: what the facts of certain topics under certain tags add up to.

    A memory remembers in `@event` methods, which never refuse; the topics it handles and the tags it was made with are
    its consistency boundary. The last tag is the one it is filed under, so it should be the rarest.
    """

    def __init__(self, *tags: str) -> None:
        self.boundary_tags = tags

    def consistency_boundary(self) -> Selector:
        """Which facts this memory is made of."""
        return Selector(types=type(self).projected_types, tags=self.boundary_tags)

    @property
    def key(self) -> tuple[type["Memory"], tuple[str, ...]]:
        """Two memories with the same key remember the same."""
        return type(self), self.boundary_tags

    def remember(self, fact: Fact) -> None:
        """Take in one more fact of the boundary."""
        fact.mutate(self)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is personal about a volunteer. It is kept beside the log, never in it, so that it can be erased."""

    volunteer_id: VolunteerId
    name: str | None = None
    phone: str | None = None
    skills: tuple[str, ...] | None = None
    alias: str | None = None


class Acting(msgspec.Struct, frozen=True):
    """Who acts, and by which right. Whether a member's right exists is decided from the facts, in the same decision."""

    actor: ActorId
    authority: Literal["administrator", "organisation", "volunteer"]

    @property
    def volunteer_id(self) -> VolunteerId | None:
        """The volunteer who acts, if it is one."""
        return VolunteerId(self.actor) if self.authority == "volunteer" else None

    @property
    def organisation_id(self) -> OrganisationId | None:
        """The organisation whose own program acts, if it is one."""
        return OrganisationId(self.actor) if self.authority == "organisation" else None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something one wants done: it names the memories it needs, and decides, or refuses, from them alone.

    A command has no clock and makes no identifiers: both are among its fields. `at` is now in the bank's local time.
    """

    by: Acting
    at: Moment

    def needs(self) -> Sequence[Memory]:
        """The memories that are known to be needed from the start."""
        raise NotImplementedError  # pragma: no cover

    def also_needs(self, *memories: Any) -> Sequence[Memory]:
        """The memories that only the first ones can name."""
        return ()

    def decide(self, *memories: Any, **_: Any) -> Iterator[Fact]:
        """Yield what happens, or raise a `Refusal`. Memories come in the order in which they were asked for."""
        raise NotImplementedError  # pragma: no cover

    def personal(self) -> Person | None:
        """What is to be kept in the same transaction, but outside the log."""
        return None

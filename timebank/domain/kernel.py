"""Fact, Memory and Command: the three shapes every rule of the bank is written in.

The one file of the domain that imports the event sourcing library (`eventsourcing.dcb`), so that a new version of it is
met here and in `timebank.ledger` only.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from eventsourcing.dcb.domain import Decision, Selector, Slice
from eventsourcing.domain import event

from timebank.domain.identifiers import (
    ActorId,
    OrganisationId,
    VolunteerId,
    code_tag,
    day_tag,
    number_tag,
    redemption_code_tag,
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
        found: dict[str, None] = {}
        for name in _tagging_fields(type(self)):
            value = getattr(self, name)
            if value is not None:
                found.update(dict.fromkeys(_TAGS[name](self, value)))
        return list(found)


_TAGS: dict[str, Callable[[Any, Any], Iterable[str]]] = {
    "record_id": lambda _, value: (value,),
    "membership_id": lambda _, value: (value,),
    "volunteer_id": lambda _, value: (value,),
    "organisation_id": lambda _, value: (value,),
    "appointment_id": lambda _, value: (value,),
    "delegated_from": lambda _, value: (value,),
    "proxy_id": lambda _, value: (value,),
    "proxy_volunteer_id": lambda _, value: (value,),
    "key_id": lambda _, value: (value,),
    "reward_id": lambda _, value: (value,),
    "redemption_id": lambda _, value: (value,),
    "beneficiary_id": lambda _, value: (value,),
    "provider_id": lambda _, value: (value,),
    "code_hash": lambda _, value: (redemption_code_tag(value),),
    "fund_id": lambda _, value: (value,),
    "to_fund_id": lambda _, value: (value,),
    "to_volunteer_id": lambda _, value: (value,),
    "transfer_id": lambda _, value: (value,),
    "number": lambda _, value: (number_tag(value),),
    "code": lambda _, value: (code_tag(value),),
    "minutes_by_day": lambda fact, days: [day_tag(fact.volunteer_id, day) for day in days],
    "previous_minutes_by_day": lambda fact, days: [day_tag(fact.volunteer_id, day) for day in days],
    "original_days": lambda fact, days: [day_tag(fact.volunteer_id, day) for day in days],
}
"""Fields that tags are made of, and how."""


@cache
def _tagging_fields(kind: type[Fact]) -> tuple[str, ...]:
    return tuple(name for name in kind.__struct_fields__ if name in _TAGS)


class Memory(Slice[Fact]):
    """The little that a decision must know: what the facts of certain topics under certain tags add up to.

    A memory remembers in `@event` methods, which never refuse; the topics it handles and the tags it was made with are
    its consistency boundary; memories with the same `key` remember the same. The last tag is the one a memory is filed
    under, so it should be the rarest.
    """

    def __init__(self, *tags: str) -> None:
        self.boundary_tags = tags
        self.key = type(self), tags

    def consistency_boundary(self) -> Selector:
        """Which facts this memory is made of."""
        return Selector(types=type(self).projected_types, tags=self.boundary_tags)

    def remember(self, fact: Fact) -> None:
        """Take in one more fact of the boundary."""
        fact.mutate(self)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is personal about a volunteer. It is kept beside the log, never in it, so that it can be erased.

    Of what is to be kept, None leaves a value as it is, and an empty one (0 for the year) takes it away.
    """

    volunteer_id: VolunteerId
    name: str | None = None
    phone: str | None = None
    birth_year: int | None = None
    document_number: str | None = None
    skills: tuple[str, ...] | None = None
    alias: str | None = None


Office = Literal["administrator", "auditor", "node-leader"]
"""What a volunteer can be appointed to in a bank; a node leader (网格长) leads the people of one organisation."""

Authority = Literal["operator", "administrator", "auditor", "node-leader", "organisation", "volunteer", "proxy"]
"""By which right somebody acts: in an office; as an organisation's own program; as a volunteer, in their own matters or
as a member; as somebody's proxy; or as the operator, who runs the machine and has its key file and database."""


class Acting(msgspec.Struct, frozen=True):
    """Who acts, and by which right they say they do; whether they have it is decided from facts (`authority.py`).

    `on_behalf_of` is whom a proxy acts for, `scope` the organisation that an office is limited to.
    """

    actor: ActorId
    authority: Authority
    on_behalf_of: VolunteerId | None = None
    scope: OrganisationId | None = None

    @property
    def volunteer_id(self) -> VolunteerId | None:
        """The volunteer who acts, in whatever office, if it is one."""
        return VolunteerId(self.actor) if self.actor.startswith("vol_") else None

    @property
    def organisation_id(self) -> OrganisationId | None:
        """The organisation whose own program acts, if it is one."""
        return OrganisationId(self.actor) if self.authority == "organisation" else None

    @property
    def own_id(self) -> VolunteerId | None:
        """The volunteer whose own matters these are: whoever acts, or is acted for; nobody's where an office acts."""
        return self.on_behalf_of or (self.volunteer_id if self.authority == "volunteer" else None)

    @property
    def governs(self) -> bool:
        """Whether this is somebody who decides for the whole bank."""
        return self.authority in {"administrator", "operator"}


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

    def erases(self) -> VolunteerId | None:
        """Whose personal data is to be gone after the same transaction."""
        return None

"""Residences: where somebody lives, or works, from a day on. Hours by place are those of where they lived then."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import ClassVar

from timebank.domain.facts.people import PersonalDataChanged
from timebank.domain.facts.places import ResidenceSet, Tie
from timebank.domain.identifiers import NodeId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.people.volunteers import Volunteer
from timebank.domain.person import Person
from timebank.domain.places.nodes import Node, memories_of, must_be_within
from timebank.domain.places.refusals import DoorNeedsNode, FromDayBeforeLast, FromDayTooFarAhead, NotWithinYourNode
from timebank.domain.refusals import NothingChanges, NotYourOwn
from timebank.domain.text import Line

AHEAD = timedelta(days=92)
"""How long before somebody moves it can be said."""


class Residence(Memory):
    """Where somebody lives or works now, and from which day on that is known."""

    node_id: NodeId | None = None
    tie: Tie = "lives"
    from_day: date | None = None

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)

    @event(ResidenceSet)
    def _(self, fact: ResidenceSet) -> None:
        self.node_id, self.tie, self.from_day = fact.node_id, fact.tie, fact.from_day


class SetResidence(Command, frozen=True, kw_only=True):
    """Say where somebody lives, or works, from a day on: themselves, an administrator, or who leads both places.

    Of whom nothing is known yet, a leader says it whom they registered. Without a node they live nowhere the bank knows
    of. The first residence may be from long ago, none is from a day far ahead: nothing earlier could follow it.
    The `door` is personal, and no fact tells it; a residence that is set without one has none. Where it is the one on
    file already (`is_same_door`), and so is everything else, nothing changes.
    """

    proxy_scope: ClassVar[str | None] = "personal-data"

    volunteer_id: VolunteerId
    node_id: NodeId | None
    from_day: date
    tie: Tie = "lives"
    door: Line | None = None
    is_same_door: bool = False

    def needs(self) -> Sequence[Key]:
        return about(Volunteer, self.volunteer_id), about(Residence, self.volunteer_id)

    def also_needs(self, known: Known) -> Sequence[Key]:
        places = {self.node_id, known(Residence, self.volunteer_id).node_id} - {None}
        today = self.at.date()
        return [key for each in sorted(filter(None, places)) for key in memories_of(known, each, today)]

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Volunteer, self.volunteer_id).must_not_be_erased()
        before, today = known(Residence, self.volunteer_id), self.at.date()
        if not (self.by.governs or self.by.authority == "node-leader" or self.by.own_id == self.volunteer_id):
            raise NotYourOwn
        self.must_be_theirs_to_say(known, before)
        if self.from_day > today + AHEAD:
            raise FromDayTooFarAhead(days=AHEAD.days)
        if self.node_id:
            known(Node, self.node_id).must_be_open(self.from_day)
        if before.from_day and self.from_day < before.from_day:
            raise FromDayBeforeLast(from_day=before.from_day.isoformat())
        has_moved = (self.node_id, self.tie) != (before.node_id, before.tie)
        if self.door and not self.node_id:
            raise DoorNeedsNode
        if not has_moved and (self.door is None or self.is_same_door):
            raise NothingChanges
        if self.door and not self.is_same_door:
            yield PersonalDataChanged(volunteer_id=self.volunteer_id, fields=("door",))
        if has_moved:
            is_late = self.from_day < today and not self.by.governs
            noted_on = today if is_late else None
            yield moved(self.volunteer_id, before, self.node_id, self.from_day, self.tie, noted_on)

    def personal(self) -> Person:
        return Person(volunteer_id=self.volunteer_id, door=self.door or "")

    def must_be_theirs_to_say(self, known: Known, before: Residence) -> None:
        """Refuse a leader for what is not within their node: a place, or somebody they have nothing to do with."""
        for node_id in filter(None, (self.node_id, before.node_id)):
            must_be_within(known, self.by, node_id, self.at.date())
        registered_by = None if before.from_day else known(Volunteer, self.volunteer_id).registered_by
        if self.by.authority == "node-leader" and before.node_id is None and registered_by != self.by.actor:
            raise NotWithinYourNode


def moved(
    volunteer_id: VolunteerId,
    before: Residence,
    node_id: NodeId | None,
    from_day: date,
    tie: Tie = "lives",
    noted_on: date | None = None,
) -> ResidenceSet:
    """The fact that somebody lives elsewhere from a day on."""
    return ResidenceSet(
        volunteer_id=volunteer_id,
        node_id=node_id,
        previous_node_id=before.node_id,
        from_day=from_day,
        tie=tie,
        noted_on=noted_on,
    )

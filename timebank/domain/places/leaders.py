"""Leaders: who is appointed to a place (网格长, 楼长, 单元长), with which duties, for how long.

A leader acts at their own node and below it, and nowhere else; they appoint deputies there, within their own term.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated

from msgspec import Meta

from timebank.domain.acting import Office
from timebank.domain.facts.organisations import AppointmentMade, Source
from timebank.domain.identifiers import AppointmentId, NodeId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, about
from timebank.domain.organisations.offices import Offices, must_not_outlast
from timebank.domain.organisations.refusals import AppointmentAlreadyHeld, NotWithinYourOffice
from timebank.domain.people.volunteers import Volunteer
from timebank.domain.places.nodes import Node, memories_of, must_be_within
from timebank.domain.refusals import OfficeMissing, TermEndsBeforeItStarts
from timebank.domain.text import Line
from timebank.domain.times import must_be_a_term

Duties = Annotated[tuple[Line, ...], Meta(max_length=20)]

LEADS: Office = "node-leader"


class AppointLeader(Command, frozen=True, kw_only=True):
    """Appoint somebody to lead a node: by an administrator, or as a deputy by whoever leads it or one above."""

    appointment_id: AppointmentId
    volunteer_id: VolunteerId
    node_id: NodeId
    source: Source
    duties: Duties = ()
    valid_from: date | None = None
    valid_until: date | None = None

    def needs(self) -> Sequence[Key]:
        by = self.by.volunteer_id if self.by.authority == LEADS else None
        own = (about(Offices, by),) if by else ()
        return about(Volunteer, self.volunteer_id), about(Offices, self.volunteer_id), *own

    def also_needs(self, known: Known) -> Sequence[Key]:
        return memories_of(known, self.node_id, self.at.date())

    def decide(self, known: Known) -> Iterator[Fact]:
        delegated_from = self.what_is_passed_on(known)
        must_not_outlast(known, self.by, self.volunteer_id, self.valid_until, self.at.date())
        known(Volunteer, self.volunteer_id).must_be_active()
        must_be_a_term(self.valid_from, self.valid_until)
        today = self.at.date()
        if self.valid_until and self.valid_until < today:
            raise TermEndsBeforeItStarts
        known(Node, self.node_id).must_be_open(max(self.valid_from or today, today))
        for held in known(Offices, self.volunteer_id).to(LEADS, self.node_id):
            starts = max(held.valid_from or date.min, self.valid_from or today)
            if starts <= min(held.valid_until or date.max, self.valid_until or date.max):
                raise AppointmentAlreadyHeld(volunteer_id=self.volunteer_id, appointment_id=held.appointment_id)
        yield AppointmentMade(
            appointment_id=self.appointment_id,
            volunteer_id=self.volunteer_id,
            office=LEADS,
            appointed_by=self.by.actor,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            delegated_from=delegated_from,
            node_id=self.node_id,
            source=self.source,
            duties=self.duties,
        )

    def what_is_passed_on(self, known: Known) -> AppointmentId | None:
        """The appointment of the leader who appoints a deputy; None where an administrator appoints."""
        if self.by.governs:
            return None
        if self.by.authority != LEADS or self.by.volunteer_id is None or self.by.node_id is None:
            raise OfficeMissing(office="administrator")
        must_be_within(known, self.by, self.node_id, self.at.date())
        own = known(Offices, self.by.volunteer_id).find(LEADS, self.at.date(), self.by.node_id)
        if own is None or own.delegated_from or self.volunteer_id == self.by.volunteer_id:
            raise NotWithinYourOffice
        if own.valid_until and (self.valid_until is None or self.valid_until > own.valid_until):
            raise NotWithinYourOffice
        return own.appointment_id

"""Erasure: a person goes, their account stays. What they could do ends, by facts; what is personal goes with them.

Right to erasure: Personal Information Protection Law (个人信息保护法), art. 47. The records of service stay, under a
number that names nobody: those who keep them have to (志愿服务记录与证明出具办法).
"""

from collections.abc import Iterator
from typing import Any

from timebank.domain.identifiers import VolunteerId
from timebank.domain.kernel import Fact
from timebank.domain.leaving import Departure
from timebank.domain.volunteers import Volunteer, VolunteerErased


class EraseVolunteer(Departure, frozen=True, kw_only=True):
    """Erase all that is personal about a volunteer: at their own wish, or by an administrator. It cannot be undone."""

    def decide(self, volunteer: Volunteer, *others: Any) -> Iterator[Fact]:
        volunteer.must_not_be_erased(self.volunteer_id)
        self.must_be_allowed()
        yield from self.ends(volunteer, *others)

    def last(self, held_minutes: int) -> Fact:
        return VolunteerErased(volunteer_id=self.volunteer_id, held_minutes=held_minutes)

    def erases(self) -> VolunteerId:
        return self.volunteer_id

"""Capacity: in what capacity somebody served is decided from the duty register (Measures, art. 19)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import OrganisationId, VolunteerId
from timebank.domain.kernel import Key, Known, about
from timebank.domain.organisations.employments import Employments
from timebank.domain.people.volunteers import Volunteer, registrations_of
from timebank.domain.service.descriptions import Described
from timebank.domain.service.refusals import CapacityDiffers


def memories_of_duty(known: Known, volunteer_id: VolunteerId) -> Sequence[Key]:
    """The memories that `duty_of` needs: under whichever of their numbers somebody was said to have duty."""
    people = dict.fromkeys((volunteer_id, *registrations_of(known, volunteer_id)))
    return [key for each in people for key in (about(Volunteer, each), about(Employments, each))]


def duty_of(known: Known, volunteer_id: VolunteerId) -> Employments:
    """One person's duty. Where registrations were merged it is that of all of them, in one."""
    people = registrations_of(known, volunteer_id)
    if len(people) == 1:
        return known(Employments, volunteer_id)
    whole = Employments(volunteer_id)
    for each in people:
        own = known(Employments, each)
        whole.declared |= own.declared
        whole.until |= own.until
        whole.leaves |= own.leaves
    return whole


def capacity_of(
    employments: Employments, organisation_id: OrganisationId, times: tuple[datetime, datetime], zone: tzinfo | None
) -> Capacity:
    """In what capacity somebody serves: on duty, as staff of the organisation off duty, or as anybody."""
    if employments.is_duty(*times, zone):
        return "staff-on-duty"
    day = times[0].astimezone(zone).date()
    return "staff-off-duty" if employments.works_for(organisation_id, day) else "resident"


def is_of_staff_off_duty(known: Known, said: Described) -> bool:
    """Whether it is service of a body's own staff off duty: the register says so, whatever was typed."""
    works_for = duty_of(known, said.volunteer_id).works_for(said.organisation_id, said.local_date)
    return works_for and said.capacity != "staff-on-duty"


def must_be_in_capacity(
    known: Known,
    volunteer_id: VolunteerId,
    capacity: Capacity,
    times: tuple[datetime, datetime],
    zone: tzinfo | None,
) -> None:
    """Refuse that what overlaps duty hours is anything but duty. Raises `CapacityDiffers`."""
    if capacity != "staff-on-duty" and duty_of(known, volunteer_id).is_duty(*times, zone):
        raise CapacityDiffers

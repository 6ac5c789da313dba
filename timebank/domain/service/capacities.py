"""Capacity: in what capacity somebody served is decided from the duty register (Measures, art. 19)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import OrganisationId, VolunteerId
from timebank.domain.kernel import Key, Known, about
from timebank.domain.organisations.employments import Employments
from timebank.domain.service.refusals import CapacityDiffers


def memories_of_duty(volunteer_id: VolunteerId) -> Sequence[Key]:
    """The memory in which it is found when somebody has duty."""
    return (about(Employments, volunteer_id),)


def capacity_of(
    employments: Employments, organisation_id: OrganisationId, times: tuple[datetime, datetime], zone: tzinfo | None
) -> Capacity:
    """In what capacity somebody serves: on duty, as staff of the organisation off duty, or as anybody."""
    if employments.is_duty(*times, zone):
        return "staff-on-duty"
    day = times[0].astimezone(zone).date()
    return "staff-off-duty" if employments.works_for(organisation_id, day) else "resident"


def must_be_in_capacity(
    known: Known,
    volunteer_id: VolunteerId,
    capacity: Capacity,
    times: tuple[datetime, datetime],
    zone: tzinfo | None,
) -> None:
    """Refuse that what overlaps duty hours is anything but duty. Raises `CapacityDiffers`."""
    if capacity != "staff-on-duty" and known(Employments, volunteer_id).is_duty(*times, zone):
        raise CapacityDiffers

"""Facts about duty: who is employed by which body, at which hours of the week, and when they are on leave.

The line between paid duty and volunteering is drawn by them (志愿服务记录与证明出具办法, art. 19), and not by what is
typed.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from timebank.domain.identifiers import EmploymentId, OrganisationId, VolunteerId
from timebank.domain.kernel import Fact

EmploymentKind = Literal["contract", "seconded", "allowance"]
"""Employed by contract, lent by another body, or unpaid but for an allowance (补贴)."""

MinuteOfDay = Annotated[int, Meta(ge=0, le=24 * 60)]


class DutyHours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of duty on a day of the week (1 is Monday), in minutes since local midnight, the last one excluded."""

    weekday: Annotated[int, Meta(ge=1, le=7)]
    from_minute: MinuteOfDay
    until_minute: MinuteOfDay


class EmploymentDeclared(Fact, frozen=True, kw_only=True):
    """Somebody works for a body from a day on, until another (included), at these hours."""

    TOPIC = "employment-declared"
    SAYS = "Paid work for an organisation was noted"
    SAYS_TO_THEM = "Your paid work for an organisation was noted"
    employment_id: EmploymentId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    kind: EmploymentKind
    hours: tuple[DutyHours, ...]
    from_day: date
    until_day: date | None = None


class EmploymentEnded(Fact, frozen=True, kw_only=True):
    """They work there until a day (included)."""

    TOPIC = "employment-ended"
    SAYS = "Paid work for an organisation ended"
    SAYS_TO_THEM = "Your paid work for an organisation ended"
    employment_id: EmploymentId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    until_day: date


class LeaveNoted(Fact, frozen=True, kw_only=True):
    """From one day until another (both included) they are on leave: they have no duty then."""

    TOPIC = "leave-noted"
    SAYS = "Leave was noted"
    SAYS_TO_THEM = "Your leave was noted"
    employment_id: EmploymentId
    volunteer_id: VolunteerId
    organisation_id: OrganisationId
    first_day: date
    last_day: date

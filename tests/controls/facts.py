"""Canned facts about people, bodies and service."""

from datetime import date
from typing import Any

from tests.controls.people import (
    ADMINISTRATOR,
    GARDEN,
    GARDENERS,
    LIN,
    NUMBER,
    RECORD,
    THURSDAY,
    WANG,
    ZHAO,
    span,
)
from timebank.domain.acting import Office
from timebank.domain.facts.organisations import (
    AppointmentMade,
    MembershipApproved,
    MembershipRequested,
    OrganisationApproved,
    OrganisationRegistered,
    Role,
)
from timebank.domain.facts.people import ProxyAppointed, VolunteerRegistered
from timebank.domain.facts.service import (
    ServiceConfirmed,
    ServiceCorrected,
    ServiceLogged,
    ServiceRejected,
    ServiceVoided,
)
from timebank.domain.identifiers import (
    ActorId,
    AppointmentId,
    MembershipId,
    OrganisationId,
    ProxyId,
    RecordId,
    VolunteerId,
    VolunteerNumber,
)


def registered(volunteer_id: VolunteerId = WANG, number: VolunteerNumber = NUMBER) -> VolunteerRegistered:
    """Somebody is a volunteer."""
    return VolunteerRegistered(volunteer_id=volunteer_id, number=number)


def standing(organisation_id: OrganisationId = GARDEN) -> tuple[OrganisationRegistered, OrganisationApproved]:
    """An organisation is registered and approved."""
    return (
        OrganisationRegistered(organisation_id=organisation_id, **GARDENERS),  # type: ignore[arg-type]
        OrganisationApproved(organisation_id=organisation_id),
    )


def membership_of(volunteer_id: VolunteerId, organisation_id: OrganisationId = GARDEN) -> dict[str, Any]:
    """The identifiers that every fact about somebody's membership has."""
    return {
        "membership_id": MembershipId(f"mem_{volunteer_id}_{organisation_id}"),
        "organisation_id": organisation_id,
        "volunteer_id": volunteer_id,
    }


def member(
    volunteer_id: VolunteerId,
    role: Role,
    organisation_id: OrganisationId = GARDEN,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> tuple[VolunteerRegistered, MembershipRequested, MembershipApproved]:
    """Somebody is a volunteer, asked for a role in an organisation and was given it."""
    ids = membership_of(volunteer_id, organisation_id)
    return (
        registered(volunteer_id),
        MembershipRequested(**ids, role=role, valid_from=valid_from, valid_until=valid_until),
        MembershipApproved(**ids),
    )


def appointed(office: Office = "administrator", volunteer_id: VolunteerId = LIN, **changes: Any) -> AppointmentMade:
    """The operator appointed somebody to an office."""
    fields: dict[str, Any] = {
        "appointment_id": AppointmentId(f"app_{volunteer_id}_{office}"),
        "volunteer_id": volunteer_id,
        "office": office,
        "appointed_by": ADMINISTRATOR.actor,
    }
    return AppointmentMade(**(fields | changes))


def proxy(**changes: Any) -> ProxyAppointed:
    """Wang lets Zhao act for them in everything, twice a day."""
    fields: dict[str, Any] = {
        "proxy_id": ProxyId("prx_1"),
        "volunteer_id": WANG,
        "proxy_volunteer_id": ZHAO,
        "scopes": ("view", "consents", "memberships", "personal-data"),
        "acts_per_day": 2,
    }
    return ProxyAppointed(**(fields | changes))


WORK: dict[str, Any] = {
    "record_id": RECORD,
    "volunteer_id": WANG,
    "organisation_id": GARDEN,
    "activity": "公共设施擦洗",
    "category": "公益慈善",
    "capacity": "resident",
    **span(),
}
"""Two hours of Wang's yesterday morning, in the garden."""

DECIDED: dict[str, Any] = {
    "record_id": RECORD,
    "volunteer_id": WANG,
    "organisation_id": GARDEN,
    "decided_by": ADMINISTRATOR.actor,
}
"""What every decision of the administrator's on the record says."""


def logged(**changes: Any) -> ServiceLogged:
    """What `log_service` comes to."""
    fields: dict[str, Any] = {
        "recorder_id": ActorId(GARDEN),
        "minutes": 120,
        "minutes_by_day": {date(2026, 11, 19): 120},
        "local_date": date(2026, 11, 19),
    }
    return ServiceLogged(**(WORK | fields | changes))


def confirmed(**changes: Any) -> ServiceConfirmed:
    """The administrator confirmed it."""
    fields: dict[str, Any] = {
        "capacity": "resident",
        "minutes": 120,
        "minutes_by_day": {date(2026, 11, 19): 120},
        "local_date": date(2026, 11, 19),
        "credited_minutes": 120,
    }
    return ServiceConfirmed(**(DECIDED | fields | changes))


def rejected(**changes: Any) -> ServiceRejected:
    """The administrator rejected it."""
    fields: dict[str, Any] = {
        "minutes_by_day": {THURSDAY: 120},
        "reason": "没有到场",
    }
    return ServiceRejected(**(DECIDED | fields | changes))


def corrected(**changes: Any) -> ServiceCorrected:
    """The administrator corrected it, from two hours to one."""
    fields: dict[str, Any] = {
        "previous_capacity": "resident",
        "previous_minutes": 120,
        "previous_minutes_by_day": {THURSDAY: 120},
        "previous_local_date": THURSDAY,
        "previous_credited_minutes": 120,
        "activity": "公共设施擦洗",
        "category": "公益慈善",
        "capacity": "resident",
        **span(1),
        "minutes": 60,
        "minutes_by_day": {THURSDAY: 60},
        "local_date": THURSDAY,
        "credited_minutes": 60,
        "original_days": (THURSDAY,),
        "reason": "提前离开",
    }
    return ServiceCorrected(**(DECIDED | fields | changes))


def voided(**changes: Any) -> ServiceVoided:
    """The administrator voided it."""
    fields: dict[str, Any] = {
        "capacity": "resident",
        "minutes": 120,
        "minutes_by_day": {THURSDAY: 120},
        "local_date": THURSDAY,
        "credited_minutes": 120,
        "original_days": (THURSDAY,),
        "reason": "活动没有举行",
    }
    return ServiceVoided(**(DECIDED | fields | changes))


def spent(minutes: int, volunteer_id: VolunteerId = WANG, number: int = 0) -> ServiceVoided:
    """Credit was used up, and no service with it: a fact written by hand, as no decision would."""
    return voided(
        record_id=RecordId(f"rec_spent_{number}"),
        volunteer_id=volunteer_id,
        minutes=0,
        minutes_by_day={},
        credited_minutes=minutes,
        original_days=(),
    )

"""Canned people, bodies, moments and commands."""

import os
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from timebank.domain.acting import Acting, Office
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
from timebank.domain.service.records import LogService

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, tzinfo=ZONE)
"""Now, in the tests of decisions: a Friday."""
THURSDAY = date(2026, 11, 19)
"""The day of the canned service."""

ADMINISTRATOR = Acting(ActorId("operator"), "operator")
"""Somebody who decides for the whole bank, and whose right to do so nobody has to look up."""

KEY_FILE = Path(tempfile.gettempdir()) / f"timebank-tests-{os.getuid()}" / "keys.json"
"""The key file of all databases that are made for tests, whichever process uses them."""

WANG = VolunteerId("vol_wang")
LI = VolunteerId("vol_li")
ZHAO = VolunteerId("vol_zhao")
LIN = VolunteerId("vol_lin")
"""A volunteer who holds an office, where one is held."""
NUMBER = VolunteerNumber("123456789015")

GARDEN = OrganisationId("org_garden")
CLINIC = OrganisationId("org_clinic")
RECORD = RecordId("rec_1")
OTHER = RecordId("rec_2")

GARDENERS_PROGRAM = Acting(ActorId(GARDEN), "organisation")
CLINICS_PROGRAM = Acting(ActorId(CLINIC), "organisation")


def acting(volunteer_id: VolunteerId) -> Acting:
    """A volunteer acting in person."""
    return Acting(ActorId(volunteer_id), "volunteer")


def in_office(office: Office, volunteer_id: VolunteerId = LIN, scope: OrganisationId | None = None) -> Acting:
    """A volunteer acting in an office."""
    return Acting(ActorId(volunteer_id), office, scope=scope)


def on_behalf(volunteer_id: VolunteerId = WANG, proxy_volunteer_id: VolunteerId = ZHAO) -> Acting:
    """A volunteer's proxy, acting for them."""
    return Acting(ActorId(proxy_volunteer_id), "proxy", on_behalf_of=volunteer_id)


def morning(hours: int = 2, days_ago: int = 1) -> dict[str, datetime]:
    """Service that started at eight in the morning, some days ago."""
    started_at = NOON.replace(hour=8) - timedelta(days=days_ago)
    return {"started_at": started_at, "ended_at": started_at + timedelta(hours=hours)}


def at(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    """A moment of that year, as the clocks of the bank show it."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def registered(volunteer_id: VolunteerId = WANG, number: VolunteerNumber = NUMBER) -> VolunteerRegistered:
    """Somebody is a volunteer."""
    return VolunteerRegistered(volunteer_id=volunteer_id, number=number)


def standing(organisation_id: OrganisationId = GARDEN) -> tuple[OrganisationRegistered, OrganisationApproved]:
    """An organisation is registered and approved."""
    return (
        OrganisationRegistered(organisation_id=organisation_id, name="百花园物业", kind="property-company"),
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


def log_service(**changes: Any) -> LogService:
    """The garden's program logs two hours of Wang's yesterday morning."""
    fields: dict[str, Any] = {
        "by": GARDENERS_PROGRAM,
        "at": NOON,
        "record_id": RECORD,
        "volunteer_id": WANG,
        "organisation_id": GARDEN,
        "activity": "公共设施擦洗",
        "category": "公益慈善",
        "capacity": "resident",
        **morning(),
    }
    return LogService(**(fields | changes))


def logged(**changes: Any) -> ServiceLogged:
    """What `log_service` comes to."""
    fields: dict[str, Any] = {
        "record_id": RECORD,
        "volunteer_id": WANG,
        "organisation_id": GARDEN,
        "recorder_id": ActorId(GARDEN),
        "activity": "公共设施擦洗",
        "category": "公益慈善",
        "capacity": "resident",
        **morning(),
        "minutes": 120,
        "minutes_by_day": {date(2026, 11, 19): 120},
        "local_date": date(2026, 11, 19),
    }
    return ServiceLogged(**(fields | changes))


def confirmed(**changes: Any) -> ServiceConfirmed:
    """The administrator confirmed it."""
    fields: dict[str, Any] = {
        "record_id": RECORD,
        "volunteer_id": WANG,
        "organisation_id": GARDEN,
        "decided_by": ADMINISTRATOR.actor,
        "capacity": "resident",
        "minutes": 120,
        "minutes_by_day": {date(2026, 11, 19): 120},
        "local_date": date(2026, 11, 19),
        "credited_minutes": 120,
    }
    return ServiceConfirmed(**(fields | changes))


def rejected(**changes: Any) -> ServiceRejected:
    """The administrator rejected it."""
    fields: dict[str, Any] = {
        "record_id": RECORD,
        "volunteer_id": WANG,
        "organisation_id": GARDEN,
        "decided_by": ADMINISTRATOR.actor,
        "minutes_by_day": {THURSDAY: 120},
        "reason": "没有到场",
    }
    return ServiceRejected(**(fields | changes))


def corrected(**changes: Any) -> ServiceCorrected:
    """The administrator corrected it, from two hours to one."""
    fields: dict[str, Any] = {
        "record_id": RECORD,
        "volunteer_id": WANG,
        "organisation_id": GARDEN,
        "decided_by": ADMINISTRATOR.actor,
        "previous_capacity": "resident",
        "previous_minutes": 120,
        "previous_minutes_by_day": {THURSDAY: 120},
        "previous_local_date": THURSDAY,
        "previous_credited_minutes": 120,
        "activity": "公共设施擦洗",
        "category": "公益慈善",
        "capacity": "resident",
        **morning(hours=1),
        "minutes": 60,
        "minutes_by_day": {THURSDAY: 60},
        "local_date": THURSDAY,
        "credited_minutes": 60,
        "original_days": (THURSDAY,),
        "reason": "提前离开",
    }
    return ServiceCorrected(**(fields | changes))


def voided(**changes: Any) -> ServiceVoided:
    """The administrator voided it."""
    fields: dict[str, Any] = {
        "record_id": RECORD,
        "volunteer_id": WANG,
        "organisation_id": GARDEN,
        "decided_by": ADMINISTRATOR.actor,
        "capacity": "resident",
        "minutes": 120,
        "minutes_by_day": {THURSDAY: 120},
        "local_date": THURSDAY,
        "credited_minutes": 120,
        "original_days": (THURSDAY,),
        "reason": "活动没有举行",
    }
    return ServiceVoided(**(fields | changes))


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

"""Canned people, bodies, moments and commands."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from timebank.domain.identifiers import ActorId, OrganisationId, RecordId, VolunteerId, VolunteerNumber
from timebank.domain.kernel import Acting
from timebank.domain.service import LogService, ServiceConfirmed, ServiceLogged

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, tzinfo=ZONE)
"""Now, in the tests of decisions: a Friday."""

ADMINISTRATOR = Acting(ActorId("adm_lin"), "administrator")

WANG = VolunteerId("vol_wang")
LI = VolunteerId("vol_li")
ZHAO = VolunteerId("vol_zhao")
NUMBER = VolunteerNumber("123456789015")

GARDEN = OrganisationId("org_garden")
CLINIC = OrganisationId("org_clinic")
RECORD = RecordId("rec_1")

GARDENERS_PROGRAM = Acting(ActorId(GARDEN), "organisation")


def acting(volunteer_id: VolunteerId) -> Acting:
    """A volunteer acting in person."""
    return Acting(ActorId(volunteer_id), "volunteer")


def morning(hours: int = 2, days_ago: int = 1) -> dict[str, datetime]:
    """Service that started at eight in the morning, some days ago."""
    started_at = NOON.replace(hour=8) - timedelta(days=days_ago)
    return {"started_at": started_at, "ended_at": started_at + timedelta(hours=hours)}


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

"""Canned people, bodies and moments: who, where and when."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.helpers.own import folder_of_this_run
from timebank.domain.acting import Acting, Office
from timebank.domain.identifiers import ActorId, NodeId, OrganisationId, RecordId, VolunteerId, VolunteerNumber

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, tzinfo=ZONE)
"""Now, in the tests of decisions: a Friday."""
THURSDAY = date(2026, 11, 19)
"""The day of the canned service."""

ADMINISTRATOR = Acting(ActorId("operator"), "operator")
"""Somebody who decides for the whole bank, and whose right to do so nobody has to look up."""

KEY_FILE = folder_of_this_run() / "keys.json"
"""The key file of all databases that are made for tests, whichever process of this run uses them."""

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

GARDENERS = {"name": "百花园物业", "kind": "property-company"}
"""What the garden is, as it is registered."""

GARDENERS_PROGRAM = Acting(ActorId(GARDEN), "organisation")
CLINICS_PROGRAM = Acting(ActorId(CLINIC), "organisation")


def acting(volunteer_id: VolunteerId) -> Acting:
    """A volunteer acting in person."""
    return Acting(ActorId(volunteer_id), "volunteer")


def in_office(office: Office, volunteer_id: VolunteerId = LIN, node_id: NodeId | None = None) -> Acting:
    """A volunteer acting in an office."""
    return Acting(ActorId(volunteer_id), office, node_id=node_id)


def on_behalf(volunteer_id: VolunteerId = WANG, proxy_volunteer_id: VolunteerId = ZHAO) -> Acting:
    """A volunteer's proxy, acting for them."""
    return Acting(ActorId(proxy_volunteer_id), "proxy", on_behalf_of=volunteer_id)


def span(hours: float = 2, *, days_ago: int = 1, hour: int = 8, now: datetime = NOON) -> dict[str, datetime]:
    """Some hours of an earlier day."""
    started_at = now.replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)
    return {"started_at": started_at, "ended_at": started_at + timedelta(hours=hours)}


def at(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    """A moment of that year, as the clocks of the bank show it."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)

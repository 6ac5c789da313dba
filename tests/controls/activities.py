"""A canned activity: the garden's people sweep the stairs this morning, from nine until eleven, led by Zhao."""

from datetime import datetime
from typing import Any

from tests.controls.people import GARDEN, GARDENERS_PROGRAM, WANG, ZHAO, at
from timebank.domain.facts.activities import (
    ActivityPlanned,
    ActivityPublished,
    CheckedIn,
    CheckedOut,
    Plan,
    SignUpMade,
)
from timebank.domain.identifiers import ActivityId, ActorId, VolunteerId

SWEEPING = ActivityId("act_sweeping")
NINE, ELEVEN = at(20, 9), at(20, 11)


def plan(**changes: Any) -> Plan:
    """The plan."""
    said: dict[str, Any] = {
        "name": "楼道清扫",
        "category": "公益慈善",
        "content": "擦洗扶手",
        "place": "三号楼",
        "starts_at": NINE,
        "ends_at": ELEVEN,
        "leader_id": ActorId(ZHAO),
    }
    return Plan(**(said | changes))


def published(activity_id: ActivityId = SWEEPING, **changes: Any) -> tuple[ActivityPlanned, ActivityPublished]:
    """It was planned and published."""
    ids: dict[str, Any] = {"activity_id": activity_id, "organisation_id": GARDEN}
    planned = ActivityPlanned(**ids, planned_by=GARDENERS_PROGRAM.actor, plan=plan(**changes))
    return planned, ActivityPublished(**ids)


def signed_up(volunteer_id: VolunteerId = WANG, activity_id: ActivityId = SWEEPING, **changes: Any) -> SignUpMade:
    """Somebody signed up."""
    ids: dict[str, Any] = {"activity_id": activity_id, "volunteer_id": volunteer_id, "organisation_id": GARDEN}
    return SignUpMade(**(ids | {"made_by": ActorId(volunteer_id)} | changes))


def came(
    volunteer_id: VolunteerId = WANG, moment: datetime = NINE, activity_id: ActivityId = SWEEPING, **changes: Any
) -> CheckedIn:
    """Somebody signed in by the code."""
    said: dict[str, Any] = {
        "activity_id": activity_id,
        "volunteer_id": volunteer_id,
        "organisation_id": GARDEN,
        "entry_id": f"in {volunteer_id} {moment:%H%M}",
        "moment": moment,
        "until": ELEVEN,
        "proof": "code",
        "entered_by": ActorId(volunteer_id),
    }
    return CheckedIn(**(said | changes))


def left(
    volunteer_id: VolunteerId = WANG, moment: datetime = ELEVEN, since: datetime = NINE, **changes: Any
) -> CheckedOut:
    """Somebody signed out by the code."""
    said: dict[str, Any] = {
        "activity_id": SWEEPING,
        "volunteer_id": volunteer_id,
        "organisation_id": GARDEN,
        "entry_id": f"out {volunteer_id} {moment:%H%M}",
        "since": since,
        "moment": moment,
        "proof": "code",
        "entered_by": ActorId(volunteer_id),
    }
    return CheckedOut(**(said | changes))

"""The service of the demo world: a month of it, most of it confirmed; and some records to look at."""

from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from timebank.demo.bodies import Body
from timebank.demo.names import ACTIVITIES
from timebank.domain.acting import Acting
from timebank.domain.facts.service import Capacity
from timebank.domain.identifiers import ActorId, new_record_id
from timebank.domain.kernel import Command
from timebank.domain.service.records import LogService
from timebank.domain.service.reviews import ConfirmService, CorrectService, RejectService, VoidService

DAYS = 31
CAPACITIES: dict[Capacity, int] = {"resident": 90, "staff-off-duty": 7, "staff-on-duty": 3}
"""Of a hundred records, how many are of service in which capacity."""

REJECTED, CONFIRMED = 0.03, 0.95
"""How often a record is rejected, and, where it is not, how often it is confirmed."""

SATURDAY = 5


class Served(NamedTuple):
    """Service for a body."""

    body: Body
    log: LogService


def days_before(now: datetime) -> list[datetime]:
    """The midnights at which the days of the month before begin, in their order."""
    midnight = _midnight(now)
    return [midnight - timedelta(days=day) for day in range(DAYS, 0, -1)]


def a_day_of_service(bodies: list[Body], midnight: datetime, now: datetime, random: Random) -> list[Served]:
    """What is done on a day: more at weekends."""
    how_often = (2, 3, 4) if midnight.weekday() >= SATURDAY else (0, 1, 1)
    return [
        Served(body, _service(body, midnight, now, random)) for body in bodies for _ in range(random.choice(how_often))
    ]


def _service(body: Body, midnight: datetime, now: datetime, random: Random) -> LogService:
    """Somebody's service for a body on the day that begins at midnight."""
    activity, category, programme = random.choice(ACTIVITIES)
    started_at = midnight + timedelta(minutes=30 * random.randrange(16, 38))
    return LogService(
        by=Acting(ActorId(body.organisation_id), "organisation"),
        at=now,
        record_id=new_record_id(),
        volunteer_id=random.choice(body.neighbours),
        organisation_id=body.organisation_id,
        activity=activity,
        category=category,
        capacity=random.choices(tuple(CAPACITIES), tuple(CAPACITIES.values()))[0],
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=30 * random.randrange(2, 9)),
        place="社区服务中心",
        programmes=(programme,) if programme else (),
    )


def decide_on(served: list[Served], now: datetime, random: Random) -> list[Command]:
    """What the verifiers decide: most is confirmed, some rejected, and some still waits."""
    decisions: list[Command] = []
    for body, log in served:
        verifier = Acting(ActorId(body.verifier), "volunteer")
        if random.random() < REJECTED:
            decisions.append(RejectService(by=verifier, at=now, record_id=log.record_id, reason="签到表上没有此人"))
        elif random.random() < CONFIRMED:
            decisions.append(ConfirmService(by=verifier, at=now, record_id=log.record_id))
    return decisions


def records_to_look_at(body: Body, now: datetime, random: Random) -> list[list[Command]]:
    """A late entry, a correction, a void, and two records that still wait; step by step."""
    verifier, midnight, reason = Acting(ActorId(body.verifier), "volunteer"), _midnight(now), "对照签到表"
    logs = [_service(body, midnight - timedelta(days=days), now, random) for days in (45, 42, 41, 40, 39)]
    late, corrected, voided, *_ = (log.record_id for log in logs)
    return [
        [*logs],
        [ConfirmService(by=verifier, at=now, record_id=each) for each in (late, corrected, voided)],
        [
            CorrectService(by=verifier, at=now, record_id=corrected, minutes=30, reason=reason),
            VoidService(by=verifier, at=now, record_id=voided, reason=reason),
        ],
    ]


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)

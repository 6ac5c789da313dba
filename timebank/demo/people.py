"""The people of the demo world: 470 court leaders, a thousand others, and what they consent to."""

from datetime import datetime
from random import Random

from timebank.demo.names import GIVEN, SKILLS, SURNAMES
from timebank.domain.acting import Acting, BankOffice
from timebank.domain.identifiers import ActorId, VolunteerId, new_appointment_id, new_volunteer_number
from timebank.domain.kernel import Command
from timebank.domain.organisations.offices import Appoint
from timebank.domain.people.volunteers import RegisterVolunteer, SetConsent

COURT_LEADERS = 470
OTHER_VOLUNTEERS = 1_030


def register(by: Acting, now: datetime, people: list[VolunteerId], random: Random) -> list[Command]:
    """Give everybody an account, with a name, a phone, and perhaps skills."""
    return [_registration(by, now, volunteer_id, random) for volunteer_id in people]


def _registration(by: Acting, now: datetime, volunteer_id: VolunteerId, random: Random) -> RegisterVolunteer:
    given = "".join(random.sample(GIVEN, random.choice((1, 2, 2))))
    return RegisterVolunteer(
        by=by,
        at=now,
        volunteer_id=volunteer_id,
        number=new_volunteer_number(),
        name=random.choice(SURNAMES) + given,
        phone=f"199{random.randrange(10**8):08}",
        skills=tuple(random.sample(SKILLS, random.choice((0, 0, 1, 2)))),
    )


def oversee(by: Acting, now: datetime, volunteer_id: VolunteerId) -> list[Command]:
    """Have somebody look after the bank's history, as its auditor."""
    office: BankOffice = "auditor"
    return [Appoint(by=by, at=now, appointment_id=new_appointment_id(), volunteer_id=volunteer_id, office=office)]


def consent(now: datetime, people: list[VolunteerId]) -> list[Command]:
    """Let every third agree to appear on leaderboards, some of them under an alias."""
    return [
        SetConsent(
            by=Acting(ActorId(volunteer_id), "volunteer"),
            at=now,
            volunteer_id=volunteer_id,
            purpose="leaderboard",
            granted=True,
            alias=f"热心邻居{index}" if index % 5 == 0 else None,
        )
        for index, volunteer_id in enumerate(people)
        if index % 3 == 0
    ]

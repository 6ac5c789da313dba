"""Founding a bank: its ledger, its first volunteer, and the office that all others are given by."""

from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.domain.acting import Acting
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import (
    ActorId,
    VolunteerId,
    VolunteerNumber,
    new_appointment_id,
    new_bank_id,
    new_volunteer_id,
    new_volunteer_number,
)
from timebank.domain.kernel import Command
from timebank.domain.organisations.offices import Appoint
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.runtime.composition import Services

OPERATOR = Acting(ActorId("operator"), "operator")
"""Whoever runs the program on the machine itself, and so has the database and the key file anyway."""


class Founded(NamedTuple):
    """A new bank and its first administrator."""

    bank_id: UUID
    administrator: VolunteerId
    number: VolunteerNumber


async def found_bank(
    services: Services, name: str, timezone: str, administrator: str, phone: str | None = None
) -> Founded:
    """Open a bank, register its first administrator, and appoint them: everybody is a volunteer, administrators too.

    Raises `ValueError` for a time zone that PostgreSQL does not know, or a `Refusal`: then there is no bank, nor half
    of one, beside which everybody would have to say in which bank they are.
    """
    bank_id = UUID(new_bank_id())
    volunteer_id, number = new_volunteer_id(), new_volunteer_number()
    at = services.ledger.clock().astimezone(ZoneInfo(timezone))
    commands: tuple[Command, ...] = (
        OpenBank(by=OPERATOR, at=at, name=name, timezone=timezone),
        RegisterVolunteer(
            by=OPERATOR, at=at, volunteer_id=volunteer_id, number=number, name=administrator, phone=phone
        ),
        Appoint(
            by=OPERATOR,
            at=at,
            appointment_id=new_appointment_id(),
            volunteer_id=volunteer_id,
            office="administrator",
        ),
    )
    for command in commands:
        command.checked()
    services.ledger.may_write()
    await services.ledger.store.open_bank(bank_id, name, timezone)
    for command in commands:
        await services.ledger.execute(bank_id, command, request_id="init")
    # Whoever runs the machine has made sure whose phone it is.
    await services.people.verify_phones(services.pool, bank_id, at, [volunteer_id])
    return Founded(bank_id, volunteer_id, number)

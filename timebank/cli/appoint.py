"""`timebank appoint`: give somebody an office."""

from datetime import datetime
from typing import get_args

import rich_click as click

from timebank.cli.common import (
    BANK,
    JSON,
    WHOM,
    Whom,
    cli,
    echo_json,
    execute,
    find_bank,
    find_volunteer,
    now_in,
    with_services,
)
from timebank.domain.acting import BankOffice
from timebank.domain.identifiers import VolunteerId, new_appointment_id
from timebank.domain.organisations.offices import Appoint
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR


@cli.command()
@WHOM
@click.option("--office", type=click.Choice(get_args(BankOffice)), required=True)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day of the term.")
@BANK
@JSON
@with_services
async def appoint(
    services: Services,
    volunteer: Whom,
    office: BankOffice,
    until: datetime | None,
    bank: str | None,
    as_json: bool,
) -> None:
    """Appoint VOLUNTEER (id or number; asked for where none is said, then also by phone), as the operator."""
    meant = await find_bank(services, bank)
    person = await find_volunteer(services, meant, volunteer)
    command = Appoint(
        by=OPERATOR,
        at=now_in(services, meant),
        appointment_id=new_appointment_id(),
        volunteer_id=VolunteerId(person.volunteer_id),
        office=office,
        valid_until=until.date() if until else None,
    )
    await execute(services, meant, command, "appoint")
    if as_json:
        echo_json({"appointment_id": command.appointment_id, "volunteer_id": command.volunteer_id, "office": office})
    else:
        click.echo(f"{person.number} is {office} now, by appointment {command.appointment_id}.")

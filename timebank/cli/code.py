"""`timebank code`: a one-time code for somebody to choose a password with."""

import contextlib
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import rich_click as click

from timebank.cli.common import (
    BANK,
    JSON,
    WHOM,
    Whom,
    cli,
    echo_json,
    find_bank,
    find_volunteer,
    visit,
    with_services,
)
from timebank.identity.codes import welcome_link
from timebank.identity.failures import SecondFactorMissing
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR


class OneTimeCode(NamedTuple):
    """A code, the page where it is used, and until when it is good."""

    code: str
    link: str
    until: datetime


@cli.command()
@WHOM
@click.option("--reset-second-factor", is_flag=True, help="Take their second factor away as well, if they lost it.")
@BANK
@JSON
@with_services
async def code(services: Services, volunteer: Whom, reset_second_factor: bool, bank: str | None, as_json: bool) -> None:
    """Make a one-time code for VOLUNTEER (id or number) to choose a password with. It is shown once.

    Who is meant by a phone is asked for: say -, or nothing.
    """
    meant = await find_bank(services, bank)
    person = await find_volunteer(services, meant, volunteer)
    if reset_second_factor:
        await _reset_second_factor(services, meant.bank_id, person.volunteer_id)
    issued = await issue_code(services, meant.bank_id, person.volunteer_id)
    if as_json:
        whose = {"volunteer_id": person.volunteer_id, "number": person.number}
        echo_json(whose | {"code": issued.code, "link": issued.link})
        return
    tell_code(issued, meant.timezone)


async def _reset_second_factor(services: Services, bank_id: UUID, volunteer_id: str) -> None:
    with contextlib.suppress(SecondFactorMissing):
        await services.second_factors.reset(
            bank_id, volunteer_id, OPERATOR.actor, OPERATOR.authority, visit(services, "cli")
        )


async def issue_code(services: Services, bank_id: UUID, volunteer_id: str) -> OneTimeCode:
    """Issue a code in the operator's name."""
    made, until = await services.sign_in.issue_code(bank_id, volunteer_id, "operator", visit(services, "cli"))
    return OneTimeCode(made, welcome_link(services.public_url, made), until)


def tell_code(issued: OneTimeCode, timezone: str) -> None:
    """Print a code for people, with the link, and until when it is good in a time zone."""
    until = issued.until.astimezone(ZoneInfo(timezone))
    click.echo(f"A password can be chosen once, until {until:%Y-%m-%d %H:%M}, with this link:\n\n  {issued.link}\n")
    click.echo(f"or by POST /v1/passwords with the code {issued.code}")

"""Setting up: a bank and its first administrator, offices, one-time codes, and keys for programs."""

import secrets
from datetime import date, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import rich_click as click

from timebank.api.identity.sessions import welcome_link
from timebank.cli.common import BANK, cli, echo_json, find_bank, find_volunteer, run_services
from timebank.domain.acting import Office
from timebank.domain.facts.organisations import AppointmentMade, Permission
from timebank.domain.identifiers import OrganisationId, VolunteerId, new_appointment_id, new_key_id
from timebank.domain.organisations.api_keys import IssueKey
from timebank.domain.organisations.offices import Appoint
from timebank.domain.refusing import Refusal
from timebank.identity.principals import api_key, secret_hash
from timebank.identity.security_log import Visit
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR, found_bank

JSON = click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")


@cli.command()
@click.argument("name")
@click.option(
    "--timezone", default="Asia/Shanghai", show_default=True, help="The bank's days are the days of this zone."
)
@click.option("--administrator", default="管理员", show_default=True, help="The name of the first administrator.")
@click.option("--phone", help="Their phone, to sign in with instead of the number.")
@JSON
def init(name: str, timezone: str, administrator: str, phone: str | None, as_json: bool) -> None:
    """Open a new bank. Prints its first administrator's number, and a code for them to choose a password with."""
    try:
        ZoneInfo(timezone)
    except (ValueError, KeyError, OSError):
        raise click.BadParameter(f"there is no time zone {timezone}", param_hint="--timezone") from None
    if not name.strip() or not administrator.strip():
        raise click.BadParameter("a bank needs a name, and so does its administrator")

    async def run(services: Services) -> None:
        founded = await found_bank(services, name, timezone, administrator.strip(), phone)
        code, until = await services.sign_in.issue_code(
            founded.bank_id, founded.administrator, "operator", _visit(services)
        )
        link = welcome_link(services.public_url, code)
        if as_json:
            shown = {"bank_id": str(founded.bank_id), "name": name, "timezone": timezone}
            echo_json(
                shown | {"volunteer_id": founded.administrator, "number": founded.number, "code": code, "link": link}
            )
            return
        click.echo(f"Bank {founded.bank_id} is open. Its first administrator is volunteer number {founded.number}.")
        _tell_code(code, link, until.astimezone(ZoneInfo(timezone)))

    run_services(run)


@cli.command()
@click.argument("volunteer")
@BANK
@JSON
def code(volunteer: str, bank: str | None, as_json: bool) -> None:
    """Make a one-time code for VOLUNTEER (id, number or phone) to choose a password with. It is shown once."""

    async def run(services: Services) -> None:
        found = await find_bank(services, bank)
        whose = await find_volunteer(services, found, volunteer)
        made, until = await services.sign_in.issue_code(found.bank_id, whose.volunteer_id, "operator", _visit(services))
        link = welcome_link(services.public_url, made)
        if as_json:
            echo_json({"volunteer_id": whose.volunteer_id, "number": whose.number, "code": made, "link": link})
            return
        _tell_code(made, link, until.astimezone(ZoneInfo(found.timezone)))

    run_services(run)


@cli.command()
@click.argument("volunteer")
@click.option("--office", type=click.Choice(get_args(Office)), required=True)
@click.option("--organisation", help="Whose people a node leader leads.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day of the term.")
@BANK
@JSON
def appoint(
    volunteer: str, office: Office, organisation: str | None, until: datetime | None, bank: str | None, as_json: bool
) -> None:
    """Appoint VOLUNTEER (id, number or phone) to an office, as the operator of the machine."""

    async def run(services: Services) -> None:
        found = await find_bank(services, bank)
        whose = await find_volunteer(services, found, volunteer)
        last_day: date | None = until.date() if until else None
        command = Appoint(
            by=OPERATOR,
            at=services.ledger.clock().astimezone(ZoneInfo(found.timezone)),
            appointment_id=new_appointment_id(),
            volunteer_id=VolunteerId(whose.volunteer_id),
            office=office,
            organisation_id=OrganisationId(organisation) if organisation else None,
            valid_until=last_day,
        )
        try:
            receipt = await services.ledger.execute(found.bank_id, command, request_id="appoint")
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from None
        (fact,) = receipt.facts
        assert isinstance(fact, AppointmentMade)
        if as_json:
            echo_json({"appointment_id": fact.appointment_id, "volunteer_id": fact.volunteer_id, "office": office})
        else:
            click.echo(f"{whose.number} is {office} now, by appointment {fact.appointment_id}.")

    run_services(run)


@cli.group()
def key() -> None:
    """API keys, for the programs of organisations."""


@key.command("create")
@click.option("--organisation", required=True, help="Whose program it is for.")
@click.option(
    "--permission",
    "permissions",
    type=click.Choice(get_args(Permission)),
    multiple=True,
    default=get_args(Permission),
    help="What the key is good for; may be given several times (default: all).",
)
@click.option("--label", default="made by the operator", show_default=True, help="What it is for.")
@BANK
@JSON
def key_create(
    organisation: str, permissions: tuple[Permission, ...], label: str, bank: str | None, as_json: bool
) -> None:
    """Make an API key. It is shown once."""

    async def run(services: Services) -> None:
        found = await find_bank(services, bank)
        secret = secrets.token_urlsafe(32)
        command = IssueKey(
            by=OPERATOR,
            at=services.ledger.clock().astimezone(ZoneInfo(found.timezone)),
            organisation_id=OrganisationId(organisation),
            key_id=new_key_id(),
            label=label,
            permissions=permissions,
            secret_hash=secret_hash(secret),
        )
        try:
            await services.ledger.execute(found.bank_id, command, request_id="key create")
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from None
        made = api_key(command.key_id, secret)
        if as_json:
            echo_json({"key_id": command.key_id, "organisation_id": organisation, "api_key": made})
        else:
            click.echo(made)

    run_services(run)


def _visit(services: Services) -> Visit:
    return Visit(services.ledger.clock(), "", "cli")


def _tell_code(code: str, link: str, until: datetime) -> None:
    click.echo(f"A password can be chosen once, until {until:%Y-%m-%d %H:%M}, with this link:\n\n  {link}\n")
    click.echo(f"or by POST /v1/passwords with the code {code}")

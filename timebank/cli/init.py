"""`timebank init`: open a bank, with its first administrator."""

import sys
from functools import partial
from typing import NamedTuple, TextIO
from zoneinfo import available_timezones

import rich_click as click

from timebank.cli.code import issue_code, tell_code
from timebank.cli.common import JSON, cli, echo_json, run_services
from timebank.domain.refusing import Refusal
from timebank.runtime.composition import Services
from timebank.runtime.founding import found_bank

SOMEBODY = "管理员"
"""What the first administrator is called where nobody says."""

NOT_THE_SAME_ZONE = {"localtime", "CET", "EET", "MET", "WET"}
"""Names of zones that are another one on each machine, or to PostgreSQL, for which some have no summer time."""


@cli.command()
@click.argument("name")
@click.option(
    "--timezone", default="Asia/Shanghai", show_default=True, help="The bank's days are the days of this zone."
)
@click.option(
    "--administrator",
    type=click.File(encoding="utf8"),
    help="A file (-: standard input) with the first administrator's name, and below it their phone, if they have one.",
)
@JSON
def init(name: str, timezone: str, administrator: TextIO | None, as_json: bool) -> None:
    """Open a new bank. Prints its first administrator's number, and a code for them to choose a password with.

    In a terminal their name and phone are asked for; they are no arguments, which everybody on the machine can read.
    """
    _must_be_a_zone(timezone)
    if not name.strip():
        raise click.BadParameter("a bank needs a name")
    first = _read(administrator) if administrator else _ask() if sys.stdin.isatty() else First(SOMEBODY, None)
    run_services(partial(_open_bank, name=name, timezone=timezone, first=first, as_json=as_json))


class First(NamedTuple):
    """The first administrator."""

    name: str
    phone: str | None


def _read(file: TextIO) -> First:
    lines = [line.strip() for line in file.read().splitlines() if line.strip()]
    if len(lines) not in (1, 2):
        raise click.BadParameter("a name is needed, and a phone below it, if any", param_hint="--administrator")
    return First(lines[0], lines[1] if len(lines) == 2 else None)


def _ask() -> First:
    name = click.prompt("Name of the first administrator", default=SOMEBODY, err=True)
    phone = click.prompt("Their phone, to sign in with instead of the number (or nothing)", default="", err=True)
    return First(name.strip(), phone.strip() or None)


def _must_be_a_zone(timezone: str) -> None:
    """Refuse what is no zone, and what is not the same one to PostgreSQL, as `localtime`: its days would be others."""
    if timezone in NOT_THE_SAME_ZONE:
        told = f"{timezone} is not the same zone everywhere: name a place in it, as Europe/Brussels"
        raise click.BadParameter(told, param_hint="--timezone")
    if timezone not in available_timezones():
        raise click.BadParameter(f"there is no time zone {timezone}", param_hint="--timezone")


async def _open_bank(services: Services, *, name: str, timezone: str, first: First, as_json: bool) -> None:
    try:
        founded = await found_bank(services, name, timezone, first.name, first.phone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timezone") from None
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None
    issued = await issue_code(services, founded.bank_id, founded.administrator)
    if as_json:
        bank = {"bank_id": str(founded.bank_id), "name": name, "timezone": timezone}
        person = {"volunteer_id": founded.administrator, "number": founded.number}
        echo_json(bank | person | {"code": issued.code, "link": issued.link})
        return
    click.echo(f"Bank {founded.bank_id} is open. Its first administrator is volunteer number {founded.number}.")
    tell_code(issued, timezone)

"""`timebank init`: open a bank, with its first administrator."""

from functools import partial
from zoneinfo import ZoneInfo

import rich_click as click

from timebank.cli.code import issue_code, tell_code
from timebank.cli.common import JSON, cli, echo_json, run_services
from timebank.runtime.composition import Services
from timebank.runtime.founding import found_bank


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
    _must_be_a_zone(timezone)
    if not name.strip() or not administrator.strip():
        raise click.BadParameter("a bank needs a name, and so does its administrator")
    opening = partial(_open_bank, name=name, timezone=timezone, administrator=administrator.strip(), phone=phone)
    run_services(partial(opening, as_json=as_json))


def _must_be_a_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ValueError, KeyError, OSError):
        raise click.BadParameter(f"there is no time zone {timezone}", param_hint="--timezone") from None


async def _open_bank(
    services: Services, *, name: str, timezone: str, administrator: str, phone: str | None, as_json: bool
) -> None:
    founded = await found_bank(services, name, timezone, administrator, phone)
    issued = await issue_code(services, founded.bank_id, founded.administrator)
    if as_json:
        bank = {"bank_id": str(founded.bank_id), "name": name, "timezone": timezone}
        person = {"volunteer_id": founded.administrator, "number": founded.number}
        echo_json(bank | person | {"code": issued.code, "link": issued.link})
        return
    click.echo(f"Bank {founded.bank_id} is open. Its first administrator is volunteer number {founded.number}.")
    tell_code(issued, timezone)

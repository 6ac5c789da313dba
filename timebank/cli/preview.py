"""`timebank preview`: try a draft of the rule book on the real history."""

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import rich_click as click

from timebank.api.credit.policies import DraftRequest
from timebank.cli.common import BANK, cli, find_bank, progress_bar, run_services
from timebank.domain.credit.policies import differences
from timebank.domain.credit.preview import Effects
from timebank.domain.refusing import Refusal
from timebank.projections.credit import policies
from timebank.projections.people import volunteers
from timebank.runtime.composition import Services


@cli.command("preview")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@BANK
def preview_command(file: Path, bank: str | None) -> None:
    """Try a draft of the rule book on the real history; nothing is written.

    The file is JSON as for POST /v1/policies/preview: all rules, or changes of those in force, as
    {"changes": {"credit_percent": {"治安巡逻": 200}}}.
    """
    draft = _read_draft(file)
    run_services(lambda services: _preview(services, draft, bank))


def _read_draft(file: Path) -> DraftRequest:
    """The draft in a file. Raises `click.BadParameter` if there is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=DraftRequest)
    except msgspec.DecodeError as error:
        raise click.BadParameter(f"{file} is no rule book: {error}") from None


async def _preview(services: Services, draft: DraftRequest, bank_name: str | None) -> None:
    bank = await find_bank(services, bank_name)
    today = services.ledger.clock().astimezone(ZoneInfo(bank.timezone)).date()
    version = await policies.in_force(services.pool, bank.bank_id, draft.based_on(today))
    try:
        rules = draft.draft(version.rules)
    except (msgspec.ValidationError, Refusal) as error:
        raise click.ClickException(f"This is no rule book: {error}") from None
    with progress_bar("Replaying the history") as progress:
        _, effects = await policies.preview(
            services.pool, bank.bank_id, rules, draft.effective_from, draft.largest, progress
        )
    for difference in differences(version.rules, rules):
        click.echo("{}: {} -> {}".format(*map(_shown, difference)))
    changed = [each.volunteer_id for each in effects.largest_changes]
    known = await volunteers.briefly(services.pool, services.people, bank.bank_id, changed)
    _tell(effects, {volunteer_id: who.number or "" for volunteer_id, who in known.items()})


def _shown(value: object) -> str:
    """A name, or what a rule says."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _tell(effects: Effects, numbers: dict[str, str]) -> None:
    """Print what would change in all, and for whom most; `numbers` are volunteer numbers by id."""
    click.echo(f"{effects.people_changed} of {effects.people} people would have other credit,")
    click.echo(f"{effects.records_changed} of {effects.records} records would count differently,")
    click.echo(
        f"{effects.minutes_after} minutes in all instead of {effects.minutes_before} "
        f"(+{effects.minutes_gained} -{effects.minutes_lost})."
    )
    for volunteer_id, before, after in effects.largest_changes:
        click.echo(f"  {numbers.get(volunteer_id, volunteer_id)}  {before} -> {after}  ({after - before:+})")

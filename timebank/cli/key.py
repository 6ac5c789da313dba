"""`timebank key`: API keys, for the programs of organisations."""

import secrets
from typing import get_args

import rich_click as click

from timebank.cli.common import BANK, JSON, cli, echo_json, execute, find_bank, now_in, with_services
from timebank.domain.facts.organisations import Permission
from timebank.domain.identifiers import OrganisationId, new_key_id
from timebank.domain.organisations.api_keys import IssueKey
from timebank.identity.principals import api_key, secret_hash
from timebank.runtime.composition import Services
from timebank.runtime.founding import OPERATOR


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
@with_services
async def create_key(
    services: Services,
    organisation: str,
    permissions: tuple[Permission, ...],
    label: str,
    bank: str | None,
    as_json: bool,
) -> None:
    """Make an API key. It is shown once."""
    meant = await find_bank(services, bank)
    secret = secrets.token_urlsafe(32)
    command = IssueKey(
        by=OPERATOR,
        at=now_in(services, meant),
        organisation_id=OrganisationId(organisation),
        key_id=new_key_id(),
        label=label,
        permissions=permissions,
        secret_hash=secret_hash(secret),
    )
    await execute(services, meant, command, "key create")
    made = api_key(command.key_id, secret)
    if as_json:
        echo_json({"key_id": command.key_id, "organisation_id": organisation, "api_key": made})
    else:
        click.echo(made)

"""Rights in the database."""

import rich_click as click

from timebank.cli.common import cli, settings_with
from timebank.runtime.database import rights


@cli.command("grants")
@click.argument("role")
@click.option("--reader", is_flag=True, help="What auditors need: they read views, in which are no personal data.")
def grants_command(role: str, reader: bool) -> None:
    """Print the SQL that lets ROLE run the service, and no more: to be run by the owner after each `timebank migrate`.

    The service can then add facts, and neither change nor delete one. `verify` needs TEMPORARY on the database besides;
    `migrate` and `rebuild` need the owner. Where the owner may make roles, `migrate` has done all this for two roles,
    timebank_service and timebank_reader: let others be members of them.
    """
    told = rights.grants_to_read(role) if reader else rights.grants(role, sees_standbys=settings_with().require_standby)
    for statement in told:
        click.echo(statement)

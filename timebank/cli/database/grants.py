"""Rights in the database."""

import rich_click as click

from timebank.cli.common import cli, settings_with
from timebank.runtime import rights


@cli.command("grants")
@click.argument("role")
def grants_command(role: str) -> None:
    """Print the SQL that lets ROLE run the service, and no more: to be run by the owner after each `timebank migrate`.

    The service can then add facts, and neither change nor delete one. `verify` needs TEMPORARY on the database besides;
    `migrate` and `rebuild` need the owner.
    """
    for statement in rights.grants(role, sees_standbys=settings_with().require_standby):
        click.echo(statement)

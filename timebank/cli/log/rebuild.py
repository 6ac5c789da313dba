"""`timebank rebuild`: make read models anew from the log."""

import asyncpg
import rich_click as click

from timebank.cli.common import at_once, cli, give_up, progress_bar, with_services
from timebank.ledger.tags import TAGS
from timebank.projections import EVERY
from timebank.projections.machinery.projection import Projection
from timebank.projections.machinery.rebuild import Progress, rebuild
from timebank.runtime.composition import Services

REBUILT: tuple[Projection, ...] = (TAGS, *EVERY)


@cli.command("rebuild")
@click.argument("names", nargs=-1, type=click.Choice([each.name for each in REBUILT]))
@click.option("--from-start", is_flag=True, help="Do not go on with what an interrupted rebuild has left.")
@with_services
async def rebuild_command(services: Services, names: tuple[str, ...], from_start: bool) -> None:
    """Make read models, and the index of tags, anew from the log (all or those named), while the service goes on.

    Interrupted, run it again: it goes on where it was.
    """
    wanted = [projection for projection in REBUILT if not names or projection.name in names]

    async def one(projection: Projection, progress: Progress) -> None:
        await rebuild(services.owner, projection, progress, from_start=from_start)
        click.echo(f"{projection.name}: rebuilt")

    try:
        with progress_bar("Rebuilding") as progress:
            await at_once(services.owner, one, wanted, progress)
    except asyncpg.InsufficientPrivilegeError as error:
        give_up(f"Rebuilding makes tables: it needs the role that owns the database, as `timebank migrate` ({error}).")

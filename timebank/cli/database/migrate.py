"""`timebank migrate`: bring the database up to date."""

import asyncpg
import rich_click as click

from timebank.cli.common import cli, progress_bar, run
from timebank.db.migrations import migrate
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import outdated, rebuild
from timebank.runtime.database.opening import database
from timebank.runtime.database.roles import role_to_act_as
from timebank.runtime.settings import Settings


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database up to date, and rebuild what another version of the program made."""
    run(_bring_up_to_date)


async def _bring_up_to_date(settings: Settings) -> None:
    async with database(settings) as url:
        applied = await migrate(url)
        await role_to_act_as(url, sees_standbys=settings.require_standby)
        async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
            for projection in await outdated(pool, EVERY):
                with progress_bar(f"Rebuilding {projection.name}") as progress:
                    await rebuild(pool, projection, progress)
    click.echo(f"Applied {', '.join(applied)}." if applied else "The database is up to date.")

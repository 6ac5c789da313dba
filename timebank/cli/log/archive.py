"""`timebank archive`: a bank's whole log in a folder, to be kept, checked elsewhere, or moved."""

from pathlib import Path

import rich_click as click

from timebank.cli.common import BANK, cli, find_bank, progress_bar, with_services
from timebank.exchange.archives import write_archive
from timebank.runtime.composition import Services


@cli.group()
def archive() -> None:
    """A bank's whole log in a folder: checked without the service by `timebank-verify` (docs/audit.md)."""


@archive.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@BANK
@with_services
async def export_archive(services: Services, folder: Path, bank: str | None) -> None:
    """Write the log into FOLDER, with a checkpoint signed now; interrupted, run it again and it goes on.

    There are no names in it: facts carry identifiers only.
    """
    meant = await find_bank(services, bank)
    with progress_bar("Exporting the log") as progress:
        manifest = await write_archive(services.signer, meant.bank_id, folder, progress)
    click.echo(f"{manifest.size} facts of {manifest.origin} are in {folder}.")

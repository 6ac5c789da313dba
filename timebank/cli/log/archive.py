"""`timebank archive`: a bank's whole log in a folder, to be kept, checked elsewhere, or moved."""

from pathlib import Path

import rich_click as click

from timebank.cli.common import BANK, cli, find_bank, progress_bar, with_services
from timebank.exchange.archives import ArchiveError, read_archive, take_in_archive, write_archive
from timebank.exchange.archives.reading import Read, rows_in
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import rebuild
from timebank.proofs.checkpoints import encoded
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


@archive.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_services
async def import_archive(services: Services, folder: Path) -> None:
    """Take the log in FOLDER in, where its bank is not yet; its tree is the same here. The bank must not be served yet.

    The archive is checked first. Interrupted, run it again and it goes on. Put the signing key file of the bank in its
    place before: else the log goes on with another key, which nobody trusts yet. Names are not in an archive.
    """
    try:
        with progress_bar("Checking the archive") as progress:
            read = read_archive(folder, progress)
        await _must_be_the_same(services, read)
        with progress_bar("Taking the log in") as progress:
            await take_in_archive(services.ledger.store, read, progress)
    except ArchiveError as error:
        raise click.ClickException(str(error)) from None
    for projection in EVERY:
        with progress_bar(f"Rebuilding {projection.name}") as progress:
            await rebuild(services.owner, projection, progress)
    signed = await services.signer.sign(read.manifest.bank_id)
    assert signed, "it has facts"
    click.echo(f"{signed.size} facts of {read.manifest.origin} are here, under the root {encoded(signed.root)}.")


async def _must_be_the_same(services: Services, read: Read) -> None:
    """Refuse an archive whose bank is here already with something else in its log."""
    there = await services.ledger.store.bank(read.manifest.bank_id)
    if there and there.head:
        ids = {row.event.event_id for row in rows_in(read.folder) if row.position == there.head}
        if there.head_event_id not in ids:
            raise ArchiveError("this bank is here already, and its log is another one, or longer")

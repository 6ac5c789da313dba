"""`timebank archive`: a bank's whole log in a folder, to be kept, checked elsewhere, or moved."""

from collections import deque
from pathlib import Path

import rich_click as click

from timebank.cli.common import BANK, cli, find_bank, progress_bar, visit, with_services
from timebank.db.counting import count_anew
from timebank.domain.facts.bank import SecurityLogSealed
from timebank.exchange.archives import (
    ArchiveError,
    FolderInUseError,
    people,
    read_archive,
    take_in_archive,
    take_in_cosignatures,
    write_archive,
)
from timebank.exchange.archives.contents import CHECKPOINT
from timebank.exchange.archives.people import SealedError
from timebank.exchange.archives.reading import Read, rows_in
from timebank.exchange.archives.writing import Sealing
from timebank.ledger.taking_in import moved
from timebank.projections import EVERY
from timebank.projections.machinery.rebuild import rebuild
from timebank.proofs.checkpoints import Checkpoint, encoded
from timebank.proofs.notes import Note, NoteError, VerifierKey
from timebank.runtime.composition import Services


@cli.group()
def archive() -> None:
    """A bank's whole log in a folder: checked without the service by `timebank-verify` (docs/audit.md)."""


@archive.command("receiver")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def make_key(file: Path) -> None:
    """Make the key of somebody who is to be sent archives with people, in FILE; print what they tell the sender."""
    try:
        click.echo(people.make_receiver(file))
    except FileExistsError:
        raise click.ClickException(f"There is a file at {file} already; it is left as it is.") from None


@archive.command("export")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--people-for", "receiver", help="Put in who people are, sealed for this receiver (`archive receiver`).")
@BANK
@with_services
async def export_archive(services: Services, folder: Path, receiver: str | None, bank: str | None) -> None:
    """Write the log into FOLDER, with a checkpoint signed now; interrupted, run it again and it goes on.

    There are no names in it, unless they are asked for: facts carry identifiers only. That they were is in the
    security log.
    """
    meant = await find_bank(services, bank)
    try:
        sealing = Sealing(services.people, people.receiver_of(receiver)) if receiver else None
    except SealedError as error:
        raise click.BadParameter(str(error), param_hint="--people-for") from None
    if sealing:
        seen = visit(services, "archive export")
        await services.security_log.record(meant.bank_id, "data-exported", seen, what="archive", receiver=receiver)
    try:
        with progress_bar("Exporting the log") as progress:
            manifest = await write_archive(services.cosigners, meant.bank_id, folder, progress, sealing)
    except FolderInUseError as error:
        raise click.ClickException(str(error)) from None
    told = ", with its people, sealed" if sealing else ""
    click.echo(f"{manifest.size} facts of {manifest.origin} are in {folder}{told}.")
    if witnesses := [each.key for each in services.cosigners.witnesses]:
        said = Note.parse((folder / CHECKPOINT).read_bytes()).verified(witnesses)
        click.echo(f"{len(said)} of {len(witnesses)} witnesses have cosigned its checkpoint.")


@archive.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--people-with",
    "key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take in who people are as well, with the receiver's key in this file.",
)
@click.option(
    "--key",
    "verifier_keys",
    multiple=True,
    help="A verifier key of the log, from a notice; it can be said again.",
)
@with_services
async def import_archive(
    services: Services, folder: Path, key_file: Path | None, verifier_keys: tuple[str, ...]
) -> None:
    """Take the log in FOLDER in, where its bank is not yet; its tree is the same here. The bank must not be served yet.

    The archive is checked first: it has to be signed by the signing key file of the bank, put in its place before, or
    by a verifier key that is said. Without that file the log goes on with another key, which nobody trusts yet.
    Interrupted, run it again and it goes on. Nobody can sign in until offices have handed out codes: what people sign
    in with is in no archive.
    """
    try:
        key = people.private_in(key_file) if key_file else None
        said = list(map(VerifierKey.parse, verifier_keys))
        with progress_bar("Checking the archive") as progress:
            read = read_archive(folder, progress, lambda bank_id: [*services.signer.trusted(bank_id), *said])
        await _must_be_the_same(services, read)
        checkpoint = Checkpoint.parse(read.note.text)
        if key:  # all of it, before anything is taken in
            deque(people.people_in(folder / people.FILE, checkpoint, key), maxlen=0)
        with progress_bar("Taking the log in") as progress:
            await take_in_archive(services.ledger.store, read, progress)
        if key:
            found = people.people_in(folder / people.FILE, checkpoint, key)
            count = await people.keep_people(services.people, services.pool, read.manifest.bank_id, found)
            click.echo(f"{count} people are known by name.")
    except (ArchiveError, NoteError, SealedError) as error:
        raise click.ClickException(str(error)) from None
    async with services.owner.acquire() as connection:
        await count_anew(connection)
        bank_id = read.manifest.bank_id
        bound = await services.ledger.store.latest(bank_id, SecurityLogSealed)
        await moved(connection, bank_id, read.manifest.size)
        await services.security_log.go_on_behind(connection, bound.fact.number if bound else 0)
    for projection in EVERY:
        with progress_bar(f"Rebuilding {projection.name}") as progress:
            await rebuild(services.owner, projection, progress)
    signed = await services.signer.sign(read.manifest.bank_id)
    assert signed, "it has facts"
    if count := await take_in_cosignatures(services.cosigners, read):
        click.echo(f"Cosignatures that are kept: {count}.")
    click.echo(f"{signed.size} facts of {read.manifest.origin} are here, under the root {encoded(signed.root)}.")


async def _must_be_the_same(services: Services, read: Read) -> None:
    """Refuse an archive whose bank is here already with something else in its log."""
    there = await services.ledger.store.bank(read.manifest.bank_id)
    if there and there.head:
        ids = {row.event.event_id for row in rows_in(read.folder) if row.position == there.head}
        if there.head_event_id not in ids:
            raise ArchiveError("this bank is here already, and its log is another one, or longer")

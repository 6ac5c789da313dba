"""Reading an archive into an empty place: checked first, then taken in as it is, so that its tree is the same.

It is by a key of the log that the reader trusts, or nothing is taken in: anybody can make a log with a root.

Interrupted, it goes on after the last fact that is in. What is made from the log is to be rebuilt after it.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from timebank.db.connections import Pool
from timebank.exchange.archives.contents import CHECKPOINT, must_be_by
from timebank.exchange.archives.writing import FORMAT, Manifest
from timebank.ledger import taking_in
from timebank.ledger.codec import Event, decode
from timebank.ledger.store import Store
from timebank.ledger.taking_in import Row
from timebank.proofs.checkpoints import Checkpoint, decoded, origin_of
from timebank.proofs.cosigners import Cosigners
from timebank.proofs.entries import Line
from timebank.proofs.merkle import Edge
from timebank.proofs.notes import Note, NoteError, VerifierKey

STRETCH = 2_000

Progress = Callable[[int, int], None]

_decode = msgspec.json.Decoder(Line).decode


class ArchiveError(ValueError):
    """What is in the folder is no archive, or not what its checkpoint says; nothing was taken in."""


class Read(NamedTuple):
    """An archive that holds what it says."""

    folder: Path
    manifest: Manifest
    note: Note


def read_archive(folder: Path, progress: Progress, trusted: Callable[[UUID], Iterable[VerifierKey]]) -> Read:
    """Check an archive: signed by a key that is trusted for its bank, every fact readable, all under the signed root.

    Raises `ArchiveError`.
    """
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
        note = Note.parse((folder / CHECKPOINT).read_bytes())
        checkpoint = Checkpoint.parse(note.text)
    except (OSError, msgspec.MsgspecError, NoteError) as error:
        msg = f"{folder} is no archive: {error}"
        raise ArchiveError(msg) from None
    said = manifest.format, manifest.origin, manifest.size, decoded(manifest.root)
    if said != (FORMAT, *checkpoint):
        raise ArchiveError("the checkpoint is not the one that the archive says")
    try:
        must_be_by(folder, note, origin_of(manifest.bank_id), trusted(manifest.bank_id))
    except NoteError as error:
        msg = f"the archive is not by a key that is trusted here: {error}"
        raise ArchiveError(msg) from None
    edge = Edge()
    for row in rows_in(folder):
        if row.position != edge.size + 1:
            msg = f"position {edge.size + 1} is missing"
            raise ArchiveError(msg)
        _must_be_readable(row)
        edge.add(row.leaf(manifest.bank_id))
        if not row.position % STRETCH:
            progress(row.position, checkpoint.size)
    if (edge.size, edge.root) != (checkpoint.size, checkpoint.root):
        raise ArchiveError("the facts are not those that were signed: ask timebank-verify which")
    return Read(folder, manifest, note)


def rows_in(folder: Path) -> Iterator[Row]:
    """The facts of an archive, in order. Raises `ArchiveError` for a line that is none."""
    for file in sorted((folder / "entries").glob("*.ndjson")):
        with file.open("rb") as lines:
            for text in lines:
                yield _row(file, text)


def _row(file: Path, text: bytes) -> Row:
    try:
        line = _decode(text)
    except msgspec.MsgspecError as error:
        msg = f"{file} has a line that is no fact: {error}"
        raise ArchiveError(msg) from None
    event = Event(
        line.event_id,
        line.topic,
        line.data.encode(),
        tuple(line.tags),
        line.actor,
        line.authority,
        line.request_id,
        line.command_id,
        line.on_behalf_of,
    )
    return Row(line.position, line.recorded_at, event)


def _must_be_readable(row: Row) -> None:
    try:
        decode(row.event.topic, row.event.data)
    except (ValueError, KeyError) as error:
        msg = f"position {row.position}: this version cannot read the fact: {error}"
        raise ArchiveError(msg) from None


async def take_in_archive(store: Store, read: Read, progress: Progress) -> None:
    """Take a checked archive in; where a beginning of it is in already, the rest."""
    manifest, bank_id = read.manifest, read.manifest.bank_id
    try:
        await store.open_bank(bank_id, manifest.name, manifest.timezone)
    except ValueError as error:
        raise ArchiveError(str(error)) from None
    stretch: list[Row] = []
    done = await _done(store.pool, bank_id)
    for row in rows_in(read.folder):
        if row.position <= done:
            continue
        stretch.append(row)
        if len(stretch) == STRETCH or row.position == manifest.size:
            await _take_in(store.pool, bank_id, stretch)
            progress(row.position, manifest.size)
            stretch = []


async def take_in_cosignatures(cosigners: Cosigners, read: Read) -> int:
    """Keep what witnesses said of the checkpoint of an archive, which is signed here by now; says how many they are.

    Raises `NoteError` if what is signed here has another root.
    """
    manifest = read.manifest
    said = [each for each in read.note.signatures if each.name != manifest.origin]
    await cosigners.keep(manifest.bank_id, manifest.size, decoded(manifest.root), said)
    return len(said)


async def _done(pool: Pool, bank_id: UUID) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await taking_in.head(connection, bank_id)


async def _take_in(pool: Pool, bank_id: UUID, rows: list[Row]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await taking_in.take_in(connection, bank_id, rows)

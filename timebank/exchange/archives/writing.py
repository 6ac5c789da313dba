"""Writing an archive: facts in files of 65,536 lines, the checkpoint over them, keys, balances, what it all is, signed.

It is written while it is read, in little memory. Interrupted, it goes on with the first file that is not whole.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from timebank.db.connections import Connection
from timebank.db.moments import as_of_one_moment, held
from timebank.exchange.archives import contents, people
from timebank.projections.credit import balances
from timebank.proofs import entries
from timebank.proofs.checkpoints import Checkpoint, encoded, origin_of
from timebank.proofs.cosigners import Cosigners
from timebank.proofs.signer import Signed, Signer
from timebank.vault.people import People

if sys.platform != "win32":
    import fcntl

FORMAT = "timebank-archive/1"
FILE_FACTS = 65_536
STRETCH = 4_096

Progress = Callable[[int, int], None]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive is: of which bank and log, how long, by which keys it was signed, and when those changed."""

    format: str
    origin: str
    bank_id: UUID
    name: str
    timezone: str
    size: int
    root: str
    verifier_keys: list[str]
    key_changes: list[str]


class Sealing(NamedTuple):
    """What opens the people of the bank, and for whom they are sealed."""

    people: People
    receiver: X25519PublicKey


class FolderInUseError(Exception):
    """Another archive is being written into the folder."""


async def write_archive(
    cosigners: Cosigners, bank_id: UUID, folder: Path, progress: Progress, sealing: Sealing | None = None
) -> Manifest:
    """Write a bank's log as of now into a folder, or go on writing one there, with its people if so asked, sealed.

    Its witnesses are asked to cosign the checkpoint. Raises `LogDamagedError`, or `FolderInUseError`.
    """
    (folder / "entries").mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        return await _write_archive(cosigners, bank_id, folder, progress, sealing)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Nobody else writes an archive into a folder between these lines; whoever comes second is refused."""
    if sys.platform == "win32":  # there folders are not opened
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _hold(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        msg = f"another export is writing into {folder}; wait until it is done, or name another folder"
        raise FolderInUseError(msg) from None
    except OSError:
        pass  # not every file system can say who else writes there


async def _write_archive(
    cosigners: Cosigners, bank_id: UUID, folder: Path, progress: Progress, sealing: Sealing | None
) -> Manifest:
    signer = cosigners.signer
    async with as_of_one_moment(signer.tiles.pool) as connection:
        async with held(connection, *balances.PROJECTION.tables):
            accounts = await balances.every_account(connection, bank_id)
        name, timezone, size = await entries.standing(connection, bank_id)
        signed = await cosigners.exactly(bank_id, size)
        for number in range(-(-size // FILE_FACTS)):
            await _write_file(connection, bank_id, folder, number, size, progress)
        lines = [msgspec.json.encode(account) + b"\n" for account in accounts]
        changes = await entries.key_changes(connection, bank_id)
        (folder / people.FILE).unlink(missing_ok=True)
        if sealing:
            checkpoint = Checkpoint(origin_of(bank_id), size, signed.root)
            await people.write_people(
                sealing.people, connection, bank_id, checkpoint, sealing.receiver, folder / people.FILE
            )
    manifest = _manifest(signer, bank_id, signed, changes, name, timezone)
    _replace(folder / "balances.ndjson", b"".join(lines))
    _replace(folder / contents.CHECKPOINT, signed.note.encode())
    _replace(folder / "manifest.json", msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    _replace(folder / contents.FILE, str(contents.signed_contents(folder, manifest.origin, signer.keys)).encode())
    return manifest


def _manifest(signer: Signer, bank_id: UUID, signed: Signed, changes: list[str], name: str, timezone: str) -> Manifest:
    return Manifest(
        format=FORMAT,
        origin=origin_of(bank_id),
        bank_id=bank_id,
        name=name,
        timezone=timezone,
        size=signed.size,
        root=encoded(signed.root),
        verifier_keys=[str(key) for key in signer.verifier_keys(bank_id)],
        key_changes=changes,
    )


async def _write_file(
    connection: Connection, bank_id: UUID, folder: Path, number: int, size: int, progress: Progress
) -> None:
    """Write one file of facts, unless a whole one is there."""
    file, after = folder / "entries" / f"{number:08}.ndjson", number * FILE_FACTS
    until = min(after + FILE_FACTS, size)
    if not (file.exists() and _lines_in(file) == FILE_FACTS):
        draft = file.with_suffix(".part")
        with draft.open("wb") as writing:
            while after < until:
                text, last, count = await entries.lines(connection, bank_id, after, until, STRETCH)
                if not count:
                    break  # facts are missing: whoever checks the archive is told which
                writing.write(text)
                after = last
                progress(after, size)
            writing.flush()
            os.fsync(writing.fileno())
        draft.replace(file)
    progress(until, size)


def _lines_in(file: Path) -> int:
    with file.open("rb") as reading:
        return sum(piece.count(b"\n") for piece in iter(lambda: reading.read(1 << 20), b""))


def _replace(file: Path, content: bytes) -> None:
    draft = file.with_suffix(".part")
    draft.write_bytes(content)
    draft.replace(file)

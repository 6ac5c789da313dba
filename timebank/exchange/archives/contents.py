"""What else an archive holds beside the log: signed like the log, since no checkpoint says it.

The name and the time zone of a bank, and who its people are, could be exchanged on the way: whoever knows a receiver's
key can seal something for it.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from timebank.exchange.archives import people
from timebank.proofs.checkpoints import encoded
from timebank.proofs.notes import ED25519, Note, NoteError, VerifierKey, signed
from timebank.vault.signing import SigningKeys

FILE = "contents.txt"
FIRST_LINE = "timebank-archive-contents/1"
SIGNED = ("manifest.json", people.FILE)


def contents_of(folder: Path, origin: str) -> str:
    """The SHA-256 of each file of an archive that no checkpoint says anything about, as the text of a note."""
    files = [folder / name for name in SIGNED if (folder / name).exists()]
    lines = [f"{file.name} {encoded(_sha256(file))}" for file in files]
    return "\n".join([FIRST_LINE, origin, *lines, ""])


def signed_contents(folder: Path, origin: str, keys: SigningKeys) -> Note:
    """The same, signed by what signs the log."""
    return signed(contents_of(folder, origin), origin, keys.signing)


def must_be_by(folder: Path, checkpoint: Note, origin: str, keys: Iterable[VerifierKey]) -> None:
    """Raise `NoteError` unless the checkpoint, and all else of the archive, is signed by keys of the log."""
    trusted = [key for key in keys if (key.name, key.kind) == (origin, ED25519)]
    checkpoint.must_be_signed(trusted)
    try:
        note = Note.parse((folder / FILE).read_bytes())
    except OSError as error:
        raise NoteError(f"nobody signed what else is in it: {error}") from None
    note.must_be_signed(trusted)
    if note.text != contents_of(folder, origin):
        raise NoteError(f"what else is in it is not what was signed ({' or '.join(SIGNED)})")


def _sha256(file: Path) -> bytes:
    with file.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").digest()

"""What else an archive holds beside the log: signed like the log, since no checkpoint says it.

The name and the time zone of a bank, and who its people are, could be exchanged on the way: whoever knows a receiver's
key can seal something for it. So could what witnesses are said to have cosigned.
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
CHECKPOINT = "checkpoint.txt"
SIGNED = ("manifest.json", people.FILE, CHECKPOINT)


def contents_of(folder: Path, origin: str, names: Iterable[str] = SIGNED) -> str:
    """The SHA-256 of each file of an archive of which the log says nothing, as the text of a note."""
    files = [folder / name for name in names if (folder / name).exists()]
    lines = [f"{file.name} {encoded(_sha256(file))}" for file in files]
    return "\n".join([FIRST_LINE, origin, *lines, ""])


def signed_contents(folder: Path, origin: str, keys: SigningKeys) -> Note:
    """The note of `contents_of`, signed with the log's keys."""
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
    is_unwitnessed = all(each.name == origin for each in checkpoint.signatures)
    # Archives that were made before witnesses were in them do not sign the checkpoint once more.
    forms = (SIGNED, SIGNED[:2]) if is_unwitnessed else (SIGNED,)
    if note.text not in (contents_of(folder, origin, names) for names in forms):
        raise NoteError(f"what else is in it is not what was signed ({' or '.join(SIGNED)})")


def _sha256(file: Path) -> bytes:
    with file.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").digest()

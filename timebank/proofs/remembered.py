"""What was signed last, beside the signing key: no restored or rewritten database makes the service forget it."""

from pathlib import Path
from uuid import UUID

from timebank.proofs.checkpoints import Checkpoint
from timebank.proofs.notes import Note, NoteError
from timebank.vault.files import write


class Remembered:
    """The last checkpoint of each bank, in a file of its own: the signed note, as it is handed out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, bank_id: UUID) -> Note | None:
        """The note, if there is one. Raises `NoteError` if the file holds something else."""
        try:
            return Note.parse(self._file(bank_id).read_bytes())
        except FileNotFoundError:
            return None
        except NoteError as error:
            msg = f"{self._file(bank_id)}: {error}"
            raise NoteError(msg) from None

    def write(self, bank_id: UUID, note: Note) -> None:
        """Remember a note for good, unless one of a larger tree is remembered already."""
        before = self.read(bank_id)
        if before is None or Checkpoint.parse(before.text).size <= Checkpoint.parse(note.text).size:
            write(self._file(bank_id), str(note).encode())

    def _file(self, bank_id: UUID) -> Path:
        return self.folder / f"{bank_id}.txt"

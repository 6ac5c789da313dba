"""What was signed last, beside the signing key: no restored or rewritten database makes the service forget it."""

from contextlib import suppress
from pathlib import Path
from uuid import UUID

from timebank.proofs.checkpoints import Checkpoint
from timebank.proofs.notes import Note, NoteError
from timebank.vault.files import alone, write


class Remembered:
    """The last checkpoint of each log, in a file of its own: the signed note, as it is handed out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, whose: UUID | str) -> Note | None:
        """The note, if there is one. Raises `NoteError` if the file holds something else."""
        try:
            return Note.parse(self.file(whose).read_bytes())
        except FileNotFoundError:
            return None
        except NoteError as error:
            msg = f"{self.file(whose)}: {error}"
            raise NoteError(msg) from None

    def banks(self) -> list[UUID]:
        """The banks of which something is remembered."""
        found: list[UUID] = []
        for file in sorted(self.folder.glob("*.txt")):
            with suppress(ValueError):
                found.append(UUID(file.stem))
        return found

    def write(self, whose: UUID | str, note: Note) -> None:
        """Remember a note for good, unless one of a larger tree is remembered already, by whatever process."""
        with alone(self.file(whose)):
            before = self.read(whose)
            if before is None or Checkpoint.parse(before.text).size <= Checkpoint.parse(note.text).size:
                write(self.file(whose), str(note).encode())

    def file(self, whose: UUID | str) -> Path:
        """The file of a log."""
        return self.folder / f"{whose}.txt"

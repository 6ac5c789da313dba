"""Who was erased, in a file beside the keys: so that no backup brings anybody back.

A line is a bank and a volunteer, by their ids. Facts say it too; but a database that is restored has only those facts
that it had when the backup was taken.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

Whom = tuple[UUID, str]
"""A bank, and a volunteer of it."""


class Erased:
    """The list. Several processes may add to it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> set[Whom]:
        """All who are on it. Raises `OSError` if it cannot be read."""
        if not self.path.exists():
            return set()
        lines = [line.split() for line in self.path.read_text(encoding="utf8").splitlines()]
        # A line that was not written to its end, when the machine stopped, is written again at the next start.
        return {(UUID(words[0]), words[1]) for words in lines if len(words) == 2 and len(words[0]) == 36}

    def add(self, whom: Iterable[Whom]) -> None:
        """Add some, for good. Raises `OSError` if they cannot be written."""
        lines = "".join(f"{bank_id} {volunteer_id}\n" for bank_id, volunteer_id in sorted(whom))
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "rb+") as file:
            is_cut = file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
            file.write((b"\n" if is_cut else b"") + lines.encode())
            file.flush()
            os.fsync(file.fileno())

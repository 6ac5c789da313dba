"""In which line of a list something stood first, so that a row that repeats an earlier one is told which."""

import sqlite3
from collections.abc import Iterable

_TABLE = "create table line (name text primary key, line integer not null) without rowid"
_NOTE = "insert or ignore into line values (?, ?)"
_FIRST = "select line from line where name in (?)"


class Lines:
    """The first line of each name; kept in a temporary file, so that a list of any length takes little memory."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("")  # a file that has no name, and goes with the connection
        self._kept.execute(_TABLE)

    def note(self, names: Iterable[tuple[str, int]]) -> None:
        """Names, and the lines where they stand; what is noted already stays."""
        self._kept.executemany(_NOTE, names)

    def first(self, name: str) -> int | None:
        """The first line of a name, if it was noted."""
        found = self._kept.execute(_FIRST, (name,)).fetchone()
        return found[0] if found else None

    def close(self) -> None:
        """Forget them."""
        self._kept.close()

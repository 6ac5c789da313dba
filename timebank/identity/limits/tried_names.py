"""Names that were tried: by lists nobody finds out what a stranger is called whose number, or phone, they have.

A row says a number and a name, and is told whether they are one person's. Whoever may not see who that is has so many
names compared with one number, or one phone, in a day, and no more: a family shares a phone, and offices misspell.
"""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from timebank.domain.acting import Acting

MOST_NAMES = 8
REMEMBERED = 200_000
"""Of so many numbers and phones it is kept which names were tried; of more, those asked for first are forgotten."""

_BYTES = 4

MayCompare = Callable[[str, str], bool]
"""Says of a number or phone, and a name, whether they are compared."""


def always(_whose: str, _name: str) -> bool:
    """For whoever sees who everybody is."""
    return True


class TriedNames:
    """Which names were tried today. Each process counts for itself."""

    def __init__(self) -> None:
        self._tried: dict[int, bytes] = {}

    def by(self, bank_id: UUID, by: Acting, day: date) -> MayCompare:
        """What somebody's lists have compared on a day; a key counts as whoever issued it."""
        if by.governs:
            return always
        who = by.key_issued_by or by.actor

        def may_compare(whose: str, name: str) -> bool:
            return self._may(hash((bank_id, who, day, whose)), hash(name).to_bytes(8, signed=True)[:_BYTES])

        return may_compare

    def _may(self, whose: int, name: bytes) -> bool:
        tried = self._tried.get(whose, b"")
        names = {tried[at : at + _BYTES] for at in range(0, len(tried), _BYTES)}
        if name in names:
            return True
        if len(names) >= MOST_NAMES:
            return False
        if len(self._tried) >= REMEMBERED:
            self._tried = dict(list(self._tried.items())[REMEMBERED // 2 :])
        self._tried[whose] = tried + name
        return True

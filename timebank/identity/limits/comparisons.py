"""What lists had compared: by them nobody finds out the name, or the phone, of a stranger.

A row says a number, a name and a phone, and is told whether they are one person's. Whoever may not see who that is has
so many names and phones compared with one number in a day, names with one phone, and phones with one name, and no more:
a family shares a phone, and offices misspell.
"""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from timebank.domain.acting import Acting

MOST_COMPARED = 8
REMEMBERED = 200_000
"""Of so many numbers, phones and names it is kept what was compared; of more, those asked for first are forgotten."""

_BYTES = 4

MayCompare = Callable[[str, str], bool]
"""Says of two things that a row says of somebody whether they are compared: by the first it is known who is meant."""


def always(_whose: str, _said: str) -> bool:
    """For whoever sees who everybody is."""
    return True


class Comparisons:
    """How many names and phones were compared today. Each process counts for itself."""

    def __init__(self) -> None:
        self._tried: dict[int, bytes] = {}

    def by(self, bank_id: UUID, by: Acting, day: date) -> MayCompare:
        """What somebody's lists have compared on a day; a key counts as whoever issued it."""
        if by.governs:
            return always
        who = by.key_issued_by or by.actor

        def may_compare(whose: str, said: str) -> bool:
            return self._may(hash((bank_id, who, day, whose)), hash(said).to_bytes(8, signed=True)[:_BYTES])

        return may_compare

    def _may(self, whose: int, said: bytes) -> bool:
        tried = self._tried.get(whose, b"")
        before = {tried[at : at + _BYTES] for at in range(0, len(tried), _BYTES)}
        if said in before:
            return True
        if len(before) >= MOST_COMPARED:
            return False
        if len(self._tried) >= REMEMBERED:
            self._tried = dict(list(self._tried.items())[REMEMBERED // 2 :])
        self._tried[whose] = tried + said
        return True

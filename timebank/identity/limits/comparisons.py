"""What lists had compared: by them nobody finds out the name, or the phone, of a stranger.

A row says a number, a name and a phone, and is told whether they are one person's. Whoever may not see who that is has
so many names and phones compared with one number in a day, names with one phone, and phones with one name, and no more:
a family shares a phone, and offices misspell. And of phones alone that are nobody's so many are told.
"""

from datetime import date
from typing import Protocol
from uuid import UUID

from timebank.identity.principals import Principal

MOST_COMPARED = 8
MOST_UNKNOWN = 1_000
"""So many phones alone that are nobody's in a day: with any number of them the phones of all would be found."""

REMEMBERED = 200_000
"""Of so many numbers, phones and names it is kept what was compared; of more, those asked for first are forgotten."""

REMEMBERED_PEOPLE = 1_000
"""Of so many people it is kept which phones of nobody they wrote."""

_BYTES = 4


class Allowance(Protocol):
    """What somebody's lists may have compared."""

    def compares(self, whose: str, said: str) -> bool:
        """Whether two things that a row says of somebody are compared: by the first it is known who is meant."""

    def looks_up(self, phone: str, *, is_known: bool) -> bool:
        """Whether it is told if a phone alone is somebody's."""


class _All:
    """For whoever sees who everybody is."""

    def compares(self, whose: str, said: str) -> bool:
        return True

    def looks_up(self, phone: str, *, is_known: bool) -> bool:
        return True


EVERYTHING: Allowance = _All()


class _Some:
    """What is left of what one person's lists may have compared on a day."""

    def __init__(self, comparisons: "Comparisons", bank_id: UUID, who: str, day: date) -> None:
        self._comparisons = comparisons
        self._who = bank_id, who, day

    def compares(self, whose: str, said: str) -> bool:
        return self._comparisons.compare(hash((*self._who, whose)), said)

    def looks_up(self, phone: str, *, is_known: bool) -> bool:
        return self._comparisons.look_up(hash(self._who), None if is_known else phone)


class Comparisons:
    """How many names and phones were compared today. Each process counts for itself."""

    def __init__(self) -> None:
        self._compared: dict[int, bytes] = {}
        self._unknown: dict[int, set[int]] = {}

    def by(self, principal: Principal, day: date) -> Allowance:
        """What somebody's lists may have compared on a day; with a key that is counted as where people take turns."""
        is_all = principal.acting.governs
        return EVERYTHING if is_all else _Some(self, principal.bank_id, principal.turn_of, day)

    def compare(self, whose: int, said: str) -> bool:
        """Count one thing that is said of somebody, unless it was said before; false if too many were."""
        before, one = self._compared.get(whose, b""), hash(said).to_bytes(8, signed=True)[:_BYTES]
        if one in (before[at : at + _BYTES] for at in range(0, len(before), _BYTES)):
            return True
        if len(before) >= MOST_COMPARED * _BYTES:
            return False
        if len(self._compared) >= REMEMBERED:
            self._compared = dict(list(self._compared.items())[REMEMBERED // 2 :])
        self._compared[whose] = before + one
        return True

    def look_up(self, who: int, unknown: str | None) -> bool:
        """Count a phone that is nobody's, unless it was written before; false, of each phone, if too many were."""
        if len(self._unknown) >= REMEMBERED_PEOPLE:
            self._unknown = dict(list(self._unknown.items())[REMEMBERED_PEOPLE // 2 :])
        before = self._unknown.setdefault(who, set())
        if unknown is None:
            return len(before) < MOST_UNKNOWN
        if hash(unknown) not in before:
            if len(before) >= MOST_UNKNOWN:
                return False
            before.add(hash(unknown))
        return True

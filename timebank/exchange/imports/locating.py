"""What a row says of places: their names, in a column for each level; and, on a list of residents, who lives there."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from timebank.domain.facts.places import Tie
from timebank.exchange.cells.errors import CellError
from timebank.exchange.cells.texts import parse_line, squeeze
from timebank.exchange.cells.times import parse_date
from timebank.exchange.imports.rows import Cells
from timebank.exchange.imports.who import Who, read_who
from timebank.exchange.spreadsheets.columns import level_name

NO_PLACE = "no place is named"
NO_TIE = "is neither 居住 (lives) nor 工作 (works)"

_TIES: dict[str, Tie] = {
    **dict.fromkeys(("居住", "住", "居民", "常住", "lives", "lives here", "resident"), "lives"),
    **dict.fromkeys(("工作", "上班", "单位", "works", "works here"), "works"),
}


class Located(NamedTuple):
    """A place: the names of the levels that it has, from the top down, and from which day on."""

    path: tuple[tuple[str, str], ...]
    from_day: date | None
    who: Who | None = None
    tie: Tie = "lives"
    door: str | None = None

    def said(self) -> dict[str, str]:
        """What was understood of the row, in words, for whoever compares it with the list."""
        told = dict(self.path)
        if self.from_day:
            told["from_day"] = self.from_day.isoformat()
        if self.who:
            told |= {
                what: value for what in ("number", "phone", "name") if (value := getattr(self.who, what)) is not None
            }
            told["tie"] = self.tie
        if self.door:
            told["door"] = self.door
        return told


def read_place(cells: Cells, levels: Sequence[str]) -> Located:
    """A place, out of a row. Raises `RowError`."""
    path, from_day = _path(cells, levels), cells.read_if_filled("from_day", parse_date)
    cells.must_be_understood()
    return Located(path, from_day)


def read_resident(cells: Cells, levels: Sequence[str], *, is_serial: bool) -> Located:
    """Who lives where, out of a row. Raises `RowError`."""
    who = read_who(cells, is_serial=is_serial)
    path, from_day = _path(cells, levels), cells.read_if_filled("from_day", parse_date)
    tie: Tie = cells.read_if_filled("tie", _parse_tie) or "lives"
    door = cells.read_if_filled("door", parse_line)
    cells.must_be_understood()
    return Located(path, from_day, who, tie, door)


def _path(cells: Cells, levels: Sequence[str]) -> tuple[tuple[str, str], ...]:
    named = [(level, cells.read_if_filled(level_name(n), parse_line)) for n, level in enumerate(levels)]
    path = tuple((level, name) for level, name in named if name)
    if not path and not cells.problems:
        cells.add(NO_PLACE)
    return path


def _parse_tie(text: str) -> Tie:
    found = _TIES.get(squeeze(text))
    if found is None:
        raise CellError(text, NO_TIE)
    return found

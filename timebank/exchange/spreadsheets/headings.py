"""Which of the first rows of a list has the headings, and what each of its columns is read as."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Literal, NamedTuple, Self

import msgspec

from timebank.domain.text import LONGEST_KEPT, normal
from timebank.exchange.cells.durations import UNITS, Unit
from timebank.exchange.cells.errors import shown
from timebank.exchange.cells.guards import unwrap
from timebank.exchange.cells.texts import squeeze
from timebank.exchange.spreadsheets.columns import Column, Vocabulary, fold
from timebank.exchange.spreadsheets.errors import Question, QuestionsError, SpreadsheetError
from timebank.exchange.spreadsheets.lookalikes import by_heading
from timebank.exchange.spreadsheets.sources import Source
from timebank.words import Language, Phrase, Quoted

HEADINGS_WITHIN = 30
SHOWN_OTHERS = 6
SHOWN_HEADINGS = 60
MOST_COLUMNS = 500

Hidden = Literal["take", "leave"]
"""What becomes of rows that the sheet does not show."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the office has said about its list, beside the list itself.

    `ignore` has headings that are not to be read, `columns` our names of columns by headings, `units` units by
    headings. A heading can be given as #3 too: the third column. `hidden` says what becomes of hidden rows, and
    `language` in which one whoever sent the list is told about it. A list that turns out to have more than `most_rows`
    is not read on.
    """

    encoding: str | None = None
    sheet: str | None = None
    ignore: tuple[str, ...] = ()
    columns: Mapping[str, str] = {}
    units: Mapping[str, Unit] = {}
    hidden: Hidden | None = None
    language: Language = "en"
    most_rows: int | None = None


class ColumnRead(NamedTuple):
    """One column of a list: its heading, what it is read as (None if it is not), and the unit that is said for it."""

    position: int
    heading: str
    name: str | None
    unit: Unit | None = None
    is_ignored: bool = False

    @property
    def label(self) -> str:
        """How it is called: by its heading, or else by its place."""
        return self.heading or f"#{self.position + 1}"


class _Options:
    """What was said of columns, found by the place or the heading that it names: there may be hundreds of both."""

    def __init__(self, options: Iterable[str]) -> None:
        self._by_place: dict[str, tuple[int, str]] = {}
        self._by_heading: dict[str, tuple[int, str]] = {}
        for each in enumerate(options):
            self._by_place.setdefault(each[1].strip(), each)
            self._by_heading.setdefault(fold(each[1]), each)

    def about(self, position: int, heading: str) -> str | None:
        """The first that is about a column."""
        there = self._by_place.get(_place(position)), self._by_heading.get(fold(heading)) if heading else None
        return min(filter(None, there), default=(0, None))[1]


class _Wanted(NamedTuple):
    """All that was said of columns: which are ignored, which are read as what, and in which units."""

    ignore: _Options
    columns: _Options
    units: _Options
    said: Said

    @classmethod
    def of(cls, said: Said) -> Self:
        """As the office said it."""
        return cls(_Options(said.ignore), _Options(said.columns), _Options(said.units), said)


class Heading(NamedTuple):
    """A row that may have the headings: its number, its cells, what they mean, and the required columns missing."""

    line: int
    cells: list[str]
    columns: tuple[ColumnRead, ...]
    missing: list[Column]

    @property
    def recognised(self) -> int:
        """How many columns are read."""
        return sum(column.name is not None for column in self.columns)


MOST_LOOKED_AT = 200_000
MOST_CHARACTERS = 1_000_000
"""In so many cells of a file, and characters, headings are looked for, on all of its sheets: it takes some seconds."""


class TooMuchToLookAtError(SpreadsheetError):
    """There is more than headings are looked for in: what is left could be the list."""


class Looking:
    """How many cells of a file, and characters in them, were looked at for headings."""

    def __init__(self) -> None:
        self._cells = 0
        self._characters = 0

    def at(self, cells: Sequence[str]) -> None:
        """These too. Raises `TooMuchToLookAtError` if that is too many."""
        self._cells += len(cells)
        self._characters += sum(min(len(cell), LONGEST_KEPT) for cell in cells)
        if self._cells > MOST_LOOKED_AT or self._characters > MOST_CHARACTERS:
            raise TooMuchToLookAtError(TOO_MANY_SHEETS)


TOO_MANY_SHEETS = "There are too many sheets and columns to look for headings in all of them: save the list alone."


def find_heading(source: Source, vocabulary: Vocabulary, said: Said, looking: Looking) -> Heading | None:
    """The first of the first rows that has all columns that are required, or else the one that comes nearest."""
    found: list[Heading] = []
    wanted = _Wanted.of(said)
    first = takewhile(lambda row: row[0] <= HEADINGS_WITHIN, source.rows())
    for line, cells in first:
        if any(cell.strip() for cell in cells):
            looking.at(cells[: MOST_COLUMNS + 1])
            found.append(_heading(line, cells, vocabulary, wanted))
            if not found[-1].missing:
                return found[-1]
    return max(found, key=lambda heading: heading.recognised, default=None)


def _heading(line: int, cells: Sequence[str], vocabulary: Vocabulary, wanted: _Wanted) -> Heading:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    # Of a row that is too wide, which is refused, no more is looked at than shows that it is.
    width = min(width, MOST_COLUMNS + 1)
    while width <= MOST_COLUMNS and width and not _beginning(cells[width - 1]):
        width -= 1
    beginnings = map(_beginning, cells[:width])
    columns = tuple(_column(position, cell, vocabulary, wanted) for position, cell in enumerate(beginnings))
    present = {column.name for column in columns}
    missing = [
        each for each in vocabulary.columns.values() if each.required and present.isdisjoint((each.name, *each.unless))
    ]
    return Heading(line, list(cells), columns, missing)


def _beginning(cell: str) -> str:
    """A heading without its guards, as `normal` has it; of a long one its beginning, as a file has many cells."""
    return normal(unwrap(cell.strip()[:LONGEST_KEPT]))[:LONGEST_KEPT]


def _column(position: int, heading: str, vocabulary: Vocabulary, wanted: _Wanted) -> ColumnRead:
    if wanted.ignore.about(position, heading) is not None:
        return ColumnRead(position, heading, None, is_ignored=True)
    meaning = vocabulary.meaning(heading) if heading else None
    name, unit = meaning or (None, None)
    as_said = wanted.columns.about(position, heading)
    if as_said:
        name = vocabulary.find(wanted.said.columns[as_said])
        unit = vocabulary.columns[name].unit if name else None
    counted = wanted.units.about(position, heading)
    if counted:
        unit = wanted.said.units[counted]
    return ColumnRead(position, heading, name, unit)


def _place(position: int) -> str:
    """A column by its place, as one says it."""
    return f"#{position + 1}"


TOO_WIDE = "Line {line} has more than {most} columns: leave out those that are not needed."
MISSING = (
    "These columns are missing in the first {rows} rows: {wanted}. "
    "Line {line} comes nearest to headings; not known in it: {others}."
)
ONE_MISSING = "No column in line {line} is read as {wanted}. Is it one of those that are not read: {others}?"
TWINS = "Columns {first} and {second} both mean {name}: which is not to be read?"


def must_be_clear(heading: Heading | None, vocabulary: Vocabulary, said: Said) -> Heading:
    """The headings, if they are clear. Raises `SpreadsheetError` for what is missing, or said of what is not there.

    Raises `QuestionsError` for two columns that mean the same, because either choice would be a guess.
    """
    if heading is None:
        raise SpreadsheetError("The list is empty.")
    if len(heading.columns) > MOST_COLUMNS:
        raise SpreadsheetError(TOO_WIDE, line=heading.line, most=MOST_COLUMNS)
    _must_mean_columns(heading, vocabulary, said)
    if heading.missing:
        raise _missing(heading)
    twins = list(_twins(heading))
    if twins:
        raise QuestionsError(twins)
    return heading


def _missing(heading: Heading) -> SpreadsheetError:
    """What is said of columns that are missing: where there are others, which of them is meant is a question each."""
    others = [column.label for column in heading.columns if column.name is None and not column.is_ignored]
    if not others or not heading.recognised:
        wanted = "; ".join(map(described, heading.missing))
        said = {"rows": HEADINGS_WITHIN, "wanted": wanted, "line": heading.line}
        return SpreadsheetError(MISSING, **said, others=Quoted(_together(others)) if others else "none")
    return QuestionsError([_which_is(column, others, heading.line) for column in heading.missing])


def _which_is(column: Column, others: Sequence[str], line: int) -> Question:
    """Which column is one that is missing, the likely ones first."""
    names = (column.name, *column.unless)
    likely = {label: like for label in others if (like := by_heading(label, names))}
    answers = [f"column={label}={like}" for label, like in likely.items()]
    answers += [f"column={label}={column.name}" for label in others if label not in likely]
    details = {"wanted": described(column), "line": line, "others": Quoted(_together(others))}
    return Question(column.name, Phrase(ONE_MISSING, details), tuple(answers[:SHOWN_OTHERS]))


def _must_mean_columns(heading: Heading, vocabulary: Vocabulary, said: Said) -> None:
    places = {_place(column.position) for column in heading.columns}
    headings = {fold(column.heading) for column in heading.columns if column.heading}
    for option in (*said.ignore, *said.columns, *said.units):
        if option.strip() not in places and fold(option) not in headings:
            there = _together([column.label for column in heading.columns])
            template = "There is no column {column} in line {line}; there are: {there}."
            raise SpreadsheetError(template, column=shown(option), line=heading.line, there=there)
    for option, name in said.columns.items():
        if vocabulary.find(name) is None:
            known = ", ".join(vocabulary.columns)
            template = "{column} cannot be read as {name}; columns are read as: {known}."
            raise SpreadsheetError(template, column=shown(option), name=shown(name), known=known)
    for option, unit in said.units.items():
        if unit not in UNITS:
            template = "{column} cannot be in {unit}; units are: {units}."
            raise SpreadsheetError(template, column=shown(option), unit=shown(unit), units=", ".join(UNITS))


def _together(labels: Sequence[str]) -> str:
    """Headings as they are said one after the other, of very many the first."""
    return ", ".join((*labels[:SHOWN_HEADINGS], *(["…"] if len(labels) > SHOWN_HEADINGS else ())))


def described(column: Column) -> str:
    """A column with its headings, and what may be there in its place."""
    return " / ".join((f"{column.name} ({', '.join(column.headings[:4])})", *column.unless))


def _twins(heading: Heading) -> Iterator[Question]:
    first: dict[str, ColumnRead] = {}
    for column in heading.columns:
        if column.name is None:
            continue
        other = first.setdefault(column.name, column)
        if other is not column:
            same = squeeze(other.heading) == squeeze(column.heading)
            labels = [f"#{each.position + 1}" if same else each.label for each in (other, column)]
            details = {
                "first": f"{other.position + 1} {shown(other.heading)}",
                "second": f"{column.position + 1} {shown(column.heading)}",
                "name": column.name,
            }
            yield Question(column.label, Phrase(TWINS, details), tuple(f"ignore={label}" for label in labels))

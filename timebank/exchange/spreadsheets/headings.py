"""Which of the first lines of a file is its heading line, which delimiter it has, and which columns are in it."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from timebank.exchange.spreadsheets.columns import Column, squeeze
from timebank.exchange.spreadsheets.errors import SpreadsheetError
from timebank.exchange.spreadsheets.guards import unwrap

LONGEST_CELL = 100_000
HEADER_WITHIN_LINES = 5
_DELIMITERS = (",", "\t", ";", "，")


class Heading(NamedTuple):
    """A line that may be the heading line: its cells, and what is recognised in them.

    `recognised` has the name and the position of each column found, `missing` the required columns that are not there.
    """

    delimiter: str
    line: int
    record: list[str]
    recognised: list[tuple[str, int]]
    missing: list[Column]


def records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every record of a CSV text, with the line it starts on.

    Raises `SpreadsheetError` for a broken quotation, which would otherwise swallow the rows after it.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for record in reader:
            if any(len(cell) > LONGEST_CELL for cell in record):
                raise csv.Error(f"a cell is longer than {LONGEST_CELL} characters")
            yield start, record
            start = reader.line_num + 1
    except csv.Error as error:
        raise SpreadsheetError(
            f"The row that starts in line {start} cannot be read, perhaps a quotation mark is not closed: {error}."
        ) from error


def find_heading(text: str, columns: Sequence[Column], encoding: str) -> Heading:
    """The heading line of a text. Raises `SpreadsheetError` if required columns are missing, or one comes twice."""
    heading = _under_best_delimiter(text, columns)
    if heading.missing:
        wanted = "; ".join(map(_described, heading.missing))
        raise SpreadsheetError(
            f"These columns are missing in the first {HEADER_WITHIN_LINES} lines, read as {encoding}: {wanted}."
        )
    _must_have_no_twins(heading)
    return heading


def _under_best_delimiter(text: str, columns: Sequence[Column]) -> Heading:
    """The heading line under the delimiter that makes most sense of it; a wrong one may make the text unreadable."""
    if not text.strip():
        raise SpreadsheetError("The file is empty.")
    headings: list[Heading] = []
    failures: list[SpreadsheetError] = []
    for delimiter in _DELIMITERS:
        try:
            headings.append(_best_of_first_lines(text, delimiter, columns))
        except SpreadsheetError as error:
            failures.append(error)
    if not headings:
        raise failures[0]
    return max(headings, key=lambda heading: (not heading.missing, len(heading.recognised)))


def _best_of_first_lines(text: str, delimiter: str, columns: Sequence[Column]) -> Heading:
    """The first of the first lines that has all required columns, or the one that comes nearest."""
    candidates: list[Heading] = []
    for line, record in records(text, delimiter):
        if line > HEADER_WITHIN_LINES:
            break
        candidates.append(_recognise(delimiter, line, record, columns))
        if not candidates[-1].missing:
            return candidates[-1]
    return max(candidates, key=lambda heading: len(heading.recognised))


def _recognise(delimiter: str, line: int, record: list[str], columns: Sequence[Column]) -> Heading:
    names = {squeeze(header): column.name for column in columns for header in column.headers}
    keys = [squeeze(unwrap(cell)) for cell in record]
    recognised = [(names[key], position) for position, key in enumerate(keys) if key in names]
    present = {name for name, _ in recognised}
    missing = [each for each in columns if each.required and present.isdisjoint((each.name, *each.unless))]
    return Heading(delimiter, line, record, recognised, missing)


def _described(column: Column) -> str:
    """A missing column with all its headings, and what may be there in its place."""
    instead = f", or instead {', '.join(column.unless)}" if column.unless else ""
    return f"{column.name} ({', '.join(header for header in column.headers if header != column.name)}{instead})"


def _must_have_no_twins(heading: Heading) -> None:
    """Refuse two headings that mean one column, because either choice would be a guess."""
    first_at: dict[str, int] = {}
    for name, position in heading.recognised:
        first = first_at.setdefault(name, position)
        if first != position:
            raise SpreadsheetError(
                f'Line {heading.line}: columns {first + 1} "{heading.record[first]}" and {position + 1} '
                f'"{heading.record[position]}" both mean {name}; keep or rename one.'
            )

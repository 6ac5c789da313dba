"""A list, opened: in what form it is, what its columns are read as, and its rows as often as they are needed."""

from collections.abc import Iterator, Sequence
from typing import IO, NamedTuple

from timebank.exchange.cells.guards import filled, unwrap
from timebank.exchange.spreadsheets.columns import Vocabulary
from timebank.exchange.spreadsheets.decoding import encoding_of
from timebank.exchange.spreadsheets.errors import Question, QuestionsError, SpreadsheetError, TooManyRowsError
from timebank.exchange.spreadsheets.headings import (
    ColumnRead,
    Heading,
    Looking,
    Said,
    TooMuchToLookAtError,
    find_heading,
    must_be_clear,
)
from timebank.exchange.spreadsheets.sources import DELIMITERS, TOO_MANY_CELLS, Delimited, Form, OnSheet, Source
from timebank.exchange.workbooks.opening import Kind, WorkbookError, kind_of, open_workbook
from timebank.words import Phrase

MOST_FILLED = 2_000_000
"""So many cells that say something are looked at: each takes as long as many empty ones."""


class Row(NamedTuple):
    """One row: the line it starts on, its cells by the name of their column, all its cells as they were written.

    `beyond` is what stands right of the headings, where nothing should; a sheet may not show the row.
    """

    line: int
    cells: dict[str, str]
    original: list[str]
    beyond: str = ""
    is_hidden: bool = False


class Table:
    """A list whose headings are understood."""

    def __init__(self, source: Source, heading: Heading, said: Said) -> None:
        self._source = source
        self._leaves_hidden = said.hidden == "leave"
        self._most_rows = said.most_rows
        self.is_told_of_hidden = said.hidden is not None
        self.form: Form = source.form
        self.language = said.language
        self.line = heading.line
        self.header: Sequence[str] = heading.cells
        self.columns = heading.columns
        self._read = [(column.name, column.position) for column in heading.columns if column.name]
        self._positions = dict(self._read)
        self._labels = {name: heading.columns[position].label for name, position in self._read}
        self._again = {name: unwrap(heading.cells[position]) for name, position in self._read}

    def column(self, name: str) -> ColumnRead | None:
        """The column that is read as this, if there is one."""
        position = self._positions.get(name)
        return None if position is None else self.columns[position]

    def heading(self, name: str) -> str:
        """What the list calls a column; our own name, where there is none."""
        return self._labels.get(name, name)

    def is_heading_again(self, row: Row) -> bool:
        """Whether a row only repeats the headings, as on every printed page."""
        return all(row.cells[name] == self._again[name] for name in self._again)

    def rows(self) -> Iterator[Row]:
        """Every row below the headings in which anything is written.

        Raises `TooManyRowsError`, and `SpreadsheetError` for more cells than are looked at.
        """
        width, rows, said = len(self.columns), 0, 0
        for line, original in self._source.rows():
            is_hidden = self.form.view.hides(line)
            if line <= self.line or (is_hidden and self._leaves_hidden):
                continue
            cells = [filled(cell) for cell in original]
            if any(cells):
                rows += 1
                if self._most_rows is not None and rows > self._most_rows:
                    raise TooManyRowsError(self._most_rows)
                said += len(cells) - cells.count("")
                if said > MOST_FILLED:
                    raise SpreadsheetError(TOO_MANY_CELLS)
                cells += [""] * (width - len(cells))
                beyond = next((cell for cell in cells[width:] if cell), "")
                yield Row(line, {name: cells[position] for name, position in self._read}, original, beyond, is_hidden)


def open_list(file: IO[bytes], vocabulary: Vocabulary, said: Said) -> Table:
    """A list in any encoding, with any delimiter, or on any sheet of a workbook.

    Raises `SpreadsheetError` if it cannot be read, or columns are missing; `QuestionsError` if that cannot be told.
    """
    try:
        kind = kind_of(file)
        sources = _sheets(file, kind, said) if kind else _delimited(file, vocabulary, said)
    except WorkbookError as error:
        raise SpreadsheetError(str(error)) from error
    found = list(_with_headings(sources, vocabulary, said))
    if kind:
        return _on_one_sheet(found, vocabulary, said)
    source, heading = max(found, key=_how_good)
    return Table(source, must_be_clear(heading, vocabulary, said), said)


def _how_good(candidate: tuple[Source, Heading | None]) -> tuple[bool, int]:
    heading = candidate[1]
    return (not heading.missing, heading.recognised) if heading else (False, -1)


def _delimited(file: IO[bytes], vocabulary: Vocabulary, said: Said) -> list[Source]:
    if said.sheet:
        raise SpreadsheetError("This is no workbook, so it has no sheets.")
    file.seek(0)
    if not file.read(4096).strip(b"\xef\xbb\xbf \t\r\n"):
        raise SpreadsheetError("The list is empty.")
    encoding = encoding_of(file, said.encoding, vocabulary)
    return [Delimited(file, encoding, delimiter) for delimiter in DELIMITERS]


def _sheets(file: IO[bytes], kind: Kind, said: Said) -> list[Source]:
    if said.encoding:
        raise SpreadsheetError("This is a workbook, so it has no encoding that could be said.")
    workbook = open_workbook(file, kind)
    sheets = workbook.sheets
    if said.sheet:
        sheets = [sheet for sheet in workbook.sheets if sheet.name.strip() == said.sheet.strip()]
        if not sheets:
            there = ", ".join(sheet.name for sheet in workbook.sheets)
            raise SpreadsheetError("There is no sheet {sheet}; there are: {there}.", sheet=said.sheet, there=there)
    return [OnSheet(workbook, sheet) for sheet in sheets]


def _with_headings(
    sources: Sequence[Source], vocabulary: Vocabulary, said: Said
) -> Iterator[tuple[Source, Heading | None]]:
    """Each way to read a file, with the headings that are found so; a wrong delimiter may make it unreadable."""
    failures: list[SpreadsheetError] = []
    looking = Looking()
    for source in sources:
        try:
            heading = find_heading(source, vocabulary, said, looking)
        except TooMuchToLookAtError:
            raise
        except SpreadsheetError as error:
            failures.append(error)
        else:
            yield source, heading
    if failures and len(failures) == len(sources):
        raise failures[0]


def _on_one_sheet(found: Sequence[tuple[Source, Heading | None]], vocabulary: Vocabulary, said: Said) -> Table:
    """The list on the only sheet that has one. Raises `QuestionsError` if there are several."""
    lists = [(source, heading) for source, heading in found if heading and not heading.missing]
    if len(lists) > 1:  # of several, one without rows is none
        lists = [each for each in lists if next(Table(*each, said).rows(), None)] or lists
    if len(lists) > 1:
        names = [source.form.sheet or "" for source, _ in lists]
        phrase = Phrase("There is a list on each of the sheets {sheets}: which is meant?", {"sheets": ", ".join(names)})
        raise QuestionsError([Question("sheet", phrase, tuple(f"sheet={name}" for name in names))])
    source, heading = lists[0] if lists else max(found, key=_how_good, default=(None, None))
    clear = must_be_clear(heading, vocabulary, said)
    assert source is not None, "what has headings is somewhere"
    return Table(source, clear, said)

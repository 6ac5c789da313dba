"""The file of every row as it was understood, beside what became of it: to be laid beside the list and compared."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Literal

from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.results import Kind, RowVerdict
from timebank.exchange.imports.rows import RowError
from timebank.exchange.spreadsheets.columns import Vocabulary, is_level
from timebank.exchange.spreadsheets.reading import Row
from timebank.exchange.spreadsheets.writing import DelimitedWriter, WorkbookWriter
from timebank.words import Language, translated

VERDICT = "verdict"
"""The context of what is said of rows, in the catalogue."""

Form = Literal["csv", "xlsx"]

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "records": (
        *("number", "phone", "name", "activity", "category", "capacity", "started_at", "ended_at", "minutes"),
        *("place", "content", "programmes", "team", "person_in_charge"),
    ),
    "volunteers": ("number", "name", "phone", "skills"),
}
"""Which columns, where these are not all that such a list may have."""


class Understood:
    """Such a file: a workbook, or text that every spreadsheet opens. What is not understood has its reason only."""

    def __init__(self, opened: OpenedList[Any], file: IO[bytes], form: Form) -> None:
        self._opened = opened
        self._columns = opened.vocabulary.columns
        self._names = COLUMNS.get(opened.as_read.kind, tuple(self._columns))
        self._writer = _writer(opened, file, form)
        self._writer.add(self._headings())

    def _headings(self) -> Sequence[str]:
        language = self._opened.table.language
        own = [translated(each, language, VERDICT) for each in (self._opened.as_read.row_word, "result", "reason")]
        return [*own, *(heading(self._opened.vocabulary, name, language) for name in self._names)]

    def add(self, row: Row, verdict: RowVerdict) -> None:
        """Write a row as it was understood, with its verdict."""
        said: dict[str, str] = {}
        with suppress(RowError):
            said = self._opened.read(row).said()
        language = self._opened.table.language
        status = translated(verdict.status, language, VERDICT)
        reason = verdict.reason or verdict.note or ""
        told = [in_words(name, self._said(said, name), language) for name in self._names]
        self._writer.add([str(verdict.line), status, reason, *told])

    def _said(self, said: Mapping[str, str], name: str) -> str:
        """What a row says in a column; of a place it is said by the names of the levels."""
        return said.get(self._columns[name].headings[0] if is_level(name) else name, "")

    def close(self) -> None:
        """There are no more rows."""
        self._writer.close()

    def drop(self) -> None:
        """Keep nothing beside the file, though it was not made to its end."""
        self._writer.drop()


def _writer(opened: OpenedList[Any], file: IO[bytes], form: Form) -> DelimitedWriter | WorkbookWriter:
    if form == "xlsx":
        return WorkbookWriter(file, opened.as_read.sheet or "list")
    return DelimitedWriter(file, "utf-8-sig", ",")


def in_words(name: str, value: str, language: Language) -> str:
    """What a row says in a column of ours; a capacity, or what ties somebody to a place, in the words of a language."""
    return translated(value, language, "value") if value and name in {"capacity", "tie"} else value


def heading(vocabulary: Vocabulary, name: str, language: Language) -> str:
    """What a column is called: by our name, or the first of its Chinese headings; a level as the bank calls it."""
    column = vocabulary.columns.get(name)
    return column.headings[0] if column and (language == "zh" or is_level(name)) else name

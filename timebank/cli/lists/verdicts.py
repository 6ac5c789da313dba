"""How the command line tells how a list is understood, and what has become of its rows."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import rich_click as click

from timebank.cli.common import console
from timebank.exchange.imports.chunks import Judged
from timebank.exchange.imports.lists import OpenedList
from timebank.exchange.imports.results import NOT_IN, TAKEN, ColumnAsRead, ListAsRead, RowVerdict, Status
from timebank.exchange.spreadsheets.errors import QuestionsError
from timebank.exchange.spreadsheets.rejected import Rejected, suffix_of

SHOWN_REASONS = 20
STANDARD_INPUT = "<stdin>"
"""What a list is called that came from standard input."""

_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "，": "full-width commas", "|": "bars"}
_WORDS: dict[Status, str] = {
    "registered": "registered",
    "logged": "logged, and wait to be confirmed",
    "confirmed": "confirmed",
    "waiting": "logged before, and still wait to be confirmed",
    "same": "there already",
    "different": "there already, but the list says otherwise",
    "refused": "refused",
}


def tell_how_it_is_read(name: str, read: ListAsRead) -> None:
    """Tell in what form a list is, what its columns are read as, and the first rows as they are understood."""
    click.echo(f"{name}: {_form(read)}; headings in {read.row_word} {read.headings_in_line}, {read.rows} rows.")
    for column in read.columns:
        if column.read_as:
            click.echo(f"  {column.heading} → {column.read_as}{_unit(column)}")
    unread = [f"{each.heading}{f' ({each.note})' if each.note else ''}" for each in read.columns if not each.read_as]
    click.echo(f"  not read: {', '.join(unread) or 'nothing'}")
    if read.passed_over:
        lines = ", ".join(map(str, read.passed_over_lines))
        more = ", …" if read.passed_over > len(read.passed_over_lines) else ""
        click.echo(f"  passed over, with nothing in these columns: {read.passed_over} ({read.row_word} {lines}{more})")
    for note in read.notes:
        click.echo(f"  {note}")
    click.echo("The first rows as they are understood:")
    for row in read.first:
        said = "; ".join(f"{name} {value}" for name, value in row.said.items())
        click.echo(f"  {read.row_word} {row.line}: {row.problem or said}")


def _form(read: ListAsRead) -> str:
    if read.form == "csv":
        return f"text in {read.encoding}, parted by {_DELIMITERS.get(read.delimiter or '', read.delimiter)}"
    others = f" (not read: {', '.join(read.other_sheets)})" if read.other_sheets else ""
    return f"workbook .{read.form}, sheet {read.sheet}{others}"


def _unit(column: ColumnAsRead) -> str:
    note = f" ({column.note})" if column.note else ""
    return f", in {column.unit}{note}" if column.unit and column.unit != column.read_as else note


def tell_questions(error: QuestionsError) -> None:
    """Tell what has to be said before the list can be imported, and how one says it."""
    console.print("[red]Nothing was written.[/red] First it has to be said:", highlight=False)
    for question in error.questions:
        click.echo(f"  {question.text}", err=True)
        options = [_option(answer) for answer in question.answers]
        click.echo(f"    add to the command: {'  or  '.join(options)}", err=True)


def _option(answer: str) -> str:
    option, _, value = answer.partition("=")
    quoted = f"'{value}'" if any(char in value for char in " #()&;*?'\"") else value
    return f"--{option} {quoted}"


class Teller:
    """Counts verdicts, keeps the first of those that need somebody, and writes the rows that were not taken."""

    def __init__(self, opened: OpenedList[Any], *, dry_run: bool, every_row: bool) -> None:
        self._opened = opened
        self._dry_run = dry_run
        self._every_row = every_row
        self._counts: Counter[Status] = Counter()
        self._shown: list[RowVerdict] = []
        self._more = 0
        self._path: Path | None = None

    @contextlib.contextmanager
    def rejected(self, beside: Path) -> Iterator["LazyRejected"]:
        """Where the rows go that are not taken; a file only once there is one."""
        writer = LazyRejected(self._opened, beside)
        try:
            yield writer
        finally:
            self._path = writer.close()

    def take_in(self, judged: Sequence[Judged], rejected: "LazyRejected") -> None:
        """Some more rows and their verdicts."""
        for row, verdict in judged:
            self._counts[verdict.status] += 1
            if verdict.status in NOT_IN:
                rejected.add(row, verdict.reason or "")
            if self._every_row:
                self._tell_row(verdict)
            elif verdict.status not in TAKEN and len(self._shown) < SHOWN_REASONS:
                self._shown.append(verdict)
            elif verdict.status not in TAKEN:
                self._more += 1

    def tell(self) -> None:
        """Tell how many rows came to what, and where those are that were not taken."""
        would = "would be " if self._dry_run else ""
        counts = [
            f"{self._counts[status]} {would if status in TAKEN else ''}{words}"
            for status, words in _WORDS.items()
            if self._counts[status]
        ]
        click.echo(f"{', '.join(counts) or 'no rows'}.")
        for verdict in self._shown:
            self._tell_row(verdict)
        if self._more:
            click.echo(f"  … and {self._more} more; --every-row shows all")
        if self._dry_run:
            click.echo("This was a dry run: nothing was written to the bank.")
        if self._path:
            where = "on standard output" if self._path.name.startswith(STANDARD_INPUT) else f"in {self._path}"
            click.echo(f"The rows that are not in are {where}: mend them, and import that file.")

    def _tell_row(self, verdict: RowVerdict) -> None:
        reason = f": {verdict.reason}" if verdict.reason else ""
        number = f" {verdict.number}" if verdict.status == "registered" and verdict.number else ""
        click.echo(f"  {self._opened.as_read.row_word} {verdict.line}: {verdict.status}{number}{reason}")


class LazyRejected:
    """A file of rows that were not taken, beside the list, made with the first of them; whatever is there stays."""

    def __init__(self, opened: OpenedList[Any], beside: Path) -> None:
        self._opened = opened
        self._beside = beside
        self._file: IO[bytes] | None = None
        self._rejected: Rejected | None = None
        self._path: Path | None = None

    def add(self, row: Any, reason: str) -> None:
        """One more row."""
        if self._rejected is None:
            self._path, self._file = new_file(self._beside, suffix_of(self._opened.table))
            self._rejected = Rejected(self._opened.table, self._file)
        self._rejected.add(row, reason)

    def close(self) -> Path | None:
        """There are no more; where they are, if there were any."""
        if self._rejected and self._file:
            self._rejected.close()
            self._file.close()
        return self._path


def new_file(beside: Path, suffix: str) -> tuple[Path, IO[bytes]]:
    """A new file for rows that were not taken, which only its owner can read; whatever is there stays."""
    stem = beside.stem
    head, _, tail = stem.rpartition(".rejected")
    stem = head if head and (not tail or tail[1:].isdigit()) else stem
    number = 1
    while True:
        path = beside.with_name(f"{stem}.rejected{f'-{number}' if number > 1 else ''}{suffix}")
        with contextlib.suppress(FileExistsError):
            return path, os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        number += 1

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
from timebank.exchange.imports.results import NOT_IN, TAKEN, ColumnAsRead, RowVerdict, Status
from timebank.exchange.imports.understood import Understood, heading, in_words
from timebank.exchange.spreadsheets.errors import QuestionsError
from timebank.exchange.spreadsheets.rejected import Rejected, suffix_of
from timebank.words import Language, Phrase, Quoted, told, translated

SHOWN_REASONS = 20
STANDARD_INPUT = "<stdin>"
"""What a list is called that came from standard input."""

_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "，": "full-width commas", "|": "bars"}
_WORDS: dict[Status, tuple[Phrase, Phrase]] = {
    "registered": (Phrase("{rows} registered", {}), Phrase("{rows} would be registered", {})),
    "logged": (
        Phrase("{rows} logged, and wait to be confirmed", {}),
        Phrase("{rows} would be logged, and wait to be confirmed", {}),
    ),
    "confirmed": (Phrase("{rows} confirmed", {}), Phrase("{rows} would be confirmed", {})),
    "waiting": (Phrase("{rows} logged before, and still wait to be confirmed", {}),) * 2,
    "same": (Phrase("{rows} there already", {}),) * 2,
    "different": (Phrase("{rows} there already, but the list says otherwise", {}),) * 2,
    "refused": (Phrase("{rows} refused", {}),) * 2,
}
"""What is said of how many rows came to something, or would."""
HEADINGS = {
    "line": "{name}: {form}; headings in line {line}, {rows} rows.",
    "row": "{name}: {form}; headings in row {line}, {rows} rows.",
}
_COMMA: dict[Language, str] = {"en": ", ", "zh": "，"}


class ListTeller:
    """Tells how a list is understood, in the language of whoever sent it."""

    def __init__(self, name: str, opened: OpenedList[Any], language: Language) -> None:
        self._name = name
        self._read = opened.as_read
        self._vocabulary = opened.vocabulary
        self._language: Language = language

    def tell(self) -> None:
        """In what form it is, what its columns are read as, and the first rows as they are understood."""
        read = self._read
        about = {"name": Quoted(self._name), "form": self._form(), "line": read.headings_in_line, "rows": read.rows}
        self._say(HEADINGS[read.row_word], **about)
        for column in read.columns:
            if column.read_as:
                click.echo(f"  {column.heading} → {self._heading(column.read_as)}{self._unit(column)}")
        unread = [
            f"{each.heading}{f' ({each.note})' if each.note else ''}" for each in read.columns if not each.read_as
        ]
        self._say(
            "  not read: {columns}",
            columns=Quoted(_COMMA[self._language].join(unread)) if unread else Phrase("nothing", {}),
        )
        if read.passed_over:
            lines = _lines(read.passed_over_lines, read.passed_over)
            self._say(
                "  passed over, with nothing in these columns: {rows} ({lines})", rows=read.passed_over, lines=lines
            )
        if read.hidden:
            lines = _lines(read.hidden_lines, read.hidden)
            self._say("  rows that the sheet hides: {rows} ({lines})", rows=read.hidden, lines=lines)
        for note in read.notes:
            click.echo(f"  {note}")
        self._say("The first rows as they are understood:")
        for row in read.first:
            told_of = ((name, in_words(name, value, self._language)) for name, value in row.said.items())
            said = "; ".join(f"{self._heading(name)} {value}" for name, value in told_of)
            self._say(LINE[read.row_word], line=row.line, said=Quoted(row.problem or said))

    def _say(self, template: str, **details: Any) -> None:
        click.echo(told(template, details, self._language))

    def _heading(self, name: str) -> str:
        return heading(self._vocabulary, name, self._language)

    def _form(self) -> Phrase:
        read = self._read
        if read.form == "csv":
            parted = _DELIMITERS.get(read.delimiter or "", read.delimiter)
            return Phrase("text in {encoding}, parted by {delimiter}", {"encoding": read.encoding, "delimiter": parted})
        said = {"form": read.form, "sheet": read.sheet, "others": ", ".join(read.other_sheets)}
        if read.other_sheets:
            return Phrase("workbook .{form}, sheet {sheet} (not read: {others})", said)
        return Phrase("workbook .{form}, sheet {sheet}", said)

    def _unit(self, column: ColumnAsRead) -> str:
        note = f" ({column.note})" if column.note else ""
        if not column.unit or column.unit == column.read_as:
            return note
        return told(", in {unit}", {"unit": column.unit}, self._language) + note


LINE = {"line": "  line {line}: {said}", "row": "  row {line}: {said}"}
VERDICT = {"line": "  line {line}: {status}{number}{reason}", "row": "  row {line}: {status}{number}{reason}"}


def _lines(some: Sequence[int], all_of_them: int) -> str:
    return ", ".join(map(str, some)) + (", …" if all_of_them > len(some) else "")


def tell_questions(error: QuestionsError, language: Language) -> None:
    """Tell what has to be said before the list can be imported, and how one says it."""
    nothing = told("Nothing was written. First it has to be said:", {}, language)
    console.print(f"[red]{nothing}[/red]", highlight=False)
    for question in error.questions:
        click.echo(f"  {told(*question.phrase, language)}", err=True)
        either = told("  or  ", {}, language).join(_option(answer) for answer in question.answers)
        click.echo(told("    add to the command: {options}", {"options": either}, language), err=True)


def _option(answer: str) -> str:
    option, _, value = answer.partition("=")
    quoted = f"'{value}'" if any(char in value for char in " #()&;*?<>|$!`\"'") else value
    return f"--{option} {quoted}"


class Teller:
    """Counts verdicts, keeps the first of those that need somebody, and writes the rows that were not taken."""

    def __init__(
        self, opened: OpenedList[Any], *, dry_run: bool, every_row: bool, understood: Path | None = None
    ) -> None:
        self._opened = opened
        self._language = opened.table.language
        self._dry_run = dry_run
        self._every_row = every_row
        self._counts: Counter[Status] = Counter()
        self._shown: list[RowVerdict] = []
        self._more = 0
        self._path: Path | None = None
        self._understood_path = understood
        self._understood: Understood | None = None

    @contextlib.contextmanager
    def files(self, beside: Path) -> Iterator["LazyRejected"]:
        """Where the rows go that are not taken, a file only once there is one; and where all go, if that is wanted."""
        with contextlib.ExitStack() as stack:
            if self._understood_path:
                file = stack.enter_context(_made(self._understood_path))
                is_workbook = self._understood_path.suffix.lower() == ".xlsx"
                self._understood = Understood(self._opened, file, "xlsx" if is_workbook else "csv")
                stack.callback(self._understood.close)
            writer = LazyRejected(self._opened, beside, dry_run=self._dry_run)
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
            if self._understood:
                self._understood.add(row, verdict)
            self._keep(verdict)

    def _keep(self, verdict: RowVerdict) -> None:
        """Show a verdict, or keep it to be shown, if somebody has to look at it."""
        if self._every_row:
            self._tell_row(verdict)
        elif verdict.status in TAKEN and not verdict.note:
            return
        elif len(self._shown) < SHOWN_REASONS:
            self._shown.append(verdict)
        else:
            self._more += 1

    def tell(self) -> None:
        """Tell how many rows came to what, and where those are that were not taken."""
        counts = [
            told(phrases[self._dry_run].template, {"rows": self._counts[status]}, self._language)
            for status, phrases in _WORDS.items()
            if self._counts[status]
        ]
        self._say("{counts}.", counts=_COMMA[self._language].join(counts) or Phrase("no rows", {}))
        for verdict in self._shown:
            self._tell_row(verdict)
        if self._more:
            self._say("  … and {more} more; --every-row shows all", more=self._more)
        if self._dry_run:
            self._say("This was a dry run: nothing was written to the bank.")
        if self._understood_path:
            self._say("How every row was understood is in {file}.", file=Quoted(self._understood_path))
        if self._path:
            self._tell_rejected(self._path)

    def _tell_rejected(self, path: Path) -> None:
        if path.name.startswith(STANDARD_INPUT):
            self._say("The rows that are not in are on standard output: mend them, and import that file.")
        elif self._dry_run:
            self._say("The rows that would not be in are in {file}: mend them in the list itself.", file=Quoted(path))
        else:
            self._say("The rows that are not in are in {file}: mend them, and import that file.", file=Quoted(path))

    def _say(self, template: str, **details: Any) -> None:
        click.echo(told(template, details, self._language))

    def _tell_row(self, verdict: RowVerdict) -> None:
        why = "; ".join(each for each in (verdict.reason, verdict.note) if each)
        number = f" {verdict.number}" if verdict.status == "registered" and verdict.number else ""
        status = translated(verdict.status, self._language, "verdict")
        word = self._opened.as_read.row_word
        details = {
            "line": verdict.line,
            "status": status,
            "number": number,
            "reason": Quoted(f": {why}" if why else ""),
        }
        self._say(VERDICT[word], **details)


def _made(path: Path) -> IO[bytes]:
    """A new file. Raises `click.ClickException` if there is one of its name already."""
    try:
        return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    except FileExistsError:
        raise click.ClickException(f"{path} is there already; give another name.") from None


class LazyRejected:
    """A file of rows that were not taken, beside the list, made with the first of them; whatever is there stays."""

    def __init__(self, opened: OpenedList[Any], beside: Path, *, dry_run: bool) -> None:
        self._opened = opened
        self._kind = ".dry-run" if dry_run else ""
        self._beside = beside
        self._file: IO[bytes] | None = None
        self._rejected: Rejected | None = None
        self._path: Path | None = None

    def add(self, row: Any, reason: str) -> None:
        """One more row."""
        if self._rejected is None:
            self._path, self._file = new_file(self._beside, self._kind, suffix_of(self._opened.table))
            self._rejected = Rejected(self._opened.table, self._file)
        self._rejected.add(row, reason)

    def close(self) -> Path | None:
        """There are no more; where they are, if there were any."""
        if self._rejected and self._file:
            self._rejected.close()
            self._file.close()
        return self._path


def new_file(beside: Path, kind: str, suffix: str) -> tuple[Path, IO[bytes]]:
    """A new file for rows that were not taken, which only its owner can read; whatever is there stays.

    The name of one that a dry run made says so.
    """
    stem = beside.stem
    head, _, tail = stem.rpartition(".rejected")
    stem = head.removesuffix(".dry-run") if head and (not tail or tail[1:].isdigit()) else stem
    number = 1
    while True:
        path = beside.with_name(f"{stem}{kind}.rejected{f'-{number}' if number > 1 else ''}{suffix}")
        with contextlib.suppress(FileExistsError):
            return path, os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        number += 1

"""Opening a list: how it is understood, told before anything is written; and its rows, as often as they are needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from timebank.domain.person import Skills
from timebank.domain.refusing import Refusal
from timebank.exchange.cells.errors import shown
from timebank.exchange.cells.guards import filled
from timebank.exchange.cells.people import parse_phone
from timebank.exchange.cells.texts import parse_line, parse_lines, squeeze
from timebank.exchange.imports.counting import Counted
from timebank.exchange.imports.locating import Located, read_place, read_resident
from timebank.exchange.imports.results import Asked, ColumnAsRead, Kind, ListAsRead, RowAsRead, RowVerdict
from timebank.exchange.imports.rows import Cells, RowError, told_together
from timebank.exchange.imports.service import Served, read_service
from timebank.exchange.spreadsheets.columns import (
    RECORD_COLUMNS,
    VOLUNTEER_COLUMNS,
    Vocabulary,
    place_columns,
    resident_columns,
)
from timebank.exchange.spreadsheets.errors import Question, QuestionsError
from timebank.exchange.spreadsheets.headings import ColumnRead, Said
from timebank.exchange.spreadsheets.lookalikes import Looks, by_heading
from timebank.exchange.spreadsheets.reading import Row, Table, open_list
from timebank.exchange.spreadsheets.rejected import REASON_HEADING
from timebank.words import Language, Phrase, Quoted, told

RECORDS = Vocabulary(RECORD_COLUMNS)
VOLUNTEERS = Vocabulary(VOLUNTEER_COLUMNS)

TURNED_DOWN = (
    "{column} is not read, but says {said} in line {line}, and the like in {rows} rows: would the office take those? "
    "Take them out of the list, or say that the column is to be ignored: then all are taken. Is it to be ignored?"
)
HIDDEN = "The sheet hides {rows} of the rows ({lines}), perhaps by a filter: are they to be taken, or left out?"
ALL_RESIDENTS = "There is no column for the capacity: all are taken as residents."
MERGED = "Cells that stretch over several rows are read in each of them: rows {rows}."
LOOKALIKE = "{column} is not read, but looks like {like}: is it to be ignored?"

SHOWN_ROWS = 3
SHOWN_LINES = 20

E = TypeVar("E")


class Person(NamedTuple):
    """Somebody on a list of volunteers; `number` is what stands in the column of numbers, if that means anything."""

    name: str
    phone: str | None
    skills: tuple[str, ...]
    number: str | None

    def said(self) -> dict[str, str]:
        """What was understood of the row, in words, for whoever compares it with the list."""
        told = {"number": self.number, "name": self.name, "phone": self.phone, "skills": "; ".join(self.skills)}
        return {name: value for name, value in told.items() if value}


class OpenedList(Generic[E]):
    """A list that is understood: how, in `as_read`; its rows, and what each of them says."""

    def __init__(
        self,
        table: Table,
        vocabulary: Vocabulary,
        as_read: ListAsRead,
        read: Callable[[Row], E],
        questions: Sequence[Question],
    ) -> None:
        self.table = table
        self.vocabulary = vocabulary
        self.as_read = as_read
        self.questions = questions
        self.read = read
        """What a row says. Raises `RowError`."""

    def say(self, *phrases: Phrase) -> str:
        """What is to be said of the list, in the language of whoever sent it."""
        return told_together(phrases, self.table.language)

    def refused(self, row: Row, why: RowError | Refusal | Phrase) -> RowVerdict:
        """A row that is not taken."""
        match why:
            case RowError():
                reason = self.say(*why.phrases)
            case Refusal():
                reason = told(why.template, _in_words_of(row, why.details), self.table.language)
            case _:
                reason = self.say(why)
        return RowVerdict(line=row.line, status="refused", reason=reason)

    def must_be_clear(self) -> None:
        """Raises `QuestionsError` if something has to be said first."""
        if self.questions:
            raise QuestionsError(self.questions)

    def rows(self) -> Iterator[Row]:
        """The rows that say something."""
        return (row for row in self.table.rows() if why_passed_over(self.table, row) is None)


def _in_words_of(row: Row, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """What fills a refusal, with whom it is about as the row calls them: nobody knows ids of people."""
    who = next((row.cells[name] for name in ("number", "phone", "name") if row.cells.get(name)), None)
    return {name: Quoted(who) if who and str(said).startswith("vol_") else said for name, said in details.items()}


def why_passed_over(table: Table, row: Row) -> str | None:
    """Why a row is not looked at, if it is not."""
    if not any(row.cells.values()):
        return "nothing in a column that is read"
    return "the headings again" if table.is_heading_again(row) else None


def open_records(file: IO[bytes], said: Said, zone: ZoneInfo) -> OpenedList[Served]:
    """A list of service, understood. Raises `SpreadsheetError`."""
    table = open_list(file, RECORDS, said)
    counted = Counted(table, zone, frozenset(_labels(table, said)), ("phone", "volunteer"))
    survey = _Survey(table, "records", RECORDS)
    for row in table.rows():
        if survey.take_in(row):
            counted.take_in(row)
    counting = counted.result()

    def read(row: Row) -> Served:
        return read_service(Cells(table, row), zone, counting)

    questions = [question for each in counted.units.values() if (question := each.question())]
    notes = {name: each.notes for name, each in counted.units.items() if each.notes}
    units = {name: each.unit for name, each in counted.units.items() if each.unit}
    if counted.is_serial:
        notes["number"] = [counted.serial_note]
    remarks = [] if table.column("capacity") else [Phrase(ALL_RESIDENTS, {})]
    questions += survey.questions()
    as_read = survey.told(notes, units, questions, remarks, lambda row: read(row).said())
    return OpenedList(table, RECORDS, as_read, read, questions)


def open_volunteers(file: IO[bytes], said: Said) -> OpenedList[Person]:
    """A list of volunteers, understood. Raises `SpreadsheetError`."""
    table = open_list(file, VOLUNTEERS, said)
    counted = Counted(table, ZoneInfo("UTC"), frozenset(), ("name",))
    survey = _Survey(table, "volunteers", VOLUNTEERS)
    for row in table.rows():
        if survey.take_in(row):
            counted.take_in(row)
    is_serial = counted.is_serial

    def read(row: Row) -> Person:
        return _read_person(Cells(table, row), is_serial=is_serial)

    notes = {"number": [counted.serial_note]} if is_serial else {}
    questions = list(survey.questions())
    as_read = survey.told(notes, {}, questions, [], lambda row: read(row).said())
    return OpenedList(table, VOLUNTEERS, as_read, read, questions)


def open_places(file: IO[bytes], said: Said, levels: Sequence[str]) -> OpenedList[Located]:
    """A list of places, with a column for each level, understood. Raises `SpreadsheetError`."""
    vocabulary = Vocabulary(place_columns(levels))
    table = open_list(file, vocabulary, said)
    survey = _Survey(table, "places", vocabulary)
    for row in table.rows():
        survey.take_in(row)

    def read(row: Row) -> Located:
        return read_place(Cells(table, row), levels)

    questions = list(survey.questions())
    as_read = survey.told({}, {}, questions, [], lambda row: read(row).said())
    return OpenedList(table, vocabulary, as_read, read, questions)


def open_residents(file: IO[bytes], said: Said, levels: Sequence[str]) -> OpenedList[Located]:
    """A list of residents: who, and where, in a column for each level. Raises `SpreadsheetError`."""
    vocabulary = Vocabulary(resident_columns(levels))
    table = open_list(file, vocabulary, said)
    counted = Counted(table, ZoneInfo("UTC"), frozenset(), ("phone",))
    survey = _Survey(table, "residents", vocabulary)
    for row in table.rows():
        if survey.take_in(row):
            counted.take_in(row)
    is_serial = counted.is_serial

    def read(row: Row) -> Located:
        return read_resident(Cells(table, row), levels, is_serial=is_serial)

    notes = {"number": [counted.serial_note]} if is_serial else {}
    questions = list(survey.questions())
    as_read = survey.told(notes, {}, questions, [], lambda row: read(row).said())
    return OpenedList(table, vocabulary, as_read, read, questions)


def _read_person(cells: Cells, *, is_serial: bool) -> Person:
    phone = cells.read_if_filled("phone", parse_phone)
    name = cells.read("name", parse_line, "")
    skills = cells.read("skills", lambda text: parse_lines(text, Skills), _NO_SKILLS)
    number = None if is_serial else cells.read_if_filled("number", parse_line)
    cells.must_be_understood()
    return Person(name, phone, skills, number)


_NO_SKILLS: tuple[str, ...] = ()


def _labels(table: Table, said: Said) -> Iterator[str]:
    """The columns whose unit somebody has said."""
    for column in table.columns:
        places = (f"#{column.position + 1}", squeeze(column.heading))
        if any(option == places[0] or squeeze(option) == places[1] for option in said.units):
            yield column.label


class _Survey:
    """Goes through a list, and sees what is read, what is not, and what is passed over."""

    def __init__(self, table: Table, kind: Kind, vocabulary: Vocabulary) -> None:
        self._table = table
        self._kind: Kind = kind
        names = set(vocabulary.columns)
        self._names = names
        unread = list(self._unread())
        self._looks = {column.position: Looks(column.heading, names, len(unread)) for column in unread}
        self._rows = 0
        self._passed_over: list[int] = []
        self._passed_over_rows = 0
        self._hidden = 0
        self._hidden_lines: list[int] = []
        self._first: list[Row] = []

    def _unread(self) -> Iterator[ColumnRead]:
        return (each for each in self._table.columns if each.name is None and each.heading != REASON_HEADING)

    def take_in(self, row: Row) -> bool:
        """Take in one more row; says whether it has anything in it."""
        for position, looks in self._looks.items():
            looks.take_in(filled(row.original[position]) if position < len(row.original) else "", row.line)
        if why_passed_over(self._table, row):
            self._passed_over_rows += 1
            if len(self._passed_over) < SHOWN_LINES:
                self._passed_over.append(row.line)
            return False
        self._rows += 1
        if row.is_hidden:
            self._hidden += 1
            if len(self._hidden_lines) < SHOWN_LINES:
                self._hidden_lines.append(row.line)
        if len(self._first) < SHOWN_ROWS:
            self._first.append(row)
        return True

    def told(
        self,
        notes: dict[str, list[Phrase]],
        units: Mapping[str, str],
        questions: Sequence[Question],
        remarks: Sequence[Phrase],
        said: Callable[[Row], dict[str, str]],
    ) -> ListAsRead:
        """How the list is understood."""
        form, table, language = self._table.form, self._table, self._table.language
        return ListAsRead(
            kind=self._kind,
            form=form.kind,
            encoding=form.encoding,
            delimiter=form.delimiter,
            sheet=form.sheet,
            other_sheets=list(form.other_sheets),
            headings_in_line=table.line,
            rows=self._rows,
            columns=[self._column(each, notes, units) for each in table.columns if each.heading != REASON_HEADING],
            first=[_as_read(row, said, language) for row in self._first],
            passed_over=self._passed_over_rows,
            passed_over_lines=self._passed_over,
            hidden=self._hidden,
            hidden_lines=self._hidden_lines,
            notes=[told(*each, language) for each in (*remarks, *self._remarks())],
            questions=[
                Asked(about=each.about, question=told(*each.phrase, language), answers=list(each.answers))
                for each in questions
            ],
        )

    def _remarks(self) -> Iterator[Phrase]:
        """What the sheet is like, where that matters."""
        form, line = self._table.form, self._table.line
        merged = [f"{first}-{last}" for first, last in form.view.merged if last > line]
        if merged:
            yield Phrase(MERGED, {"rows": ", ".join(merged[:SHOWN_LINES])})

    def _column(self, column: ColumnRead, notes: Mapping[str, list[Phrase]], units: Mapping[str, str]) -> ColumnAsRead:
        name = column.name
        said = [Phrase("hidden", {})] if self._table.form.view.hides_column(column.position) else []
        if name is None:
            said += [Phrase("empty", {})] if self._looks[column.position].is_empty else []
        said += notes.get(name or "", [])
        note = told_together(said, self._table.language) or None
        if name is None:
            return ColumnAsRead(heading=column.label, note=note)
        return ColumnAsRead(
            heading=column.label,
            read_as=None if name == "number" and name in notes else name,
            unit=units.get(name, column.unit),
            note=note,
        )

    def questions(self) -> Iterator[Question]:
        """What has to be said of rows and columns before the list can be imported."""
        if self._hidden and not self._table.is_told_of_hidden:
            lines = ", ".join(map(str, self._hidden_lines)) + (", …" if self._hidden > SHOWN_LINES else "")
            phrase = Phrase(HIDDEN, {"rows": self._hidden, "lines": lines})
            yield Question("hidden", phrase, ("hidden=take", "hidden=leave"))
        for column in self._unread():
            looks = self._looks[column.position]
            if looks.turned_down and not column.is_ignored:
                line, cell = looks.turned_down_first
                details = {"column": shown(column.label), "said": shown(cell), "rows": looks.turned_down, "line": line}
                yield Question(column.label, Phrase(TURNED_DOWN, details), (f"ignore={column.label}",))
        yield from self._lookalikes()

    def _lookalikes(self) -> Iterator[Question]:
        """Of each column that is not read and looks like one we know, unless somebody has said so: is it one?"""
        for column in self._unread():
            looks = self._looks[column.position]
            if looks.is_empty or column.is_ignored or looks.turned_down:
                continue
            like = by_heading(column.heading, self._names) or looks.like()
            if like:
                label = column.label
                means = (RECORDS if self._kind == "records" else VOLUNTEERS).columns[like].headings[0]
                phrase = Phrase(LOOKALIKE, {"column": shown(label), "like": f"{like} ({means})"})
                yield Question(label, phrase, (f"ignore={label}", f"column={label}={like}"))


def _as_read(row: Row, said: Callable[[Row], dict[str, str]], language: Language) -> RowAsRead:
    try:
        return RowAsRead(line=row.line, said=said(row))
    except RowError as error:
        return RowAsRead(line=row.line, problem=told_together(error.phrases, language))

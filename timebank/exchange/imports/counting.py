"""What only a whole list can tell: in which unit a column counts, and whether a column of numbers only counts rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from timebank.exchange.cells.durations import UNITS, Amount, Unit, parse_amount
from timebank.exchange.cells.errors import CellError, shown
from timebank.exchange.cells.people import is_number, is_serial
from timebank.exchange.imports.rows import Cells
from timebank.exchange.imports.service import CLAIMS, Counting, read_times
from timebank.exchange.spreadsheets.errors import Question
from timebank.exchange.spreadsheets.headings import ColumnRead
from timebank.exchange.spreadsheets.reading import Row, Table
from timebank.words import Phrase, Quoted

EXAMPLES = 3

ANOTHER_UNIT = "{column} is in {unit} by its heading, but from start to end it is right in {others}: which is it?"
TWO_UNITS = "{column} has two units: from start to end it is right in {units} rows. Which is it?"
NO_UNIT = "{column} says {examples}: are these minutes or hours?"


class UnitOf:
    """In which unit the bare numbers of a column count: what its heading says, and what start and end say."""

    def __init__(self, column: ColumnRead, *, is_said: bool) -> None:
        self.column = column
        self._is_said = is_said
        self._examples: list[str] = []
        self._agreeing: Counter[Unit] = Counter()
        self._bare = 0
        self._less = 0

    def take_in(self, text: str, intervals: list[Decimal]) -> None:
        """Look at a cell. `intervals` are the minutes from start to end, with and without a break, if known."""
        try:
            amount = parse_amount(text)
        except CellError:
            return  # that row will be refused
        if not amount.is_bare or amount.number == 0:
            return
        self._bare += 1
        if len(self._examples) < EXAMPLES and text not in self._examples:
            self._examples.append(text)
        self._weigh(amount, intervals)

    def _weigh(self, amount: Amount, intervals: list[Decimal]) -> None:
        agreeing = [unit for unit in UNITS if any(amount.agrees(unit, interval) for interval in intervals)]
        self._agreeing.update(agreeing)
        self._less += bool(intervals) and not agreeing

    @property
    def unit(self) -> Unit | None:
        """The unit that holds for the whole column; None where no bare number needs one, or that is a question."""
        if self.column.unit:
            return self.column.unit
        return next(iter(self._agreeing)) if len(self._agreeing) == 1 else None

    @property
    def notes(self) -> list[Phrase]:
        """Why it is in that unit, and what else was seen."""
        notes = []
        if self.unit and not self.column.unit:
            rows = self._agreeing[self.unit]
            notes.append(Phrase("in {rows} rows that is the time from start to end", {"rows": rows}))
        if self.unit and self._less:
            notes.append(Phrase("in {rows} rows it is not the time from start to end", {"rows": self._less}))
        return notes

    def question(self) -> Question | None:
        """What has to be said of the column, if anything."""
        said = self.column.unit
        label = self.column.label
        answers = tuple(f"unit={label}={unit}" for unit in UNITS if unit != "days" or self._agreeing["days"])
        if said and not self._is_said and self._agreeing and said not in self._agreeing:
            details = {"column": Quoted(label), "unit": said, "others": " or ".join(self._agreeing)}
            return Question(label, Phrase(ANOTHER_UNIT, details), answers)
        if said or not self._bare or len(self._agreeing) == 1:
            return None
        if self._agreeing:
            units = ", ".join(f"{unit} ({rows})" for unit, rows in self._agreeing.items())
            return Question(label, Phrase(TWO_UNITS, {"column": Quoted(label), "units": units}), answers)
        return Question(
            label, Phrase(NO_UNIT, {"column": Quoted(label), "examples": ", ".join(self._examples)}), answers
        )


class Counted:
    """Goes through a list, and finds out what only the whole of it can tell."""

    def __init__(self, table: Table, zone: ZoneInfo, said_units: frozenset[str], beside: Sequence[str]) -> None:
        """`beside` are the columns that tell who it is, where the numbers do not."""
        self._table = table
        self._beside = beside
        self._zone = zone
        columns = [column for name in ("break", *CLAIMS) if (column := table.column(name))]
        self.units = {
            column.name: UnitOf(column, is_said=column.label in said_units) for column in columns if column.name
        }
        self._numbers = self._serials = self._filled = 0
        self._examples: list[str] = []

    def take_in(self, row: Row) -> None:
        """One more row."""
        number = row.cells.get("number")
        if number:
            self._filled += 1
            self._numbers += is_number(number)
            self._serials += is_serial(number)
            if len(self._examples) < EXAMPLES:
                self._examples.append(number)
        filled = {name: text for name in self.units if (text := row.cells.get(name))}
        if filled:
            self._weigh(row, filled)

    def _weigh(self, row: Row, filled: Mapping[str, str]) -> None:
        cells = Cells(self._table, row)
        times = read_times(cells, self._zone)
        interval = times.minutes if times else None
        intervals = [] if interval is None else [interval]
        taken_off = self._taken_off(filled.get("break"))
        if interval is not None and taken_off:
            intervals.append(interval - taken_off)
        for name, text in filled.items():
            self.units[name].take_in(text, [] if name == "break" else intervals)

    def _taken_off(self, text: str | None) -> Decimal | None:
        unit = self.units["break"].column.unit if text else None
        try:
            amount = parse_amount(text) if text else None
        except CellError:
            return None
        if amount is None or (amount.is_bare and unit is None):
            return None
        return amount.minutes(unit or "minutes")

    @property
    def is_serial(self) -> bool:
        """Whether the column of numbers only counts the rows, and something else says who it is."""
        return (
            any(self._table.column(name) for name in self._beside)
            and self._filled > 0
            and self._numbers == 0
            and self._serials * 2 >= self._filled
        )

    @property
    def serial_note(self) -> Phrase:
        """What is said of such a column."""
        return Phrase("no volunteers' numbers: {examples}", {"examples": ", ".join(map(shown, self._examples))})

    def result(self) -> Counting:
        """What was found out."""
        return Counting({name: each.unit for name, each in self.units.items() if each.unit}, self.is_serial)

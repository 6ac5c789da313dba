"""What there is to be told about a list, plainly: how it is understood, and what becomes of each row."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Kind = Literal["volunteers", "records", "places", "residents"]
"""What a list is about."""


class ColumnAsRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a list: `read_as` is our name for it (null if it is not read), `unit` what bare numbers count in."""

    heading: str
    read_as: str | None = None
    unit: str | None = None
    note: str | None = None


class RowAsRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row as it is understood, by column; or why it is not."""

    line: int
    said: Mapping[str, str] = {}
    problem: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be said before the list can be imported, and which answers there are, as `ignore=备注电话`."""

    about: str
    question: str
    answers: list[str]


class ListAsRead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a list is understood, before anything is written.

    `form` is csv, xlsx, xls or ods. `passed_over` are the lines in which nothing stands in a column that is read, and
    those that repeat the headings: the first of them, and how many there are. `hidden` are those that are taken, but
    the sheet does not show.
    """

    kind: Kind
    form: str
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    other_sheets: list[str] = []
    headings_in_line: int
    rows: int
    columns: list[ColumnAsRead]
    first: list[RowAsRead]
    passed_over: int = 0
    passed_over_lines: list[int] = []
    hidden: int = 0
    hidden_lines: list[int] = []
    notes: list[str] = []
    questions: list[Asked] = []

    @property
    def row_word(self) -> str:
        """What one calls a row: a line of a file, or a row of a sheet."""
        return "line" if self.form == "csv" else "row"


Status = Literal["registered", "logged", "confirmed", "waiting", "same", "different", "refused"]
"""What becomes of a row.

registered, logged, confirmed: new, or confirmed now; waiting: logged before, and not confirmed yet; same: there before,
and nothing to do; different: there before, but the list says otherwise; refused: not taken.
"""

TAKEN: frozenset[Status] = frozenset({"registered", "logged", "confirmed"})
NOT_IN: frozenset[Status] = frozenset({"different", "refused"})
"""What the bank does not say as the list does: these rows go back to the office."""


class RowVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of one row, and why; `id` and `number` are those of the record or volunteer, where there is one.

    A row that is taken may have a `note`: what was passed over in it.
    """

    line: int
    status: Status
    reason: str | None = None
    note: str | None = None
    id: str | None = None
    number: str | None = None

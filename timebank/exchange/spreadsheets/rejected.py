"""The file of the rows that were not taken: as they came in, each behind its reason, to be mended and imported."""

from collections.abc import Sequence
from typing import IO

from timebank.exchange.cells.guards import unwrap
from timebank.exchange.spreadsheets.reading import Row, Table
from timebank.exchange.spreadsheets.writing import DelimitedWriter, WorkbookWriter

REASON_HEADING = "reason / 原因"
_HOLD_EVERYTHING = {"utf-8-sig", "utf-16-le", "utf-16-be", "gb18030"}


class Rejected:
    """Such a file, in the form that the list has: a workbook, or text in the same encoding with the same delimiter.

    Only an encoding that has not every character, or that could not be told again, becomes UTF-8.
    """

    def __init__(self, table: Table, file: IO[bytes]) -> None:
        self._table = table
        self._file = file
        self._writer: DelimitedWriter | WorkbookWriter | None = None
        self._stale = {position for position, cell in enumerate(table.header) if unwrap(cell) == REASON_HEADING}
        self.rows = 0

    def add(self, row: Row, reason: str) -> None:
        """One more row."""
        if self._writer is None:
            self._writer = self._begun()
            self._write(REASON_HEADING, self._table.header)
        self._write(reason, row.original)
        self.rows += 1

    def close(self) -> None:
        """There are no more rows."""
        if self._writer:
            self._writer.close()

    def drop(self) -> None:
        """Keep nothing beside the file, though it was not made to its end."""
        if self._writer:
            self._writer.drop()

    def _write(self, reason: str, cells: Sequence[str]) -> None:
        assert self._writer, "it was begun"
        self._writer.add([reason, *(cell for position, cell in enumerate(cells) if position not in self._stale)])

    def _begun(self) -> DelimitedWriter | WorkbookWriter:
        form = self._table.form
        if form.kind != "csv":
            return WorkbookWriter(self._file, form.sheet or "Sheet1")
        is_told = form.encoding != "gb18030" or any(not cell.isascii() for cell in self._table.header)
        encoding = form.encoding if form.encoding in _HOLD_EVERYTHING and is_told else "utf-8-sig"
        return DelimitedWriter(self._file, encoding or "utf-8-sig", form.delimiter or ",")


def suffix_of(table: Table) -> str:
    """What the name of such a file ends in."""
    return ".csv" if table.form.kind == "csv" else ".xlsx"

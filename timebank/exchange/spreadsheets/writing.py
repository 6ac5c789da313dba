"""Writing files that every spreadsheet opens as they are meant, and the file of the rows that were refused."""

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from timebank.exchange.spreadsheets.guards import guard, unwrap
from timebank.exchange.spreadsheets.reading import Table

REASON_HEADER = "reason / 原因"


def rejected_csv(table: Table, reasons: Mapping[int, str]) -> bytes:
    """The refused rows as the office wrote them, each behind its reason, to be mended and imported again.

    `reasons` has the reason by the line that the row starts on.
    """
    stale = {i for i, header in enumerate(table.header) if unwrap(header) == REASON_HEADER}
    lines = [(REASON_HEADER, table.header)]
    lines += [(reasons[row.line], row.original) for row in table.rows if row.line in reasons]
    return written([reason, *(c for i, c in enumerate(record) if i not in stale)] for reason, record in lines)


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as a file that every spreadsheet opens as it is meant: UTF-8 with a byte order mark, and no formulas."""
    return codecs.BOM_UTF8 + written_on(rows)


def written_on(rows: Iterable[Sequence[str]]) -> bytes:
    """More rows of such a file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow(guard(cell) for cell in row)
    return text.getvalue().encode()

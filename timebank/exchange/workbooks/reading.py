"""The process that reads a workbook: rows of text, one JSON line each, to standard output.

`python -m timebank.exchange.workbooks.reading KIND` reads the workbook from standard input. A line is either
`{"sheet": NAME, "hidden": BOOL, …}`, which says too which rows and columns are not shown, or a row: its number in the
sheet, from 1, and its cells; the last says that it is the last, for a file that became full may be cut off anywhere. It
imports nothing of the rest of the program, so it starts fast.
"""

import datetime as dt
import errno
import io
import json
import math
import os
import resource
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from timebank.exchange.workbooks import DAMAGED, END, NO_ROOM, PASSWORD, TOO_LARGE
from timebank.exchange.workbooks.flaws import Flaws, flaws_in
from timebank.exchange.workbooks.views import NOTHING_HIDDEN, views_in

MEMORY_BYTES = 2 * 1024**3
SECONDS = 20
MOST_CELLS = 5_000_000
MOST_SHEETS = 256
LONGEST_NAME = 200
"""Of a sheet. Excel allows 31 characters, and all names are said where it is asked which sheet is meant."""
NICE = 10
OUTPUT_BYTES = 128 * 1024**2
ROW_LENGTH = 512 * 1024
MOST_STRETCHES = 1_000
_EXACT_DIGITS = 10**15
_WHOLE_MILLISECOND = dt.timedelta(milliseconds=1)


class TooMuchError(ValueError):
    """There are more sheets than are read, or more cells, empty ones between others too, or longer names of sheets.

    A few bytes can say any number of them: all sheets of a workbook may be the same one.
    """


def rows_of(data: bytes, kind: str) -> Iterator[Any]:
    """All there is to say about a workbook, line by line. Raises `CalamineError`, or `TooMuchError`."""
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
        sheets = workbook.sheets_metadata
        if len(sheets) > MOST_SHEETS or any(len(about.name) > LONGEST_NAME for about in sheets):
            raise TooMuchError
        cells, flaws, views = 0, flaws_in(data, kind), views_in(data, kind)
        named = {*workbook.sheet_names}
        for index, about in enumerate(sheets):
            is_list = about.name in named and "WorkSheet" in str(about.typ)
            sheet = workbook.get_sheet_by_index(index) if is_list else None
            cells += (sheet.total_height + 1) * (sheet.total_width + 1) if sheet else 0  # both from 0
            if cells > MOST_CELLS:
                raise TooMuchError
            merged = _merged(sheet) if sheet else {}
            rows, columns = views.get(index, NOTHING_HIDDEN)
            yield {
                "sheet": about.name,
                "hidden": about.visible != SheetVisibleEnum.Visible,
                "rows": rows,
                "columns": columns,
                "merged": _stretches(merged),
            }
            if sheet:
                yield from _rows(sheet, merged, flaws.get(index, {}))


def _rows(
    sheet: CalamineSheet, merged: dict[int, list[tuple[int, int]]], flaws: Flaws
) -> Iterator[tuple[int, list[str]]]:
    if sheet.start is None:
        return
    last: dict[int, str] = {}
    margin = [""] * sheet.start[1]  # rows are told from the first of the sheet, columns from the first that is used
    for row, values in enumerate(sheet.iter_rows()):
        cells = margin + [written(value) for value in values]
        for column in flaws.get(row, {}):
            cells += [""] * (column + 1 - len(cells))
            cells[column] = flaws[row][column]
        for column, first in merged.get(row, ()):
            cells += [""] * (column + 1 - len(cells))
            cells[column] = cells[column] or (last.get(column, "") if first != row else "")
            last[column] = cells[column]
        if any(cells):
            yield row + 1, cells


def _stretches(merged: dict[int, list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """The rows over which one cell stretches, from 1, from the first to the last of each."""
    last = {first: row for row in sorted(merged) for _, first in merged[row]}
    return [(first + 1, row + 1) for first, row in sorted(last.items())][:MOST_STRETCHES]


def _merged(sheet: CalamineSheet) -> dict[int, list[tuple[int, int]]]:
    """By row, the columns in which one cell stretches over several rows, and the first row of it."""
    found: dict[int, list[tuple[int, int]]] = {}
    for (first, column), (last, _) in sheet.merged_cell_ranges or ():
        if last > first:
            for row in range(first, last + 1):
                found.setdefault(row, []).append((column, first))
    return found


def written(value: Any) -> str:
    """A value as text that can mean nothing else; times to the millisecond."""
    match value:
        case str():
            return _duration(value) if value.startswith("PT") else value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number(value)
        case dt.datetime():
            return _rounded(value).isoformat(" ", "auto")
        case dt.date():
            return value.isoformat()
        case dt.time():
            return _rounded(dt.datetime.combine(dt.date(2000, 1, 1), value)).time().isoformat("auto")
        case dt.timedelta():
            return _clock(value)
    return str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "#NUM!"
    if value == int(value) and abs(value) < _EXACT_DIGITS:
        return str(int(value))
    return f"{Decimal(repr(value)):f}"


def _rounded(moment: dt.datetime) -> dt.datetime:
    """To the whole second, if that is a millisecond away, else to the millisecond: fractions of days are not exact."""
    nearest = (moment + dt.timedelta(milliseconds=500)).replace(microsecond=0)
    if abs(nearest - moment) <= _WHOLE_MILLISECOND:
        return nearest
    return moment.replace(microsecond=round(moment.microsecond, -3) % 1_000_000)


def _clock(length: dt.timedelta) -> str:
    """As 25:30:00, to the second."""
    seconds = round(length.total_seconds())
    sign = "-" if seconds < 0 else ""
    minutes, second = divmod(abs(seconds), 60)
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{second:02}"


def _duration(text: str) -> str:
    """A duration of an OpenDocument of more than a day, as PT25H30M00S, like all others."""
    try:
        hours, _, rest = text.removeprefix("PT").partition("H")
        minutes, _, seconds = rest.partition("M")
        return _clock(dt.timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds.rstrip("S"))))
    except ValueError:
        return text


def main() -> int:
    """Read standard input, write standard output; the exit code says what was wrong."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)  # the service goes first
    try:
        for line in rows_of(sys.stdin.buffer.read(), sys.argv[1]):
            written_out = json.dumps(line, ensure_ascii=False)
            if len(written_out) > ROW_LENGTH:
                return TOO_LARGE
            sys.stdout.write(written_out + "\n")
        sys.stdout.write(END + "\n")
        sys.stdout.flush()
    except TooMuchError:
        return TOO_LARGE
    except PasswordError:
        return PASSWORD
    except BaseException as error:  # the library's panics are no ordinary exceptions
        if isinstance(error, CalamineError) and "assword" in str(error):
            return PASSWORD
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            return TOO_LARGE
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return NO_ROOM
        return DAMAGED
    return 0


if __name__ == "__main__":
    os._exit(main())  # else Python would write what is left for a full disk once more, and end with a code of its own

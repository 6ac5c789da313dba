"""Spreadsheets of offices: CSV files as Excel and WPS write them, read into tables and cells, and written again.

A file is decoded in `decoding`, its heading line is found in `headings` by what is known in `columns`, and its rows are
read in `reading`. A cell is parsed in `cells`, `times` and `durations`. A file is written in `writing`. What cannot be
read is told in words that the office can act on (`errors`).
"""

from timebank.exchange.spreadsheets.cells import (
    parse_capacity,
    parse_content,
    parse_line,
    parse_lines,
    parse_list,
    parse_phone,
    parse_text,
)
from timebank.exchange.spreadsheets.columns import RECORD_COLUMNS, VOLUNTEER_COLUMNS, Column
from timebank.exchange.spreadsheets.durations import Unit, parse_minutes
from timebank.exchange.spreadsheets.errors import CellError, SpreadsheetError
from timebank.exchange.spreadsheets.reading import Row, Table, read_table
from timebank.exchange.spreadsheets.times import parse_date, parse_moment
from timebank.exchange.spreadsheets.writing import REASON_HEADER, rejected_csv, written, written_on

__all__ = [
    "REASON_HEADER",
    "RECORD_COLUMNS",
    "VOLUNTEER_COLUMNS",
    "CellError",
    "Column",
    "Row",
    "SpreadsheetError",
    "Table",
    "Unit",
    "parse_capacity",
    "parse_content",
    "parse_date",
    "parse_line",
    "parse_lines",
    "parse_list",
    "parse_minutes",
    "parse_moment",
    "parse_phone",
    "parse_text",
    "read_table",
    "rejected_csv",
    "written",
    "written_on",
]

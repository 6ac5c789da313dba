"""Importing what offices have: volunteers and service records from spreadsheets, a verdict a row.

Rows are submitted in chunks, each a transaction of its own: interrupted anywhere, whole rows are in and the rest are
not, and importing the same file again adds only those.
"""

from timebank.exchange.imports.chunks import Progress, Report
from timebank.exchange.imports.records import import_records
from timebank.exchange.imports.volunteers import import_volunteers

__all__ = ["Progress", "Report", "import_records", "import_volunteers"]

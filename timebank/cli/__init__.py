"""The command line: run the service, set up banks and who may what, import spreadsheets, rebuild and verify."""

import sys

import asyncpg
from rich.markup import escape

from timebank.cli import banks, importing, keeping, serving
from timebank.cli.common import cli, console
from timebank.embedded import EmbeddedPostgresError
from timebank.ledger.keyring import KeyringError
from timebank.ledger.migrations import UnknownSchemaError
from timebank.settings import SettingsError
from timebank.spreadsheets import SpreadsheetError

__all__ = ["banks", "cli", "importing", "keeping", "main", "serving"]


def main() -> None:
    """The program. Foreseeable failures are one sentence on standard error, and exit code 1."""
    try:
        cli()
    except (
        SettingsError,
        EmbeddedPostgresError,
        UnknownSchemaError,
        KeyringError,
        SpreadsheetError,
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        console.print(f"[red]Error:[/red] {escape(str(error))}", highlight=False)
        sys.exit(1)

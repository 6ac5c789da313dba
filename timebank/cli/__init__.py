"""The command line: run the service, set up banks and who may what, import spreadsheets, rebuild and verify."""

import sys

import asyncpg
from rich.markup import escape

from timebank.cli import banks, importing, keeping, serving
from timebank.cli.common import cli, console
from timebank.db.migrations import UnknownSchemaError
from timebank.exchange.spreadsheets import SpreadsheetError
from timebank.runtime.embedded import EmbeddedPostgresError
from timebank.runtime.settings import SettingsError
from timebank.vault.keyring import KeyringError

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

"""The command line: run the service, set up banks and who may what, import spreadsheets, rebuild and verify.

Each command is in the module of its name (`import` in `importing`, because Python keeps that word for itself), which is
loaded when the command is given: `common` says where it is.
"""

import os

import asyncpg

from timebank.cli.common import cli, give_up
from timebank.db.migrations import UnknownSchemaError
from timebank.exchange.backups import BackupError
from timebank.exchange.spreadsheets.errors import SpreadsheetError
from timebank.proofs.notes import NoteError
from timebank.proofs.tiles import LogDamagedError
from timebank.runtime.embedded import EmbeddedPostgresError
from timebank.runtime.settings import SettingsError
from timebank.vault.keyring import KeyringError

__all__ = ["cli", "main"]


def main() -> None:
    """The program. Foreseeable failures are one sentence on standard error, and exit code 1.

    Whatever the umask it is started with, nobody else may write into the folders it makes, and exchange keys.
    """
    os.umask(os.umask(0o022) | 0o022)
    try:
        cli()
    except (
        SettingsError,
        EmbeddedPostgresError,
        UnknownSchemaError,
        KeyringError,
        SpreadsheetError,
        BackupError,
        LogDamagedError,
        NoteError,
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        give_up(str(error))

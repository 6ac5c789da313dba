"""Backups: all of a database that cannot be made again, in one file; the keys that open it apart, in another."""

from timebank.exchange.backups.archive import BackupError
from timebank.exchange.backups.keys import keys_of, put_keys
from timebank.exchange.backups.restoring import must_be_unused, restore
from timebank.exchange.backups.taking import take

__all__ = ["BackupError", "keys_of", "must_be_unused", "put_keys", "restore", "take"]

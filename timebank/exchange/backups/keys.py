"""The keys of a database, in a file of their own: what seals and signs, and who was erased.

Whoever has a backup and these has everything, so they are kept apart.
"""

import contextlib
import secrets
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from timebank.exchange.backups.archive import BackupError
from timebank.runtime.settings import Settings
from timebank.vault.erased import Erased
from timebank.vault.files import write

NOTHING = msgspec.Raw(b"null")


class KeysFile(msgspec.Struct, omit_defaults=True):
    """The key file and the signing key file as they are, and the list of those who were erased."""

    keys: msgspec.Raw
    signing: msgspec.Raw = NOTHING
    erased: list[tuple[str, str]] = []


def keys_of(settings: Settings, before: bytes | None = None) -> bytes:
    """The keys that are set, and those that were `before`. Raises `BackupError` if there are none.

    While keys are rotated, what is read in between may be sealed with one that is not there any more.
    """
    try:
        found = KeysFile(msgspec.Raw(settings.keys.read_bytes()))
        with contextlib.suppress(FileNotFoundError):
            found.signing = msgspec.Raw(settings.signing_keys.read_bytes())
        found.erased = sorted((str(bank_id), whom) for bank_id, whom in Erased(settings.erased).read())
        if before:
            found.keys = _united(msgspec.json.decode(before, type=KeysFile).keys, found.keys)
        return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
    except (OSError, msgspec.MsgspecError) as error:
        msg = f"the keys cannot be read: {error}"
        raise BackupError(msg) from None


def _united(before: msgspec.Raw, now: msgspec.Raw) -> msgspec.Raw:
    earlier, later = msgspec.json.decode(before), msgspec.json.decode(now)
    return msgspec.Raw(msgspec.json.encode(later | {"keys": earlier["keys"] | later["keys"]}))


def put_keys(settings: Settings, content: bytes, now: datetime) -> list[Path]:
    """Put keys where they are set to be, and add to the list of the erased; says which files were put out of the way.

    Raises `BackupError` if these are no keys.
    """
    try:
        found = msgspec.json.decode(content, type=KeysFile)
    except msgspec.MsgspecError as error:
        msg = f"these are no keys of a bank: {error}"
        raise BackupError(msg) from None
    Erased(settings.erased).add({(UUID(bank_id), whom) for bank_id, whom in found.erased})
    moved = [_put(settings.keys, found.keys, now)]
    if found.signing != NOTHING:
        moved.append(_put(settings.signing_keys, found.signing, now))
    return [path for path in moved if path]


def _put(path: Path, content: msgspec.Raw, now: datetime) -> Path | None:
    """Put a file; where another is there already, that one is kept under another name, which is given."""
    path, text = path.resolve(), msgspec.json.format(bytes(content), indent=2) + b"\n"
    beside = path.with_name(f"{path.name}.before-{now:%Y%m%d%H%M%S}-{secrets.token_hex(2)}")
    is_another = path.exists() and msgspec.json.decode(path.read_bytes()) != msgspec.json.decode(content)
    if is_another:
        path.rename(beside)
    write(path, text)
    return beside if is_another else None

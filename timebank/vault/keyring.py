"""The key file: secrets that are kept outside the database, so that whoever has only the database has no names.

Each key of the file is 32 random bytes; what it is used for gets a key of its own, derived from it (HKDF-SHA-256,
RFC 5869): sealing (AES-256-GCM), finding what is sealed (HMAC-SHA-256), signing access tokens (HS256).
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from timebank.db.connections import Connection
from timebank.db.sql import load_statements
from timebank.vault.files import write_secret

SQL = load_statements("timebank.vault", "keyring.sql")

NONCE_BYTES = 12
KEY_ATTEMPTS, KEY_SECONDS = 20, 0.05
LOOK_SECONDS = 1.0
"""How often the file is looked at, for keys that another process has put there."""


class KeyringError(RuntimeError):
    """The key file is missing, cannot be read, or is not the one that this database was sealed with."""


class _File(msgspec.Struct, omit_defaults=True):
    current: str
    keys: dict[str, str]
    lasting: str | None = None


class Key:
    """One key, and those derived from it."""

    def __init__(self, key_id: str, secret: bytes) -> None:
        self.key_id = key_id
        self._secret = secret
        self._aead = AESGCM(self._derive("seal"))
        self._index = self._derive("index")

    def _derive(self, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=f"timebank {purpose}".encode()).derive(self._secret)

    @cached_property
    def signing(self) -> bytes:
        """What access tokens are signed with."""
        return self._derive("sign")

    @cached_property
    def lasting(self) -> bytes:
        """What outlives this key where it is the first one to be replaced (`Keyring.lasting`)."""
        return self._derive("lasting")

    @cached_property
    def check_value(self) -> str:
        """Tells keys apart without telling anything about them."""
        return self._derive("check").hex()[:16]

    def seal(self, data: bytes, place: str) -> bytes:
        """Encrypt data for one place only; anywhere else it cannot be opened."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, data, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """The data that was sealed. Raises `KeyringError` if it was changed or moved."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):  # the latter of what is too short
            msg = f"what is sealed at {place} was changed, or was moved there"
            raise KeyringError(msg) from None

    def index(self, kind: str, value: str | bytes) -> str:
        """A keyed hash, to find or compare a value by: 128 bits in base64."""
        return _in_base64(_digest(self._index, kind, value))

    def number(self, kind: str, value: str) -> int:
        """The first 64 bits of the same as a number: to find by, where what is found is compared again."""
        return int.from_bytes(_digest(self._index, kind, value)[:8], "big", signed=True)


def _digest(key: bytes, kind: str, value: str | bytes) -> bytes:
    given = value.encode() if isinstance(value, str) else value
    return hmac.digest(key, kind.encode() + b"\x00" + given, hashlib.sha256)


def _in_base64(digest: bytes) -> str:
    """128 bits of a digest."""
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


class Keyring:
    """The keys of the key file. One is current and seals; the others only open what they sealed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys: dict[str, Key] = {}
        self._current = ""
        self._lasting: bytes | None = None
        self._looked = 0.0
        self._changed = 0
        self.reload()

    @classmethod
    def create(cls, path: Path) -> "Keyring":
        """A keyring with one new key, in a new file that only its owner can read; or the one somebody just made."""
        key_id, secret = _new_key()
        write_secret(path, _File(key_id, {key_id: secret}), anew=True)
        return cls(path)

    @property
    def current(self) -> Key:
        """The key that seals, and signs."""
        self._look()
        return self.keys[self._current]

    def __iter__(self) -> Iterator[Key]:
        """All keys, the current one first."""
        yield self.current
        yield from (key for key in self.keys.values() if key.key_id != self._current)

    def get(self, key_id: str) -> Key:
        """A key by its name; the file is read again if another process has added it since."""
        if key_id not in self.keys:
            self.reload()
        try:
            return self.keys[key_id]
        except KeyError:
            msg = f"the key {key_id} is not in {self.path}"
            raise KeyringError(msg) from None

    def find(self, key_id: str) -> Key | None:
        """A key by a name that a stranger gives; the file is looked into for it at most once a second."""
        self._look()
        return self.keys.get(key_id)

    def _look(self) -> None:
        """Read the file again if it has changed; it is looked at once a second at most."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            with contextlib.suppress(OSError):
                if self.path.stat().st_mtime_ns != self._changed:
                    self.reload()

    def indexes(self, kind: str, value: str | bytes) -> list[str]:
        """The keyed hashes of a value under every key: any of them may have sealed it."""
        return [key.index(kind, value) for key in self]

    def lasting(self, kind: str, value: str | bytes) -> str:
        """A keyed hash that is the same after a rotation: of addresses alone.

        Whoever has the file, and an old database, finds the addresses of then by trying all there are.
        """
        return _in_base64(_digest(self._lasting or self.current.lasting, kind, value))

    def lasting_or_before(self, kind: str, value: str | bytes) -> list[str]:
        """The same, and those that were used before there was one that stays."""
        return [self.lasting(kind, value), *self.indexes(kind, value)]

    def reload(self) -> None:
        """Read the file. Raises `KeyringError` if it cannot be read."""
        try:
            changed = self.path.stat().st_mtime_ns
            found = msgspec.json.decode(self.path.read_bytes(), type=_File)
            keys = {key_id: base64.urlsafe_b64decode(secret) for key_id, secret in found.keys.items()}
            lasting = base64.urlsafe_b64decode(found.lasting) if found.lasting else None
        except FileNotFoundError:
            msg = f"there is no key file {self.path}"
            raise KeyringError(msg) from None
        except (OSError, ValueError) as error:
            msg = f"the key file {self.path} cannot be read: {error}"
            raise KeyringError(msg) from None
        if found.current not in keys or any(len(secret) != 32 for secret in keys.values()):
            msg = f"the key file {self.path} is not whole"
            raise KeyringError(msg)
        self.keys = {key_id: self.keys.get(key_id) or Key(key_id, secret) for key_id, secret in keys.items()}
        self._current, self._changed, self._lasting = found.current, changed, lasting

    def add(self) -> Key:
        """Put a new key into the file, and make it the current one. What lasts goes on as it was."""
        key_id, secret = _new_key()
        found = msgspec.json.decode(self.path.read_bytes(), type=_File)
        lasting = found.lasting or base64.urlsafe_b64encode(self.keys[found.current].lasting).decode()
        write_secret(self.path, _File(key_id, found.keys | {key_id: secret}, lasting))
        self.reload()
        return self.current

    def drop(self, key_id: str) -> None:
        """Take a key out of the file, for good."""
        found = msgspec.json.decode(self.path.read_bytes(), type=_File)
        kept = {name: key for name, key in found.keys.items() if name != key_id}
        write_secret(self.path, _File(found.current, kept, found.lasting))
        self.reload()


async def keyring_for(connection: Connection, path: Path) -> Keyring:
    """The keyring of a database; it is made when the database has nothing sealed yet.

    Raises `KeyringError` if the file is missing or another than the database was sealed with.
    """
    async with connection.transaction():
        await connection.execute(SQL["only_one"])
        rows = await connection.fetch(SQL["keys"])
        if not rows:
            keyring = _found_or_made(path)
            await connection.execute(SQL["add"], keyring.current.key_id, keyring.current.check_value)
            return keyring
        keyring = _opened(path)
        for row in rows:
            if keyring.get(row["key_id"]).check_value != row["check_value"]:
                msg = f"{path} is another key file than the one this database was sealed with"
                raise KeyringError(msg)
        # A rotation that was interrupted may have left a new key that the database has not heard of.
        await connection.execute(SQL["add"], keyring.current.key_id, keyring.current.check_value)
        return keyring


async def usable_key(connection: Connection, keyring: Keyring) -> Key:
    """A key in use, the current one first, which cannot be retired before the transaction on the connection ends."""
    for _ in range(KEY_ATTEMPTS):
        for key in keyring:
            if await connection.fetchval(SQL["use"], key.key_id):
                return key
        keyring.reload()
        await asyncio.sleep(KEY_SECONDS)
    msg = f"the key {keyring.current.key_id} in {keyring.path} is not the one in use: is it an old copy?"
    raise KeyringError(msg)


def _found_or_made(path: Path) -> Keyring:
    return Keyring(path) if path.exists() else Keyring.create(path)


def _opened(path: Path) -> Keyring:
    try:
        return Keyring(path)
    except KeyringError as error:
        msg = f"{error}. Personal data in this database are sealed with it: put it back (TIMEBANK_KEY_FILE)"
        raise KeyringError(msg) from None


def _new_key() -> tuple[str, str]:
    return f"k{secrets.token_hex(4)}", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

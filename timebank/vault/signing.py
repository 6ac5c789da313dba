"""The signing key file: what signs the log's checkpoints, apart from the database and from the keys that seal.

Keys are Ed25519 (RFC 8032). While one is replaced there are two, and both sign. A third, which signs nothing of ours,
is for cosigning the checkpoints of others.
"""

import base64
import contextlib
import secrets
import time
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from timebank.vault.files import write_secret
from timebank.vault.keyring import LOOK_SECONDS, KeyringError


class _File(msgspec.Struct, omit_defaults=True):
    current: str
    witness: str
    following: str | None = None
    retired: list[str] = []


class SigningKeys:
    """The keys of the file, which is looked at again when another process may have changed it."""

    def __init__(self, path: Path) -> None:
        """Raises `KeyringError` if the file is missing or cannot be read."""
        self.path = path
        self._looked = 0.0
        self._changed = 0
        self._reload()

    @classmethod
    def found_or_made(cls, path: Path) -> "SigningKeys":
        """The keys in a file; new ones, in a new file that only its owner can read, if there is none."""
        if not path.exists():
            write_secret(path, _File(_new(), _new()), anew=True)
        return cls(path)

    @property
    def signing(self) -> tuple[Ed25519PrivateKey, ...]:
        """What signs checkpoints: one key, or the old and the new one."""
        self._look()
        return self._signing

    @property
    def public(self) -> tuple[Ed25519PublicKey, ...]:
        """The public sides of all keys that sign, or have signed before they were replaced."""
        return *(key.public_key() for key in self.signing), *self._retired

    @property
    def witness(self) -> Ed25519PrivateKey:
        """What cosigns the checkpoints of others."""
        return self._witness

    def begin_rotation(self) -> Ed25519PrivateKey:
        """Have a new key sign beside the old one, and give it; if that was begun already, it is the same one."""
        file = self._read()
        if not file.following:
            write_secret(self.path, msgspec.structs.replace(file, following=_new()))
        self._reload()
        return self._signing[1]

    def finish_rotation(self) -> None:
        """Have the new key sign alone, and take the old one out of the file, for good."""
        file = self._read()
        if file.following:
            old = _opened(file.current).public_key().public_bytes_raw()
            retired = [*file.retired, base64.b64encode(old).decode()]
            write_secret(self.path, _File(file.following, file.witness, retired=retired))
        self._reload()

    def _look(self) -> None:
        """Read the file again if it has changed; it is looked at once a second at most."""
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            with contextlib.suppress(OSError):
                if self.path.stat().st_mtime_ns != self._changed:
                    self._reload()

    def _reload(self) -> None:
        file = self._read()
        self._signing = tuple(_opened(seed) for seed in (file.current, file.following) if seed)
        self._retired = tuple(Ed25519PublicKey.from_public_bytes(base64.b64decode(key)) for key in file.retired)
        self._witness = _opened(file.witness)

    def _read(self) -> _File:
        try:
            self._changed = self.path.stat().st_mtime_ns
            return msgspec.json.decode(self.path.read_bytes(), type=_File)
        except FileNotFoundError:
            msg = f"there is no signing key file {self.path}"
            raise KeyringError(msg) from None
        except (OSError, msgspec.MsgspecError) as error:
            msg = f"the signing key file {self.path} cannot be read: {error}"
            raise KeyringError(msg) from None


def _new() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _opened(seed: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed, validate=True))
    except ValueError as error:
        msg = f"the signing key file holds what is no key: {error}"
        raise KeyringError(msg) from None

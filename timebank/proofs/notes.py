"""Signed notes (C2SP signed-note): a text, and lines that say who signed it; with their keys, and cosignatures.

Cosignatures are those of C2SP tlog-cosignature, by which a witness says that it saw a checkpoint at some time.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 0x01, 0x04
"""Types of signatures: over the note itself, and by a witness, with the time."""

MOST_BYTES, MOST_SIGNATURES = 65_536, 100

_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")
_NOT_IN_NOTES = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """No signed note, or not signed by whom it should be; or no key."""


class Signature(NamedTuple):
    """Who signed, by which key, and what was made with it."""

    name: str
    key_id: bytes
    payload: bytes

    def __str__(self) -> str:
        """As a line of a note."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.payload).decode()}\n"

    @property
    def seconds(self) -> int:
        """When a cosignature was made (POSIX)."""
        return int.from_bytes(self.payload[:8])


class VerifierKey(NamedTuple):
    """A public key, with the name of whose it is and what it signs."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """A key as it is written down: name, id and key with + in between. Raises `NoteError`."""
        name, _, rest = text.strip().partition("+")
        key_id, _, material = rest.partition("+")
        raw = _decoded(material)
        found = cls(name, raw[0], raw[1:]) if raw else cls(name, 0, b"")
        if not _NAME.fullmatch(name) or found.kind not in (ED25519, COSIGNATURE) or len(found.public) != 32:
            raise NoteError(f"this is no key of a log or witness: {text.strip()[:200]}")
        if found.key_id.hex() != key_id:
            raise NoteError(f"the key of {name} does not have the id that it is written with")
        return found

    @classmethod
    def of(cls, name: str, key: Ed25519PublicKey, kind: int = ED25519) -> Self:
        """A key with the name of whose it is."""
        return cls(name, kind, key.public_bytes_raw())

    def __str__(self) -> str:
        """As it is written down."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @property
    def key_id(self) -> bytes:
        """What tells it from other keys of the same name."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def is_good(self, text: str, payload: bytes) -> bool:
        """Whether a text was signed with this key."""
        if self.kind == COSIGNATURE:
            said, payload = _said_by_witness(text, int.from_bytes(payload[:8])), payload[8:]
        else:
            said = text.encode()
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(payload, said)
        except (InvalidSignature, ValueError):
            return False
        return True


class Note(NamedTuple):
    """A text and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, given: str | bytes) -> Self:
        """A note as it is written down. Raises `NoteError`."""
        if len(given) > MOST_BYTES:
            raise NoteError("a note is not as long as that")
        try:
            written = given if isinstance(given, str) else given.decode()
        except UnicodeDecodeError:
            raise NoteError("a note is in UTF-8") from None
        text, gap, lines = written.rpartition("\n\n")
        if not gap or not lines.endswith("\n") or _NOT_IN_NOTES.search(written):
            raise NoteError("a note is a text, an empty line and lines with signatures")
        return cls(f"{text}\n", signatures_of(lines))

    def __str__(self) -> str:
        """As it is written down."""
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @property
    def line(self) -> str:
        """In one line, to print or to mail: its words. That can be taken back where no line of the text has a blank."""
        return " ".join(str(self).split())

    @classmethod
    def of_line(cls, line: str) -> Self:
        """A note that was written in one line: three lines of text, and the signatures. Raises `NoteError`."""
        words = line.split()
        signatures = (" ".join(words[n : n + 3]) for n in range(3, len(words), 3))
        return cls.parse("\n".join([*words[:3], "", *signatures, ""]))

    def verified(self, keys: Iterable[VerifierKey]) -> dict[VerifierKey, Signature]:
        """Which of some keys signed it, and how. Raises `NoteError` if one of them did not sign what it should have."""
        by_id = {(key.name, key.key_id): key for key in keys}
        found: dict[VerifierKey, Signature] = {}
        for signature in self.signatures:
            key = by_id.get((signature.name, signature.key_id))
            if key and not key.is_good(self.text, signature.payload):
                raise NoteError(f"the signature of {key.name} is not one of this note")
            if key:
                found[key] = signature
        return found

    def must_be_signed(self, keys: Iterable[VerifierKey]) -> None:
        """Raise `NoteError` unless one of some keys signed it."""
        if not self.verified(keys):
            raise NoteError("the note is signed by none of the keys that one trusts")


def signatures_of(lines: str) -> tuple[Signature, ...]:
    """Lines with signatures. Raises `NoteError`."""
    found: list[Signature] = []
    for line in lines.removesuffix("\n").split("\n"):
        matched = _SIGNATURE.fullmatch(line)
        raw = _decoded(matched[2]) if matched else b""
        if not matched or len(raw) < 5 or len(found) == MOST_SIGNATURES:
            raise NoteError("a signature is a dash, a name, and an id with a signature in base64")
        found.append(Signature(matched[1], raw[:4], raw[4:]))
    return tuple(found)


def signed(text: str, name: str, keys: Iterable[Ed25519PrivateKey]) -> Note:
    """A text, signed with some keys under one name."""
    said = text.encode()
    made = (Signature(name, VerifierKey.of(name, key.public_key()).key_id, key.sign(said)) for key in keys)
    return Note(text, tuple(made))


def cosigned(text: str, name: str, key: Ed25519PrivateKey, seconds: int) -> Signature:
    """The signature of a witness under a checkpoint, made at a time (POSIX)."""
    made = key.sign(_said_by_witness(text, seconds))
    key_id = VerifierKey.of(name, key.public_key(), COSIGNATURE).key_id
    return Signature(name, key_id, seconds.to_bytes(8) + made)


def _said_by_witness(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""

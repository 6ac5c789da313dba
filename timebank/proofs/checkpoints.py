"""Checkpoints (C2SP tlog-checkpoint): how long a bank's log was, and the root of the tree over it."""

import base64
import binascii
import re
from functools import lru_cache
from typing import NamedTuple, Self
from uuid import UUID

from timebank.proofs.merkle import HASH_BYTES
from timebank.proofs.notes import NoteError

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """What a log says of itself."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint that a note's text is. Raises `NoteError`."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not text.endswith("\n"):
            raise NoteError("a checkpoint is an origin, a size and a root")
        return cls(lines[0], number(lines[1]), decoded(lines[2]))

    def __str__(self) -> str:
        """As the text of a note."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"


@lru_cache
def origin_of(bank_id: UUID) -> str:
    """The name of a bank's log. It stays the same wherever the bank moves."""
    return f"timebank/{bank_id}"


def encoded(found: bytes) -> str:
    """A hash as it is written down."""
    return base64.b64encode(found).decode()


def decoded(text: str) -> bytes:
    """A hash that was written down. Raises `NoteError`."""
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != HASH_BYTES:
        raise NoteError("this is no hash in base64")
    return found


def number(text: str) -> int:
    """A number in decimal digits, without zeros before it. Raises `NoteError`."""
    if not _NUMBER.fullmatch(text):
        raise NoteError("this is no number")
    return int(text)

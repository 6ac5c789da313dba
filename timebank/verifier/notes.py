"""Signed notes and checkpoints (C2SP): who signed what, and whether one log begins with another."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .tree import WrongError, climb


class Key(NamedTuple):
    """A verifier key: whose it is, and what it signs (1: checkpoints of a log, 4: cosignatures of a witness)."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """What tells it from other keys of its name."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def signed(self, text: str, payload: bytes) -> bool:
        """Whether this key signed a text; a witness signs the time as well."""
        said, signature = text.encode(), payload
        if self.kind == 4:
            said = f"cosignature/v1\ntime {int.from_bytes(payload[:8])}\n".encode() + said
            signature = payload[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, said)
        except (InvalidSignature, ValueError):
            return False
        return True


def key_of(text: str) -> Key:
    """A key as it is written down: NAME+ID+BASE64."""
    name, key_id, material = [*text.strip().split("+", 2), "", ""][:3]
    raw = unbased(material)
    key = Key(name, raw[0] if raw else 0, raw[1:])
    if key.kind not in (1, 4) or len(key.public) != 32 or key.key_id.hex() != key_id:
        raise WrongError(f"this is no verifier key, or was not copied whole: {text}")
    return key


class Checkpoint(NamedTuple):
    """What a log said of itself: its name, how many facts, the root of the tree over them; and who signed that."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def signers(self, keys: Iterable[Key]) -> set[Key]:
        """Those of the keys that signed it."""
        found = set()
        for key in keys:
            for _, _, payload in (each for each in self.signatures if each[:2] == (key.name, key.key_id)):
                if not key.signed(self.text, payload):
                    raise WrongError(f"a signature of {key.name} under the checkpoint of {self.size} facts is forged")
                found.add(key)
        return found


def checkpoint_of(written: str) -> Checkpoint:
    """A checkpoint as it is served, or as one line to print: the words of the note."""
    if written.strip().count("\n") < 2:
        words = written.split()
        lines = [" ".join(words[n : n + 3]) for n in range(3, len(words), 3)]
        written = "\n".join([*words[:3], "", *lines, ""])
    body, _, signed = written.rpartition("\n\n")
    origin, size, root = [*body.split("\n"), "", "", ""][:3]
    lines = [each for each in signed.split("\n") if each]
    found = [(dash, name, unbased(raw)) for dash, name, raw in (([*line.split(" "), "", ""])[:3] for line in lines)]
    good = all(dash == "—" and len(raw) > 4 for dash, _, raw in found) and re.fullmatch(r"0|[1-9][0-9]*", size)
    if not good or len(unbased(root)) != 32:
        raise WrongError("this is no signed checkpoint")
    return Checkpoint(
        origin, int(size), unbased(root), f"{body}\n", tuple((name, raw[:4], raw[4:]) for _, name, raw in found)
    )


def receipt_of(written: str) -> tuple[str, int, bytes]:
    """A receipt: which log, position and leaf; as it is printed, or as the header of an answer says it."""
    header = re.fullmatch(r'(\d+);leaf=:(.*):;log="(.*)"', written.strip())
    log, position, leaf = (header[3], header[1], header[2]) if header else [*written.split(), "", "", ""][:3]
    if not position.isdecimal() or len(unbased(leaf)) != 32:
        raise WrongError(f"this is no receipt (log, position, leaf), or was not copied whole: {written}")
    return log, int(position), unbased(leaf)


def unbased(text: str) -> bytes:
    """Bytes that were written in base64; none, if they were not."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def must_extend(old: "Checkpoint", new: "Checkpoint", path: list[bytes]) -> None:
    """Check that the log of a checkpoint begins with that of an earlier one."""
    if not 0 < old.size < new.size:
        fits = (old.size, old.root) == (new.size, new.root) or not old.size
    else:
        steps = path if old.size & old.size - 1 else [old.root, *path]
        first, second = old.size - 1, new.size - 1
        while first & 1:
            first, second = first >> 1, second >> 1
        fits = bool(steps) and climb(first, second, steps[0], steps[1:]) == (old.root, new.root)
    if not fits:
        raise WrongError(f"the log of {new.size} facts does not begin with the {old.size} of the earlier checkpoint")

"""The tree over the facts of a log (RFC 6962), and the proofs that lead to its root (RFC 9162)."""

import hashlib
from typing import Any


class WrongError(Exception):
    """Something does not hold; the message says what, and where."""


UNREADABLE = ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError
"""What comes of reading something that was written to be no such thing."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in JSON that says nothing twice: of two things some read the first, and others the last."""
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("something is said twice")
    return said


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree: the roots of the perfect subtrees that it is made of, from the left."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """One leaf more."""
        self.size += 1
        number = self.size
        while not number & 1:
            leaf, number = node(self.peaks.pop(), leaf), number >> 1
        self.peaks.append(leaf)

    def root(self) -> bytes:
        """The root of the tree as it is."""
        found = self.peaks[-1] if self.peaks else hashlib.sha256().digest()
        for peak in reversed(self.peaks[:-1]):
            found = node(peak, found)
        return found


def climb(first: int, second: int, start: bytes, path: list[bytes]) -> tuple[bytes, bytes]:
    """The roots of an earlier and of a later tree that a proof leads to (RFC 9162, 2.1.3.2 and 2.1.4.2)."""
    before = after = start
    for each in path:
        if second == 0:
            raise WrongError("the proof is too long")
        if first & 1 or first == second:
            before, after = node(each, before), node(each, after)
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        else:
            after = node(after, each)
        first, second = first >> 1, second >> 1
    if second:
        raise WrongError("the proof is too short")
    return before, after


def must_include(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    """Check that a leaf is in a tree."""
    if not 0 <= index < size or climb(index, size - 1, leaf, path)[1] != root:
        raise WrongError(f"position {index + 1}: the fact is not in the log of the checkpoint")

"""The Merkle tree of RFC 6962 (and RFC 9162), without storage: hashes, which subtrees a proof is made of, checking.

A tree is over leaves 0, 1, …, size - 1. A *span* is the leaves from one index up to, but not with, another. A span that
is a complete subtree (2**k leaves from a multiple of 2**k) has the same hash in every tree that holds it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

EMPTY_ROOT = hashlib.sha256().digest()
"""The root of the tree without leaves."""

HASH_BYTES = 32


class Span(NamedTuple):
    """The leaves from `start` up to, but not with, `end`."""

    start: int
    end: int


class ProofError(ValueError):
    """A proof that does not prove what it should."""


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


# What a proof is made of


def inclusion(index: int, size: int) -> list[Span]:
    """The subtrees whose hashes lead from a leaf to the root, from its sibling up (RFC 6962, 2.1.1)."""
    assert 0 <= index < size, "a leaf of the tree"
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(start, middle))
            start = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Span]:
    """The subtrees whose hashes lead from the root of a tree to that of a later one (RFC 6962, 2.1.2)."""
    assert 0 <= old <= new, "an earlier tree and a later one"
    if old in (0, new):
        return []
    path, start, end, is_whole = [], 0, new, True
    while old != end:
        middle = start + _left(end - start)
        if old <= middle:
            path.append(Span(middle, end))
            end = middle
        else:
            path.append(Span(start, middle))
            start, is_whole = middle, False
    return ([] if is_whole else [Span(start, end)]) + path[::-1]


def complete(span: Span) -> Iterator[Span]:
    """The complete subtrees that a span consists of, from the left; one that is in a proof has one of each size."""
    start, end = span
    while start < end:
        length = _greatest_power(end - start)
        length = min(length, start & -start) if start else length
        yield Span(start, start + length)
        start += length


def joined(hashes: Sequence[bytes]) -> bytes:
    """The hash of a span, of the hashes of the complete subtrees that it consists of."""
    if not hashes:
        return EMPTY_ROOT
    found = hashes[-1]
    for each in reversed(hashes[:-1]):
        found = node(each, found)
    return found


def _left(size: int) -> int:
    """How many leaves of a tree are to the left of its top: the largest power of two that is less than all of them."""
    return 1 << (size - 1).bit_length() - 1


def _greatest_power(number: int) -> int:
    return 1 << number.bit_length() - 1


# The right edge

TILE_HEIGHT = 8
"""Every so many levels the hashes of complete subtrees are kept: 256 of them are a tile (C2SP tlog-tiles)."""

TILE_WIDTH = 1 << TILE_HEIGHT


class Completed(NamedTuple):
    """A tile that is full, and the hash over it; tiles of level 0 hold leaves, those above hashes over full tiles."""

    level: int
    number: int
    root: bytes


class Edge:
    """The right edge of a growing tree: the complete subtrees it consists of, one hash of each size at most.

    `completed` are the tiles that became full since somebody last took them away, `last` is the leaf added last.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        """The edge of a tree of `size` leaves, of the `hashes` of its complete subtrees from the left."""
        self.size = size
        self.completed: list[Completed] = []
        self.last: bytes | None = None
        self._hashes = list(hashes)
        assert len(self._hashes) == size.bit_count(), "one hash for each complete subtree"

    def add(self, leaf: bytes) -> None:
        """One leaf more."""
        hashes, found = self._hashes, leaf
        self.last = leaf
        self.size += 1
        number, height = self.size, 0
        while not number & 1:
            found = node(hashes.pop(), found)
            number >>= 1
            height += 1
            if not height % TILE_HEIGHT:
                self.completed.append(Completed(height // TILE_HEIGHT - 1, number - 1, found))
        hashes.append(found)

    @property
    def root(self) -> bytes:
        """The root of the tree as it is."""
        return joined(self._hashes)

    def copy(self) -> "Edge":
        """The same, to go on from separately."""
        copied = Edge(self.size, self._hashes)
        copied.last = self.last
        return copied


# Checking


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf is at an index of the tree with this root (RFC 9162, 2.1.3.2). Raises `ProofError`."""
    if not 0 <= index < size:
        raise ProofError("there is no such leaf in the tree")
    spans = inclusion(index, size)
    _must_be_hashes([leaf, root, *path], len(spans) + 2)
    found = leaf
    for span, each in zip(spans, path, strict=True):
        found = node(each, found) if span.end <= index else node(found, each)
    if found != root:
        raise ProofError("the leaf is not where it is said to be in this tree")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that a tree is the beginning of a later one (RFC 9162, 2.1.4.2). Raises `ProofError`."""
    if not 0 <= old <= new:
        raise ProofError("the earlier tree is the larger one")
    spans = consistency(old, new)
    _must_be_hashes(path, len(spans))
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofError("the empty tree has another root")
    if old == new and old_root != new_root:
        raise ProofError("two trees of one size have different roots")
    if not spans:
        return
    steps = list(zip(spans, path, strict=True))
    if old & old - 1:
        (_, seed), *steps = steps
    else:
        seed = old_root  # the earlier tree is one complete subtree of the later one
    old_found = new_found = seed
    for span, each in steps:
        if span.end <= old:
            old_found, new_found = node(each, old_found), node(each, new_found)
        else:
            new_found = node(new_found, each)
    if old_found != old_root:
        raise ProofError("the proof does not start from the earlier root")
    if new_found != new_root:
        raise ProofError("the later tree does not begin with the earlier one")


def _must_be_hashes(given: Sequence[bytes], count: int) -> None:
    if len(given) != count:
        raise ProofError("the proof has not as many hashes as it should")
    if any(len(each) != HASH_BYTES for each in given):
        raise ProofError(f"a hash has {HASH_BYTES} bytes")

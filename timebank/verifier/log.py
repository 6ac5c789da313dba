"""A whole log that is gone through: its files, each by itself, and what all of it has to agree with."""

import json
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from .accounts import MOVING, postings
from .facts import leaf_of
from .notes import Checkpoint
from .tree import UNREADABLE, Tree, WrongError, once


class Log:
    """A log that is gone through, and what it has to agree with."""

    def __init__(
        self, known: list[Checkpoint], shown: list[Checkpoint], expected: dict[int, bytes], before: bytes
    ) -> None:
        """With the checkpoints one knows and those one is shown, the leaves of receipts, and those of last time."""
        self.expected, self.before = expected, before
        self.known = {each[1:3] for each in known}
        self.marks: dict[int, set[bytes]] = defaultdict(set)
        for mark in (*known, *shown):
            self.marks[mark.size].add(mark.root)
        self.tree, self.leaves, self.sound = Tree(), bytearray(), 0

    def take(self, leaves: bytes) -> None:
        """The leaves of some more facts."""
        tree, before, expected, marks = self.tree, self.before, self.expected, self.marks
        for start in range(0, len(leaves), 32):
            leaf, position = leaves[start : start + 32], tree.size + 1
            was = before[tree.size * 32 : position * 32] if before else b""
            if (was and was != leaf) or (position in expected and expected[position] != leaf):
                raise WrongError(f"position {position}: this is not the fact of your receipt, or of last time")
            tree.add(leaf)
            if position not in marks:
                continue
            for root in marks[position]:
                if root != tree.root():
                    raise WrongError(f"the first wrong position is after {self.sound}, at most {position}")
                self.sound = position if (position, root) in self.known else self.sound
        self.leaves += leaves

    def end(self) -> None:
        """There are no more facts."""
        size = self.tree.size
        if size < max(0, *self.expected, len(self.before) // 32):
            raise WrongError(f"position {size + 1} is missing, and all that follow")
        if size < max(self.marks):
            raise WrongError(f"the first wrong position is after {self.sound}, at most {size + 1}: the log ends there")


class Found(NamedTuple):
    """What a file of facts comes to, as far as it can be read."""

    first: int
    earliest: int
    latest: int
    leaves: bytes
    accounts: dict[tuple[str, str], int]
    keys: list[tuple[int, str]]
    wrong: str


ANNOUNCED = "signing-key-announced"
TOLD = {*MOVING, ANNOUNCED}
"""What is read of facts beyond their leaf: what they do to accounts, and new keys."""

read = json.JSONDecoder().raw_decode
"""What a text in JSON says, and where that ends."""


read_once = json.JSONDecoder(object_pairs_hook=once).raw_decode
"""The same of what says nothing twice."""


def check_file(bank: str, file: Path) -> Found:
    """Make the leaves of some facts anew, and what they do to accounts; each file by itself."""
    leaves, keys, wrong, first, earliest, latest = bytearray(), [], "", 0, 0, 0
    accounts: dict[tuple[str, str], int] = defaultdict(int)
    with file.open(encoding="utf8") as lines:
        for line in lines:
            try:
                entry, end = read_once(line)
                if line[end:].strip():
                    raise ValueError
                at, leaf = leaf_of(bank, entry)
            except UNREADABLE:
                wrong = wrong or f"position {first + len(leaves) // 32 or 'unknown'}: a line of {file.name} is no fact"
                break
            first, earliest = (first, earliest) if leaves else (entry["position"], at)
            if entry["position"] != first + len(leaves) // 32 or at < latest:
                wrong = wrong or f"position {first + len(leaves) // 32} is missing, or not in order"
                break
            latest = at
            leaves += leaf
            if entry["topic"] not in TOLD:
                continue
            try:
                fact, end = read(entry["data"])
                if end != len(entry["data"]):
                    raise ValueError
                for whose, account, minutes in postings(entry["topic"], fact):
                    accounts[whose, account] += minutes
                if entry["topic"] == ANNOUNCED:
                    keys.append((entry["position"], fact["verifier_key"]))
            except UNREADABLE:
                wrong = wrong or f"position {entry['position']}: the fact cannot be read"
    return Found(first, earliest, latest, bytes(leaves), accounts, keys, wrong)


def entries_in(folder: Path) -> list[Path]:
    """The files of facts of an archive, in order."""
    return sorted((folder / "entries").glob("*.ndjson"))

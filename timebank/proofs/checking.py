"""Checking the tree in place: whether the log, made anew row by row, comes to what was signed and kept of it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from timebank.db.connections import Pool
from timebank.db.sql import load_statements
from timebank.ledger.audit import Finding
from timebank.proofs.checkpoints import Checkpoint
from timebank.proofs.merkle import TILE_HEIGHT, Completed, Edge
from timebank.proofs.notes import Note, NoteError
from timebank.proofs.signer import Signer

SQL = load_statements("timebank.proofs", "checking.sql")

CHECKPOINTS_AT_ONCE = 5_000


class TreeCheck:
    """Takes the leaves of a log in order, and says where they are not those of the tree that was signed."""

    def __init__(
        self, kept: dict[tuple[int, int], bytes], tiled: int, own: Sequence[Checkpoint], against: Sequence[Checkpoint]
    ) -> None:
        """By the hashes over tiles that are `kept`, by `own` checkpoints and those that others kept.

        Of the first `tiled` facts all tiles are to be there. Only what others kept says up to where the log is sound;
        where there is nothing, our own.
        """
        self._kept = kept
        self._tiled = tiled
        self._marks: defaultdict[int, set[bytes]] = defaultdict(set)
        for checkpoint in (*own, *against):
            self._marks[checkpoint.size].add(checkpoint.root)
        self._trusted = {(each.size, each.root) for each in against or own}
        self._edge = Edge()
        self._sound = 0
        self.findings: list[Finding] = []

    def take(self, position: int, leaf: bytes) -> None:
        """Take in the next leaf, and compare tiles and roots up to it. Leaves after a gap are passed over."""
        if position != self._edge.size + 1:
            return
        self._edge.add(leaf)
        for tile in self._edge.completed:
            self._compare(tile, self._kept.get(tile[:2]))
        self._edge.completed.clear()
        for root in self._marks.get(position, ()):
            if root != self._edge.root:
                self._find(self._sound + 1, f"from here on, or later, the first {position} facts are not those signed")
            elif (position, root) in self._trusted:
                self._sound = position

    def _compare(self, tile: Completed, kept: bytes | None) -> None:
        level, number, root = tile
        height = TILE_HEIGHT * (level + 1)
        which = f"tile {number} of level {level}"
        if kept and kept != root:
            self._find((number << height) + 1, f"the {1 << height} facts from here on are not those signed ({which})")
        elif not kept and self._edge.size <= self._tiled:
            self._find((number << height) + 1, f"the hash over the {1 << height} facts from here on is gone ({which})")

    def finish(self) -> list[Finding]:
        """What is wrong with the tree, once all leaves were taken in."""
        missing = [size for size in self._marks if size > self._edge.size]
        if missing:
            ends = f"the log ends at position {self._edge.size}, but a checkpoint covers {max(missing)} facts"
            self._find(self._sound + 1, f"from here on, or later, facts are missing: {ends}")
        return self.findings

    def _find(self, position: int, what: str) -> None:
        self.findings.append(Finding(position, what))


async def tree_check(pool: Pool, signer: Signer, bank_id: UUID, against: Sequence[Note]) -> TreeCheck:
    """A check by the tiles and the latest checkpoint in the database, what is remembered, and what else is given.

    Raises `NoteError` if one of the notes is not signed by the log.
    """
    latest = await signer.latest(bank_id)
    own = [*([Note.parse(latest.note)] if latest else []), *signer.remembered(bank_id)]
    for note in (*against, *own):
        note.must_be_signed(signer.trusted(bank_id))
    rows: list[Any] = await pool.fetch(SQL["tiles"], bank_id)
    kept = {(row["level"], row["number"]): row["root"] for row in rows}
    said = ([Checkpoint.parse(note.text) for note in notes] for notes in (own, against))
    check = TreeCheck(kept, latest.size if latest else 0, *said)
    check.findings += [
        Finding(size, "the checkpoint that is kept of so many facts is not one that we signed")
        async for size in _not_ours(pool, signer, bank_id)
    ]
    return check


async def _not_ours(pool: Pool, signer: Signer, bank_id: UUID) -> AsyncIterator[int]:
    """The sizes of checkpoints in the database that are not what their notes say, or whose notes we did not sign."""
    keys, size = signer.trusted(bank_id), -1
    while rows := await pool.fetch(SQL["signed"], bank_id, size, CHECKPOINTS_AT_ONCE):
        for row in rows:
            size = row["size"]
            try:
                note = Note.parse(row["note"])
                note.must_be_signed(keys)
                said = Checkpoint.parse(note.text)
            except NoteError:
                yield size
            else:
                if (said.size, said.root) != (size, row["root"]):
                    yield size

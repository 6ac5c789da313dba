"""Signing checkpoints: now and then, where a log grew; never one that is inconsistent with an earlier one.

What is signed begins with what was signed before, as this process knows it, as the database has it and as it is
remembered beside the key. Of what this process recorded itself it signs what it recorded, not what the database says
of it later. Several processes may sign: each goes on from what the others signed.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import UUID

import asyncpg
import structlog

from timebank.db.commits import committed
from timebank.db.connections import CONNECTION_LOST, Pool
from timebank.db.sql import load_statements
from timebank.proofs import tiles
from timebank.proofs.checkpoints import Checkpoint, origin_of
from timebank.proofs.merkle import HASH_BYTES, Edge, ProofError, check_consistency
from timebank.proofs.notes import Note, NoteError, VerifierKey, signed
from timebank.proofs.remembered import Remembered
from timebank.proofs.tiles import LogDamagedError, Tiles
from timebank.vault.keyring import KeyringError
from timebank.vault.signing import SigningKeys

SQL = load_statements("timebank.proofs", "signer.sql")

STRETCH = 2_048
"""How many leaves are taken in at a time, before others get their turn."""
COMMIT_SECONDS = 5.0
CLOSE_SECONDS = 3.0
LOOKED_AT = 20
"""At so many checkpoints it is looked whether one was signed by us."""
RECORDED_LEAVES = 100_000
"""Of how many facts, recorded by this process and not signed yet, the leaves are kept to compare."""
ALARM_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Signed(NamedTuple):
    """A checkpoint with its note and the time of signing."""

    size: int
    root: bytes
    note: str
    signed_at: datetime


class _Mark(NamedTuple):
    """A checkpoint that whatever is signed has to begin with, and where it is from."""

    size: int
    root: bytes
    where: str

    @classmethod
    def of(cls, note: Note, where: str) -> Self:
        checkpoint = Checkpoint.parse(note.text)
        return cls(checkpoint.size, checkpoint.root, where)


class Signer:
    """Signs the logs of all banks of one database."""

    def __init__(
        self, tiles: Tiles, keys: SigningKeys, clock: Callable[[], datetime], remembered: Remembered | None = None
    ) -> None:
        """What was signed last is remembered in a folder `signed` beside the key file, if nowhere else."""
        self.keys = keys
        self.tiles = tiles
        self._pool = tiles.pool
        self._clock = clock
        self._remembered = remembered or Remembered(keys.path.parent / "signed")
        self._edges: dict[UUID, Edge] = {}
        self._recorded: defaultdict[UUID, dict[int, bytes]] = defaultdict(dict)
        self._signing: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._told: dict[UUID, float] = {}
        self._gone: set[UUID] = set()
        self.damage: dict[UUID, str] = {}

    # Looking

    def verifier_keys(self, bank_id: UUID) -> list[VerifierKey]:
        """The public sides of what signs a bank's checkpoints at present."""
        return [VerifierKey.of(origin_of(bank_id), key.public_key()) for key in self.keys.signing]

    def trusted(self, bank_id: UUID) -> list[VerifierKey]:
        """The public sides of all that ever signed them, with this key file."""
        return [VerifierKey.of(origin_of(bank_id), key) for key in self.keys.public]

    def remembered(self, bank_id: UUID) -> list[Note]:
        """The checkpoint that is remembered beside the key, if there is one."""
        note = self._remembered.read(bank_id)
        return [note] if note else []

    def remembered_in(self, bank_id: UUID) -> Path:
        """The file in which it is remembered what was signed of a bank."""
        return self._remembered.file(bank_id)

    async def gone(self) -> list[UUID]:
        """The banks of which something was signed, by what is remembered beside the key, and that are not here."""
        remembered = await asyncio.to_thread(self._remembered.banks)
        here = {row["bank_id"] for row in await self._pool.fetch(SQL["here"], remembered)}
        return [each for each in remembered if each not in here]

    async def latest(self, bank_id: UUID) -> Signed | None:
        """The checkpoint that was signed last."""
        row = await self._pool.fetchrow(SQL["latest"], bank_id)
        return Signed(*row) if row else None

    async def covering(self, bank_id: UUID, size: int) -> Signed | None:
        """The first checkpoint of a tree with so many facts at least; what was not signed by us is passed over."""
        rows = await self._pool.fetch(SQL["covering"], bank_id, size, LOOKED_AT)
        return next((Signed(*row) for row in rows if self._is_ours(bank_id, row["note"])), None)

    def _is_ours(self, bank_id: UUID, note: str) -> bool:
        try:
            Note.parse(note).must_be_signed(self.trusted(bank_id))
        except NoteError:
            return False
        return True

    # Signing

    def recorded(self, bank_id: UUID, first: int, leaves: Sequence[bytes]) -> None:
        """Take note of what this process recorded: the leaves of facts from a position on."""
        kept = self._recorded[bank_id]
        if len(kept) < RECORDED_LEAVES:
            kept.update(enumerate(leaves, first))

    async def run(self, seconds: float) -> None:
        """Sign what grew, every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            await self.sign_all()

    async def sign_all(self) -> None:
        """Sign the logs of all banks that grew. Where that cannot be it is logged, and tried again next time."""
        try:
            gone = await self.gone()
            behind = [row["bank_id"] for row in await self._pool.fetch(SQL["behind"])] + gone
        except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
            log.warning("checkpoints could not be signed", error=str(error))
            return
        for bank_id in self._gone.difference(gone):
            self.damage.pop(bank_id, None)
        self._gone = set(gone)
        for bank_id in behind:
            try:
                await self.sign(bank_id)
            except (LogDamagedError, NoteError):
                self._sound_alarm(bank_id)
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                log.warning("a checkpoint could not be signed", bank_id=str(bank_id), error=str(error))
            except Exception:
                log.exception("a checkpoint could not be signed", bank_id=str(bank_id))

    async def close(self) -> None:
        """Sign once more, before the service stops, unless that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.sign_all()

    async def exactly(self, bank_id: UUID, size: int) -> Signed:
        """A checkpoint over exactly the first `size` facts, which may be one between two that were signed.

        Raises `LogDamagedError` or `NoteError` where none can be signed.
        """
        later = await self.sign(bank_id)
        row = await self._pool.fetchrow(SQL["exactly"], bank_id, size)
        if row and not self._is_ours(bank_id, row["note"]):
            msg = f"the checkpoint of {size} facts that is in the database was not signed by us"
            raise LogDamagedError(msg)
        if row or not later or later.size < size:
            return _must_reach(row, size)
        root = await self.tiles.root(bank_id, size)
        path = await self.tiles.consistency(bank_id, size, later.size)
        try:
            check_consistency(size, root, later.size, later.root, path)
        except ProofError as error:
            raise LogDamagedError(str(error)) from None
        return await self._keep(bank_id, size, root)

    async def root(self, bank_id: UUID, size: int) -> bytes:
        """The root of the tree over the first `size` facts, whose tiles are kept before, if they are not yet.

        Raises `LogDamagedError` if the log is not what it was, `NoteError` if what was signed was not signed by us.
        """
        latest = await self.latest(bank_id)
        if size > (latest.size if latest else 0):
            await self.sign(bank_id)
        return await self.tiles.root(bank_id, size)

    async def sign(self, bank_id: UUID) -> Signed | None:
        """The checkpoint of a bank's log as it is now, signed if need be; None of an empty log.

        Raises `LogDamagedError` if the log is not what it was, `NoteError` if what was signed was not signed by us.
        """
        async with self._signing[bank_id]:
            try:
                signed = await self._sign(bank_id)
            except (LogDamagedError, NoteError) as error:
                self.damage[bank_id] = str(error)
                raise
            self.damage.pop(bank_id, None)
            return signed

    def _sound_alarm(self, bank_id: UUID) -> None:
        now = time.monotonic()
        if now - self._told.get(bank_id, -ALARM_SECONDS) >= ALARM_SECONDS:
            self._told[bank_id] = now
            log.error("the log is not what was signed; no checkpoint", bank_id=str(bank_id), why=self.damage[bank_id])

    async def _sign(self, bank_id: UUID) -> Signed | None:
        latest = await self.latest(bank_id)
        marks = await self._marks(bank_id, latest)
        # After what was signed is known: another process may be signing what was appended a moment ago.
        head: int = await self._pool.fetchval(SQL["head"], bank_id) or 0
        edge = self._edges.get(bank_id)
        last = max([edge.size if edge else 0, *(mark.size for mark in marks)])
        if head < last:
            msg = f"the log ends at position {head}, but {last} facts were signed"
            raise LogDamagedError(msg)
        if latest and edge and latest.size == edge.size == head and latest.root == edge.root:
            return latest
        if edge is None:
            edge = await self._begin(bank_id, marks) if latest else Edge()
        edge = await self._grown(bank_id, edge, head, marks)
        if not head:
            return None
        await self._make_sure(bank_id, edge)
        signed = await self._keep(bank_id, edge.size, edge.root)
        self._edges[bank_id] = edge
        self._forget(bank_id, edge.size)
        return signed

    async def _marks(self, bank_id: UUID, latest: Signed | None) -> list[_Mark]:
        """What must not be contradicted, by size: what is kept as signed, and what is remembered beside the key."""
        trusted, marks = self.trusted(bank_id), []
        remembered = await asyncio.to_thread(self._remembered.read, bank_id)
        for note, where in (
            (Note.parse(latest.note) if latest else None, "in the database"),
            (remembered, f"in {self._remembered.folder}"),
        ):
            if note:
                note.must_be_signed(trusted)
                marks.append(_Mark.of(note, where))
        return sorted(marks)

    async def _begin(self, bank_id: UUID, marks: Sequence[_Mark]) -> Edge:
        """The edge of the smaller of the trees that were signed, made from the tiles that are kept.

        Where nothing was signed in this database, as after an archive was taken in, there need not be any.
        """
        edge = await self.tiles.edge(bank_id, marks[0].size)
        _must_agree(edge, marks)
        return edge

    async def _grown(self, bank_id: UUID, edge: Edge, head: int, marks: Sequence[_Mark]) -> Edge:
        """The edge of the tree over the whole log, which passes through all that was signed."""
        await self._must_contain(bank_id, edge, marks)
        stops = sorted({mark.size for mark in marks if mark.size > edge.size} | {head})
        edge = edge.copy()
        for stop in stops:
            while edge.size < stop:
                await self._take_in(bank_id, edge, min(edge.size + STRETCH, stop))
            _must_agree(edge, marks)
        return edge

    async def _must_contain(self, bank_id: UUID, edge: Edge, marks: Sequence[_Mark]) -> None:
        for mark in marks:
            if mark.size < edge.size and await self.tiles.root(bank_id, mark.size) != mark.root:
                raise _contradicted(mark)
            _must_agree(edge, [mark])

    async def _take_in(self, bank_id: UUID, edge: Edge, until: int) -> None:
        """Let the edge grow by a stretch of the log, which has to follow the fact that the edge ends with."""
        recorded, first = self._recorded[bank_id], edge.size + 1
        leaves = await self._leaves(bank_id, edge.size if edge.last else first, until)
        if edge.last and leaves.pop(0) != edge.last:
            msg = f"the fact at position {edge.size} is not the one that was signed"
            raise LogDamagedError(msg)
        for position, leaf in enumerate(leaves, first):
            if recorded.get(position, leaf) != leaf:
                msg = f"the fact at position {position} is not the one that was recorded"
                raise LogDamagedError(msg)
            edge.add(leaf)

    async def _leaves(self, bank_id: UUID, first: int, last: int) -> list[bytes]:
        found: bytes = await self._pool.fetchval(SQL["leaves"], bank_id, first, last) or b""
        if len(found) != (last - first + 1) * HASH_BYTES:
            msg = f"facts are missing between positions {first} and {last}"
            raise LogDamagedError(msg)
        return [found[start : start + HASH_BYTES] for start in range(0, len(found), HASH_BYTES)]

    async def _make_sure(self, bank_id: UUID, edge: Edge) -> None:
        """Keep the tiles that are full; all facts that are to be signed are kept for good after that, on replicas too.

        Only then may they be signed: what is signed cannot be taken back.
        """
        async with committed(self._pool, COMMIT_SECONDS) as connection:
            await tiles.keep(connection, bank_id, edge.completed)
            await connection.execute(SQL["make_sure"])
        edge.completed.clear()

    async def _keep(self, bank_id: UUID, size: int, root: bytes) -> Signed:
        """Sign, and remember it beside the key before anybody can see it."""
        origin = origin_of(bank_id)
        note = signed(str(Checkpoint(origin, size, root)), origin, self.keys.signing)
        await asyncio.to_thread(self._remembered.write, bank_id, note)
        kept = Signed(size, root, str(note), self._clock())
        async with committed(self._pool, COMMIT_SECONDS) as connection:
            await connection.execute(SQL["keep"], bank_id, *kept)
            row = await connection.fetchrow(SQL["exactly"], bank_id, size)
        if row is None or not self._is_ours(bank_id, row["note"]):
            msg = f"of {size} facts there is a checkpoint in the database that was not signed by us"
            raise LogDamagedError(msg)
        return Signed(*row)

    def _forget(self, bank_id: UUID, size: int) -> None:
        """What is signed need not be compared any more."""
        recorded = self._recorded[bank_id]
        self._recorded[bank_id] = {position: leaf for position, leaf in recorded.items() if position > size}


async def signer_for(pool: Pool, path: Path, clock: Callable[[], datetime]) -> Signer:
    """What signs with the keys in a file, which are made if nothing was signed yet.

    Raises `KeyringError` if the file is missing, or another than this database's checkpoints were signed with. Where
    some were and others were not, these are damaged: the service starts, signs nothing of that bank, and says so.
    """
    found = await pool.fetch(SQL["some"])
    if not found:
        return Signer(Tiles(pool), SigningKeys.found_or_made(path), clock)
    try:
        signer = Signer(Tiles(pool), SigningKeys(path), clock)
        _must_be_signed_once(signer, found)
    except (KeyringError, NoteError) as error:
        msg = f"{error}. The checkpoints of this database are signed with it: put it back (TIMEBANK_SIGNING_KEY_FILE)"
        raise KeyringError(msg) from None
    return signer


def _must_be_signed_once(signer: Signer, found: Sequence[Any]) -> None:
    """Raises `NoteError` if these keys signed none of some checkpoints, and nothing that is remembered beside them."""
    failures: list[NoteError] = []
    kept = [(row["bank_id"], row["note"]) for row in found]
    remembered = [(bank_id, str(note)) for bank_id in dict(kept) for note in signer.remembered(bank_id)]
    for bank_id, note in (*kept, *remembered):
        try:
            Note.parse(note).must_be_signed(signer.trusted(bank_id))
        except NoteError as error:
            failures.append(error)
        else:
            return
    raise failures[0]


def _must_reach(row: Any, size: int) -> Signed:
    if row is None:
        msg = f"the log ends before position {size}"
        raise LogDamagedError(msg)
    return Signed(*row)


def _must_agree(edge: Edge, marks: Sequence[_Mark]) -> None:
    for mark in marks:
        if mark.size == edge.size and mark.root != edge.root:
            raise _contradicted(mark)


def _contradicted(mark: _Mark) -> LogDamagedError:
    return LogDamagedError(f"the first {mark.size} facts are not those of the checkpoint that is kept {mark.where}")

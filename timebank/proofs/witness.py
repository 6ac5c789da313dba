"""Being a witness of other logs (C2SP tlog-witness): a checkpoint is cosigned if it goes on from the last one.

What was cosigned last is kept in the database, and remembered beside the key: whichever is larger counts.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from timebank.db.commits import committed
from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.proofs.checkpoints import Checkpoint, decoded, number
from timebank.proofs.merkle import ProofError, check_consistency
from timebank.proofs.notes import COSIGNATURE, Note, NoteError, VerifierKey, cosigned
from timebank.proofs.remembered import Remembered
from timebank.vault.signing import SigningKeys

SQL = load_statements("timebank.proofs", "witness.sql")

COMMIT_SECONDS = 5.0
MOST_HASHES = 63


class NotWitnessedError(Exception):
    """Why a checkpoint is not cosigned; the status is the one that the specification gives it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class StaleError(NotWitnessedError):
    """The log took another size for the last one that was cosigned."""

    def __init__(self, size: int) -> None:
        super().__init__(409, str(size))
        self.size = size


class Asked(NamedTuple):
    """What a log asks: to cosign a checkpoint that goes on from the size cosigned before, as the hashes prove."""

    old_size: int
    hashes: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> "Asked":
        """The body of a request. Raises `NotWitnessedError`."""
        try:
            head, _, note = body.decode().partition("\n\n")
            first, *hashes = head.split("\n")
            if not first.startswith("old ") or len(hashes) > MOST_HASHES:
                raise NoteError("a request begins with `old`, and has no more than 63 hashes")
            parsed = Note.parse(note)
            decoded_hashes = tuple(decoded(each) for each in hashes)
            return cls(number(first[4:]), decoded_hashes, parsed, Checkpoint.parse(parsed.text))
        except (NoteError, UnicodeDecodeError) as error:
            raise NotWitnessedError(400, str(error)) from None


class Witness:
    """Cosigns the checkpoints of the logs whose keys it was given."""

    def __init__(
        self, pool: Pool, keys: SigningKeys, logs: Sequence[VerifierKey], clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._logs = logs
        self._clock = clock
        self._remembered = Remembered(keys.path.parent / "witnessed")
        self._one = asyncio.Lock()
        """Who waits for others has no connection: anybody may send a checkpoint again that a log has signed."""

    @property
    def key(self) -> VerifierKey:
        """By which key it cosigns; its name is made of the key."""
        public = self._keys.witness.public_key()
        name = f"timebank-witness/{hashlib.sha256(public.public_bytes_raw()).hexdigest()[:16]}"
        return VerifierKey.of(name, public, COSIGNATURE)

    async def cosign(self, body: bytes) -> str:
        """The cosignature for what a log asks. Raises `NotWitnessedError`."""
        asked = Asked.parse(body)
        origin, size = asked.checkpoint.origin, asked.checkpoint.size
        self._must_be_of_the_log(asked)
        if asked.old_size > size:
            raise NotWitnessedError(400, "the old size is larger than the new one")
        async with self._one, committed(self._pool, COMMIT_SECONDS) as connection:
            await connection.execute(SQL["alone"], origin)
            _must_go_on(asked, await self._latest(connection, origin))
            now = self._clock()
            made = cosigned(asked.note.text, self.key.name, self._keys.witness, int(now.timestamp()))
            own = asked.note.verified(self._keys_of(origin))
            note = Note(asked.note.text, (*own.values(), made))
            await asyncio.to_thread(self._remembered.write, _file_of(origin), note)
            await connection.execute(SQL["keep"], origin, size, asked.checkpoint.root, str(note), now)
        return str(made)

    async def latest(self, origin_hash: bytes) -> str | None:
        """The largest checkpoint that was cosigned of the log whose name has this SHA-256."""
        found: str | None = await self._pool.fetchval(SQL["by_hash"], origin_hash)
        return found

    def _keys_of(self, origin: str) -> list[VerifierKey]:
        return [key for key in self._logs if key.name == origin]

    def _must_be_of_the_log(self, asked: Asked) -> None:
        keys = self._keys_of(asked.checkpoint.origin)
        if not keys:
            raise NotWitnessedError(404, "this log is none that is witnessed here")
        try:
            asked.note.must_be_signed(keys)
        except NoteError as error:
            raise NotWitnessedError(403, str(error)) from None

    async def _latest(self, connection: Connection, origin: str) -> Checkpoint:
        """What was cosigned last, as the database or the file beside the key says."""
        row = await connection.fetchrow(SQL["latest"], origin)
        known = [Checkpoint(origin, row["size"], row["root"])] if row else []
        remembered = await asyncio.to_thread(self._remembered.read, _file_of(origin))
        known += [Checkpoint.parse(remembered.text)] if remembered else []
        return max(known, key=lambda each: each.size, default=Checkpoint(origin, 0, hashlib.sha256().digest()))


def _must_go_on(asked: Asked, latest: Checkpoint) -> None:
    if asked.old_size != latest.size:
        raise StaleError(latest.size)
    try:
        check_consistency(latest.size, latest.root, asked.checkpoint.size, asked.checkpoint.root, asked.hashes)
        if asked.checkpoint.size == 0 and asked.checkpoint.root != latest.root:
            raise ProofError("the empty tree has another root")
    except ProofError as error:
        raise NotWitnessedError(422, str(error)) from None


def _file_of(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()

"""Having one's checkpoints cosigned by witnesses (C2SP tlog-witness), and keeping what they said to hand it out."""

import asyncio
import contextlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import structlog

from timebank.db.connections import CONNECTION_LOST
from timebank.db.sql import load_statements
from timebank.proofs.checkpoints import encoded, number
from timebank.proofs.notes import MOST_BYTES, Note, NoteError, Signature, VerifierKey, signatures_of
from timebank.proofs.signer import Signed, Signer
from timebank.proofs.tiles import LogDamagedError

SQL = load_statements("timebank.proofs", "cosigners.sql")

ASK_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Cosigner(NamedTuple):
    """A witness: by which key it cosigns, and below which address it is asked."""

    key: VerifierKey
    url: str


class Answer(NamedTuple):
    """What a witness answered."""

    status: int
    body: str


Ask = Callable[[str, bytes], Answer]


class Cosigners:
    """Asks the witnesses of all banks of one database, and knows what they said."""

    def __init__(
        self, signer: Signer, witnesses: Sequence[Cosigner], clock: Callable[[], datetime], ask: Ask | None = None
    ) -> None:
        self.witnesses = witnesses
        self.tiles = signer.tiles
        self.signer = signer
        self._pool = signer.tiles.pool
        self._clock = clock
        self._ask = ask or _post

    async def run(self, seconds: float) -> None:
        """Ask for what is not cosigned yet, every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            await self.ask_all()

    async def ask_all(self) -> None:
        """Have the latest checkpoint of every bank cosigned by every witness that has not; what fails is logged."""
        try:
            banks = [row["bank_id"] for row in await self._pool.fetch(SQL["banks"])] if self.witnesses else []
        except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
            log.warning("witnesses could not be asked", error=str(error))
            return
        for bank_id in banks:
            for witness in self.witnesses:
                with _logged(bank_id, witness):
                    await self.ask(bank_id, witness)

    async def ask(self, bank_id: UUID, witness: Cosigner) -> bool:
        """Have the latest checkpoint cosigned, and keep what the witness says; False if that is done already.

        Raises `NoteError` if it does not cosign: that it refuses may mean that it was shown another history.
        """
        latest = await self.signer.latest(bank_id)
        return latest is not None and await self._ask_for(bank_id, witness, latest)

    async def _ask_for(self, bank_id: UUID, witness: Cosigner, signed: Signed) -> bool:
        """Have a checkpoint cosigned that is none of before the last one that was."""
        before: int = await self._pool.fetchval(SQL["last"], bank_id, witness.key.name) or 0
        if before == signed.size:
            return False
        answer = await self._send(bank_id, witness, before, signed)
        if answer.status == 409:  # it knows another size for the last one than we do
            answer = await self._send(bank_id, witness, number(answer.body.strip()), signed)
        if answer.status != 200:
            msg = f"it answered {answer.status}: {answer.body[:200]}"
            raise NoteError(msg)
        said = Note(Note.parse(signed.note).text, signatures_of(answer.body)).verified([witness.key])
        if not said:
            raise NoteError("it answered with no cosignature of its key")
        await self.keep(bank_id, signed.size, signed.root, said.values())
        return True

    async def keep(self, bank_id: UUID, size: int, root: bytes, said: Iterable[Signature]) -> None:
        """Keep what witnesses said of a checkpoint. Raises `NoteError` if another root of its size is kept by now."""
        for each in said:
            kept = await self._pool.fetchval(SQL["keep"], bank_id, size, root, each.name, str(each), self._clock())
            if not kept:
                msg = f"{each.name} cosigned another checkpoint of {size} facts than the one that is kept"
                raise NoteError(msg)

    async def _send(self, bank_id: UUID, witness: Cosigner, old: int, signed: Signed) -> Answer:
        if old > signed.size:
            msg = f"it has seen {old} facts already"
            raise NoteError(msg)
        path = await self.signer.tiles.consistency(bank_id, old, signed.size)
        hashes = "".join(f"{encoded(each)}\n" for each in path)
        body = f"old {old}\n{hashes}\n{signed.note}".encode()
        return await asyncio.to_thread(self._ask, f"{witness.url.rstrip('/')}/add-checkpoint", body)

    # Handing out

    async def latest(self, bank_id: UUID) -> Signed | None:
        """The latest checkpoint, with what witnesses said of it."""
        latest = await self.signer.latest(bank_id)
        return await self._with_lines(bank_id, latest) if latest else None

    async def covering(self, bank_id: UUID, position: int) -> Signed:
        """The latest checkpoint over a fact that was cosigned, else the latest one, signed now if need be.

        Raises `LogDamagedError` or `NoteError` where none can be signed.
        """
        row = await self._pool.fetchrow(SQL["cosigned"], bank_id, position)
        if row:
            return await self._with_lines(bank_id, Signed(*row))
        latest = await self.signer.latest(bank_id)
        if latest is None or latest.size < position:
            latest = await self.signer.sign(bank_id)
        if latest is None or latest.size < position:
            msg = f"the log ends before position {position}"
            raise LogDamagedError(msg)
        return await self._with_lines(bank_id, latest)

    async def exactly(self, bank_id: UUID, size: int) -> Signed:
        """A checkpoint over exactly the first `size` facts, for which witnesses are asked that have not cosigned it.

        Those that are away, or have seen more facts by now, do not cosign it, which is logged. Raises `LogDamagedError`
        or `NoteError` where none can be signed.
        """
        signed = await self.signer.exactly(bank_id, size)
        for witness in self.witnesses:
            with _logged(bank_id, witness):
                await self._ask_for(bank_id, witness, signed)
        return await self._with_lines(bank_id, signed)

    async def _with_lines(self, bank_id: UUID, signed: Signed) -> Signed:
        lines = await self._pool.fetch(SQL["of"], bank_id, signed.size)
        return signed._replace(note=signed.note + "".join(row["line"] for row in lines))


@contextlib.contextmanager
def _logged(bank_id: UUID, witness: Cosigner) -> Iterator[None]:
    """Where a witness does not cosign it is logged, and nothing is held up."""
    try:
        yield
    except (*CONNECTION_LOST, asyncpg.PostgresError, NoteError, LogDamagedError) as error:
        log.warning("a witness did not cosign", witness=witness.key.name, bank_id=str(bank_id), why=str(error))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A witness is where it is said to be."""


def _post(url: str, body: bytes) -> Answer:
    """Ask a witness; whatever keeps it from answering is a `NoteError`."""
    request = urllib.request.Request(url, body, {"Content-Type": "text/plain; charset=utf-8"})  # noqa: S310  # set
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=ASK_SECONDS) as answer:
            return Answer(answer.status, _read(answer).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _read(error).decode(errors="replace"))
    except (OSError, ValueError, http.client.HTTPException) as error:
        msg = f"it cannot be asked: {error!r}"
        raise NoteError(msg) from None


def _read(answer: Any) -> bytes:
    """What is answered, as far as it comes in time, however little at a time. Raises `TimeoutError`."""
    until, read = time.monotonic() + ASK_SECONDS, b""
    while len(read) < MOST_BYTES and (part := answer.read1(MOST_BYTES - len(read))):
        read += part
        if time.monotonic() > until:
            raise TimeoutError
    return read

"""Witnesses, both ways: cosigning for other logs as the specification says, and having one's own log cosigned."""

import asyncio
import contextlib
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs
from tlog_scales.signing import NoteSignature, Vkey
from tlog_scales.tlog import Checkpoint as OracleCheckpoint

from tests.proofs.test_merkle import LEAVES, mth, subproof
from tests.proofs.test_signer import clock, grow, tamper
from timebank.db.connections import Pool
from timebank.proofs import cosigners as cosigners_module
from timebank.proofs.checkpoints import Checkpoint, origin_of
from timebank.proofs.cosigners import Answer, Cosigner, Cosigners
from timebank.proofs.merkle import EMPTY_ROOT
from timebank.proofs.notes import Note, NoteError, VerifierKey, signed
from timebank.proofs.signer import Signer
from timebank.proofs.tiles import Tiles
from timebank.proofs.witness import NotWitnessedError, StaleError, Witness
from timebank.vault.signing import SigningKeys

LOG, KEY, OTHER = "log.example/1", Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


@pytest.fixture
def opened(pool: Pool, tmp_path: Path) -> Callable[[], Witness]:
    """A witness of one log, as a process that starts has it."""
    keys = [VerifierKey.of(LOG, KEY.public_key())]
    return lambda: Witness(pool, SigningKeys.found_or_made(tmp_path / "w" / "signing.json"), keys, clock)


def request(
    old: int, new: int, *, root: bytes | None = None, path: list[bytes] | None = None, key: Ed25519PrivateKey = KEY,
    log: str = LOG,
) -> bytes:  # fmt: skip
    """What a log asks, whose leaves are those of the tests of the tree."""
    hashes = path if path is not None else subproof(old, LEAVES[:new]) if 0 < old < new else []
    note = signed(str(Checkpoint(log, new, mth(LEAVES[:new]) if root is None else root)), log, [key])
    lines = "".join(f"{b64encode(each).decode()}\n" for each in hashes)
    return f"old {old}\n{lines}\n{note}".encode()


async def test_what_goes_on_is_cosigned(opened: Callable[[], Witness]) -> None:
    """Each checkpoint that begins with the last one is cosigned, as an independent program verifies."""
    old = 0
    for new in (0, 5, 5, 8, 300):
        witness = opened()
        line = await witness.cosign(request(old, new))
        checkpoint = OracleCheckpoint(LOG, new, mth(LEAVES[:new]), [])
        Vkey.from_string(str(witness.key)).get_verifier().verify_note(NoteSignature.from_line(line.strip()), checkpoint)
        old = new
    latest = await opened().latest(sha256(LOG.encode()).digest())
    assert latest
    note = Note.parse(latest)
    assert set(note.verified([opened().key, VerifierKey.of(LOG, KEY.public_key())])) == {
        opened().key,
        VerifierKey.of(LOG, KEY.public_key()),
    }
    assert await opened().latest(bytes(32)) is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"old 1\n\nx", 400), (b"\xff", 400), (request(5, 8).replace(b"old 5", b"old 05"), 400),
        (request(5, 8).replace(b"old", b"new"), 400), (request(9, 8), 400), (request(5, 8, path=[bytes(32)] * 64), 400),
        (request(5, 8, log="log.example/2"), 404), (request(5, 8, key=OTHER), 403), (request(4, 8), 409),
        (request(0, 8), 409), (request(5, 8, path=[]), 422), (request(5, 8, root=bytes(32)), 422),
        (request(5, 5, root=bytes(32)), 422), (request(5, 5, path=[bytes(32)]), 422),
        (request(5, 8, path=subproof(4, LEAVES[:8])), 422),
    ],
)  # fmt: skip
async def test_what_does_not_is_refused(opened: Callable[[], Witness], body: bytes, status: int) -> None:
    """What is no request, of no known log or key, or does not go on, is refused with the status it should have."""
    await opened().cosign(request(0, 5))
    with pytest.raises(NotWitnessedError) as refused:
        await opened().cosign(body)
    assert refused.value.status == status
    if isinstance(refused.value, StaleError):
        assert refused.value.size == 5
    await opened().cosign(request(5, 6))


async def test_very_many_who_ask_at_once_leave_room_for_others(opened: Callable[[], Witness], pool: Pool) -> None:
    """They wait for each other, and only one of them keeps a connection to the database meanwhile."""
    witness = opened()
    async with pool.acquire() as apart, apart.transaction():
        await apart.execute("select pg_advisory_xact_lock(hashtextextended('timebank.witness ' || $1, 0))", LOG)
        asking = [asyncio.create_task(witness.cosign(request(0, 5))) for _ in range(30)]
        await asyncio.wait(asking, timeout=0.5)
        assert await asyncio.wait_for(pool.fetchval("select true"), 3)
        assert not any(each.done() for each in asking)
    done = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in done].count(str) == 1
    assert {type(each) for each in done} == {str, StaleError}


async def test_an_empty_tree_has_one_root(opened: Callable[[], Witness]) -> None:
    """A log without facts has the root of nothing."""
    with pytest.raises(NotWitnessedError) as refused:
        await opened().cosign(request(0, 0, root=bytes(32)))
    assert refused.value.status == 422
    await opened().cosign(request(0, 0, root=EMPTY_ROOT))


async def test_a_witness_remembers(opened: Callable[[], Witness], pool: Pool) -> None:
    """A witness whose database was restored from a backup does not cosign another history."""
    await opened().cosign(request(0, 8))
    async with pool.acquire() as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("delete from witnessed_checkpoint")
        await connection.execute("reset session_replication_role")
    with pytest.raises(StaleError):
        await opened().cosign(request(0, 5))


async def test_our_checkpoints_are_cosigned_and_handed_out(pool: Pool, bank_id: UUID, tmp_path: Path) -> None:
    """A witness cosigns each checkpoint of ours once, and what it says is in what is served."""
    signer = Signer(Tiles(pool), SigningKeys.found_or_made(tmp_path / "signing.json"), clock)
    witness = Witness(pool, SigningKeys.found_or_made(tmp_path / "w" / "signing.json"), [], clock)
    await grow(pool, bank_id, 10)
    await signer.sign(bank_id)
    asked: list[bytes] = []

    def ask(url: str, body: bytes) -> Answer:
        assert url == "https://witness.example/w/add-checkpoint"
        asked.append(body)
        return answers.pop(0)

    cosigner = Cosigner(witness.key, "https://witness.example/w/")
    cosigners = Cosigners(signer, [cosigner], clock, ask)
    told = Witness(pool, witness._keys, signer.verifier_keys(bank_id), clock)
    answers = [Answer(409, "4\n"), Answer(500, "")]
    with pytest.raises(NoteError):
        await cosigners.ask(bank_id, cosigner)
    assert [body[:6] for body in asked] == [b"old 0\n", b"old 4\n"]
    for size in (10, 700):
        await grow(pool, bank_id, size)
        await signer.sign(bank_id)
        latest = await signer.latest(bank_id)
        assert latest
        asked.clear()
        answers = [Answer(200, "")]
        with pytest.raises(NoteError):
            await cosigners.ask(bank_id, cosigner)
        answers = [Answer(200, await told.cosign(asked[0]))]
        assert await cosigners.ask(bank_id, cosigner)
        assert not await cosigners.ask(bank_id, cosigner)
        served = await cosigners.latest(bank_id)
        assert served
        assert witness.key in Note.parse(served.note).verified([witness.key])
    await grow(pool, bank_id, 701)
    await signer.sign(bank_id)
    covering = await cosigners.covering(bank_id, 600)
    assert covering.size == 700, "the latest that was cosigned"
    assert (await cosigners.covering(bank_id, 701)).size == 701


@contextlib.contextmanager
def answering(*pieces: bytes, every: float = 0.0) -> Iterator[str]:
    """The address of something that is no witness, and answers with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    asking, _ = server.accept()
                    with asking, contextlib.suppress(OSError):
                        asking.recv(65_536)
                        for piece in pieces:
                            asking.sendall(piece)
                            time.sleep(every)

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "every"),
    [
        ([b"no HTTP at all\r\n\r\n"], 0), ([HEAD, b"x"], 0), ([b"HTTP/1.1 200 " + b"x" * 70_000], 0), ([b""], 0),
        ([HEAD, *[b"x"] * 1000], 0.01),
    ],
)  # fmt: skip
async def test_what_answers_oddly_holds_nobody_up(
    pool: Pool, bank_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], every: float
) -> None:
    """Whatever is at the address of a witness answers, it is logged, and the next one is asked: no task goes down."""
    monkeypatch.setattr(cosigners_module, "ASK_SECONDS", 1.0)
    signer = Signer(Tiles(pool), SigningKeys.found_or_made(tmp_path / "signing.json"), clock)
    witness = Witness(pool, SigningKeys.found_or_made(tmp_path / "w" / "signing.json"), [], clock)
    await grow(pool, bank_id, 3)
    await signer.sign(bank_id)
    with answering(*pieces, every=every) as url, capture_logs() as logs:
        async with asyncio.timeout(5):
            await Cosigners(signer, [Cosigner(witness.key, url)] * 2, clock).ask_all()
    assert [each["event"] for each in logs if each["bank_id"] == str(bank_id)] == ["a witness did not cosign"] * 2


async def test_another_history_is_not_called_cosigned(pool: Pool, bank_id: UUID, tmp_path: Path) -> None:
    """A witness answers when another checkpoint of the same size has taken the place of the one that it was asked for.

    So it may be where a promotion took facts back meanwhile. What it said is of the other, and is not kept.
    """
    signer = Signer(Tiles(pool), SigningKeys.found_or_made(tmp_path / "signing.json"), clock)
    keys = SigningKeys.found_or_made(tmp_path / "w" / "signing.json")
    witness, loop = Witness(pool, keys, signer.verifier_keys(bank_id), clock), asyncio.get_running_loop()
    await grow(pool, bank_id, 10)
    asked = await signer.sign(bank_id)
    assert asked
    other = signed(str(Checkpoint(origin_of(bank_id), 10, bytes(32))), origin_of(bank_id), signer.keys.signing)

    async def answered(body: bytes) -> str:
        await tamper(pool, "update signed_checkpoint set root = $1, note = $2", bytes(32), str(other))
        return await witness.cosign(body)

    def ask(_: str, body: bytes) -> Answer:
        return Answer(200, asyncio.run_coroutine_threadsafe(answered(body), loop).result())

    cosigner = Cosigner(witness.key, "https://witness.example")
    cosigners = Cosigners(signer, [cosigner], clock, ask)
    with pytest.raises(NoteError, match="another checkpoint of 10 facts"):
        await cosigners.ask(bank_id, cosigner)
    served = await cosigners.latest(bank_id)
    assert served
    assert served.note == str(other), "and nobody is said to have cosigned it"

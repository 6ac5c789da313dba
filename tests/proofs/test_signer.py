"""Checkpoints: signed where the log grew, and never against what was signed before."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as OracleCheckpoint

from tests.controls.town import do, found, register
from tests.helpers.patience import PATIENCE_SECONDS
from tests.proofs.conftest import leaf, sow
from tests.proofs.test_merkle import mth
from timebank.db.connections import Pool
from timebank.ledger.hooks import Hook
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.proofs import remembered
from timebank.proofs.checking import tree_check
from timebank.proofs.checkpoints import Checkpoint, origin_of
from timebank.proofs.notes import Note, NoteError, signed
from timebank.proofs.signer import Signed, Signer, signer_for
from timebank.proofs.tiles import LogDamagedError, Tiles
from timebank.runtime.composition import hooks
from timebank.vault.keyring import KeyringError
from timebank.vault.people import People
from timebank.vault.signing import SigningKeys

Started = Callable[[], Signer]


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@pytest.fixture
def started(pool: Pool, tmp_path: Path) -> Started:
    """A signer as a process that starts has it, with the key file of the test."""
    return lambda: Signer(Tiles(pool), SigningKeys.found_or_made(tmp_path / "signing.json"), clock)


async def grow(pool: Pool, bank_id: UUID, until: int) -> None:
    """Let the log grow to a length."""
    head = await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    await sow(pool, bank_id, head, until)
    await pool.execute("update bank set head = $2 where bank_id = $1", bank_id, until)


async def tamper(pool: Pool, statement: str, *binds: Any) -> None:
    """Do something that the triggers keep from everybody but the owner of the database."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(statement, *binds)


def must_be_of(signer: Signer, bank_id: UUID, checkpoint: Signed | None, size: int) -> None:
    """A checkpoint is what an independent program takes for a good one, and says what the definition says."""
    assert checkpoint
    (key,) = signer.verifier_keys(bank_id)
    read = OracleCheckpoint.from_text(checkpoint.note)
    read.verify(Vkey.from_string(str(key)))
    assert (read.origin, read.size) == (f"timebank/{bank_id}", size) == (origin_of(bank_id), checkpoint.size)
    assert read.root_hash == checkpoint.root == mth([leaf(position) for position in range(1, size + 1)])


async def test_a_log_that_grew_is_signed(pool: Pool, bank_id: UUID, started: Started) -> None:
    """A log is signed as it is; one that did not grow is not signed again, by whomever; an empty one not at all."""
    signer = started()
    assert await signer.sign(bank_id) is None
    for size in (1, 2, 255, 700, 701):
        await grow(pool, bank_id, size)
        checkpoint = await signer.sign(bank_id)
        must_be_of(signer, bank_id, checkpoint, size)
        assert await signer.sign(bank_id) == await started().sign(bank_id) == await signer.latest(bank_id) == checkpoint
    assert await pool.fetchval("select count(*) from signed_checkpoint") == 5
    found = await signer.covering(bank_id, 3)
    assert found
    assert found.size == 255
    assert await signer.covering(bank_id, 702) is None


async def test_processes_go_on_from_each_other(pool: Pool, bank_id: UUID, started: Started) -> None:
    """Processes that sign at once, start and go on, all the while the log grows, never contradict each other."""
    await grow(pool, bank_id, 1)
    signers = [started() for _ in range(3)]

    async def keep_signing(signer: Signer) -> None:
        for _ in range(12):
            await signer.sign(bank_id)
            await started().sign(bank_id)

    async def keep_growing() -> None:
        for step in range(30):
            await grow(pool, bank_id, 1 + (step + 1) * 37)
            await asyncio.sleep(0.01)

    await asyncio.gather(keep_growing(), *map(keep_signing, signers))
    await signers[0].sign(bank_id)
    rows = await pool.fetch("select * from signed_checkpoint order by size")
    assert len(rows) > 5
    for row in rows:
        must_be_of(signers[0], bank_id, Signed(row["size"], row["root"], row["note"], row["signed_at"]), row["size"])


@pytest.mark.parametrize("dying", ["committed", "tiles.keep", "signed", "to_thread", "encode_note"])
async def test_whatever_is_interrupted_goes_on(
    pool: Pool, bank_id: UUID, started: Started, monkeypatch: pytest.MonkeyPatch, dying: str
) -> None:
    """Wherever a process dies while it signs, the next one goes on from there, and nothing has to be repaired."""
    for size in (300, 900, 901, 1_400):
        await grow(pool, bank_id, size)
        for times in range(1, 4):
            with monkeypatch.context() as patch:
                _die_at(patch, dying, times)
                with contextlib.suppress(_DeadError):
                    await started().sign(bank_id)
        signer = started()
        must_be_of(signer, bank_id, await signer.sign(bank_id), size)


class _DeadError(Exception):
    pass


def _die_at(patch: pytest.MonkeyPatch, place: str, times: int) -> None:
    """Let the signer die when it has come to a place so many times; or right after what is done there is done."""
    from timebank.proofs import signer as module

    if place == "encode_note":  # what is remembered is written, and nothing else is done
        write = module.Remembered.write

        def written(self: Any, bank_id: UUID, note: Note) -> None:
            write(self, bank_id, note)
            raise _DeadError

        patch.setattr(module.Remembered, "write", written)
        return
    owner, name = (module.tiles, "keep") if "." in place else (module, place)
    owner = module.asyncio if place == "to_thread" else owner
    real, left = getattr(owner, name), iter(range(times - 1))

    def dying(*given: Any, **named: Any) -> Any:
        if next(left, None) is None:
            raise _DeadError
        return real(*given, **named)

    patch.setattr(owner, name, dying)


@pytest.fixture
async def signing_ledger(pool: Pool, people: People, bank_id: UUID, started: Started) -> Any:
    """A ledger that tells a signer what it records, and the signer."""
    from tests.conftest import Waker

    signer = started()
    ledger = Ledger(Store(pool, Waker()), people, clock=clock, hooks=[*hooks(people), Hook(leaves=signer.recorded)])
    yield ledger, signer
    await ledger.close()


@pytest.mark.parametrize(
    "change",
    ["update event set leaf = sha256(leaf) where position = 4", "update event set leaf = '' where position = 4",
     "delete from event where position = 4"],
)  # fmt: skip
async def test_what_was_recorded_is_signed_and_nothing_else(
    signing_ledger: tuple[Ledger, Signer], pool: Pool, bank_id: UUID, change: str
) -> None:
    """A fact that is exchanged between its recording and the next checkpoint is noticed, and not signed."""
    ledger, signer = signing_ledger
    await do(ledger, bank_id, *found(2))
    await signer.sign(bank_id)
    await do(ledger, bank_id, register(3))
    size = await ledger.store.head(bank_id)
    await tamper(pool, change.replace("position = 4", f"position = {size}"))
    with pytest.raises(LogDamagedError, match=f"{size}"):
        await signer.sign(bank_id)
    await signer.sign_all()
    assert signer.damage.keys() == {bank_id}
    latest = await signer.latest(bank_id)
    assert latest
    assert latest.size == size - 1


async def test_receipts_have_the_leaf(signing_ledger: tuple[Ledger, Signer], pool: Pool, bank_id: UUID) -> None:
    """A receipt has the leaf of its last fact, as the log has it; what was refused, repeated or tried has none else."""
    ledger, _ = signing_ledger
    receipts = await do(ledger, bank_id, *found(2))
    for receipt in receipts:
        stored = await pool.fetchval("select leaf from event where position = $1", receipt.position)  # type: ignore[union-attr]
        assert receipt.leaf == stored  # type: ignore[union-attr]
    (tried,) = await ledger.submit(bank_id, [register(9)], dry_run=True)
    assert tried.leaf == b""  # type: ignore[union-attr]


async def roll_back(pool: Pool, until: int) -> None:
    """Make the database what it was when the log had so many facts."""
    await tamper(pool, "delete from event where position > $1", until)
    await tamper(pool, "delete from tile where (number + 1) * 256 > $1", until)
    await tamper(pool, "delete from signed_checkpoint where size > $1", until)
    await pool.execute("update bank set head = $1", until)


@pytest.mark.parametrize("is_same", [True, False], ids=["the same process", "one that starts"])
async def test_a_log_that_was_rolled_back_is_not_signed(
    pool: Pool, bank_id: UUID, started: Started, is_same: bool
) -> None:
    """A database as it was once is noticed, while it is shorter, and when it has grown again with other facts."""
    signer = started()
    for size in (100, 400):
        await grow(pool, bank_id, size)
        await signer.sign(bank_id)
    await roll_back(pool, 100)
    signer = signer if is_same else started()
    with pytest.raises(LogDamagedError, match="ends at position 100, but 400 facts were signed"):
        await signer.sign(bank_id)
    await grow(pool, bank_id, 500)
    await tamper(pool, "update event set leaf = sha256(leaf) where position > 390")
    with pytest.raises(LogDamagedError):
        await signer.sign(bank_id)
    await tamper(pool, "update event set leaf = sha256(convert_to(position::text, 'UTF8')) where position > 390")
    must_be_of(signer, bank_id, await signer.sign(bank_id), 500)


async def test_a_bank_that_is_gone_is_noticed(pool: Pool, bank_id: UUID, started: Started) -> None:
    """With all that was in the database of it: what is remembered beside the key says that it was there."""
    signer = started()
    await grow(pool, bank_id, 10)
    await signer.sign(bank_id)
    assert await signer.gone() == []
    for table in ("event", "tile", "signed_checkpoint", "bank"):
        await tamper(pool, f"delete from {table}")
    for each in (signer, started()):
        assert await each.gone() == [bank_id]
        await each.sign_all()
        assert each.damage == {bank_id: "the log ends at position 0, but 10 facts were signed"}
    signer.remembered_in(bank_id).unlink()
    await signer.sign_all()
    assert signer.damage == {}, "it went on purpose"


async def test_a_row_that_its_note_does_not_bear_out_is_passed_over(
    pool: Pool, bank_id: UUID, started: Started
) -> None:
    """Whoever may insert rows makes no other checkpoint the latest by a size, or a root, beside a note of ours."""
    signer = started()
    await grow(pool, bank_id, 10)
    first = await signer.sign(bank_id)
    assert first
    note, root = first.note, first.root
    row = "insert into signed_checkpoint (bank_id, size, root, note, signed_at) values ($1, $2, $3, $4, now())"
    for size, said in ((1_000_000_000, root), (11, root), (15, bytes(32))):
        await pool.execute(row, bank_id, size, said, note)
    origin, stranger = origin_of(bank_id), [Ed25519PrivateKey.generate()]
    forged = str(signed(str(Checkpoint(origin, 9, bytes(32))), origin, stranger))
    await pool.execute(row, bank_id, 9, bytes(32), forged)
    await grow(pool, bank_id, 20)
    for each in (signer, started()):
        assert await each.latest(bank_id) == first
        assert await each.covering(bank_id, 9) == first
        assert await each.covering(bank_id, 11) is None
    with pytest.raises(LogDamagedError):
        await signer.exactly(bank_id, 9)
    await signer.sign_all()
    assert signer.damage == {}
    latest = await signer.exactly(bank_id, 20)
    assert Checkpoint.parse(Note.parse(latest.note).text).size == 20
    check = await tree_check(pool, signer, bank_id, [])
    assert [each.position for each in check.findings] == [9, 11, 15, 1_000_000_000]
    await pool.execute(row, bank_id, 30, root, note)
    await grow(pool, bank_id, 30)
    await signer.sign_all()
    assert set(signer.damage) == {bank_id}, "where what is signed next cannot be kept, somebody is to know"


async def test_what_a_stranger_signed_is_not_gone_on_from(pool: Pool, bank_id: UUID, started: Started) -> None:
    """A checkpoint in the database that our keys have not signed, or that says otherwise, stops the signing."""
    signer = started()
    await grow(pool, bank_id, 10)
    await signer.sign(bank_id)
    origin, root = origin_of(bank_id), bytes(32)
    for keys in ([Ed25519PrivateKey.generate()], signer.keys.signing):
        note = str(signed(str(Checkpoint(origin, 10, root)), origin, keys))
        await tamper(pool, "update signed_checkpoint set root = $1, note = $2", root, note)
        for each in (signer, started()):
            with pytest.raises((NoteError, LogDamagedError)):
                await each.sign(bank_id)
    for statement in ("update signed_checkpoint set size = 9", "delete from signed_checkpoint"):
        with pytest.raises(asyncpg.RaiseError, match="never changed"):
            await pool.execute(statement)


async def test_the_key_file_belongs_to_the_database(
    pool: Pool, bank_id: UUID, started: Started, tmp_path: Path
) -> None:
    """Once something was signed, a missing key file, or another one, is refused, and nothing is made in its place."""
    await grow(pool, bank_id, 10)
    await (await signer_for(pool, tmp_path / "signing.json", clock)).sign(bank_id)
    await signer_for(pool, tmp_path / "signing.json", clock)
    with pytest.raises(KeyringError, match="put it back"):
        await signer_for(pool, tmp_path / "elsewhere" / "signing.json", clock)
    assert not (tmp_path / "elsewhere").exists()
    SigningKeys.found_or_made(tmp_path / "other.json")
    with pytest.raises(KeyringError, match="put it back"):
        await signer_for(pool, tmp_path / "other.json", clock)
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(KeyringError, match="cannot be read"):
        SigningKeys(tmp_path / "broken.json")


@pytest.mark.parametrize("sizes", [[10], [10, 20]], ids=["the only one", "the last one"])
async def test_a_damaged_checkpoint_keeps_nobody_from_starting(
    pool: Pool, bank_id: UUID, tmp_path: Path, sizes: list[int]
) -> None:
    """The key file is the one that signed, as others tell, or what is remembered; that it is damaged is found."""
    path = tmp_path / "signing.json"
    for size in sizes:
        await grow(pool, bank_id, size)
        await (await signer_for(pool, path, clock)).sign(bank_id)
    for damaged in ("'x' || note", "replace(note, chr(10), '')", "overlay(note placing '!' from 90)"):
        await tamper(pool, f"update signed_checkpoint set note = {damaged} where size = $1", sizes[-1])
        signer = await signer_for(pool, path, clock)
        await signer.sign_all()
        if damaged.startswith("'x'"):
            for asked in (tree_check(pool, signer, bank_id, []), signer.sign(bank_id)):
                with pytest.raises(NoteError):
                    await asked
            assert set(signer.damage) == {bank_id}
        else:
            assert (await tree_check(pool, signer, bank_id, [])).findings


@pytest.fixture(autouse=True)
def _private(tmp_path: Path) -> Iterator[None]:
    """Whatever is written beside the key is for its owner alone."""
    yield
    for file in [tmp_path / "signing.json", *(tmp_path / "signed").glob("*")]:
        assert not file.exists() or file.stat().st_mode & 0o077 == 0


async def test_a_key_is_replaced(pool: Pool, bank_id: UUID, started: Started) -> None:
    """While a key is replaced both sign; then the new one alone; what the old one signed still counts for us."""
    before = started()
    await grow(pool, bank_id, 10)
    await before.sign(bank_id)
    (old,) = before.verifier_keys(bank_id)
    replacing = started()
    assert replacing.keys.begin_rotation().public_key() == replacing.keys.begin_rotation().public_key()
    await grow(pool, bank_id, 20)
    overlap = await replacing.sign(bank_id)
    assert overlap
    both = replacing.verifier_keys(bank_id)
    assert list(Note.parse(overlap.note).verified(both)) == both
    assert both[0] == old
    replacing.keys.finish_rotation()
    replacing.keys.finish_rotation()
    await grow(pool, bank_id, 30)
    after = started()
    checkpoint = await after.sign(bank_id)
    assert checkpoint
    assert after.verifier_keys(bank_id) == both[1:]
    Note.parse(checkpoint.note).must_be_signed(both[1:])
    with pytest.raises(NoteError):
        Note.parse(checkpoint.note).must_be_signed([old])
    must_be_of(after, bank_id, checkpoint, 30)


def test_of_two_that_are_remembered_at_once_the_larger_stays(
    tmp_path: Path, bank_id: UUID, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever remembers a smaller tree at that moment, in another process too, does not put it in its place."""
    keys, origin = started().keys, origin_of(bank_id)
    small, large = (signed(str(Checkpoint(origin, size, bytes(32))), origin, keys.signing) for size in (1, 2))
    inside, done, write = threading.Event(), threading.Event(), remembered.write

    def slowly(path: Path, content: bytes) -> None:
        if content == str(small).encode():
            inside.set()
            done.wait(0.3)
        write(path, content)

    monkeypatch.setattr(remembered, "write", slowly)
    memory = remembered.Remembered(tmp_path / "signed")
    late = threading.Thread(target=memory.write, args=(bank_id, small))
    late.start()
    assert inside.wait(PATIENCE_SECONDS)
    memory.write(bank_id, large)
    done.set()
    late.join()
    assert str(memory.read(bank_id)) == str(large)

"""Archives: written while the log grows, gone on with when interrupted, and checked by a program that stands alone."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from tests.controls.market import Market
from tests.helpers.stranger import verify
from timebank.db.connections import Pool
from timebank.exchange.archives import writing
from timebank.ledger.ledger import Ledger
from timebank.proofs.cosigners import Cosigners
from timebank.proofs.signer import Signer, signer_for
from timebank.runtime.clock import utc_now


def ignore(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture
async def signer(pool: Pool, tmp_path: Path) -> Signer:
    """What signs the test's bank."""
    return await signer_for(pool, tmp_path / "keys" / "signing.json", utc_now)


async def test_an_archive_holds(
    ledger: Ledger, bank_id: UUID, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log is written whole, and the verifier comes to its leaves, its root and its balances by itself."""
    monkeypatch.setattr(writing, "FILE_FACTS", 64)
    market = Market(seed=1)
    await ledger.submit(bank_id, market.commands(400))
    told: list[tuple[int, int]] = []
    unwitnessed = Cosigners(signer, [], utc_now)
    manifest = await writing.write_archive(unwitnessed, bank_id, tmp_path / "a", lambda *given: told.append(given))
    head = await ledger.store.head(bank_id)
    assert manifest.size == head
    assert told[-1] == (head, head)
    files = sorted((tmp_path / "a" / "entries").iterdir())
    assert [len(file.read_text().splitlines()) for file in files[:-1]] == [64] * (len(files) - 1)
    key = signer.verifier_keys(bank_id)[0]
    said = verify(tmp_path, "--key", key, "--kept", tmp_path / "kept", tmp_path / "a")
    assert f"holds: {tmp_path}/a: {head} facts of timebank/{bank_id}" in said
    await ledger.submit(bank_id, [market.next() for _ in range(80)])
    await writing.write_archive(unwitnessed, bank_id, tmp_path / "a", ignore)
    assert "holds" in verify(tmp_path, "--key", key, "--kept", tmp_path / "kept", tmp_path / "a")


async def test_what_was_interrupted_goes_on(
    ledger: Ledger, bank_id: UUID, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are whole stay as they are; the one that was being written, and what follows, are written then."""
    monkeypatch.setattr(writing, "FILE_FACTS", 64)
    monkeypatch.setattr(writing, "STRETCH", 16)
    await ledger.submit(bank_id, Market(seed=1).commands(400))
    folder = tmp_path / "a"

    def interrupt(done: int, total: int) -> None:
        if done >= 64 * 2 + 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await writing.write_archive(Cosigners(signer, [], utc_now), bank_id, folder, interrupt)
    key, kept = signer.verifier_keys(bank_id)[0], tmp_path / "kept"
    assert "WRONG" in verify(tmp_path, "--key", key, "--kept", kept, folder, expect=1)
    whole = {file: file.stat().st_ino for file in (folder / "entries").glob("*.ndjson")}
    assert len(whole) == 2
    assert list((folder / "entries").glob("*.part"))
    await writing.write_archive(Cosigners(signer, [], utc_now), bank_id, folder, ignore)
    assert {file: file.stat().st_ino for file in whole} == whole
    assert "holds" in verify(tmp_path, "--key", key, "--kept", kept, folder)


async def test_where_folders_cannot_be_opened(
    ledger: Ledger, bank_id: UUID, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows an archive is written all the same; nobody is told there that another is being written."""
    await ledger.submit(bank_id, Market(seed=1).commands(20))
    monkeypatch.setattr(writing.sys, "platform", "win32")
    monkeypatch.setattr(writing, "_hold", lambda descriptor, folder: pytest.fail("a folder was opened"))
    manifest = await writing.write_archive(Cosigners(signer, [], utc_now), bank_id, tmp_path / "a", ignore)
    assert manifest.size == await ledger.store.head(bank_id)


async def test_two_into_one_folder(ledger: Ledger, bank_id: UUID, signer: Signer, tmp_path: Path) -> None:
    """Whoever comes second is refused before anything is written, and no more once the first is done."""
    await ledger.submit(bank_id, Market(seed=1).commands(20))
    cosigners, folder = Cosigners(signer, [], utc_now), tmp_path / "a"
    for _ in range(2):
        first = asyncio.create_task(writing.write_archive(cosigners, bank_id, folder, ignore))
        await asyncio.sleep(0)
        with pytest.raises(writing.FolderInUseError, match=f"another export is writing into {folder};"):
            await writing.write_archive(cosigners, bank_id, folder, ignore)
        await first

"""Archives, taken in by an empty server: the same log, the same tree, the same balances."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import people_of
from tests.controls.market import Market
from tests.controls.town import register
from tests.helpers.databases import database
from timebank.db.connections import Pool
from timebank.exchange.archives import ArchiveError, read_archive, reading, take_in_archive, write_archive
from timebank.exchange.archives.contents import signed_contents
from timebank.ledger.audit import check_log
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.projections import EVERY
from timebank.projections.credit.balances import every_account
from timebank.projections.machinery.rebuild import rebuild
from timebank.proofs.checkpoints import origin_of
from timebank.proofs.cosigners import Cosigners
from timebank.proofs.notes import VerifierKey
from timebank.proofs.signer import Signer, signer_for
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import hooks
from timebank.vault.signing import SigningKeys


@pytest.fixture
async def signer(pool: Pool, tmp_path: Path) -> Signer:
    """What signs the test's bank."""
    return await signer_for(pool, tmp_path / "keys" / "signing.json", utc_now)


@pytest.fixture
def other_url(cluster: str, template: str) -> Iterator[str]:
    """The URL of another, empty database."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture
async def elsewhere(other_url: str) -> AsyncIterator[Pool]:
    """Connections to it."""
    async with asyncpg.create_pool(other_url, min_size=1, max_size=5) as pool:
        yield pool


def ignore(done: int, total: int) -> None:
    """Nobody watches."""


async def rows(pool: Pool, table: str) -> list[Any]:
    """All rows of a table."""
    return [tuple(row) for row in await pool.fetch(f"select * from {table} order by 1, 2, 3")]


async def test_a_log_is_the_same_elsewhere(
    ledger: Ledger, bank_id: UUID, signer: Signer, elsewhere: Pool, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Taken in, interrupted and gone on with, a log is the same to the byte, its root and balances too; it goes on."""
    monkeypatch.setattr(reading, "STRETCH", 50)
    pool = ledger.store.pool
    await ledger.submit(bank_id, Market(seed=5).commands(400))
    manifest = await write_archive(Cosigners(signer, [], utc_now), bank_id, tmp_path / "a", ignore)
    read, store = read_archive(tmp_path / "a", ignore, signer.trusted), Store(elsewhere, Waker())

    def interrupt(done: int, total: int) -> None:
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await take_in_archive(store, read, interrupt)
    assert await store.head(bank_id) == 100
    for _ in range(2):
        await take_in_archive(store, read, ignore)
    for projection in EVERY:
        await rebuild(elsewhere, projection)
    assert await store.tip(bank_id) == await ledger.store.tip(bank_id)
    for table in ("event", "event_tag"):
        assert await rows(elsewhere, table) == await rows(pool, table)
    async with pool.acquire() as here, elsewhere.acquire() as there:
        assert await every_account(there, bank_id) == await every_account(here, bank_id)
    assert [each async for each in check_log(elsewhere, bank_id)] == []
    there_signer = await signer_for(elsewhere, tmp_path / "keys" / "signing.json", utc_now)
    signed = await there_signer.sign(bank_id)
    assert signed
    assert (signed.size, signed.note) == (manifest.size, (tmp_path / "a" / "checkpoint.txt").read_text())
    people = await people_of(elsewhere)
    other = Ledger(store, people, clock=utc_now, hooks=hooks(people))
    assert (await other.execute(bank_id, register(77))).position == manifest.size + 1
    await other.close()
    assert await there_signer.sign(bank_id)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line.replace('"actor":"', '"actor":"x'),
        lambda line: "",
        lambda line: line + line,
        lambda line: "{}\n",
        lambda line: line.replace('"topic":"', '"topic":"un'),
        lambda line: line.replace('"data":"', '"data":"x'),
        lambda line: re.sub('("recorded_at":"[^"]*?)(Z|[+]00:00)"', r'\1"', line),
    ],
    ids=["changed", "missing", "twice", "no fact", "unknown", "unreadable", "at no certain time"],
)
async def test_what_is_not_what_was_signed_is_not_taken_in(
    ledger: Ledger, bank_id: UUID, signer: Signer, tmp_path: Path, spoil: Any
) -> None:
    """A line that is changed, missing or more than it should be is noticed before anything is taken in."""
    await ledger.submit(bank_id, Market(seed=5).commands(60))
    await write_archive(Cosigners(signer, [], utc_now), bank_id, tmp_path / "a", ignore)
    (file,) = (tmp_path / "a" / "entries").iterdir()
    lines = file.read_text().splitlines(keepends=True)
    lines[20] = spoil(lines[20])
    file.write_text("".join(lines))
    with pytest.raises(ArchiveError):
        read_archive(tmp_path / "a", ignore, signer.trusted)


async def test_it_is_by_whoever_is_trusted(ledger: Ledger, bank_id: UUID, signer: Signer, tmp_path: Path) -> None:
    """Another log with a root of its own, and another name or time zone, are not the bank's, whoever signs them."""
    await ledger.submit(bank_id, Market(seed=5).commands(60))
    await write_archive(Cosigners(signer, [], utc_now), bank_id, tmp_path / "a", ignore)
    assert read_archive(tmp_path / "a", ignore, signer.trusted).manifest.size
    stranger = SigningKeys.found_or_made(tmp_path / "other" / "signing.json")
    others = [VerifierKey.of(origin_of(bank_id), key) for key in stranger.public]
    with pytest.raises(ArchiveError, match="none of the keys"):
        read_archive(tmp_path / "a", ignore, lambda _: others)
    manifest = tmp_path / "a" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"timezone": "America/New_York"}))
    with pytest.raises(ArchiveError, match="not what was signed"):
        read_archive(tmp_path / "a", ignore, signer.trusted)
    resigned = signed_contents(tmp_path / "a", origin_of(bank_id), stranger)
    (tmp_path / "a" / "contents.txt").write_text(str(resigned))
    with pytest.raises(ArchiveError, match="none of the keys"):
        read_archive(tmp_path / "a", ignore, signer.trusted)
    (tmp_path / "a" / "contents.txt").unlink()
    with pytest.raises(ArchiveError, match="nobody signed"):
        read_archive(tmp_path / "a", ignore, signer.trusted)


async def test_what_is_no_archive_is_refused(tmp_path: Path, ledger: Ledger, bank_id: UUID, signer: Signer) -> None:
    """A folder without an archive, and one whose parts are of two, are told so."""
    with pytest.raises(ArchiveError, match="is no archive"):
        read_archive(tmp_path, ignore, signer.trusted)
    await write_archive(Cosigners(signer, [], utc_now), bank_id, tmp_path / "a", ignore)
    manifest = tmp_path / "a" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"size": 7}))
    with pytest.raises(ArchiveError, match="not the one that the archive says"):
        read_archive(tmp_path / "a", ignore, signer.trusted)

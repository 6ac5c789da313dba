"""Drill: what records and signs is killed between fact, tile and checkpoint; nothing is ever signed that is not so."""

import asyncio
import multiprocessing
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from tests.controls.town import found
from tests.drills.signing_life import PLACES, live
from tests.helpers.effort import Effort
from tests.helpers.patience import PATIENCE_SECONDS, may_take
from timebank.db.connections import Pool
from timebank.ledger.audit import check_log
from timebank.ledger.ledger import Ledger
from timebank.proofs.checking import tree_check
from timebank.proofs.checkpoints import Checkpoint
from timebank.proofs.notes import Note
from timebank.proofs.remembered import Remembered
from timebank.proofs.signer import signer_for
from timebank.runtime.clock import utc_now
from timebank.verifier.tree import Tree

pytestmark = pytest.mark.drill

KILLS: dict[Effort, int] = {"release": 10, "night": 200}
KILL_SECONDS = 12
"""What one takes at most, on a machine that has much else to do."""

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.drills.signing_life"])


class Watcher:
    """Somebody who saw every checkpoint there ever was, and makes the tree by the verifier's own program."""

    def __init__(self, pool: Pool, bank_id: UUID, keys: Path) -> None:
        self.pool, self.bank_id, self.keys = pool, bank_id, keys
        self.tree = Tree()
        self.leaves: list[bytes] = []
        self.roots = [self.tree.root()]
        self.seen: dict[int, str] = {}

    async def look(self) -> None:
        """Whatever was signed is signed of what is in the log; nothing that was seen before is gone."""
        remembered = Remembered(self.keys.parent / "signed").read(self.bank_id)
        rows: list[Any] = await self.pool.fetch("select size, note from signed_checkpoint order by size")
        leaves = await self.pool.fetch("select leaf from event order by position")
        assert [row["leaf"] for row in leaves[: len(self.leaves)]] == self.leaves
        for row in leaves[len(self.leaves) :]:
            self.tree.add(row["leaf"])
            self.leaves.append(row["leaf"])
            self.roots.append(self.tree.root())
        notes = {row["size"]: row["note"] for row in rows}
        assert {size: notes.get(size) for size in self.seen} == self.seen
        self.seen = notes
        for note in [*map(Note.parse, notes.values()), *([remembered] if remembered else [])]:
            checkpoint = Checkpoint.parse(note.text)
            assert checkpoint.root == self.roots[checkpoint.size], f"{checkpoint.size} facts, and another root"

    async def goes_on(self) -> None:
        """Whoever comes next signs the whole log, and nothing has to be repaired for it."""
        signer = await signer_for(self.pool, self.keys, utc_now)
        signed = await signer.sign(self.bank_id)
        assert signed
        await self.look()
        assert (signed.size, signed.root) == (len(self.leaves), self.roots[-1])

    async def finds_nothing(self) -> None:
        """The log and its tree are sound."""
        tree = await tree_check(self.pool, await signer_for(self.pool, self.keys, utc_now), self.bank_id, [])
        assert [finding async for finding in check_log(self.pool, self.bank_id, saw=tree.take)] == []
        assert tree.finish() == []


@pytest.mark.release
async def test_whatever_signs_is_killed(
    url: str, pool: Pool, ledger: Ledger, bank_id: UUID, tmp_path: Path, effort: Effort
) -> None:
    """Kill -9 at any place between a fact and its checkpoint, of one of two processes that record and sign at once.

    Every checkpoint there ever was is of the one log; whoever starts next goes on.
    """
    may_take(KILLS[effort] * KILL_SECONDS)
    await ledger.submit(bank_id, found(0))
    keys, random = tmp_path / "signing.json", Random(14)
    watcher = Watcher(pool, bank_id, keys)
    await watcher.goes_on()
    for number in range(KILLS[effort]):
        place = [*PLACES, None][number % (len(PLACES) + 1)]
        doomed = _started(url, keys, number, place)
        rival = _started(url, keys, 1_000_000 + number, None)
        await asyncio.to_thread(doomed.join, PATIENCE_SECONDS if place else 0.5 + random.random())
        assert (doomed.exitcode, bool(place)) in {(-signal.SIGKILL, True), (None, False)}, place
        await asyncio.to_thread(rival.join, random.random() / 5)
        assert rival.exitcode is None, "it goes on"
        for process in (doomed, rival):
            process.kill()
            process.join()
        await watcher.look()
        if random.random() < 0.3:
            await watcher.goes_on()
    await watcher.goes_on()
    await watcher.finds_nothing()
    assert len(watcher.seen) > KILLS[effort], "they came to sign"


def _started(url: str, keys: Path, seed: int, place: str | None) -> BaseProcess:
    process = processes.Process(target=live, args=(url, str(keys), seed, place))
    process.start()
    return process

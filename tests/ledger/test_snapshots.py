"""What is made of very many facts is kept, and nobody is decided about otherwise for it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.controls.market import CHECK_UP, Market, reserve
from tests.controls.town import do, log, volunteer
from tests.domain.test_golden_facts import BEFORE, golden, remembering, take_in
from tests.ledger.conftest import set_back
from tests.memories import memories_of
from timebank.db.connections import Pool
from timebank.domain.credit.redemptions import RewardStock
from timebank.domain.kernel import about
from timebank.domain.vocabulary import FACTS
from timebank.ledger.decisions import deciding, snapshots, states
from timebank.ledger.decisions.snapshots import check_snapshots
from timebank.ledger.decisions.trial import Trial
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import Outcome, Receipt


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three facts are very many."""
    for module in (deciding, snapshots):
        monkeypatch.setattr(module, "FACTS_APART", 3)


@pytest.fixture
async def history(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Much happened, bit by bit, and snapshots were taken meanwhile."""
    commands = Market(seed=7).commands(240)
    for start in range(0, len(commands), 20):
        await ledger.submit(bank_id, commands[start : start + 20])
    await taken(ledger)
    assert await pool.fetchval("select count(*) from memory_snapshot") > 10


async def taken(ledger: Ledger) -> None:
    """All snapshots that were begun are taken."""
    for writer, _ in ledger._writers.values():
        while writer._snapshots._tasks:
            await asyncio.gather(*writer._snapshots._tasks)


def said(outcomes: list[Outcome]) -> list[Any]:
    """What outcomes say, but for positions."""
    return [each.facts if isinstance(each, Receipt) else (type(each), str(each)) for each in outcomes]


async def findings(store: Store, bank_id: UUID) -> list[str]:
    """What is wrong with the snapshots."""
    return [finding.what async for finding in check_snapshots(store, bank_id)]


@pytest.mark.parametrize("seed", [3, 5])
async def test_decisions_are_the_same_with_snapshots(
    seed: int, history: None, ledger: Ledger, other: Ledger, store: Store, bank_id: UUID
) -> None:
    """Who starts from snapshots decides as one who reads the whole log; and each is what the log says."""
    assert await findings(store, bank_id) == []
    more = Market(seed).commands(60)
    by_snapshots = await other.submit(bank_id, more, dry_run=True)
    trial = Trial(ledger, bank_id)
    assert said(by_snapshots) == said(await trial.submit(more))
    trial.close()


async def test_a_spoilt_snapshot_is_found(history: None, store: Store, pool: Pool, bank_id: UUID) -> None:
    """Verifying names a snapshot that somebody has changed, whether it can be read or not."""
    spoilt = states.written({"taken": {"all": 99}, "places": {}})
    name = states.name_of(RewardStock)
    for state in (spoilt, b"nonsense"):
        spoil = "update memory_snapshot set state = $1 where kind = $2 and strpos(whom, $3) > 0"
        assert await pool.execute(spoil, state, name, CHECK_UP) == "UPDATE 1"
        (found,) = await findings(store, bank_id)
        assert name in found
        assert CHECK_UP in found


async def test_other_rules_take_no_snapshot(
    history: None, other: Ledger, store: Store, pool: Pool, bank_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a rule has changed nothing rests on an earlier snapshot: it is made anew from the log."""
    spoilt = states.written({"taken": {"all": 10**6}, "places": {}})
    await pool.execute("update memory_snapshot set state = $1 where kind = $2", spoilt, states.name_of(RewardStock))
    await pool.execute("update memory_snapshot set kind = 'gone.Memory' where kind like '%Balance'")
    monkeypatch.setattr(states, "code", lambda: "other rules")
    assert await findings(store, bank_id) == []
    await do(other, bank_id, log("rec_after", volunteer(1)))
    await taken(other)
    codes = await pool.fetch("select distinct code, kind = 'gone.Memory' as is_gone from memory_snapshot")
    assert [tuple(row) for row in codes] == [("other rules", False)]
    assert await findings(store, bank_id) == []


async def test_a_log_that_went_back_takes_its_snapshots_with_it(
    history: None, other: Ledger, store: Store, pool: Pool, bank_id: UUID
) -> None:
    """Snapshots of facts that are not in the log any more are used by nobody."""
    await set_back(pool, bank_id, 60)
    head = await store.head(bank_id)
    await pool.execute("delete from memory_snapshot where position <= $1", head)
    assert await pool.fetchval("select count(*) from memory_snapshot") > 0
    known = snapshots.Snapshots(store, bank_id)
    await known.learn()
    key = about(RewardStock, CHECK_UP)
    assert await known.of([key], 10**9) == {}
    assert await other.submit(bank_id, [log("rec_after", volunteer(1))])


@pytest.fixture
def long(monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    """Five facts are a long history; recalling one aside goes on only once this is set."""
    may_go_on, original = asyncio.Event(), snapshots.recalled

    async def recalled(*binds: Any) -> Any:
        await may_go_on.wait()
        return await original(*binds)

    monkeypatch.setattr(snapshots, "recalled", recalled)
    for module in (deciding, snapshots):
        monkeypatch.setattr(module, "LONG_FACTS", 5)
        monkeypatch.setattr(module, "FACTS_EACH", 0)
    yield may_go_on
    may_go_on.set()


async def test_nobody_waits_for_a_long_history(
    history: None, other: Ledger, pool: Pool, bank_id: UUID, long: asyncio.Event
) -> None:
    """While a memory is recalled from very many facts other commands of the bank are answered, and then that one is."""
    await pool.execute("delete from memory_snapshot")
    slow = asyncio.create_task(other.submit(bank_id, [reserve("red_slow", volunteer(1))]))
    quick = other.submit(bank_id, [log("rec_quick", volunteer(99))])
    (answer,) = await asyncio.wait_for(quick, 20)
    assert not isinstance(answer, Receipt), "there is no such volunteer, and that is known at once"
    assert not slow.done()
    long.set()
    await asyncio.wait_for(slow, 20)
    assert await pool.fetchval("select count(*) from memory_snapshot") > 0


async def test_who_stops_tells_those_set_aside(
    history: None, other: Ledger, pool: Pool, bank_id: UUID, long: asyncio.Event
) -> None:
    """Whoever waits for a long history when the service stops is told that it stops."""
    await pool.execute("delete from memory_snapshot")
    slow = asyncio.create_task(other.submit(bank_id, [reserve("red_slow", volunteer(1))]))
    while not any(writer._aside for writer, _ in other._writers.values()):
        await asyncio.sleep(0.01)
    await other.close()
    with pytest.raises(Exception, match="stopping"):
        await asyncio.wait_for(slow, 5)


@pytest.mark.parametrize(
    "state",
    [
        {"a": None, "b": True, "c": -3, "d": "文", "e": {}, "f": set()},
        {"by": {date(2026, 1, 2): 3, datetime(2026, 1, 2, 3, tzinfo=UTC): {"x": {1, 2}}}},
        {"row": (1, ("a", date(2026, 1, 2))), "ever": frozenset({"a", "b"}), "list": [1, [2]]},
        {"fact": log("rec_1", volunteer(1)).record_id},
    ],
)
def test_states_come_back_as_they_were(state: dict[str, Any]) -> None:
    """What a memory holds is the same after it was written and read."""
    assert states.read(states.written(state)) == state


@pytest.mark.parametrize("topic", FACTS)
def test_every_memory_can_be_kept(topic: str) -> None:
    """Whatever a memory has taken in, all that it holds can be written and read again."""
    fact = golden(topic)
    for kind in remembering(fact):
        for memory in memories_of(kind, fact):
            for each in (*map(golden, BEFORE.get(topic, ())), fact):
                take_in([memory], each)
            held = {name: value for name, value in memory.state().items() if name != "boundary_tags"}
            assert states.read(states.written(held)) == held, kind.__name__


def test_what_has_no_form_is_not_kept() -> None:
    """Something else than plain values, times, facts, structs of the domain and collections of them is refused."""
    with pytest.raises(states.NotKeptError):
        states.written({"a": object()})
    with pytest.raises(ValueError, match="b"):
        states.read(b"\x81\xa1a\x91\xa1b")
    with pytest.raises(ValueError, match="subprocess"):
        states.read(msgspec.msgpack.encode({"a": ["made", "subprocess", "Popen", [["id"]]]}))
    with pytest.raises(ValueError, match="new_bank_id"):
        states.read(msgspec.msgpack.encode({"a": ["made", "timebank.domain.identifiers", "new_bank_id", []]}))
    with pytest.raises(ValueError, match="recursion"):
        states.read(b"\x81\xa1a" + b"\x91" * 5_000 + b"\xc0")

"""Rivals: whoever races for the same thing, tasks or processes, exactly one of them gets it."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from eventsourcing.dcb.api import DCBEvent

from tests.controls import NOON
from tests.controls.town import confirm, do, found, log, register, volunteer
from tests.helpers.rival import race
from tests.helpers.rivals import rivals
from timebank.db.connections import Pool
from timebank.domain.kernel import Command
from timebank.domain.people.refusals import VolunteerNumberTaken
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.domain.refusing import Refusal
from timebank.domain.service.refusals import DuplicateRecord, RecordNotPending
from timebank.ledger.audit import check_log
from timebank.ledger.dcb import Recorder
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import Outcome
from timebank.projections.credit import balances
from timebank.projections.machinery.rebuild import verify

pytestmark = pytest.mark.drill


async def topics(pool: Pool, bank_id: UUID) -> Counter[str]:
    """How many facts there are of each topic."""
    return Counter(row[0] for row in await pool.fetch("select topic from event where bank_id = $1", bank_id))


async def must_be_sound(pool: Pool, bank_id: UUID) -> None:
    """The log has no gap and no flaw, and the balances are what it comes to."""
    assert [finding async for finding in check_log(pool, bank_id)] == []
    assert (await verify(pool, balances.PROJECTION, bank_id)).differences == []


@pytest.mark.parametrize("racers", [2, 8, 16, 64])
async def test_one_of_many_tasks_wins(store: Store, bank_id: UUID, racers: int) -> None:
    """Of N tasks that append under one condition exactly one comes through, in every round."""
    rounds = 20 if racers < 64 else 5
    for n in range(rounds):
        assert await race(store, bank_id, racers, f"round-{n}") == 1
    assert await store.head(bank_id) == rounds


@pytest.mark.release
async def test_one_of_many_processes_wins(url: str, store: Store, bank_id: UUID) -> None:
    """Of 4 processes with 8 tasks each exactly one task comes through, in every round."""
    async with rivals(4, url, bank_id, "race_often") as others:
        for n in range(20):
            for rival in others:
                rival.tell(f"round-{n}")
            assert sum([await rival.hear() for rival in others]) == 1
    assert await store.head(bank_id) == 20


async def test_unrelated_appends_never_fail(store: Store, bank_id: UUID) -> None:
    """Appends without a condition all come through, on positions without a gap, whoever else races."""
    noted = [Recorder(store).append(bank_id, [DCBEvent("Noted", b"", [f"n{n}"])]) for n in range(200)]
    races = [race(store, bank_id, 4, f"round-{n}") for n in range(10)]
    results = await asyncio.gather(*noted, *races)
    assert len(set(results[:200])) == 200
    assert results[200:] == [1] * 10
    read, head = await Recorder(store).read(bank_id)
    assert [each.position for each in read] == list(range(1, 211))
    assert head == 210


@pytest.mark.release
async def test_processes_that_append_anything_share_the_positions(url: str, store: Store, bank_id: UUID) -> None:
    """Four processes append 50 events each: 200 positions, each given once, in rising order to each."""
    async with rivals(4, url, bank_id, "append_many") as others:
        for rival in others:
            rival.tell("go")
        given = [await rival.hear() for rival in others]
    assert all(each == sorted(each) for each in given)
    assert sorted(position for each in given for position in each) == list(range(1, 201))


async def outcomes_of(bank_id: UUID, command: Command, *ledgers: Ledger) -> list[Outcome]:
    """What comes of it when several ledgers are asked at once."""
    asked = await asyncio.gather(*(ledger.submit(bank_id, [command]) for ledger in ledgers))
    return [outcome for (outcome,) in asked]


def refusals(outcomes: list[Outcome]) -> list[type[Refusal]]:
    """The classes of the refusals among them."""
    return [type(outcome) for outcome in outcomes if isinstance(outcome, Refusal)]


async def test_two_ledgers_confirm_a_record_once(ledger: Ledger, other: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Two processes that confirm the same record at once: one does, the other learns that it is done."""
    await do(ledger, bank_id, *found(1))
    for n in range(20):
        await do(ledger, bank_id, log(f"rec_{n}", volunteer(1), days_ago=n + 1))
        outcomes = await outcomes_of(bank_id, confirm(f"rec_{n}"), ledger, other, ledger, other)
        assert refusals(outcomes) == [RecordNotPending] * 3
    assert (await topics(pool, bank_id))["service-confirmed"] == 20
    await must_be_sound(pool, bank_id)


async def test_two_ledgers_give_a_number_once(ledger: Ledger, other: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Two processes that give out the same number at once: one volunteer gets it."""
    for n in range(20):
        clash = register(n)
        mine, theirs = (
            RegisterVolunteer(
                by=clash.by, at=NOON, volunteer_id=volunteer(1000 * who + n), number=clash.number, name="Somebody"
            )
            for who in (1, 2)
        )
        answers = await asyncio.gather(ledger.submit(bank_id, [mine]), other.submit(bank_id, [theirs]))
        assert refusals([outcome for (outcome,) in answers]) == [VolunteerNumberTaken]
    assert (await topics(pool, bank_id))["volunteer-registered"] == 20
    await must_be_sound(pool, bank_id)


async def test_two_ledgers_log_service_once(ledger: Ledger, other: Ledger, bank_id: UUID, pool: Pool) -> None:
    """However often and wherever the same service is logged, it is on record once."""
    await do(ledger, bank_id, *found(1))
    tries = [
        (each, log(f"rec_{n}_{each is ledger}_{attempt}", volunteer(1), days_ago=n + 1))
        for n in range(10)
        for attempt in range(5)
        for each in (ledger, other)
    ]
    answers = await asyncio.gather(*(each.submit(bank_id, [command]) for each, command in tries))
    assert refusals([outcome for (outcome,) in answers]) == [DuplicateRecord] * 90
    assert (await topics(pool, bank_id))["service-logged"] == 10
    await must_be_sound(pool, bank_id)


async def test_two_ledgers_that_do_different_things_both_get_through(
    ledger: Ledger, other: Ledger, bank_id: UUID, pool: Pool
) -> None:
    """Nobody is refused, and nothing fails, because another process does something else meanwhile."""

    async def write(each: Ledger, first: int) -> None:
        for n in range(first, first + 60):
            await each.execute(bank_id, register(n))

    await asyncio.gather(write(ledger, 0), write(other, 1000), write(ledger, 2000), write(other, 3000))
    assert (await topics(pool, bank_id))["volunteer-registered"] == 240
    await must_be_sound(pool, bank_id)


@pytest.mark.release
async def test_processes_that_do_the_same_do_it_once(url: str, ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Four processes register, log and confirm the same: each thing is done once, and never refused to all."""
    await do(ledger, bank_id, *found(1))
    async with rivals(4, url, bank_id, "hammer") as others:
        for rival in others:
            rival.tell("go")
        answers = [await rival.hear() for rival in others]
    for n, of_one in enumerate(zip(*answers, strict=True)):
        refused = ["volunteer-number-taken", "duplicate-record", "record-not-pending"][n % 3]
        assert Counter(of_one) == {"done": 1, refused: 3}
    counts = await topics(pool, bank_id)
    assert [counts[topic] for topic in ("volunteer-registered", "service-logged", "service-confirmed")] == [31, 30, 30]
    await must_be_sound(pool, bank_id)

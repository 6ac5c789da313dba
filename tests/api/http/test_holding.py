"""What takes long gives others their turn in between: no one request holds the loop that serves all."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest

from tests.api.world import World, service
from timebank.api.activities import calls
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, VolunteerId, new_volunteer_id, new_volunteer_number
from timebank.domain.kernel import Command, Fact, Key, Known
from timebank.domain.people.volunteers import ChangePersonalData, RegisterVolunteer
from timebank.ledger.submission import Receipt
from timebank.projections.people import volunteers
from timebank.projections.places import residences
from timebank.vault.people import People

FACTS, ROWS = 6_000, 1_000
TRIES = 4
"""On a busy machine a stretch takes longer now and then, and never all the time."""


class Held:
    """For how many seconds of processor the loop was held at the longest, and how many there were in all."""

    longest = 0.0
    total = 0.0


@contextlib.asynccontextmanager
async def held() -> AsyncIterator[Held]:
    """How the loop was held meanwhile."""
    found, is_over = Held(), False

    async def watch() -> None:
        before = time.thread_time()
        while not is_over:
            await asyncio.sleep(0)
            now = time.thread_time()
            found.longest, before = max(found.longest, now - before), now

    gc.collect()
    gc.disable()  # what the tests before have left is not collected meanwhile
    try:
        watching, begun = asyncio.create_task(watch()), time.thread_time()
        await asyncio.sleep(0)
        yield found
        found.total = time.thread_time() - begun
        is_over = True
        await watching
    finally:
        gc.enable()


async def test_what_the_log_says_of_somebody_is_read_in_stretches(world: World) -> None:
    """Of whom there are very many facts an auditor is told what they say, and others are served meanwhile."""
    somebody = await world.somebody()
    by: Any = {"by": Acting(ActorId(somebody.id), "volunteer"), "at": world.services.ledger.clock()}
    change = ChangePersonalData(**by, volunteer_id=VolunteerId(somebody.id), skills=("理发",))
    for _ in range(FACTS // 500):
        await world.services.ledger.submit(world.bank_id, [change] * 500)
    async with held() as loop:
        told = await world.administrator.get(f"/v1/audit/as-of/volunteers/{somebody.id}")
    assert told["person"]["facts"] == FACTS + 1
    assert loop.longest < loop.total / 4


async def test_a_batch_is_decided_in_stretches(world: World) -> None:
    """A thousand records are tried at once, and others are served meanwhile."""
    by: Any = {"by": Acting(ActorId(world.administrator.id), "administrator"), "at": world.services.ledger.clock()}
    ids = [new_volunteer_id() for _ in range(ROWS)]
    people = [RegisterVolunteer(**by, volunteer_id=each, number=new_volunteer_number(), name="某某") for each in ids]
    await world.services.ledger.submit(world.bank_id, people)
    body = {"records": [service(each) for each in ids]}
    async with held() as loop:
        tried = await world.organisation.post(f"{world.records}/batch", body, expect=200, dry_run=True)
    assert {each["status"] for each in tried["results"]} == {"logged"}
    assert loop.longest < loop.total / 4


class RegisterMany(Command, frozen=True, kw_only=True):
    """One command that comes to very many facts, as closing a large activity does."""

    each: tuple[RegisterVolunteer, ...]

    def needs(self) -> Sequence[Key]:
        return [key for one in self.each for key in one.needs()]

    def decide(self, known: Known) -> Iterator[Fact]:
        for one in self.each:
            yield from one.decide(known)


async def test_one_command_with_very_many_facts_is_decided_in_stretches(world: World) -> None:
    """Others are served while it is worked out, and while what it comes to is taken in."""
    by: Any = {"by": Acting(ActorId(world.administrator.id), "administrator"), "at": world.services.ledger.clock()}
    each = tuple(
        RegisterVolunteer(**by, volunteer_id=new_volunteer_id(), number=new_volunteer_number(), name="某某")
        for _ in range(FACTS)
    )
    parts: list[float] = []
    for _ in range(TRIES):
        async with held() as loop:
            (receipt,) = await world.services.ledger.submit(
                world.bank_id, [RegisterMany(**by, each=each)], dry_run=True
            )
        assert isinstance(receipt, Receipt)
        assert len(receipt.facts) == FACTS
        parts.append(loop.longest / loop.total)
    _, *warm = parts  # the first waits for the database as well, so a stretch would be a smaller part of it
    assert min(warm) < 1 / 4


class Counting:
    """A pool that notes of how many people it is asked at once, and knows nobody."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def fetch(self, _: str, _bank_id: Any, ids: Sequence[str]) -> list[Any]:
        """Nobody."""
        self.asked.append(len(ids))
        return []


async def test_many_people_are_named_in_stretches(people: People) -> None:
    """What is sealed of very many people is not opened all at once."""
    pool: Any = Counting()
    assert await volunteers.briefly(pool, people, uuid4(), [f"vol_{n}" for n in range(1_200)]) == {}
    assert pool.asked == [500, 500, 200]


async def test_those_who_agreed_to_be_asked_are_looked_at_until_there_are_enough(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call-up for three people opens what is sealed of a stretch of those who agreed, and not of all of them."""
    asked: list[int] = []
    agreed = [each.id for each in [await world.somebody() for _ in range(8)]]
    briefly = volunteers.briefly

    async def willing(*_: Any) -> list[str]:
        return agreed

    async def counted(pool: Any, people: People, bank_id: Any, ids: Sequence[str]) -> Any:
        asked.append(len(ids))
        return await briefly(pool, people, bank_id, ids)

    monkeypatch.setattr(calls, "STRETCH", 4)
    monkeypatch.setattr(residences, "willing", willing)
    monkeypatch.setattr(volunteers, "briefly", counted)
    body = {"node_id": await world.node(), "reason": "防汛", "people": 3}
    made = await world.coordinator.post(f"/v1/activities/{await world.activity()}/calls", body, expect=201)
    assert [each["volunteer_id"] for each in made["called"]] == sorted(agreed)[:3]
    assert asked == [4]

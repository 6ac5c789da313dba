"""A process that does what others do at the same time: `python -m tests.helpers.rival URL BANK TASK …`.

It says `ready`, waits for a line, does its task and prints what came of it as one line of JSON, line by line.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from tests.conftest import people_of
from tests.controls.town import confirm, log, register, volunteer
from timebank.domain.kernel import Command
from timebank.domain.refusing import Refusal
from timebank.ledger.dcb import Recorder
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.runtime.composition import hooks


async def race(store: Store, bank_id: UUID, racers: int, boundary: str) -> int:
    """Many tasks append under one condition; how many came through."""
    condition = DCBAppendCondition(DCBQuery([DCBQueryItem(tags=[boundary])]))
    attempts = [Recorder(store).append(bank_id, [DCBEvent("Won", b"", [boundary])], condition) for _ in range(racers)]
    results = await asyncio.gather(*attempts, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, IntegrityError):
            raise result
    return sum(isinstance(result, int) for result in results)


async def race_often(store: Store, bank_id: UUID) -> None:
    """Race for each boundary that is named, until none is."""
    while boundary := await line():
        say(await race(store, bank_id, 8, boundary))


async def append_many(store: Store, bank_id: UUID) -> None:
    """Append 50 events without a condition, one after the other."""
    await line()
    say([await Recorder(store).append(bank_id, [DCBEvent("Noted", b"", [])]) for _ in range(50)])


async def hammer(store: Store, bank_id: UUID) -> None:
    """Register, log and confirm the same things as everybody else; how each was answered."""
    people = await people_of(store.pool)
    ledger = Ledger(store, people, clock=lambda: datetime.now(UTC), hooks=hooks(people))
    await line()
    commands: list[Command] = []
    for n in range(30):
        commands += [register(100 + n), log(f"rec_{n}", volunteer(1), days_ago=n + 1), confirm(f"rec_{n}")]
    answers = []
    for command in commands:
        try:
            await ledger.execute(bank_id, command)
        except Refusal as refusal:
            answers.append(refusal.kind)
        else:
            answers.append("done")
    await ledger.close()
    say(answers)


async def follow(store: Store, bank_id: UUID) -> None:
    """Follow the log up to an event that is called the last."""
    waking = asyncio.create_task(store.waker.run(store.pool))
    await line()
    seen = []
    async for found in Recorder(store).follow(bank_id):
        seen.append(found.position)
        if found.event.type == "Last":
            break
    waking.cancel()
    say(seen)


async def line() -> str:
    """What we are told next; nothing at the end."""
    return (await asyncio.to_thread(sys.stdin.readline)).strip()


def say(what: object) -> None:
    """Say what came of it."""
    print(json.dumps(what), flush=True)


TASKS: dict[str, Callable[[Store, UUID], Awaitable[None]]] = {
    each.__name__: each for each in (race_often, append_many, hammer, follow)
}


async def main(url: str, bank: str, task: str) -> None:
    """Do one task."""
    async with asyncpg.create_pool(url, min_size=2, max_size=8) as pool:
        say("ready")
        await TASKS[task](Store(pool, Waker()), UUID(bank))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""Whether a command costs more for an account with ten thousand facts than for one with ten."""

import statistics
from datetime import timedelta

from benchmarks.setup.measure import Bench, Row, compare, in_turns, seconds_for
from benchmarks.setup.world import World, new_world
from timebank.domain.identifiers import RecordId, VolunteerId
from timebank.domain.service.records import LogService
from timebank.domain.service.reviews import ConfirmService
from timebank.ledger.ledger import Ledger
from timebank.runtime.composition import hooks

AT_ONCE = 20


class Account:
    """A volunteer with a past, and records of theirs to confirm."""

    def __init__(self, world: World, volunteer_id: VolunteerId) -> None:
        self.world = world
        self.volunteer_id = volunteer_id
        self._days = 0

    async def serve(self, facts: int) -> None:
        """Fill the account: two facts a record, a record a day."""
        await self.world.do([self.world.confirmed(self._log()) for _ in range(facts // 2)])

    async def pending(self, number: int) -> list[RecordId]:
        """Log records that wait to be confirmed."""
        logs = [self._log() for _ in range(number)]
        await self.world.do(logs)
        return [log.record_id for log in logs]

    def confirm(self, record_id: RecordId) -> ConfirmService:
        """The command that is measured: it rests on the record, the organisation, the balance and the day."""
        return ConfirmService(by=self.world.administrator, at=self.world.at, record_id=record_id)

    async def seconds(self, number: int) -> float:
        """How long one of so many confirmations takes, sent together."""
        commands = [self.confirm(record_id) for record_id in await self.pending(number)]
        return await seconds_for(self.world.do(commands)) / number

    def _log(self) -> LogService:
        self._days += 1
        started_at = self.world.at - timedelta(days=self._days)
        return self.world.service_of(self.volunteer_id, self.world.organisations[0], started_at)


async def rows(bench: Bench) -> list[Row]:
    """The old account and ever new ones of ten facts, in turns."""
    facts = bench.sized(10_000)
    async with new_world(await bench.new_database("account")) as world:
        old = Account(world, world.volunteers[0])
        await old.serve(facts)
        others = iter(world.volunteers[1:])

        async def on_old(number: int) -> float:
            return await old.seconds(number)

        async def on_new(number: int) -> float:
            account = Account(world, next(others))
            await account.serve(10)
            await account.seconds(1)
            return await account.seconds(number)

        many_old, many_new, one_old, one_new = await in_turns(
            bench,
            lambda: on_old(AT_ONCE),
            lambda: on_new(AT_ONCE),
            lambda: on_old(1),
            lambda: on_new(1),
            rounds=bench.rounds * 8,
        )
        cold_old = await _cold(world, old)
        cold_new = await _cold(world, Account(world, next(others)))
    times = [statistics.median(each) * 1000 for each in (many_old, many_new, one_old, one_new)]
    return [
        Row(
            work=f"confirming on an account of {facts:,} facts, {AT_ONCE} at once",
            ours=times[0],
            unit=" ms",
            counterpart="account of 10 facts",
            theirs=times[1],
            ratio=compare(many_old, many_new),
            at_most=1.2,
            notes=(
                f"one at a time: {times[2]:.2f} ms and {times[3]:.2f} ms, ratio {compare(one_old, one_new):.2f}",
                f"the first command after a start, memories not yet recalled: {cold_old:.1f} ms and {cold_new:.1f} ms",
            ),
        )
    ]


async def _cold(world: World, account: Account) -> float:
    """Milliseconds for the first confirmation a ledger makes that remembers nothing."""
    (record_id,) = await account.pending(1)
    ledger = Ledger(
        world.services.ledger.store,
        world.services.people,
        clock=world.services.ledger.clock,
        hooks=hooks(world.services.people),
    )
    try:
        return await seconds_for(ledger.execute(world.bank_id, account.confirm(record_id))) * 1000
    finally:
        await ledger.close()

"""Whether redeeming costs more for an account with ten thousand facts than for one with ten."""

import itertools
import statistics

from benchmarks.account import Account
from benchmarks.setup.measure import Bench, Row, compare, in_turns, seconds_for
from benchmarks.setup.world import World, new_world
from timebank.domain.acting import Acting
from timebank.domain.credit.redemption_codes import code_hash
from timebank.domain.credit.redemptions import CancelRedemption, ReserveReward
from timebank.domain.credit.rewards import PublishReward
from timebank.domain.facts.credit import Eligibility, RewardTerms
from timebank.domain.identifiers import ActorId, RewardId, new_redemption_id, new_reward_id
from timebank.domain.kernel import Command
from timebank.ledger.ledger import Ledger
from timebank.runtime.composition import hooks

AT_ONCE = 20
PLENTY = 10**9


class _Shopper:
    """A volunteer with a past, who reserves something and gives it up again."""

    numbers = itertools.count()

    def __init__(self, account: Account, reward_id: RewardId) -> None:
        self.account = account
        self.reward_id = reward_id
        self._by = Acting(ActorId(account.volunteer_id), "volunteer")

    def commands(self, number: int) -> tuple[list[Command], list[Command]]:
        """So many reservations, and the end of each."""
        ids = [new_redemption_id() for _ in range(number)]
        at, who = self.account.world.at, self.account.volunteer_id
        reserving: list[Command] = [
            ReserveReward(
                by=self._by,
                at=at,
                redemption_id=each,
                reward_id=self.reward_id,
                volunteer_id=who,
                beneficiary_id=who,
                code_hash=code_hash(str(next(self.numbers))),
            )
            for each in ids
        ]
        return reserving, [CancelRedemption(by=self._by, at=at, redemption_id=each, reason="x") for each in ids]

    async def seconds(self, number: int) -> float:
        """How long one of so many redemptions takes: reserved together, given up together."""
        reserving, cancelling = self.commands(number)
        return (await seconds_for(self._both(reserving, cancelling))) / number

    async def _both(self, reserving: list[Command], cancelling: list[Command]) -> None:
        await self.account.world.do(reserving)
        await self.account.world.do(cancelling)

    async def cold(self) -> float:
        """How long the first reservation takes that a ledger makes which remembers nothing."""
        (reserving,), cancelling = self.commands(1)
        world = self.account.world
        ours = world.services.ledger
        people = world.services.people
        ledger = Ledger(ours.store, people, clock=ours.clock, hooks=hooks(people))
        try:
            seconds = await seconds_for(ledger.execute(world.bank_id, reserving))
        finally:
            await ledger.close()
        await world.do(cancelling)
        return seconds


async def rows(bench: Bench) -> list[Row]:
    """The old account and ever new ones of ten facts, in turns."""
    facts = bench.sized(10_000)
    async with new_world(await bench.new_database("redeeming")) as world:
        reward_id = await _publish(world)
        old = Account(world, world.volunteers[0])
        await old.serve(facts)
        others = iter(world.volunteers[1:])

        async def new() -> Account:
            account = Account(world, next(others))
            await account.serve(10)
            return account

        async def seconds(account: Account, number: int) -> float:
            shopper = _Shopper(account, reward_id)
            await shopper.seconds(1)  # nobody's turn begins with pages that were not touched since the checkpoint
            return await shopper.seconds(number)

        async def on_old(number: int) -> float:
            await new()
            return await seconds(old, number)

        async def on_new(number: int) -> float:
            return await seconds(await new(), number)

        async def cold(account: Account) -> float:
            return await _Shopper(account, await _publish(world)).cold()

        warm = await in_turns(
            bench,
            lambda: on_old(AT_ONCE),
            lambda: on_new(AT_ONCE),
            lambda: on_old(1),
            lambda: on_new(1),
            rounds=bench.rounds * 8,
        )
        first = [[await cold(old), await cold(await new())] for _ in range(bench.rounds)]
    return [_warm(facts, warm), _cold(facts, *map(list, zip(*first, strict=True)))]


def _warm(facts: int, found: list[list[float]]) -> Row:
    times = [statistics.median(each) * 1000 for each in found]
    alone = compare(found[2], found[3])
    return Row(
        work=f"reserving and cancelling on an account of {facts:,} facts, {AT_ONCE} at once",
        ours=times[0],
        unit=" ms",
        counterpart="account of 10 facts",
        theirs=times[1],
        ratio=compare(found[0], found[1]),
        at_most=1.2,
        notes=(f"redeeming one at a time: {times[2]:.2f} ms and {times[3]:.2f} ms, ratio {alone:.2f}",),
    )


def _cold(facts: int, ours: list[float], theirs: list[float]) -> Row:
    return Row(
        work=f"the first reservation after a start, account of {facts:,} facts",
        ours=statistics.median(ours) * 1000,
        unit=" ms",
        counterpart="account of 10 facts",
        theirs=statistics.median(theirs) * 1000,
        ratio=compare(ours, theirs),
    )


async def _publish(world: World) -> RewardId:
    """A reward with terms of every kind, so that redeeming it rests on all there is to rest on."""
    reward_id = new_reward_id()
    terms = RewardTerms(
        name="超市代金券",
        kind="voucher",
        cost_minutes=10,
        provider_id=world.organisations[0],
        quota=PLENTY,
        quota_per_person=PLENTY,
        quota_every="month",
        eligibility=Eligibility(service_minutes=60, within_days=365, stars=0),
    )
    await world.do([PublishReward(by=world.administrator, at=world.at, reward_id=reward_id, terms=terms)])
    return reward_id

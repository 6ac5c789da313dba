"""A rush over HTTP: a thousand people want one of a hundred. A hundred get one, and everybody is answered in time."""

import statistics
from collections import Counter

from benchmarks.setup.measure import Bench, Row
from benchmarks.setup.service import Service, request, running_service, token_of
from timebank.domain.credit.rewards import PublishReward
from timebank.domain.facts.credit import RewardReserved, RewardTerms
from timebank.domain.identifiers import RewardId, new_reward_id
from timebank.projections.credit import balances

PEOPLE = 1_000
UNITS = 100
COST_MINUTES = 10
FEW_CONNECTIONS = 128
LONGEST_SECONDS = 20.0
"""By when everybody has to have been answered, or the run stops."""

SOLD_OUT = '"type":"/problems/reward-sold-out"'


async def rows(bench: Bench) -> list[Row]:
    """Everybody on a connection of their own, or one after the other on few."""
    async with running_service(bench) as service:
        crowds = [service.world.volunteers[:PEOPLE], service.world.volunteers[PEOPLE : 2 * PEOPLE]]
        tokens = [[await token_of(service.world, each) for each in crowd] for crowd in crowds]
        at_once, few = [], []
        for _ in range(bench.rounds):
            await bench.settle()
            at_once.append(await _rush(service, tokens[0], PEOPLE))
            await bench.settle()
            few.append(await _rush(service, tokens[1], FEW_CONNECTIONS))
        assert await balances.trial_balance(service.world.services.pool, service.world.bank_id) == 0
    work = f"{PEOPLE:,} claims on {UNITS} units over HTTP"
    return [
        Row(
            work=f"{work}, all in flight at once",
            ours=statistics.median(at_once),
            unit=" s",
            at_most=2,
            notes=(
                _told("all in flight at once", at_once),
                f"each time {UNITS} were answered 201 and {PEOPLE - UNITS} 409; only those {UNITS} had paid afterwards",
            ),
        ),
        Row(
            work=f"{work}, over {FEW_CONNECTIONS} connections",
            ours=statistics.median(few),
            unit=" s",
            at_most=2,
            notes=(_told(f"over {FEW_CONNECTIONS} connections", few),),
        ),
    ]


def _told(how: str, seconds: list[float]) -> str:
    return (
        f"claims {how}: {seconds[0]:.2f} s the first time, when nobody was remembered; "
        f"then {min(seconds[1:]):.2f} to {max(seconds[1:]):.2f} s"
    )


async def _rush(service: Service, tokens: list[str], connections: int) -> float:
    """Seconds until everybody was answered; and that it is true what they were told."""
    reward_id = await _offer(service)
    path = f"/v1/rewards/{reward_id}/redemptions"
    before = await _balances(service)
    claims = [request("POST", path, token, b"{}") for token in tokens]
    outcome = await service.load(claims, 201, connections=connections, expected=SOLD_OUT, seconds=LONGEST_SECONDS)
    assert (outcome.good, outcome.refused) == (UNITS, len(tokens) - UNITS), outcome
    who = await service.world.services.pool.fetch(
        "select tags from event where bank_id = $1 and topic = $2 and $3 = any (tags)",
        service.world.bank_id,
        RewardReserved.TOPIC,
        reward_id,
    )
    claimed = Counter(tag for row in who for tag in row["tags"] if tag.startswith("vol_"))
    assert len(who) == len(claimed) == UNITS, "one each, of those there are"
    moved = dict.fromkeys(claimed, (-COST_MINUTES, COST_MINUTES))
    after = await _balances(service)
    assert moved == {
        each: (available - before[each][0], reserved - before[each][1])
        for each, (available, reserved) in after.items()
        if before[each] != (available, reserved)
    }
    return outcome.seconds


async def _offer(service: Service) -> RewardId:
    """A reward of which there are not enough."""
    world, reward_id = service.world, new_reward_id()
    terms = RewardTerms(
        name="体检套餐",
        kind="health-check",
        cost_minutes=COST_MINUTES,
        provider_id=world.organisations[0],
        quota=UNITS,
        quota_per_person=1,
    )
    await world.do([PublishReward(by=world.administrator, at=world.at, reward_id=reward_id, terms=terms)])
    return reward_id


async def _balances(service: Service) -> dict[str, tuple[int, int]]:
    rows = await service.world.services.pool.fetch(
        "select volunteer_id, available_minutes, reserved_minutes from balance where bank_id = $1",
        service.world.bank_id,
    )
    return {row[0]: (row[1], row[2]) for row in rows}

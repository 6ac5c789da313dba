"""The world itself: a street office, twenty communities, their people, a month of service.

The same seed makes the same world, up to identifiers and the date it ends on: today.
"""

import random
from collections.abc import Callable, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from timebank.demo import activities, bodies, credit, names, people, places, service, teams
from timebank.demo.bodies import Body
from timebank.demo.trying import TIMEZONE, Demo
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, VolunteerId, new_volunteer_id
from timebank.domain.kernel import Command
from timebank.projections.credit.balances import balance_of
from timebank.runtime.composition import Services
from timebank.runtime.founding import Founded, found_bank

SEED = 463
CHUNK = 400
ABOUT_ALL = 21_500
"""About how many commands there are, for the progress."""

ORGANISERS = 3
"""Which body of each community has activities: the residents' committee."""

SPENDERS = 60
ENOUGH_MINUTES = 240
"""How many people spend some of their credit, and how much they have to have for it."""


async def make_world(services: Services, progress: Callable[[int, int], None] = lambda done, total: None) -> Demo:
    """Make the world, through the same commands everybody uses."""
    founded = await found_bank(services, names.BANK, TIMEZONE, "林主任", "19900000001")
    return await _World(services, founded, progress).make()


class _World:
    """The world in the making."""

    def __init__(self, services: Services, founded: Founded, progress: Callable[[int, int], None]) -> None:
        self._services = services
        self._founded = founded
        self._progress = progress
        self._random = random.Random(SEED)  # noqa: S311  # a believable world, not a secret one
        self._now = services.ledger.clock().astimezone(ZoneInfo(TIMEZONE))
        self._administrator = Acting(ActorId(founded.administrator), "administrator")
        self._done = 0

    @property
    def _bank_id(self) -> UUID:
        return self._founded.bank_id

    async def make(self) -> Demo:
        """Have it all done, in the order in which it would be done in life."""
        everybody = [new_volunteer_id() for _ in range(people.COURT_LEADERS + people.OTHER_VOLUNTEERS)]
        await self._do(people.register(self._administrator, self._now, everybody, self._random))
        auditor = everybody[len(everybody) // 2]
        await self._do(people.oversee(self._administrator, self._now, auditor))
        await self._do(credit.rule_books(self._administrator, self._now))
        all_bodies = bodies.bodies_of(everybody)
        await self._do(bodies.establish(self._administrator, self._now, all_bodies))
        await self._do(people.consent(self._now, everybody))
        town, opening = places.build(self._administrator, self._now)
        await self._do(opening)
        await self._do(places.settle(self._administrator, self._now, town, everybody, self._random))
        await self._serve(all_bodies)
        organisers = all_bodies[ORGANISERS :: len(names.BODIES)]
        squads, gathering = teams.gather(self._administrator, self._now, organisers)
        await self._do(gathering)
        for step in activities.a_month(organisers, squads, town, self._now, self._random):
            await self._do(step)
        await self._spend(all_bodies)
        first = all_bodies[0]
        busiest = await self._busiest(first)
        await self._do(bodies.join_and_leave(self._administrator, self._now, first, busiest))
        while await self._services.runner.catch_up(self._bank_id):
            pass
        staff = first.verifier, first.coordinator
        return Demo(self._bank_id, self._founded.administrator, first.organisation_id, *staff, busiest, auditor)

    async def _do(self, commands: Sequence[Command]) -> None:
        """Have commands done, chunk by chunk; what the rules refuse is left out, as it would be in life."""
        for start in range(0, len(commands), CHUNK):
            chunk = commands[start : start + CHUNK]
            await self._services.ledger.submit(self._bank_id, chunk, request_id="demo")
            self._done += len(chunk)
            self._progress(min(self._done, ABOUT_ALL), ABOUT_ALL)

    async def _serve(self, all_bodies: list[Body]) -> None:
        """A month of service for all, and records to look at for the first body."""
        for midnight in service.days_before(self._now):
            served = service.a_day_of_service(all_bodies, midnight, self._now, self._random)
            await self._do([log for _, log in served])
            await self._do(service.decide_on(served, self._now, self._random))
        for step in service.records_to_look_at(all_bodies[0], self._now, self._random):
            await self._do(step)

    async def _spend(self, all_bodies: list[Body]) -> None:
        """Rewards by the first body, and sixty people of other communities who spend some of what they have."""
        provider, others = all_bodies[0].organisation_id, all_bodies[len(names.BODIES) :]
        catalogue, commands = credit.publish(self._administrator, self._now, provider)
        await self._do(commands)
        candidates = list(dict.fromkeys(person for body in others for person in body.neighbours))
        able = [person for person in candidates if await self._available(person) >= ENOUGH_MINUTES][:SPENDERS]
        spending = credit.spend(catalogue, self._administrator, self._now, able, self._random)
        await self._do(spending.first)
        await self._do(spending.then)

    async def _available(self, person: VolunteerId) -> int:
        """The minutes somebody can spend."""
        balance = await balance_of(self._services.pool, self._bank_id, person)
        return balance.available_minutes if balance else 0

    async def _busiest(self, body: Body) -> VolunteerId:
        """The neighbour with most on their account."""
        available = {person: await self._available(person) for person in body.neighbours}
        return max(available, key=available.__getitem__)

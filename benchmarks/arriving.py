"""Five hundred people who scan one code: all are there, once each, and nobody waits for it."""

import asyncio
import statistics
import time
from collections import Counter
from datetime import timedelta
from typing import Any

from benchmarks.setup.measure import Bench, Row
from benchmarks.setup.service import Service, request, running_service, token_of
from benchmarks.setup.world import World
from timebank.domain.acting import Acting
from timebank.domain.activities.activities import PlanActivity, PublishActivity
from timebank.domain.activities.sign_ups import SignUp
from timebank.domain.facts.activities import CheckedIn, Plan
from timebank.domain.identifiers import ActivityId, ActorId, VolunteerId, new_activity_id, new_membership_id
from timebank.domain.organisations.memberships import AddMember, ApproveMembership
from timebank.runtime.clock import utc_now
from timebank.vault.check_in_codes import code_at

PEOPLE = 500
SECONDS = 20
"""In which they come: three times as fast as they may, so that one code is good for all."""


async def rows(bench: Bench) -> list[Row]:
    """Each comes at their moment, on a connection of their own."""
    async with running_service(bench) as service:
        people = service.world.volunteers[: bench.sized(PEOPLE)]
        tokens = [await token_of(service.world, each) for each in people]
        activity_id = await _held(service.world, people)
        await bench.settle()
        waits = await _arrive(service, activity_id, tokens)
        there = await service.world.services.pool.fetch(
            "select tags from event where bank_id = $1 and topic = $2 and $3 = any (tags)",
            service.world.bank_id,
            CheckedIn.TOPIC,
            activity_id,
        )
        came = Counter(tag for row in there for tag in row["tags"] if tag in people)
        assert came == Counter(people), "all of them, once each"
    usual, slow, slowest = statistics.median(waits), statistics.quantiles(waits, n=20)[-1], max(waits)
    told = (
        f"signing in: {len(people)} in {SECONDS} s, median {usual * 1_000:.0f} ms, the slowest {slowest * 1_000:.0f} ms"
    )
    work = f"{len(people)} people sign in with one code over HTTP, 95 of 100 within"
    return [Row(work=work, ours=slow * 1_000, unit=" ms", at_most=300, notes=(told,))]


async def _held(world: World, people: list[VolunteerId]) -> ActivityId:
    """An activity that is about to begin, for which they all have signed up."""
    activity_id, organisation_id = new_activity_id(), world.organisations[0]
    leader_id, starts_at = people[0], world.at + timedelta(minutes=5)
    ids: dict[str, Any] = {"organisation_id": organisation_id, "volunteer_id": leader_id}
    plan = Plan(
        name="清扫",
        category="公共设施擦洗",
        content="扫街",
        place="社区服务中心",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        leader_id=ActorId(leader_id),
    )
    office, program = world.administrator, Acting(ActorId(organisation_id), "organisation")
    own = Acting(ActorId(leader_id), "volunteer")
    at = world.at
    await world.do([AddMember(by=office, at=at, membership_id=new_membership_id(), role="member", **ids)])
    await world.do([ApproveMembership(by=own, at=at, **ids)])
    planned: dict[str, Any] = {"by": program, "at": at, "activity_id": activity_id}
    await world.do([PlanActivity(**planned, organisation_id=organisation_id, plan=plan), PublishActivity(**planned)])
    await world.do([SignUp(**planned, volunteer_id=each) for each in people])
    return activity_id


async def _arrive(service: Service, activity_id: ActivityId, tokens: list[str]) -> list[float]:
    """How many seconds each waited for the answer, which has to be that they are there."""
    keyring, path = service.world.services.people.keyring, f"/v1/activities/{activity_id}/check-in"
    begun = time.monotonic()

    async def one(n: int, token: str) -> float:
        await asyncio.sleep(begun + n * SECONDS / len(tokens) - time.monotonic())
        code = code_at(keyring, activity_id, utc_now()).code
        since = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(request("POST", path, token, f'{{"code": "{code}"}}'.encode()))
        head = await reader.readuntil(b"\r\n\r\n")
        waited = time.monotonic() - since
        assert head.startswith(b"HTTP/1.1 200"), head
        writer.close()
        return waited

    return await asyncio.gather(*(one(n, token) for n, token in enumerate(tokens)))

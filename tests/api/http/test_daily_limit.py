"""How much one person may do in a day: what they do in their own matters stays in the log for ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from tests.api.people.test_proxies import paired
from tests.api.world import Caller, World, served, service, settled
from tests.controls import ZONE
from timebank.access.sight import Sight
from timebank.db.connections import Pool
from timebank.domain.facts.organisations import Role
from timebank.ledger.daily_facts import SQL, DailyLimit
from timebank.runtime.clock import utc_now

pytestmark = pytest.mark.drill

FULL = "/problems/daily-limit-reached"


async def change(somebody: Caller, n: int) -> int:
    """The status of changing one's skills."""
    body = {"skills": [f"skill {n}"]}
    return (await somebody.ask("PATCH", f"/v1/volunteers/{somebody.id}", json=body)).status_code


async def test_whoever_loops_is_stopped_for_the_day(url: str) -> None:
    """Reserving and cancelling ends at so many facts, with word of when to go on; others do not notice."""
    async with settled(url, facts_per_day=9) as world:
        somebody, reward_id = await world.with_credit(60), await world.reward()
        caused = 0
        for _ in range(9):
            reserved = await somebody.ask("POST", f"/v1/rewards/{reward_id}/redemptions")
            if reserved.status_code != 201:
                break
            path = f"/v1/redemptions/{reserved.json()['redemption_id']}/cancel"
            cancelled = await somebody.ask("POST", path, json={"reason": "不需要了"})
            caused += 1 + cancelled.is_success
        count = "select count(*) from event where actor = $1"
        assert (caused, await world.services.pool.fetchval(count, somebody.id)) == (9, 9)
        refused = await somebody.ask("POST", f"/v1/rewards/{reward_id}/redemptions")
        assert (refused.status_code, refused.json()["type"]) == (429, FULL)
        now = world.services.ledger.clock().astimezone(ZONE)
        resumes = now + timedelta(seconds=int(refused.headers["retry-after"]))
        assert resumes.date() == now.date() + timedelta(days=1)
        assert (resumes.hour, resumes.minute) == (0, 0)
        assert await change(somebody, 1) == 429
        assert (await somebody.ask("GET", "/v1/me")).status_code == 200
        assert await change(await world.somebody(), 1) == 200
        async with served(url, facts_per_day=9) as (_, http):
            assert await change(Caller(http, somebody.id, somebody.token), 1) == 429
        body = {"rest": "hold"}
        assert (await somebody.ask("POST", f"/v1/volunteers/{somebody.id}/erase", json=body)).status_code == 200


async def test_what_comes_at_once_is_counted_too(url: str) -> None:
    """Many requests at the same moment are no way around."""
    async with settled(url, facts_per_day=5) as world:
        somebody = await world.somebody()
        found = await asyncio.gather(*[change(somebody, n) for n in range(20)])
        assert (found.count(200), found.count(429)) == (5, 15)


async def test_a_repeated_request_is_answered(url: str) -> None:
    """What was done before the limit was reached is answered again under its key, and nothing more is done."""
    async with settled(url, facts_per_day=1) as world:
        somebody = await world.somebody()
        path, body = f"/v1/volunteers/{somebody.id}/consents", {"purpose": "leaderboard", "granted": True}
        first = await somebody.post(path, body, key="k")
        assert await somebody.post(path, body, key="k") == first
        refused = await somebody.ask("POST", path, json=body | {"granted": False}, headers={"Idempotency-Key": "l"})
        assert refused.status_code == 429


async def test_what_changes_nothing_is_limited_under_a_key(url: str) -> None:
    """Each answer under a key is kept for days, so these take room as facts do; without a key nothing is kept."""
    async with settled(url, facts_per_day=4) as world:
        somebody = await world.somebody()
        path, body = f"/v1/volunteers/{somebody.id}/consents", {"purpose": "leaderboard", "granted": True}
        for _ in range(6):
            await somebody.post(path, body)
        found = [await somebody.ask("POST", path, json=body, headers={"Idempotency-Key": key}) for key in "aabcde"]
        assert [each.status_code for each in found] == [200] * 4 + [429] * 2
        kept = "select count(*) from idempotency where principal = $1"
        assert await world.services.pool.fetchval(kept, somebody.id) == 3


async def test_a_captain_does_not_loop_either(url: str) -> None:
    """What somebody does for a team names the team alone: ten times as much of it may be done in a day."""
    async with settled(url, facts_per_day=2) as world:
        captain, teams = await world.somebody(), f"/v1/organisations/{world.garden}/teams"
        team_id = (await captain.post(f"{teams}/proposals", {"name": "夜跑队"}))["team_id"]
        await world.coordinator.post(f"{teams}/{team_id}/accept", {}, expect=200)
        path = f"{teams}/{team_id}/rename"
        found = [(await captain.ask("POST", path, json={"name": f"夜跑队 {n}"})).status_code for n in range(12)]
        assert found == [200] * 10 + [429] * 2


async def test_a_leader_does_not_loop_either(url: str) -> None:
    """Letting people in and out without end takes room of whoever leads, unless they have a role that is for it."""
    async with settled(url, facts_per_day=2) as world:
        leader, guest = await world.member("member"), await world.somebody()
        for who, expected in ((leader, [200, 429, 429]), (world.coordinator, [200, 200, 200])):
            activity_id = await world.activity(leader_id=who.id)
            await guest.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
            found = []
            for n in range(3):
                start = utc_now() - timedelta(minutes=20 - n)
                entries = [
                    {
                        "entry_id": f"{who.id[-6:]}-{n}-{m}",
                        "volunteer_id": guest.id,
                        "kind": kind,
                        "moment": (start + timedelta(seconds=m)).isoformat(),
                    }
                    for m, kind in enumerate(["in", "out"] * 10)
                ]
                said = await who.ask("POST", f"/v1/activities/{activity_id}/entries", json={"entries": entries})
                found.append(said.status_code)
            assert found == expected
        people = [await world.somebody() for _ in range(25)]
        members = f"/v1/organisations/{world.garden}/members"
        asked = [await world.coordinator.ask("POST", members, json={"volunteer_id": each.id}) for each in people]
        assert {each.status_code for each in asked} == {201}


async def test_nothing_is_asked_after_it_was_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whose matter it is is found out before: what is recorded is not answered as failed for a later question."""
    usual, heads = Sight.organisations, list[int]()
    store, somebody = world.services.ledger.store, await world.somebody()

    async def asked(sight: Sight, roles: tuple[Role, ...]) -> list[str]:
        heads.append(await store.head(world.bank_id))
        return await usual(sight, roles)

    monkeypatch.setattr(Sight, "organisations", asked)
    before = await store.head(world.bank_id)
    await world.coordinator.post(f"/v1/organisations/{world.garden}/members", {"volunteer_id": somebody.id})
    assert set(heads) == {before} < {before, await store.head(world.bank_id)}


async def test_work_for_others_is_not_limited(url: str) -> None:
    """Recorders, verifiers, programs and offices go on, and what they do so takes no room in their own matters.

    That they accepted their invitation was in their own matters.
    """
    async with settled(url, facts_per_day=4) as world:
        for n in range(1, 8):
            record_id = await world.log(world.volunteer.id, by=world.recorder, days_ago=n)
            await world.verifier.post(f"/v1/service-records/{record_id}/confirm", expect=200)
        for caller in (world.recorder, world.verifier):
            assert [await change(caller, n) for n in range(4)] == [200, 200, 200, 429]
        await world.log(world.volunteer.id, by=world.recorder, hour=20)
        rows = {"records": [service(world.volunteer.id, days_ago=n, hour=20) for n in range(2, 8)]}
        assert len((await world.recorder.post(f"{world.records}/batch", rows))["results"]) == 6


@pytest.mark.parametrize("times", [3])
async def test_a_proxy_counts_as_who_acts(url: str, times: int) -> None:
    """Acting for somebody else takes room of whoever acts, and none of whom they act for."""
    async with settled(url, facts_per_day=2 * times) as world:
        whom, proxy = await paired(world, "personal-data", acts_per_day=50)
        found = [
            (
                await proxy.ask(
                    "PATCH",
                    f"/v1/volunteers/{whom.id}",
                    json={"skills": [f"skill {n}"]},
                    headers={"On-Behalf-Of": whom.id},
                )
            ).status_code
            for n in range(times + 1)
        ]
        assert found == [200] * times + [429]
        assert await change(whom, 50) == 200


async def test_the_facts_of_one_person_are_counted_one_time_after_the_other() -> None:
    """Counting reads up to twenty thousand facts of whoever works a lot: at once, that kept all connections."""
    at_once: list[int] = []

    class Counting:
        """A database in which everybody has done much today; it says how many counts are under way."""

        counting = 0

        async def fetchval(self, statement: str, *_: object) -> object:
            """Say that it is so, or count."""
            if statement == SQL["since"]:
                return True
            self.counting += 1
            at_once.append(self.counting)
            await asyncio.sleep(0)
            self.counting -= 1
            return 0

    daily = DailyLimit(cast("Pool", Counting()), 500)

    async def act(actor: str) -> None:
        async with daily.room(UUID(int=1), actor, datetime(2026, 1, 1, tzinfo=UTC), None):
            return

    await asyncio.gather(*[act("vol_1") for _ in range(20)])
    assert set(at_once) == {1}
    await asyncio.gather(act("vol_1"), act("vol_2"))
    assert max(at_once) == 2

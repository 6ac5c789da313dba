import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.api.activity_scenes import ago, at, entered, shown, sign_in, signed_up
from tests.api.people.test_proxies import today
from tests.api.world import World, settled
from timebank.identity.limits.attempts import FREE_FAILURES
from timebank.projections.machinery.runner import Runner
from timebank.runtime.clock import utc_now
from timebank.vault import check_in_codes


async def ids_of(world: World, **params: Any) -> list[str]:
    """What one can sign up for, in its order."""
    pages = await world.volunteer.pages("/v1/activities", **params)
    return [each["activity_id"] for page in pages for each in page]


async def test_an_activity_is_seen_when_it_is_published(world: World) -> None:
    """Before that its organisation, its leader and the bank's offices see it, and nobody else; then all can sign up."""
    activity_id = await world.activity(published=False, starts_in=3, seats=2)
    path = f"/v1/activities/{activity_id}"
    for caller, status in (
        (world.coordinator, 200),
        (world.recorder, 200),
        (world.administrator, 200),
        (world.volunteer, 404),
    ):
        await caller.get(path, expect=status)
    assert activity_id not in await ids_of(world, limit=500)
    await world.recorder.post(f"{path}/publish", expect=200)
    assert activity_id in await ids_of(world, limit=500)
    mine = [await world.somebody() for _ in range(3)]
    told = [await each.post(f"{path}/sign-ups", {}, expect=201) for each in mine]
    assert [each["status"] for each in told] == ["signed-up", "signed-up", "waiting"]
    seen = await mine[2].get(path)
    assert (seen["signed_up"], seen["waiting"], seen["own_status"], seen["leader_name"]) == (2, 1, "waiting", None)
    (own,) = (await mine[2].get("/v1/activities/mine"))["items"]
    assert own["activity_id"] == activity_id
    await mine[0].post(f"{path}/sign-ups/withdraw", {}, expect=200)
    assert (await mine[2].get(path))["own_status"] == "signed-up"
    await world.coordinator.post(f"{path}/cancel", {"reason": "暴雨"}, expect=200)
    seen = await mine[2].get(path)
    assert (seen["status"], seen["reason"]) == ("cancelled", "暴雨")
    listed = await world.recorder.get(f"/v1/organisations/{world.garden}/activities", limit=500)
    assert activity_id in {each["activity_id"] for each in listed["items"]}


async def test_what_repeats_is_planned_at_once(world: World) -> None:
    """Of one that repeats each is there by itself; if one cannot be planned none is."""
    starts = utc_now() + timedelta(days=1)
    plan = {
        "name": "巡逻", "category": "治安巡逻", "content": "巡查", "place": "3栋", "leader_id": world.coordinator.id,
        "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(),
        "repeats": {"every_days": 7, "times": 4},
    }  # fmt: skip
    path = f"/v1/organisations/{world.garden}/activities"
    ids = (await world.recorder.post(path, plan, expect=201))["activity_ids"]
    days = [(await world.recorder.get(f"/v1/activities/{each}"))["starts_at"][:10] for each in ids]
    assert len(set(days)) == len(ids) == 4
    stranger = await world.somebody()
    await world.recorder.post(path, plan | {"leader_id": stranger.id}, expect=409)
    never = {"starts_at": "9999-12-31T22:00:00Z", "ends_at": "9999-12-31T23:00:00Z"}
    await world.recorder.post(path, plan | never, expect=422)


async def test_near_is_where_one_lives(world: World) -> None:
    """What is near is at the node where one lives, or above it; elsewhere it is not near."""
    top, other = await world.node(), await world.node()
    house = await world.node("楼栋", parent_id=top)
    here, there = [await world.activity(node_id=each) for each in (top, other)]
    await world.lives(world.volunteer.id, house)
    for near in ("me", house):
        found = await ids_of(world, near=near)
        assert here in found
        assert there not in found
    stranger = await world.somebody()
    assert (await stranger.get("/v1/activities", near="me"))["items"] == []
    await world.volunteer.get("/v1/activities", expect=400, after="yesterday|act_0")


async def test_from_signing_up_to_the_balance(world: World) -> None:
    """People sign up, in and out; the leader closes, another confirms all at once, and the balance is there."""
    people = [await world.somebody(f"某{n}") for n in range(5)]
    activity_id = await world.past_activity(*people, led=True)
    closed = await world.coordinator.post(at(activity_id, "close"), expect=200)
    assert (len(closed["record_ids"]), closed["absent"], closed["left"]) == (5, [], [world.coordinator.id])
    (record,) = (await people[0].get("/v1/service-records"))["items"]
    assert (record["status"], record["activity_id"], record["minutes"]) == ("logged", activity_id, 120)
    assert (record["person_in_charge_id"], record["certificate_lacks"]) == (world.coordinator.id, [])
    await world.coordinator.post(at(activity_id, "presences"), {"volunteer_id": world.coordinator.id}, expect=403)
    by_another = {"volunteer_id": world.coordinator.id}
    assert (await world.recorder.post(at(activity_id, "presences"), by_another, expect=201))["record_ids"]
    own = await world.coordinator.post(at(activity_id, "confirm"), expect=200)
    assert (own["confirmed"], len(own["refused"])) == (0, 6)
    confirmed = await world.verifier.post(at(activity_id, "confirm"), expect=200)
    assert (confirmed["confirmed"], confirmed["minutes"], confirmed["refused"]) == (6, 720, [])
    assert (await world.balance(people[4].id))["available_minutes"] == 120
    again = await world.verifier.post(at(activity_id, "confirm"), expect=200)
    assert (again["confirmed"], again["refused"]) == (0, [])


async def test_confirming_at_once_is_told_again_as_it_was(world: World) -> None:
    """Repeated under its key, the answer names the records that were not confirmed, and none of the others."""
    people = [*[await world.somebody(f"某{n}") for n in range(4)], world.verifier]
    activity_id = await world.past_activity(*people, led=True, days_ago=6)
    await world.coordinator.post(at(activity_id, "close"), expect=200)
    first, again = [await world.verifier.post(at(activity_id, "confirm"), key="at-once", expect=200) for _ in range(2)]
    assert (first["confirmed"], len(first["refused"])) == (4, 1)
    assert again == first
    own = first["refused"][0]["record_id"]
    assert (await world.verifier.get(f"/v1/service-records/{own}"))["volunteer_id"] == world.verifier.id


async def test_what_was_amended_is_not_confirmed_with_all_the_others(world: World) -> None:
    """Whoever confirms all at once has seen who was there, and not what a record was made into since."""
    activity_id = await world.past_activity(await world.somebody(), await world.somebody(), led=True, days_ago=7)
    amended, _ = (await world.coordinator.post(at(activity_id, "close"), expect=200))["record_ids"]
    path = f"/v1/service-records/{amended}"
    await world.coordinator.ask("PATCH", path, json={"category": "邻里守望"})
    told = await world.verifier.post(at(activity_id, "confirm"), expect=200)
    assert (told["confirmed"], [each["record_id"] for each in told["refused"]]) == (1, [amended])
    await world.verifier.post(f"{path}/confirm", {"digest": (await world.verifier.get(path))["digest"]}, expect=200)


async def test_confirming_at_once_counts_as_its_records(url: str) -> None:
    """Who may not confirm them asks in vain so often as one may ask for each: the writer is for all."""
    async with settled(url, rate_per_principal=30) as world:
        people = [await world.somebody(f"某{n}") for n in range(12)]
        activity_id = await world.past_activity(*people, led=True)
        await world.coordinator.post(at(activity_id, "close"), expect=200)
        answers = [await world.coordinator.ask("POST", at(activity_id, "confirm")) for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert [len(each.json()["refused"]) for each in answers[:2]] == [12, 12]


async def test_the_roll_tells_who_is_there(world: World) -> None:
    """Whoever organises or leads it sees who signed up, who came, how, and since when; others see no list."""
    activity_id = await world.activity()
    inside, outside = [await signed_up(world, activity_id) for _ in range(2)]
    assert (await sign_in(world, inside, activity_id)).status_code == 200
    roll = {each["volunteer_id"]: each for each in await world.coordinator.get(at(activity_id, "roll"))}
    assert (roll[inside.id]["proof_in"], roll[inside.id]["until"]) == ("code", None)
    assert (roll[outside.id]["since"], roll[outside.id]["volunteer_name"]) == (None, "某某")
    await inside.get(at(activity_id, "roll"), expect=404)
    await inside.get(at(activity_id, "code"), expect=404)
    assert (await sign_in(world, inside, activity_id, "check-out")).status_code == 200


async def test_entries_without_a_network_come_in_later_once(world: World) -> None:
    """Entries keep their times, are marked, count once however often they are sent, and each has its own verdict."""
    activity_id = await world.activity()
    somebody, stranger = await signed_up(world, activity_id), await world.somebody()
    moment = ago(0.4)
    entries = [
        {"entry_id": "a", "volunteer_id": somebody.id, "kind": "in", "moment": moment},
        {"entry_id": "b", "volunteer_id": stranger.id, "kind": "in", "moment": moment},
        {"entry_id": "c", "volunteer_id": somebody.id, "kind": "out", "moment": ago(0.2)},
    ]
    told = await world.coordinator.post(at(activity_id, "entries"), {"entries": entries}, expect=200)
    assert [each["status"] for each in told["results"]] == ["taken", "refused", "taken"]
    again = await world.coordinator.post(at(activity_id, "entries"), {"entries": entries}, expect=200)
    assert [each["status"] for each in again["results"]] == ["known", "refused", "known"]
    other = [entries[0] | {"kind": "out"}, entries[2] | {"moment": moment}]
    told = await world.coordinator.post(at(activity_id, "entries"), {"entries": other}, expect=200)
    assert [each["problem"]["type"] for each in told["results"]] == ["/problems/entry-differs"] * 2
    (seen,) = await world.coordinator.get(at(activity_id, "roll"))
    assert (seen["is_taken_in_later"], seen["proof_in"]) == (True, "leader")
    assert (await entered(world, activity_id, stranger))["status"] == "refused"


async def test_a_code_is_worth_nothing_after_its_time(world: World) -> None:
    """A code that was photographed is good for a minute at the most, and for its own activity alone."""
    first, second = await world.activity(), await world.activity()
    somebody = await signed_up(world, first)
    keyring = world.services.people.keyring
    old = check_in_codes.code_at(keyring, first, utc_now() - timedelta(seconds=61))
    for code in (old.code, old.digits, await shown(world, second)):
        await somebody.post(at(first, "check-in"), {"code": code}, expect=403)
    digits = (await world.coordinator.get(at(first, "code")))["digits"]
    await somebody.post(at(first, "check-in"), {"code": f"{digits[:3]} {digits[3:]}"}, expect=200)


async def test_nobody_finds_a_code_by_trying(world: World) -> None:
    """After too many wrong codes none is compared any more, the right one neither; others sign in as before.

    Tries at once count, too; and whoever knows the code of another activity begins anew by it with none.
    """
    activity_id, other = await world.activity(), await world.activity()
    guesser, neighbour = await signed_up(world, activity_id), await signed_up(world, activity_id)
    right = {"code": (await world.coordinator.get(at(activity_id, "code")))["digits"]}
    wrong = {"code": f"{(int(right['code']) + 500_000) % 10**6:06}"}
    tries = [guesser.ask("POST", at(activity_id, "check-in"), json=wrong) for _ in range(FREE_FAILURES)]
    assert {each.status_code for each in await asyncio.gather(*tries)} == {403}
    login = world.services.attempts.login(f"place-code {guesser.id} {activity_id}")
    later = "update sign_in_attempt set last_failed_at = last_failed_at + interval '1 hour' where login = $1"
    await world.services.pool.execute(f"{later} and failures = $2", login, FREE_FAILURES)
    await guesser.ask("POST", at(other, "check-in"), json={"code": await shown(world, other)})
    for path, body in (("check-in", wrong), ("check-in", right), ("check-out", right)):
        again = await guesser.ask("POST", at(activity_id, path), json=body)
        assert again.status_code == 429, again.text
    await neighbour.post(at(activity_id, "check-in"), right, expect=200)
    await guesser.post("/v1/activities/act_0/check-in", wrong, expect=404)


async def test_processes_count_wrong_codes_together(world: World) -> None:
    """What was tried at one process is counted at another; and what was right leaves nothing behind."""
    activity_id = await world.activity()
    guesser = await signed_up(world, activity_id)
    right = {"code": (await world.coordinator.get(at(activity_id, "code")))["digits"]}
    wrong = {"code": f"{(int(right['code']) + 500_000) % 10**6:06}"}
    for _ in range(FREE_FAILURES):
        await guesser.post(at(activity_id, "check-in"), wrong, expect=403)
    login = world.services.attempts.login(f"place-code {guesser.id} {activity_id}")
    kept = "select failures, volunteer_id from sign_in_attempt where login = $1"
    assert tuple(await world.services.pool.fetchrow(kept, login)) == (FREE_FAILURES, guesser.id)
    earlier = "update sign_in_attempt set last_failed_at = last_failed_at - interval '1 hour' where login = $1"
    await world.services.pool.execute(earlier, login)
    await guesser.post(at(activity_id, "check-in"), right, expect=200)
    assert await world.services.pool.fetchrow(kept, login) is None


async def test_signing_in_waits_for_no_read_model(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far they are behind, whoever comes is let in: that there is the activity is known from the log."""
    activity_id = await world.activity()
    somebody = await signed_up(world, activity_id)
    body = {"code": await shown(world, activity_id)}

    async def reach(*_: Any) -> bool:
        raise AssertionError

    monkeypatch.setattr(Runner, "is_at", lambda *_: False)
    monkeypatch.setattr(Runner, "reach", reach)
    await somebody.post(at(activity_id, "check-in"), body, expect=200)


async def test_many_sign_in_at_once(world: World) -> None:
    """Fifty people who show one code at one moment are all there, once each, and the fifty-first has no seat."""
    activity_id = await world.activity(seats=50)
    people = await asyncio.gather(*(signed_up(world, activity_id) for _ in range(51)))
    body = {"code": await shown(world, activity_id)}
    told = await asyncio.gather(*(each.ask("POST", at(activity_id, "check-in"), json=body) for each in people))
    assert sorted(each.status_code for each in told) == [200] * 50 + [409]
    roll = await world.coordinator.get(at(activity_id, "roll"))
    assert sum(each["since"] is not None for each in roll) == 50


async def test_those_are_called_who_agreed_to_be_asked(world: World) -> None:
    """By where they live and what they can; whoever did not agree, or took it back, is not named.

    Whoever does not manage people any more is told nothing, though they repeat what was answered before.
    """
    top = await world.node()
    house = await world.node("楼栋", parent_id=top)
    willing = {"purpose": "be-asked", "granted": True}
    people = [await world.somebody("陈静", phone="13800003333", skills=["护理"]) for _ in range(4)]
    for each, where in zip(people, (house, top, house, house), strict=True):
        await world.lives(each.id, where)
    other = await world.somebody(skills=["电工"])
    await world.lives(other.id, house)
    for each in (*people[:3], other):
        await each.post(f"/v1/volunteers/{each.id}/consents", willing, expect=200)
    await people[2].post(f"/v1/volunteers/{people[2].id}/consents", willing | {"granted": False}, expect=200)
    activity_id = await world.activity()
    asked = {"node_id": top, "skill": " 护理", "reason": "暴雨转移"}
    told = await world.coordinator.post(at(activity_id, "calls"), asked, expect=201)
    assert {each["volunteer_id"] for each in told["called"]} == {people[0].id, people[1].id}
    assert told["called"][0]["phone"] == "13800003333"
    del asked["skill"]
    asked["node_id"] = house
    told = await world.coordinator.post(at(activity_id, "calls"), asked, expect=201)
    assert {each["volunteer_id"] for each in told["called"]} == {people[0].id, other.id}
    await world.lives(people[1].id, house, today().isoformat())
    told = await world.coordinator.post(at(activity_id, "calls"), asked, expect=201)
    assert {each["volunteer_id"] for each in told["called"]} == {people[0].id, people[1].id, other.id}
    told = await world.coordinator.post(at(activity_id, "calls"), asked | {"people": 1}, expect=201)
    assert len(told["called"]) == 1
    leader = await world.member("member")
    led = await world.activity(leader_id=leader.id)
    await world.volunteer.post(at(led, "calls"), asked, expect=404)
    for caller in (world.recorder, leader):
        await caller.post(at(led, "calls"), asked, expect=403)
    manager = await world.member("coordinator")
    for _ in range(2):
        told = await manager.post(at(led, "calls"), asked, expect=201, key="called")
        assert len(told["called"]) == 3
    for each in (manager, leader):
        await world.administrator.post(f"/v1/organisations/{world.garden}/members/{each.id}/end", expect=200)
    await manager.post(at(led, "calls"), asked, expect=404, key="called")  # the same request as before
    for path in ("roll", "code"):
        await leader.get(at(led, path), expect=404)
    seen = await people[0].get(f"/v1/volunteers/{people[0].id}")
    assert not seen["on_leaderboards"]

import asyncio

from tests.api.people.test_proxies import paired
from tests.api.world import World, service

HOLD = {"rest": "hold"}


async def test_leaving_ends_what_is_open(world: World) -> None:
    """Memberships, offices, proxies and consents end, what is reserved is given back, and credit waits on hold."""
    member, reward_id = await world.member("recorder"), await world.reward(quota=1)
    await world.confirmed(member.id)
    path = f"/v1/volunteers/{member.id}"
    await world.administrator.post("/v1/appointments", {"volunteer_id": member.id, "office": "auditor"}, expect=201)
    await member.post(f"{path}/proxies", {"proxy_volunteer_id": world.volunteer.id}, expect=201)
    await member.post(f"{path}/consents", {"purpose": "leaderboard", "granted": True}, expect=200)
    reserved = await world.redeem(member, reward_id)
    undecided = await member.post(f"{path}/leave", expect=409)
    assert (undecided["type"], undecided["errors"][0]["field"]) == ("/problems/balance-undecided", "rest")
    left = await member.post(f"{path}/leave", HOLD, expect=200, key="leave")
    assert left == {"volunteer_id": member.id, "status": "left", "held_minutes": 120, "position": left["position"]}
    assert await member.post(f"{path}/leave", HOLD, expect=200, key="leave") == left
    seen = await member.get(path)
    assert (seen["status"], seen["on_leaderboards"]) == ("left", False)
    me = await member.get("/v1/me")
    assert (me["offices"], me["roles"], me["acts_for"]) == ([], {}, [])
    assert {each["status"] for each in await member.get(f"{path}/proxies")} == {"ended"}
    gone = await member.get(f"/v1/redemptions/{reserved['redemption_id']}")
    assert (gone["status"], gone["ended_by"]) == ("cancelled", member.id)
    await world.organisation.post(
        "/v1/redemptions/fulfil", {"redemption_code": reserved["redemption_code"]}, expect=409
    )
    assert (await world.volunteer.get(f"/v1/rewards/{reward_id}"))["remaining"] == 1
    balance = await member.get(f"{path}/balance")
    assert (balance["available_minutes"], balance["reserved_minutes"], balance["service_minutes"]) == (120, 0, 120)


async def test_who_left_does_nothing_and_gets_nothing(world: World) -> None:
    """Until they are taken in again nobody logs for, gives to, or redeems for them, nor do they themselves."""
    somebody, other, reward_id = await world.with_credit(120), await world.with_credit(60), await world.reward()
    path = f"/v1/volunteers/{somebody.id}"
    await somebody.post(f"{path}/leave", HOLD, expect=200)
    redeem = f"/v1/rewards/{reward_id}/redemptions"
    for caller, where, body in (
        (somebody, redeem, None),
        (somebody, "/v1/gifts", {"to_volunteer_id": other.id, "minutes": 1}),
        (somebody, "/v1/donations", {"fund_id": await world.fund(), "minutes": 1}),
        (somebody, f"/v1/organisations/{world.garden}/members", {"volunteer_id": somebody.id}),
        (somebody, f"{path}/leave", HOLD),
        (other, "/v1/gifts", {"to_volunteer_id": somebody.id, "minutes": 1}),
        (other, redeem, {"beneficiary_id": somebody.id}),
        (world.organisation, world.records, service(somebody.id, hour=12)),
        (world.administrator, f"{path}/suspend", {"reason": "核查"}),
    ):
        refused = await caller.post(where, body, expect=409)
        why = "cannot-receive" if caller is other else "volunteer-has-left"
        assert refused["type"] == f"/problems/{why}", where
    back = await world.administrator.post(f"{path}/reinstate", {"reason": "回来了"}, expect=200)
    assert back["status"] == "active"
    await world.redeem(somebody, reward_id)
    assert (await world.balance(somebody.id))["available_minutes"] == 60


async def test_what_is_left_is_donated(world: World) -> None:
    """To a fund, what was reserved as well; nothing stays on the account, and the statement says where it went."""
    somebody, fund_id = await world.with_credit(120), await world.fund("邻里基金")
    await world.redeem(somebody, await world.reward())
    path = f"/v1/volunteers/{somebody.id}"
    left = await somebody.post(f"{path}/leave", {"rest": "donate", "fund_id": fund_id}, expect=200)
    assert left["held_minutes"] == 0
    balance = await somebody.get(f"{path}/balance")
    assert (balance["available_minutes"], balance["reserved_minutes"], balance["service_minutes"]) == (0, 0, 120)
    listed = {each["fund_id"]: each["minutes"] for each in (await somebody.get("/v1/funds", limit=500))["items"]}
    assert listed[fund_id] == 120
    statement = await somebody.get(f"{path}/statement")
    assert [each["topic"] for each in statement["lines"]][-2:] == ["reservation-cancelled", "credit-donated"]
    assert statement["lines"][-1]["words"] == "捐赠：邻里基金"
    (donation,) = (await world.administrator.get("/v1/donations", volunteer_id=somebody.id))["items"]
    assert donation["minutes"] == 120


async def test_a_choice_is_whole(world: World) -> None:
    """A donation says to which fund, holding to none; and the fund is there, and open."""
    somebody = await world.with_credit(60)
    closed = await world.fund()
    await world.administrator.post(f"/v1/funds/{closed}/close", {"reason": "项目结束"}, expect=200)
    for act in ("leave", "erase"):
        path = f"/v1/volunteers/{somebody.id}/{act}"
        await somebody.post(path, {"rest": "donate"}, expect=422)
        await somebody.post(path, {"fund_id": closed}, expect=422)
        await somebody.post(path, HOLD | {"fund_id": closed}, expect=422)
        await somebody.post(path, {"rest": "keep"}, expect=400)
        await somebody.post(path, {"rest": "donate", "fund_id": "fnd_0"}, expect=404)
        await somebody.post(path, {"rest": "donate", "fund_id": closed}, expect=409)
        assert (await somebody.post(path, expect=409))["type"] == "/problems/balance-undecided"
    assert (await somebody.get(f"/v1/volunteers/{somebody.id}"))["status"] == "active"


async def test_who_may_let_somebody_leave(world: World) -> None:
    """They themselves and administrators; no proxy, no member, no program."""
    pair = await paired(world, "give", "redeem", "memberships", "personal-data")
    path = f"/v1/volunteers/{pair.old.id}/leave"
    assert (await pair.act("POST", path, HOLD)).status_code == 403
    for caller in (pair.young, world.coordinator, world.organisation):
        assert (await caller.ask("POST", path, json=HOLD)).status_code in {403, 404}
    left = await world.administrator.post(path, expect=200)
    assert (left["status"], left["held_minutes"]) == ("left", 0)


async def test_the_last_administrator_stays(own_world: World) -> None:
    """A bank cannot be without an administrator."""
    path = f"/v1/volunteers/{own_world.administrator.id}/leave"
    refused = await own_world.administrator.post(path, expect=409)
    assert refused["type"] == "/problems/last-administrator"


async def test_leaving_while_spending(world: World) -> None:
    """Whoever redeems, gives and leaves at the same moment leaves nothing reserved, and no minute is lost."""
    for _ in range(3):
        somebody, other, reward_id = await world.with_credit(120), await world.somebody(), await world.reward()
        await asyncio.gather(
            somebody.ask("POST", f"/v1/rewards/{reward_id}/redemptions"),
            somebody.ask("POST", "/v1/gifts", json={"to_volunteer_id": other.id, "minutes": 30}),
            somebody.ask("POST", f"/v1/volunteers/{somebody.id}/leave", json=HOLD),
            somebody.ask("POST", f"/v1/rewards/{reward_id}/redemptions"),
        )
        mine, theirs = await world.balance(somebody.id), await world.balance(other.id)
        assert mine["reserved_minutes"] == 0
        assert mine["available_minutes"] + theirs["available_minutes"] == 120
        assert (await somebody.get(f"/v1/volunteers/{somebody.id}"))["status"] == "left"

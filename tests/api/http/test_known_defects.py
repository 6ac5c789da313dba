"""What went wrong in other time banks, each defect once, against the service as it is served."""

import asyncio
from typing import Any

import pytest

from tests.api.people.test_proxies import for_days, go_on, paired, today
from tests.api.world import Caller, World, hours_of, service
from timebank.runtime.upkeep.expiry import expire_due

WHY = {"reason": "对照签到表"}


def holdings(balance: dict[str, Any]) -> tuple[int, int, int]:
    """What is available, reserved and owed."""
    return balance["available_minutes"], balance["reserved_minutes"], balance["debt_minutes"]


async def shown(caller: Caller, **wish: Any) -> None:
    """They agree to appear on boards."""
    body = {"purpose": "leaderboard", "granted": True} | wish
    await caller.post(f"/v1/volunteers/{caller.id}/consents", body, expect=200)


async def test_a_cancelled_transfer_leaves_no_stale_balance(world: World) -> None:
    """What was undone is undone in the balance of the very next request, and in the statement."""
    somebody, reward_id = await world.with_credit(60), await world.reward()
    for _ in range(3):
        reserved = await world.redeem(somebody, reward_id)
        assert holdings(await world.balance(somebody.id)) == (0, 60, 0)
        await somebody.post(f"/v1/redemptions/{reserved['redemption_id']}/cancel", WHY, expect=200)
        assert holdings(await world.balance(somebody.id)) == (60, 0, 0)
    why = await somebody.get(f"/v1/volunteers/{somebody.id}/balance/why")
    assert (why["available_minutes"], why["lines"][-1]["balance_minutes"]) == (60, 60)


async def test_the_operator_is_stored_with_every_fact(own_world: World) -> None:
    """Every fact says who did it, by which right, for whom, and under which request."""
    world = own_world
    pair = await paired(world, "redeem")
    await world.confirmed(pair.old.id)
    reserved = await pair.act("POST", f"/v1/rewards/{await world.reward()}/redemptions")
    await world.organisation.post(
        "/v1/redemptions/fulfil", {"redemption_code": reserved.json()["redemption_code"]}, expect=200
    )
    events = [each for page in await world.administrator.pages("/v1/audit/events", limit=500) for each in page]
    assert all(each["actor"] and each["authority"] and each["request_id"] for each in events)
    by = {each["topic"]: (each["actor"], each["authority"], each["on_behalf_of"]) for each in events}
    assert by["service-logged"] == (world.garden, "organisation", None)
    assert by["service-confirmed"] == (world.verifier.id, "volunteer", None)
    assert by["reward-published"] == (world.administrator.id, "administrator", None)
    assert by["reward-reserved"] == (pair.young.id, "proxy", pair.old.id)
    assert by["reward-fulfilled"] == (world.garden, "organisation", None)


async def test_limits_stop_and_do_not_only_flag(own_world: World) -> None:
    """What is over a limit does not happen: of gifts, of a proxy, of a quota, of the day."""
    world = own_world
    rules = {"gifts": {"minutes_max": 50, "minutes_max_per_month": 80}}
    book = {"resolution": "决议一", "effective_from": "2020-01-01", "rules": rules}
    await world.administrator.post("/v1/policies", book, expect=201)
    somebody, to = await world.with_credit(600), await world.somebody()
    for minutes, status in ((51, 409), (50, 201), (31, 409), (30, 201), (1, 409)):
        await somebody.post("/v1/gifts", {"to_volunteer_id": to.id, "minutes": minutes}, expect=status)
    assert (await world.balance(to.id))["available_minutes"] == 80
    reward_id = await world.reward(quota_per_person=1)
    await world.redeem(somebody, reward_id)
    await world.redeem(somebody, reward_id, expect=409)
    await world.organisation.post(world.records, service(somebody.id, hour=0, hours=24), expect=409)
    assert holdings(await world.balance(somebody.id)) == (460, 60, 0)


async def test_two_parallel_orders_cannot_both_pass_the_check(world: World) -> None:
    """Of two orders, or an order and a gift, made at the same moment with minutes for one, one is refused."""
    reward_id, to = await world.reward(), await world.somebody()
    order = f"/v1/rewards/{reward_id}/redemptions", None
    for other in (order, ("/v1/gifts", {"to_volunteer_id": to.id, "minutes": 60})):
        somebody = await world.with_credit(60)
        answers = await asyncio.gather(*(somebody.ask("POST", path, json=body) for path, body in (order, other)))
        assert sorted(each.status_code for each in answers) == [201, 409]
        available, reserved, debt = holdings(await world.balance(somebody.id))
        assert (available, debt) == (0, 0)
        assert reserved in {0, 60}


async def test_a_cancel_gives_back_what_was_held_and_not_more(world: World) -> None:
    """However the price changed since, exactly the minutes that were reserved come back; what is owed first."""
    somebody, reward_id = await world.somebody(), await world.reward(cost_minutes=60)
    record_id = await world.confirmed(somebody.id, hours=1)
    reserved = await world.redeem(somebody, reward_id)
    terms = {"name": "理发", "kind": "service", "cost_minutes": 600, "provider_id": world.garden}
    assert (await world.administrator.ask("PUT", f"/v1/rewards/{reward_id}", json=terms)).is_success
    await world.verifier.post(f"/v1/service-records/{record_id}/correct", WHY | {"minutes": 20}, expect=200)
    assert holdings(await world.balance(somebody.id)) == (0, 60, 40)
    await somebody.post(f"/v1/redemptions/{reserved['redemption_id']}/cancel", WHY, expect=200)
    assert holdings(await world.balance(somebody.id)) == (20, 0, 0)


async def test_a_refund_happens_once(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled ten times at once, or expired and cancelled and expired again: the minutes come back one time."""
    world = own_world
    somebody, reward_id = await world.with_credit(120), await world.reward(quota=1)
    path = f"/v1/redemptions/{(await world.redeem(somebody, reward_id))['redemption_id']}/cancel"
    answers = await asyncio.gather(*(somebody.ask("POST", path, json=WHY) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 9
    assert holdings(await world.balance(somebody.id)) == (120, 0, 0)
    reserved = await world.redeem(somebody, reward_id)
    path = f"/v1/redemptions/{reserved['redemption_id']}"
    await somebody.get(path, min_position=reserved["position"])
    later = await for_days(world, somebody)
    go_on(world, monkeypatch, days=4)
    pool, ledger = world.services.pool, world.services.ledger
    assert sum(await asyncio.gather(*(expire_due(pool, ledger) for _ in range(3)))) <= 1
    assert await expire_due(pool, ledger) == 0
    await later.post(f"{path}/cancel", WHY, expect=409)
    assert holdings(await later.get(f"/v1/volunteers/{somebody.id}/balance")) == (120, 0, 0)


async def test_redeeming_after_the_end_date_by_raw_post_is_refused(world: World) -> None:
    """Over is over, whichever form, or none, a request comes from."""
    reward_id = await world.reward(available_until="2020-01-01")
    refused = await world.redeem(await world.with_credit(60), reward_id, expect=409)
    assert refused["type"] == "/problems/reward-not-offered"


async def test_rank_is_by_minutes_and_not_by_count_or_last_edit(own_world: World) -> None:
    """One long service ranks above many short ones, whenever they were last touched."""
    world = own_world
    long, often = await world.somebody("赵一"), await world.somebody("钱二")
    await world.confirmed(long.id, hours=5, days_ago=9)
    for days_ago in (2, 3, 4, 5):
        record_id = await world.confirmed(often.id, hours=1, days_ago=days_ago)
    change = WHY | {"activity": "公园清扫"}
    await world.verifier.post(f"/v1/service-records/{record_id}/correct", change, expect=200)
    for each in (often, long):
        await shown(each)
    board = await world.volunteer.get("/v1/leaderboards/bank")
    assert [(each["rank"], each["volunteer"]["volunteer_id"], each["value"]) for each in board["items"]] == [
        (1, long.id, 300), (2, often.id, 240)
    ]  # fmt: skip


async def test_totals_leave_out_no_shows_and_unapproved_hours(own_world: World) -> None:
    """Logged, rejected and voided service counts nowhere: not on the board, in the balance or in the statement."""
    world = own_world
    somebody = await world.somebody()
    await world.log(somebody.id, days_ago=2)
    rejected = await world.log(somebody.id, days_ago=3)
    await world.verifier.post(f"/v1/service-records/{rejected}/reject", WHY, expect=200)
    voided = await world.confirmed(somebody.id, days_ago=4)
    await world.verifier.post(f"/v1/service-records/{voided}/void", WHY, expect=200)
    await world.confirmed(somebody.id, days_ago=5, hours=1)
    balance = await world.balance(somebody.id)
    assert (balance["service_minutes"], balance["available_minutes"]) == (60, 60)
    assert (await world.volunteer.get("/v1/leaderboards/bank"))["total"] == 60
    statement = await somebody.get(f"/v1/volunteers/{somebody.id}/statement")
    assert statement["closing_minutes"] == 60


async def test_rounding_loses_no_minutes(world: World) -> None:
    """Three services of twenty minutes are one hour, as a redemption of one hour finds."""
    somebody = await world.somebody()
    for hour in (8, 10, 12):
        await world.confirmed(somebody.id, hour=hour, minutes=20)
    balance = await world.balance(somebody.id)
    assert (balance["service_minutes"], balance["available_minutes"]) == (60, 60)
    await world.redeem(somebody, await world.reward(cost_minutes=60))


async def test_a_shift_over_midnight_is_not_negative(world: World) -> None:
    """From ten in the evening until two is four hours, on the day it began."""
    somebody = await world.somebody()
    record_id = await world.confirmed(somebody.id, days_ago=2, hour=22, hours=4)
    seen = await somebody.get(f"/v1/service-records/{record_id}")
    assert (seen["minutes"], seen["credited_minutes"]) == (240, 240)
    assert seen["local_date"] == hours_of(days_ago=2)["started_at"][:10]
    assert (await world.balance(somebody.id))["service_minutes"] == 240


async def test_statistics_agree_with_the_list_they_summarise(own_world: World) -> None:
    """The board's total, the balances and the list of confirmed records come to the same minutes."""
    world = own_world
    people = [await world.with_credit(60 * hours) for hours in (1, 2, 3)]
    change = WHY | {"minutes": 30}
    record_id = await world.confirmed(people[0].id, days_ago=4)
    await world.verifier.post(f"/v1/service-records/{record_id}/correct", change, expect=200)
    await world.redeem(people[2], await world.reward())
    pages = await world.administrator.pages("/v1/service-records", limit=2)
    counted = sum(each["minutes"] for page in pages for each in page if each["status"] in {"confirmed", "corrected"})
    board = await world.volunteer.get("/v1/leaderboards/bank")
    served = sum([(await world.balance(each.id))["service_minutes"] for each in people])
    assert counted == served == board["total"] == board["hidden_minutes"] == 390
    assert (await world.volunteer.get("/v1/leaderboards/bank", period=f"{today():%Y}"))["total"] <= 390


async def test_lists_and_totals_keep_suspended_people(own_world: World) -> None:
    """Who is suspended stays in the list of volunteers, in the totals, and in the list of records."""
    world = own_world
    somebody = await world.with_credit(120)
    before = (await world.volunteer.get("/v1/leaderboards/bank"))["total"]
    await world.administrator.post(f"/v1/volunteers/{somebody.id}/suspend", WHY, expect=200)
    assert (await world.volunteer.get("/v1/leaderboards/bank"))["total"] == before == 120
    listed = {
        each["volunteer_id"]: each["status"] for each in (await world.administrator.get("/v1/volunteers"))["items"]
    }
    assert listed[somebody.id] == "suspended"
    found = await world.administrator.get("/v1/service-records", volunteer_id=somebody.id)
    assert len(found["items"]) == 1
    assert holdings(await world.balance(somebody.id)) == (120, 0, 0)


async def test_no_name_on_a_board_without_consent(own_world: World) -> None:
    """Who has not agreed, or does no more, or wants an alias, is not named; their minutes count in the total."""
    world = own_world
    people = [await world.with_credit(60, name=name) for name in ("尉迟甲", "尉迟乙", "尉迟丙")]
    await shown(people[1], alias="云中鹤")
    await shown(people[2])
    await shown(people[2], granted=False)
    response = await world.volunteer.ask("GET", "/v1/leaderboards/bank")
    assert "尉迟" not in response.text
    board = response.json()
    assert [each["volunteer"]["name"] for each in board["items"]] == ["云中鹤"]
    assert (board["hidden"], board["hidden_minutes"], board["total"]) == (2, 120, 180)

# ruff: noqa: D103  # a scene is named after the refusal it leads to
"""Scenes that lead to the refusals about credit: rewards, redemptions, gifts, funds, the rule book, leaving."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx

from tests.api.world import Caller, World, reward, service
from timebank.runtime.clock import utc_now

Scene = Callable[[World], Awaitable[httpx.Response]]

REASON = {"reason": "对照签到表"}


def slot(days: int, places: int = 1) -> dict[str, Any]:
    return {"starts_at": (utc_now() + timedelta(days=days)).isoformat(), "places": places}


async def redeem(somebody: Caller, reward_id: str, body: Any = None) -> httpx.Response:
    return await somebody.ask("POST", f"/v1/rewards/{reward_id}/redemptions", json=body)


async def governed(world: World, gifts: Any = None, **rules: Any) -> World:
    """Another bank, with a rule book of its own."""
    other = World(world.app, world.http)
    await other.settle()
    body = {"resolution": "决议一", "effective_from": "2020-01-01", "rules": {"gifts": gifts or {}, **rules}}
    await other.administrator.post("/v1/policies", body, expect=201)
    return other


async def gift(world: World, minutes: int, giver: Caller | None = None) -> httpx.Response:
    giver = giver or await world.with_credit(600)
    return await giver.ask("POST", "/v1/gifts", json={"to_volunteer_id": world.volunteer.id, "minutes": minutes})


async def proxied(world: World, **changes: Any) -> tuple[Caller, Caller]:
    elder, child = await world.with_credit(120), await world.somebody()
    body = {"proxy_volunteer_id": child.id, "scopes": ["give"]} | changes
    await elder.post(f"/v1/volunteers/{elder.id}/proxies", body, expect=201)
    return elder, child


async def listing(world: World) -> World:
    """Another bank, whose rule book lists what there is."""
    other = World(world.app, world.http)
    await other.settle()
    rules = {"categories": ["公益慈善"], "activities": ["楼道清扫"]}
    await other.administrator.post("/v1/policies", {"resolution": "一", "effective_from": "2020-01-01", "rules": rules})
    return other


async def category_not_listed(world: World) -> httpx.Response:
    other = await listing(world)
    return await other.recorder.ask("POST", other.records, json=service(other.volunteer.id, category="公益"))


async def activity_not_listed(world: World) -> httpx.Response:
    other = await listing(world)
    return await other.recorder.ask("POST", other.records, json=service(other.volunteer.id, activity="楼道"))


async def coefficient_not_listed(world: World) -> httpx.Response:
    rules = {"categories": ["公益"], "credit_percent": {"公義": 150}}
    body = {"resolution": "一", "effective_from": "2190-01-01", "rules": rules}
    return await world.administrator.ask("POST", "/v1/policies", json=body)


async def person_in_charge_not_member(world: World) -> httpx.Response:
    row = service(world.volunteer.id, person_in_charge_id=(await world.somebody()).id)
    return await world.recorder.ask("POST", world.records, json=row)


async def reward_unknown(world: World) -> httpx.Response:
    return await world.volunteer.ask("GET", "/v1/rewards/rew_0")


async def redemption_unknown(world: World) -> httpx.Response:
    return await world.volunteer.ask("GET", "/v1/redemptions/red_0")


async def code_unknown(world: World) -> httpx.Response:
    return await world.organisation.ask("POST", "/v1/redemptions/fulfil", json={"redemption_code": "0000-0000-0000"})


async def fund_unknown(world: World) -> httpx.Response:
    return await world.volunteer.ask("POST", "/v1/donations", json={"fund_id": "fnd_0", "minutes": 1})


async def proxy_minutes_reached(world: World) -> httpx.Response:
    elder, child = await proxied(world, minutes_per_day=30)
    body = {"to_volunteer_id": world.volunteer.id, "minutes": 31}
    return await child.ask("POST", "/v1/gifts", json=body, headers={"On-Behalf-Of": elder.id})


async def proxy_is_beneficiary(world: World) -> httpx.Response:
    elder, child = await proxied(world)
    body = {"to_volunteer_id": child.id, "minutes": 1}
    return await child.ask("POST", "/v1/gifts", json=body, headers={"On-Behalf-Of": elder.id})


async def fulfiller_is_beneficiary(world: World) -> httpx.Response:
    merchant = await world.member("merchant")
    await world.confirmed(merchant.id)
    reserved = await world.redeem(merchant, await world.reward())
    return await merchant.ask("POST", "/v1/redemptions/fulfil", json={"redemption_code": reserved["redemption_code"]})


async def granter_is_beneficiary(world: World) -> httpx.Response:
    body = {"to_volunteer_id": world.coordinator.id, "minutes": 1, "reason": "助老"}
    fund_id = await world.fund(organisation_id=world.garden)
    return await world.coordinator.ask("POST", f"/v1/funds/{fund_id}/grants", json=body)


async def donation_needs_another(world: World) -> httpx.Response:
    somebody, fund_id = await world.with_credit(60), await world.fund()
    body = {"rest": "donate", "fund_id": fund_id}
    return await world.administrator.ask("POST", f"/v1/volunteers/{somebody.id}/leave", json=body)


async def volunteer_has_left(world: World) -> httpx.Response:
    somebody = await world.somebody()
    await somebody.post(f"/v1/volunteers/{somebody.id}/leave", expect=200)
    return await somebody.ask("POST", f"/v1/volunteers/{somebody.id}/leave")


async def cannot_receive(world: World) -> httpx.Response:
    giver, somebody = await world.with_credit(60), await world.somebody()
    await somebody.post(f"/v1/volunteers/{somebody.id}/leave", expect=200)
    return await giver.ask("POST", "/v1/gifts", json={"to_volunteer_id": somebody.id, "minutes": 1})


async def one_recipient(world: World) -> httpx.Response:
    path = f"/v1/funds/{await world.fund()}/grants"
    return await world.administrator.ask("POST", path, json={"minutes": 1} | REASON)


async def fund_needed(world: World) -> httpx.Response:
    somebody = await world.somebody()
    return await somebody.ask("POST", f"/v1/volunteers/{somebody.id}/leave", json={"rest": "donate"})


async def balance_undecided(world: World) -> httpx.Response:
    somebody = await world.with_credit(1)
    return await somebody.ask("POST", f"/v1/volunteers/{somebody.id}/leave")


async def reward_status_differs(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", f"/v1/rewards/{await world.reward()}/resume")


async def reward_not_offered(world: World) -> httpx.Response:
    return await redeem(await world.with_credit(60), await world.reward(available_from="2199-01-01"))


async def reward_sold_out(world: World) -> httpx.Response:
    somebody, reward_id = await world.with_credit(120), await world.reward(quota=1)
    await world.redeem(somebody, reward_id)
    return await redeem(somebody, reward_id)


async def personal_quota_reached(world: World) -> httpx.Response:
    somebody, reward_id = await world.with_credit(120), await world.reward(quota_per_person=1, quota_every="month")
    await world.redeem(somebody, reward_id)
    return await redeem(somebody, reward_id)


async def too_many_reservations(world: World) -> httpx.Response:
    other = await governed(world, open_reservations=1)
    somebody, reward_id = await other.with_credit(120), await other.reward()
    await other.redeem(somebody, reward_id)
    return await redeem(somebody, reward_id)


async def slot_full(world: World) -> httpx.Response:
    at = slot(days=3)
    somebody, reward_id = await world.with_credit(120), await world.reward(slots=[at])
    await world.redeem(somebody, reward_id, {"slot": at["starts_at"]})
    return await redeem(somebody, reward_id, {"slot": at["starts_at"]})


async def slot_is_over(world: World) -> httpx.Response:
    at = slot(days=-1)
    return await redeem(await world.with_credit(60), await world.reward(slots=[at]), {"slot": at["starts_at"]})


async def slot_needed(world: World) -> httpx.Response:
    return await redeem(await world.with_credit(60), await world.reward(slots=[slot(days=3)]))


async def slot_unknown(world: World) -> httpx.Response:
    return await redeem(await world.with_credit(60), await world.reward(), {"slot": slot(days=3)["starts_at"]})


async def slots_twice(world: World) -> httpx.Response:
    at = slot(days=3)
    return await world.administrator.ask("POST", "/v1/rewards", json=reward(world.garden, slots=[at, at]))


async def not_eligible(world: World) -> httpx.Response:
    return await redeem(await world.with_credit(60), await world.reward(eligibility={"stars": 1}))


async def cost_is_another(world: World) -> httpx.Response:
    return await redeem(await world.with_credit(600), await world.reward(), {"cost_minutes": 1})


async def not_enough_credit(world: World) -> httpx.Response:
    return await redeem(await world.with_credit(59), await world.reward(cost_minutes=60))


async def redemption_not_open(world: World) -> httpx.Response:
    somebody = await world.with_credit(60)
    path = f"/v1/redemptions/{(await world.redeem(somebody, await world.reward()))['redemption_id']}/cancel"
    await somebody.post(path, REASON, expect=200)
    return await somebody.ask("POST", path, json=REASON)


async def gifts_not_allowed(world: World) -> httpx.Response:
    return await gift(await governed(world, {"allowed": False}), 1)


async def gift_too_large(world: World) -> httpx.Response:
    return await gift(await governed(world, {"minutes_max": 30}), 31)


async def gift_limit_reached(world: World) -> httpx.Response:
    other = await governed(world, {"minutes_max_per_month": 30})
    giver = await other.with_credit(60)
    await gift(other, 20, giver)
    return await gift(other, 11, giver)


async def gift_to_oneself(world: World) -> httpx.Response:
    somebody = await world.with_credit(60)
    return await somebody.ask("POST", "/v1/gifts", json={"to_volunteer_id": somebody.id, "minutes": 1})


async def fund_is_closed(world: World) -> httpx.Response:
    somebody, fund_id = await world.with_credit(60), await world.fund()
    await world.administrator.post(f"/v1/funds/{fund_id}/close", REASON, expect=200)
    return await somebody.ask("POST", "/v1/donations", json={"fund_id": fund_id, "minutes": 1})


async def fund_too_small(world: World) -> httpx.Response:
    body = {"to_volunteer_id": world.volunteer.id, "minutes": 1, "reason": "助老"}
    return await world.administrator.ask("POST", f"/v1/funds/{await world.fund()}/grants", json=body)


async def fund_not_empty(world: World) -> httpx.Response:
    somebody, fund_id = await world.with_credit(60), await world.fund()
    await somebody.post("/v1/donations", {"fund_id": fund_id, "minutes": 1}, expect=201)
    return await world.administrator.ask("POST", f"/v1/funds/{fund_id}/close", json=REASON)


async def policy_not_ahead(world: World) -> httpx.Response:
    other = await governed(world)
    body = {"resolution": "决议二", "effective_from": "2020-01-02", "rules": {}}
    return await other.administrator.ask("POST", "/v1/policies", json=body)


async def policy_unknown(world: World) -> httpx.Response:
    return await world.administrator.ask("POST", "/v1/policies/99/withdraw", json=REASON)


async def policy_has_begun(world: World) -> httpx.Response:
    other = await governed(world)
    return await other.administrator.ask("POST", "/v1/policies/1/withdraw", json=REASON)


async def policy_is_withdrawn(world: World) -> httpx.Response:
    other = await governed(world)
    ahead = {"resolution": "决议二", "effective_from": "2190-01-01", "rules": {}}
    await other.administrator.post("/v1/policies", ahead, expect=201)
    await other.administrator.post("/v1/policies/2/withdraw", REASON, expect=200)
    return await other.administrator.ask("POST", "/v1/policies/2/withdraw", json=REASON)


async def thresholds_not_rising(world: World) -> httpx.Response:
    draft = {"rules": {"star_minutes": [60, 60]}}
    return await world.administrator.ask("POST", "/v1/policies/preview", json=draft)


CREDIT_SCENES: dict[str, tuple[int, Scene]] = {
    "category-not-listed": (422, category_not_listed),
    "activity-not-listed": (422, activity_not_listed),
    "coefficient-not-listed": (422, coefficient_not_listed),
    "person-in-charge-not-member": (409, person_in_charge_not_member),
    "reward-unknown": (404, reward_unknown),
    "redemption-unknown": (404, redemption_unknown),
    "redemption-code-unknown": (404, code_unknown),
    "fund-unknown": (404, fund_unknown),
    "proxy-minutes-reached": (403, proxy_minutes_reached),
    "proxy-is-beneficiary": (403, proxy_is_beneficiary),
    "fulfiller-is-beneficiary": (403, fulfiller_is_beneficiary),
    "donation-needs-another": (403, donation_needs_another),
    "granter-is-beneficiary": (403, granter_is_beneficiary),
    "volunteer-has-left": (409, volunteer_has_left),
    "cannot-receive": (409, cannot_receive),
    "balance-undecided": (409, balance_undecided),
    "reward-status-differs": (409, reward_status_differs),
    "reward-not-offered": (409, reward_not_offered),
    "reward-sold-out": (409, reward_sold_out),
    "personal-quota-reached": (409, personal_quota_reached),
    "too-many-reservations": (409, too_many_reservations),
    "slot-full": (409, slot_full),
    "slot-is-over": (409, slot_is_over),
    "not-eligible": (409, not_eligible),
    "not-enough-credit": (409, not_enough_credit),
    "cost-is-another": (409, cost_is_another),
    "redemption-not-open": (409, redemption_not_open),
    "gifts-not-allowed": (409, gifts_not_allowed),
    "gift-too-large": (409, gift_too_large),
    "gift-limit-reached": (409, gift_limit_reached),
    "fund-is-closed": (409, fund_is_closed),
    "fund-too-small": (409, fund_too_small),
    "fund-not-empty": (409, fund_not_empty),
    "policy-unknown": (404, policy_unknown),
    "policy-has-begun": (409, policy_has_begun),
    "policy-is-withdrawn": (409, policy_is_withdrawn),
    "policy-not-ahead": (422, policy_not_ahead),
    "thresholds-not-rising": (422, thresholds_not_rising),
    "slot-needed": (422, slot_needed),
    "slot-unknown": (422, slot_unknown),
    "slots-twice": (422, slots_twice),
    "gift-to-oneself": (422, gift_to_oneself),
    "one-recipient": (422, one_recipient),
    "fund-needed": (422, fund_needed),
}

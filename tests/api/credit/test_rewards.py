from datetime import timedelta
from typing import Any

import pytest

from tests.api.people.test_proxies import today
from tests.api.world import World, reward
from timebank.runtime.clock import utc_now

REASON = {"reason": "名额用完"}


async def test_a_reward_is_published_and_seen_by_everybody(world: World) -> None:
    """Whoever is signed in, programs as well, sees what a reward costs and how much of it is left."""
    funder = await world.body("社区基金会")
    terms: dict[str, Any] = {
        "name": "免费体检",
        "kind": "health-check",
        "description": "空腹\n带身份证",
        "funder_id": funder,
        "quota": 40,
        "quota_per_person": 1,
        "quota_every": "month",
        "available_from": "2026-01-01",
        "available_until": "2199-12-31",
        "eligibility": {"service_minutes": 60, "within_days": 365, "stars": 0},
    }
    made = await world.administrator.post("/v1/rewards", reward(world.garden, **terms), expect=201)
    assert made == {"reward_id": made["reward_id"], "status": "published", "position": made["position"]}
    for caller in (world.volunteer, world.organisation, world.administrator):
        assert await caller.get(f"/v1/rewards/{made['reward_id']}") == terms | {
            "reward_id": made["reward_id"],
            "cost_minutes": 60,
            "provider_id": world.garden,
            "provider_name": "百花园物业",
            "funder_name": "社区基金会",
            "remaining": 40,
            "period": f"{today():%Y-%m}",
            "status": "published",
            "reason": None,
            "slots": [],
            "position": made["position"],
        }


async def test_the_life_of_a_reward(world: World) -> None:
    """Amended, paused, resumed, withdrawn: each answer and the reward say how it stands."""
    reward_id = await world.reward(kind="goods")
    path = f"/v1/rewards/{reward_id}"

    async def listed(**params: Any) -> bool:
        pages = await world.volunteer.pages("/v1/rewards", limit=500, **params)
        return reward_id in {each["reward_id"] for page in pages for each in page}

    other = reward(world.garden, kind="goods", cost_minutes=90)
    amended = await world.administrator.ask("PUT", path, json=other)
    assert (amended.status_code, amended.json()["reward_id"]) == (200, reward_id)
    assert (await world.volunteer.get(path))["cost_minutes"] == 90
    nothing = await world.administrator.ask("PUT", path, json=other)
    assert nothing.json()["type"] == "/problems/nothing-changes"
    for act, body, status in (("pause", REASON, "paused"), ("resume", None, "published"), ("pause", REASON, "paused")):
        said = await world.administrator.post(f"{path}/{act}", body, expect=200)
        assert said["status"] == status
        assert (await world.volunteer.get(path))["status"] == status
    assert (await world.volunteer.get(path))["reason"] == "名额用完"
    assert [await listed(), await listed(kind="goods"), await listed(kind="travel")] == [True, True, False]
    assert [await listed(status="paused"), await listed(status="published")] == [True, False]
    await world.administrator.post(f"{path}/withdraw", REASON, expect=200)
    assert [await listed(), await listed(status="withdrawn")] == [False, True]
    for act, body in (("pause", REASON), ("resume", None), ("withdraw", REASON)):
        refused = await world.administrator.post(f"{path}/{act}", body, expect=409)
        assert refused["type"] == "/problems/reward-status-differs"


async def test_terms_changed_later_are_for_later_redemptions(world: World) -> None:
    """What is reserved stays on the terms it was reserved on, whatever becomes of the reward."""
    somebody, reward_id = await world.with_credit(120), await world.reward(cost_minutes=60)
    reserved = await world.redeem(somebody, reward_id)
    terms = reward(world.garden, cost_minutes=100, name="烫发")
    assert (await world.administrator.ask("PUT", f"/v1/rewards/{reward_id}", json=terms)).is_success
    await world.administrator.post(f"/v1/rewards/{reward_id}/withdraw", REASON, expect=200)
    seen = await somebody.get(f"/v1/redemptions/{reserved['redemption_id']}")
    assert (seen["cost_minutes"], seen["name"]) == (60, "理发")
    given = await world.organisation.post(
        "/v1/redemptions/fulfil", {"redemption_code": reserved["redemption_code"]}, expect=200
    )
    assert given["name"] == "理发"
    assert (await world.balance(somebody.id))["redeemed_minutes"] == 60


@pytest.mark.parametrize(
    ("terms", "status", "kind"),
    [
        ({"cost_minutes": 0}, 400, "invalid-request"),
        ({"cost_minutes": 1.5}, 400, "invalid-request"),
        ({"name": "\n"}, 400, "invalid-request"),
        ({"kind": "cash"}, 400, "invalid-request"),
        ({"price": "9.9"}, 400, "invalid-request"),
        ({"eligibility": {"age": 60}}, 400, "invalid-request"),
        ({"slots": [{"starts_at": "2026-11-11T09:00:00", "places": 1}]}, 400, "invalid-request"),
        ({"slots": [{"starts_at": "2300-11-11T09:00:00Z", "places": 1}]}, 422, "unbelievable-time"),
        ({"available_from": "2026-05-01", "available_until": "2026-04-30"}, 422, "term-ends-before-it-starts"),
        ({"provider_id": "org_0"}, 404, "organisation-unknown"),
        ({"funder_id": "org_0"}, 404, "organisation-unknown"),
    ],
)
async def test_what_cannot_be_offered(world: World, terms: dict[str, Any], status: int, kind: str) -> None:
    """Rewards cost minutes and never money, and their terms do not contradict themselves."""
    refused = await world.administrator.post("/v1/rewards", reward(world.garden) | terms, expect=status)
    assert refused["type"] == f"/problems/{kind}"


async def test_appointments_say_how_many_places_are_left(world: World) -> None:
    """The same moment in another offset is the same appointment; a place that is given up is there again."""
    at = (utc_now() + timedelta(days=3)).replace(microsecond=0)
    slots = [{"starts_at": (at + timedelta(hours=n)).isoformat(), "places": 2} for n in range(2)]
    somebody, reward_id = await world.with_credit(120), await world.reward(slots=slots)
    elsewhere = at.astimezone().isoformat()
    reserved = await world.redeem(somebody, reward_id, {"slot": elsewhere})
    seen = await somebody.get(f"/v1/rewards/{reward_id}")
    assert [each["remaining"] for each in seen["slots"]] == [1, 2]
    assert reserved["slot"] == seen["slots"][0]["starts_at"]
    await somebody.post(f"/v1/redemptions/{reserved['redemption_id']}/cancel", REASON, expect=200)
    seen = await somebody.get(f"/v1/rewards/{reward_id}")
    assert [each["remaining"] for each in seen["slots"]] == [2, 2]


async def test_a_reward_of_another_bank_does_not_exist(world: World) -> None:
    """Neither seen, nor redeemed, nor changed: to another bank a reward is unknown."""
    other = World(world.app, world.http)
    await other.settle()
    path, somebody = f"/v1/rewards/{await other.reward()}", await world.with_credit(60)
    await somebody.get(path, expect=404)
    refused = await somebody.post(f"{path}/redemptions", expect=404)
    assert refused["type"] == "/problems/reward-unknown"
    assert (await world.administrator.ask("PUT", path, json=reward(world.garden))).status_code == 404
    await world.administrator.post(f"{path}/pause", REASON, expect=404)
    abroad = await world.administrator.post("/v1/rewards", reward(other.garden), expect=404)
    assert abroad["type"] == "/problems/organisation-unknown"


async def test_publishing_twice_under_one_key_is_publishing_once(world: World) -> None:
    """The same Idempotency-Key and body: one reward, and the same answer; another body is refused."""
    first = await world.administrator.post("/v1/rewards", reward(world.garden), key="reward-1", expect=201)
    assert await world.administrator.post("/v1/rewards", reward(world.garden), key="reward-1", expect=201) == first
    other = reward(world.garden, cost_minutes=61)
    await world.administrator.post("/v1/rewards", other, key="reward-1", expect=422)

"""People know each other's numbers: where a request names somebody, the number does as well as the id."""

from tests.api.world import Caller, World, service


async def number_of(somebody: Caller) -> str:
    """The number a volunteer is known by."""
    number: str = (await somebody.get(f"/v1/volunteers/{somebody.id}"))["number"]
    return number


async def test_in_bodies(world: World) -> None:
    """Service is logged, one by one and in batches, and members and proxies are named by number."""
    elder, child = await world.somebody(), await world.somebody()
    number = await number_of(elder)
    record_id = await world.log(number)
    seen = await elder.get(f"/v1/service-records/{record_id}")
    assert seen["volunteer_id"] == elder.id
    rows = {"records": [service(number, days_ago=3), service(elder.id, days_ago=4), service("123456789015")]}
    verdicts = (await world.organisation.post(f"{world.records}/batch", rows, expect=200))["results"]
    assert [each["status"] for each in verdicts] == ["logged", "logged", "refused"]
    assert verdicts[2]["problem"]["type"] == "/problems/volunteer-unknown"
    members = f"/v1/organisations/{world.garden}/members"
    assert (await world.coordinator.post(members, {"volunteer_id": number}))["volunteer_id"] == elder.id
    proxies = f"/v1/volunteers/{elder.id}/proxies"
    made = await elder.post(proxies, {"proxy_volunteer_id": await number_of(child)}, expect=201)
    assert made["proxy_volunteer_id"] == child.id


async def test_in_whose_name_one_acts(world: World) -> None:
    """On-Behalf-Of takes the number, and a number of nobody is nobody's to act for."""
    elder, child = await world.somebody(), await world.somebody()
    await elder.post(f"/v1/volunteers/{elder.id}/proxies", {"proxy_volunteer_id": child.id}, expect=201)
    path = f"/v1/volunteers/{elder.id}/balance"
    seen = await child.ask("GET", path, headers={"On-Behalf-Of": await number_of(elder)})
    assert seen.status_code == 200
    for other in ("123456789015", await number_of(child)):
        assert (await child.ask("GET", path, headers={"On-Behalf-Of": other})).status_code == 403


async def test_a_filter_that_does_not_exist_is_refused(world: World) -> None:
    """Whoever misspells a parameter is told so, and which there are, instead of being shown everything."""
    refused = await world.administrator.get("/v1/redemptions", expect=400, provider="org_0")
    assert refused["errors"][0]["field"] == "provider"
    assert "provider_id" in refused["detail"]
    nothing = await world.administrator.get("/v1/redemptions", provider_id="org_0")
    assert nothing["items"] == []


async def test_no_code_is_drawn_that_is_good_for_nothing(world: World) -> None:
    """After a redemption is over its code is not drawn any more."""
    somebody, reward_id = await world.with_credit(120), await world.reward()
    reserved = await world.redeem(somebody, reward_id)
    path = f"/v1/redemptions/{reserved['redemption_id']}"
    assert (
        await somebody.ask("POST", f"{path}/qr", json={"redemption_code": reserved["redemption_code"]})
    ).status_code == 200
    await somebody.post(f"{path}/cancel", {"reason": "没空"}, expect=200)
    over = await somebody.post(f"{path}/qr", {"redemption_code": reserved["redemption_code"]}, expect=409)
    assert over["type"] == "/problems/redemption-not-open"


async def test_it_is_said_until_when_a_rule_book_holds(own_world: World) -> None:
    """Of two versions for the same day the later holds, and the other never did; the last holds for good."""
    adopt = own_world.administrator.post
    for version, day in enumerate(("2020-01-01", "2198-01-01", "2197-06-01", "2198-01-01"), 1):
        body = {"resolution": f"第{version}号", "effective_from": day, "rules": {}}
        assert (await adopt("/v1/policies", body, expect=201))["version"] == version
    until = [each["effective_until"] for each in await own_world.volunteer.get("/v1/policies")]
    assert until == ["2197-05-31", "2197-12-31", "2197-12-31", None]

from datetime import timedelta
from typing import Any

from tests.api.people.test_proxies import today
from tests.api.world import World, service


def policy(effective_from: str, **rules: Any) -> dict[str, Any]:
    """A version of the rule book."""
    return {"resolution": "决议", "effective_from": effective_from, "rules": rules}


async def test_the_lists_are_told_with_what_was_retired(own_world: World) -> None:
    """Everybody can read which names there are, since when, and until when; without a list one is suggested."""
    before = await own_world.volunteer.get("/v1/categories")
    assert before["names"] == []
    assert "治安巡逻" in before["suggested"]
    until = today()
    since = until + timedelta(days=1)
    await own_world.administrator.post(
        "/v1/policies", policy("2020-01-01", categories=["公益慈善", "修鞋"]), expect=201
    )
    await own_world.administrator.post("/v1/policies", policy(since.isoformat(), categories=["公益慈善"]), expect=201)
    told = await own_world.organisation.get("/v1/categories")
    shared: dict[str, Any] = {"sort": "category", "since": "2020-01-01", "is_retired": False}
    assert told == {
        "names": [
            {"name": "公益慈善", **shared, "until": None},
            {"name": "修鞋", **shared, "until": until.isoformat()},
        ],
        "suggested": [],
    }


async def test_a_row_of_a_list_is_refused_with_the_nearest(own_world: World) -> None:
    """A row of an imported list with an unknown category is told which one is nearest."""
    await own_world.administrator.post("/v1/policies", policy("2020-01-01", categories=["公益慈善"]), expect=201)
    number = (await own_world.administrator.get(f"/v1/volunteers/{own_world.volunteer.id}"))["number"]
    rows = f"编号,活动,类别,开始,结束\n{number},清扫,公益,2026/3/1 8:30,2026/3/1 9:30\n"
    told = await own_world.recorder.ask("POST", f"{own_world.records}/import", content=rows.encode())
    (verdict,) = told.json()["verdicts"]
    assert (verdict["status"], "公益慈善" in verdict["reason"]) == ("refused", True)


async def test_a_record_tells_who_was_in_charge_and_what_a_certificate_lacks(world: World) -> None:
    """The person in charge is named, by number or id; what a certificate would lack is said with the record."""
    number = (await world.administrator.get(f"/v1/volunteers/{world.coordinator.id}"))["number"]
    somebody = await world.somebody()
    record_id = await world.log(somebody.id, person_in_charge_id=number, place="三号楼")
    seen = await world.recorder.get(f"/v1/service-records/{record_id}")
    assert seen["person_in_charge_id"] == world.coordinator.id
    assert (seen["person_in_charge_name"], seen["certificate_lacks"]) == ("某某", ["content"])
    mended = {"content": "擦洗扶手", "person_in_charge_id": world.verifier.id}
    await world.recorder.patch(f"/v1/service-records/{record_id}", mended, expect=200)
    seen = await world.recorder.get(f"/v1/service-records/{record_id}")
    assert (seen["person_in_charge_id"], seen["certificate_lacks"]) == (world.verifier.id, [])
    assert service(somebody.id)["category"] == seen["category"]

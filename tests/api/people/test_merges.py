"""Whoever is registered twice is found, and becomes one: proposed by one, approved by another."""

from typing import Any

from tests.api.merge_scenes import approved, leader, proposed
from tests.api.world import Caller, World, hours_of, service
from tests.helpers.document_numbers import document_number

PASSWORD = "zhong hua lu 17 hao"


async def twice(world: World, name: str, **personal: Any) -> tuple[Caller, Caller]:
    """Somebody is registered twice, under the same name and year of birth."""
    return (
        await world.somebody(name, birth_year=1951),
        await world.somebody(name, birth_year=1951, **personal),
    )


async def doubles(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """Who may be registered twice."""
    pages = await world.administrator.pages("/v1/double-registrations", limit=1)
    found = [each for page in pages for each in page]
    return {(each["earlier"]["volunteer_id"], each["later"]["volunteer_id"]): each for each in found}


async def test_doubles_are_found(own_world: World) -> None:
    """By the phone, or by name and year of birth together; each pair once, until it is said that they are two."""
    world = own_world
    first, second = await twice(world, "欧阳修")
    third = await world.somebody("司马光", birth_year=1951, phone="13900001234")
    fourth = await world.somebody("上官婉", birth_year=1960, phone="139 0000 1234")
    await world.somebody("欧阳修", birth_year=1960)
    found = await doubles(world)
    assert {pair: (each["same_phone"], each["same_name"]) for pair, each in found.items()} == {
        (first.id, second.id): (False, True),
        (third.id, fourth.id): (True, False),
    }
    shown = found[first.id, second.id]
    assert (shown["earlier"]["name"], shown["later"]["birth_year"], shown["merge_id"]) == ("欧阳修", 1951, None)
    for which in ("earlier", "later"):
        assert shown[which]["unchanged_since"] == shown[which]["registered_at"]
    of_phone = (await doubles(world))[third.id, fourth.id]
    told = [(each["phone_is_verified"], each["phone_is_claimed"]) for each in (of_phone["earlier"], of_phone["later"])]
    assert told == [(False, False), (False, False)], "an office entered them"
    merge_id = await proposed(world, first, second)
    assert (await doubles(world))[first.id, second.id]["merge_id"] == merge_id
    await world.administrator.post(f"/v1/merges/{merge_id}/decline", {"reason": "是两个人"}, expect=200)
    await world.administrator.patch(f"/v1/volunteers/{fourth.id}", {"phone": None})
    assert await doubles(world) == {}
    await fourth.patch(f"/v1/volunteers/{fourth.id}", {"name": "欧阳修", "birth_year": 1951})
    changed = await doubles(world)
    assert set(changed) == {(first.id, fourth.id), (second.id, fourth.id)}
    made_alike = changed[first.id, fourth.id]["later"]
    assert made_alike["unchanged_since"] > made_alike["registered_at"]
    await fourth.patch(f"/v1/volunteers/{fourth.id}", {"phone": "13900005678"})
    assert (await doubles(world))[first.id, fourth.id]["later"]["phone_is_claimed"]
    await fourth.post(f"/v1/volunteers/{fourth.id}/erase", expect=200)
    assert await doubles(world) == {}
    (entry, *_) = (await world.administrator.get("/v1/audit/security", kind="people-read"))["items"]
    assert entry["actor"] == world.administrator.id


async def test_what_a_merge_brought_is_new(own_world: World) -> None:
    """As is what was changed: name, phone and year of birth may come with it; and a damaged fact hides nobody."""
    world = own_world
    kept, gone = await twice(world, "诸葛亮", phone="13900004321")
    await approved(world, kept, gone)
    third = await world.somebody("诸葛亮", birth_year=1951)

    async def since() -> dict[str, bool]:
        pair = (await doubles(world))[kept.id, third.id]
        return {which: pair[which]["unchanged_since"] > pair[which]["registered_at"] for which in ("earlier", "later")}

    assert await since() == {"earlier": True, "later": False}
    await third.patch(f"/v1/volunteers/{third.id}", {"phone": "13900001234"})
    assert await since() == {"earlier": True, "later": True}
    async with world.services.owner.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute("update event set data = 'x' where topic = 'personal-data-changed'")
    assert await since() == {"earlier": True, "later": False}


async def test_two_become_one(own_world: World) -> None:
    """Credit and what only one said of the person move; the other number is told everywhere, and lets nobody in."""
    world = own_world
    kept, gone = await twice(world, "诸葛亮", phone="13900004321", document_number=document_number(7))
    await world.confirmed(kept.id, days_ago=2)
    record_id = await world.confirmed(gone.id, days_ago=1)
    await gone.post(f"/v1/volunteers/{gone.id}/consents", {"purpose": "leaderboard", "granted": True}, expect=200)
    told = await approved(world, kept, gone)
    assert (told["volunteer_id"], told["available_minutes"], told["debt_minutes"]) == (kept.id, 120, 0)
    assert ((await world.balance(kept.id))["available_minutes"], (await world.balance(kept.id))["service_minutes"]) == (
        240, 120,
    )  # fmt: skip
    of_gone = await world.balance(gone.id)
    assert (of_gone["available_minutes"], of_gone["service_minutes"], of_gone["credited_minutes"]) == (0, 120, 120)
    before, now = [await world.administrator.get(f"/v1/volunteers/{each.id}") for each in (gone, kept)]
    assert (before["status"], before["kept_number"], before["name"]) == ("merged", now["number"], "诸葛亮")
    assert (now["status"], now["earlier_numbers"], now["phone"]) == ("active", [before["number"]], "13900004321")
    assert await world.services.people.holders(world.services.pool, world.bank_id, [document_number(7)])
    assert (await gone.ask("GET", "/v1/me/balance")).status_code == 401
    code = await world.administrator.ask("POST", f"/v1/volunteers/{gone.id}/codes")
    assert (code.status_code, now["number"] in code.json()["detail"]) == (409, True)
    asked = await kept.ask("GET", f"/v1/gifts/recipient?to_volunteer_id={before['number']}")
    assert (asked.status_code, now["number"] in asked.json()["detail"]) == (409, True)
    board = await world.administrator.get("/v1/leaderboards/bank")
    assert gone.id not in str(board)
    lines = (await world.administrator.get(f"/v1/volunteers/{kept.id}/statement"))["lines"]
    assert [each["change_minutes"] for each in lines if each["topic"] == "registrations-merged"] == [120]
    (record,) = (await world.administrator.get("/v1/service-records", volunteer_id=gone.id))["items"]
    assert (record["record_id"], record["volunteer_name"]) == (record_id, "诸葛亮")
    again = await world.organisation.ask("POST", world.records, json=service(kept.id, days_ago=1))
    assert again.json()["type"] == "/problems/duplicate-record"


async def test_what_was_under_the_other_number_is_theirs_still(own_world: World) -> None:
    """They see, sum up, take along and prove what was served, redeemed and given under it; nobody else does."""
    world = own_world
    kept, gone = await twice(world, "诸葛亮")
    stranger = await world.somebody()
    record_id = await world.confirmed(gone.id, days_ago=1)
    own_record = await world.confirmed(kept.id, days_ago=2)
    reward_id = await world.reward(cost_minutes=30)
    redeemed = await gone.post(f"/v1/rewards/{reward_id}/redemptions", {}, expect=201)
    gift = await gone.post("/v1/gifts", {"to_volunteer_id": stranger.id, "minutes": 30}, expect=201)
    proposal_id = await world.proposal(gone, **hours_of(days_ago=4))
    await gone.post(f"/v1/proposals/{proposal_id}/withdraw", expect=200)
    lists = {
        "/v1/service-records": ("record_id", record_id),
        "/v1/redemptions": ("redemption_id", redeemed["redemption_id"]),
        "/v1/gifts": ("transfer_id", gift["transfer_id"]),
        "/v1/proposals": ("proposal_id", proposal_id),
    }
    await approved(world, kept, gone)

    async def listed(by: Caller, path: str, **asked: Any) -> list[str]:
        pages = await by.pages(path, limit=1, **asked)
        return [each[lists[path][0]] for page in pages for each in page]

    for path, (_, item_id) in lists.items():
        assert item_id in await listed(kept, path)
    assert await listed(kept, "/v1/service-records") == [own_record, record_id]
    of_days = {"from": "2026-01-01", "until": "2199-12-31"}
    assert await listed(kept, "/v1/service-records", **of_days) == [record_id, own_record]
    for path, said in {"/v1/service-records": record_id, "/v1/redemptions": redeemed["redemption_id"]}.items():
        assert await listed(kept, path, volunteer_id=gone.id) == [said]
        await kept.get(f"{path}/{said}")
        await stranger.get(f"{path}/{said}", expect=404)
    assert (await kept.get("/v1/service-records/statistics"))["total"]["minutes"] == 240
    lines = (await kept.get(f"/v1/volunteers/{gone.id}/statement"))["lines"]
    assert {"service-confirmed", "reward-reserved", "credit-given"} <= {each["topic"] for each in lines}
    confirmed = next(each["position"] for each in lines if each["topic"] == "service-confirmed")
    await world.services.signer.sign(world.bank_id)
    for by, status in ((kept, 200), (stranger, 404)):
        assert (await by.ask("GET", f"/v1/audit/proof/{confirmed}")).status_code == status
    for path in ("/v1/service-records", "/v1/gifts"):
        await stranger.get(path, expect=404, volunteer_id=gone.id)
    await stranger.get(f"/v1/volunteers/{gone.id}/statement", expect=404)
    mine = await kept.get("/v1/me/data")
    assert {each["record_id"] for each in mine["service_records"]} == {record_id, own_record}
    for name, (field, item_id) in zip(("redemptions", "transfers", "proposals"), [*lists.values()][1:], strict=True):
        assert item_id in {each[field] for each in mine[name]}
    positions = [each["position"] for each in mine["events"]]
    assert confirmed in positions
    assert len(positions) == len(set(positions))
    proxy = await world.somebody()
    may = {"proxy_volunteer_id": proxy.id, "scopes": ["view"], "acts_per_day": 5}
    await kept.post(f"/v1/volunteers/{kept.id}/proxies", may, expect=201)
    for by, headers, rows in ((proxy, {"On-Behalf-Of": kept.id}, len(lines)), (kept, {}, len(lines))):
        table = await by.ask("GET", f"/v1/volunteers/{gone.id}/statement.csv", headers=headers)
        assert (table.status_code, len(table.text.splitlines())) == (200, rows + 3), "and what was before and after"
    assert (await proxy.ask("GET", f"/v1/volunteers/{gone.id}/statement.csv")).status_code == 404
    await kept.post(f"/v1/volunteers/{gone.id}/consents", {"purpose": "be-asked", "granted": True}, expect=404)


async def test_what_hinders_it_is_told(own_world: World) -> None:
    """Whoever approves sees both side by side, what was recorded of both for the same time, and what waits."""
    world = own_world
    kept, gone = await twice(world, "公孙胜")
    records = [await world.confirmed(each.id) for each in (kept, gone)]
    await world.log(gone.id, days_ago=3)
    await world.proposal(gone, **hours_of(days_ago=4))
    merge_id = await proposed(world, kept, gone)
    told = await world.administrator.get(f"/v1/merges/{merge_id}")
    (overlap,) = told["overlaps"]
    assert ([overlap["record_id"], overlap["other_id"]], told["waiting_records"]) == (records, 1)
    assert told["waiting_proposals"] == 1
    assert (told["kept"]["volunteer_id"], told["merged"]["name"]) == (kept.id, "公孙胜")
    assert told["merge"]["merged_name"] == "公孙胜"
    lists = [await world.administrator.get("/v1/merges", **of) for of in ({}, {"status": "proposed"})]
    assert [[each["merge_id"] for each in page["items"]] for page in lists] == [[merge_id], [merge_id]]
    assert (await world.administrator.get("/v1/merges", status="declined"))["items"] == []


async def test_programs_and_leaders_only_propose(own_world: World) -> None:
    """They register people, and see doubles at their counters; who decides is an administrator."""
    world = own_world
    kept, gone = await twice(world, "司马光")
    merge_id = await proposed(world, kept, gone, by=world.organisation)
    for each in (kept, gone):
        notices = (await each.get("/v1/me/notices"))["items"]
        assert "merge-proposed" in {each["kind"] for each in notices}, "who is not the other can say so in time"
    for caller in (world.organisation, await leader(world), world.coordinator):
        for path in ("/v1/double-registrations", "/v1/merges", f"/v1/merges/{merge_id}"):
            assert (await caller.ask("GET", path)).status_code == 403
        assert (await caller.ask("POST", f"/v1/merges/{merge_id}/approve")).status_code == 403

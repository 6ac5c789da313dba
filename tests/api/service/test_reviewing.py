"""Many records at once, and those that wait."""

from typing import Any

from tests.api.world import World, hours_of, nameless, served, service


def confirm(record_id: str, **said: Any) -> dict[str, Any]:
    """A decision that a record is right."""
    return {"decision": "confirm", "record_id": record_id, **said}


async def test_what_has_waited_longest_comes_first(own_world: World) -> None:
    """The queue of what waits is read from its oldest entry on, and what came late is found."""
    world = own_world
    somebody = await world.somebody()
    first, late, third = [await world.log(somebody.id, days_ago=days) for days in (2, 40, 3)]
    queue = {"organisation_id": world.garden, "status": "logged"}

    async def found(**wanted: Any) -> list[str]:
        pages = await world.verifier.pages("/v1/service-records", limit=2, **(queue | wanted))
        return [each["record_id"] for page in pages for each in page]

    assert await found(order="oldest") == [first, late, third]
    assert await found() == [third, late, first]
    assert await found(late=True) == [late]
    await world.verifier.post(f"/v1/service-records/{first}/confirm", expect=200)
    assert await found(order="oldest", late=False) == [third]
    refused = {"status": "rejected", "late": True, "organisation_id": world.garden}
    await world.verifier.get("/v1/service-records", expect=400, **refused)


async def test_pages_of_some_days_join_up(own_world: World) -> None:
    """Records of some days come in the order of days, page by page, whichever way; a cursor of another list is none."""
    world = own_world
    somebody = await world.somebody()
    for days in (3, 1, 2, 5, 4):
        await world.log(somebody.id, days_ago=days)
    whose = {"organisation_id": world.garden, "from": "2000-01-01", "limit": 2}
    for order in ("newest", "oldest"):
        pages = await world.verifier.pages("/v1/service-records", order=order, **whose)
        days = [each["local_date"] for page in pages for each in page]
        assert len(days) == 5
        assert days == sorted(days, reverse=order == "newest")
    problem = await world.verifier.get("/v1/service-records", expect=400, after="rec_1", **whose)
    assert problem["errors"][0]["field"] == "after"


async def test_many_are_confirmed_and_rejected_at_once(world: World) -> None:
    """Each decision gets a verdict of its own, in order; a dry run gives the same and writes nothing."""
    verifier, *people = await world.member("verifier"), *[await world.somebody() for _ in range(3)]
    first, second, third = [await world.log(each.id) for each in people]
    own = await world.log(verifier.id)
    decisions = [
        confirm(first),
        confirm(second, minutes=30, reason="早退"),
        {"decision": "reject", "record_id": third, "reason": "没有到场"},
        {"decision": "reject", "record_id": third},
        confirm(own),
        confirm("rec_0"),
        confirm(first),
        {"decision": "praise", "record_id": first},
        confirm(first, minutes=0),
    ]
    path, head = "/v1/service-records/review", await world.services.ledger.store.head(world.bank_id)
    tried = await verifier.post(path, {"decisions": decisions}, expect=200, dry_run=True)
    assert tried["position"] == head == await world.services.ledger.store.head(world.bank_id)
    done = await verifier.post(path, {"decisions": decisions}, expect=200, key="many")
    receipts = [(each.pop("position", None), each.pop("leaf", None)) for each in done["results"]]
    assert done["results"] == tried["results"], "a trial has no receipts"
    rows = await world.services.pool.fetch(
        "select position, encode(leaf, 'base64') from event where bank_id = $1 and position > $2 order by 1",
        world.bank_id, head,
    )  # fmt: skip
    assert receipts == [*map(tuple, rows), *[(None, None)] * 6]
    kinds = [each.get("problem", {"type": ""})["type"].removeprefix("/problems/") for each in done["results"]]
    statuses = [each["status"] for each in done["results"]]
    assert statuses == ["confirmed", "confirmed", "rejected"] + ["refused"] * 6
    assert kinds[3:] == [
        "invalid-request", "verifier-is-beneficiary", "record-unknown", "record-not-pending", "invalid-request",
        "invalid-request",
    ]  # fmt: skip
    assert done["results"][1] == {
        "index": 1, "status": "confirmed", "record_id": second, "minutes": 30, "credited_minutes": 30
    }  # fmt: skip
    again = await verifier.post(path, {"decisions": decisions}, expect=200, key="many")
    assert [(each.pop("position", None), each.pop("leaf", None)) for each in again["results"]] == receipts
    assert again == done
    seen = [(await world.administrator.get(f"/v1/service-records/{each}"))["status"] for each in (first, second, third)]
    assert seen == ["confirmed", "confirmed", "rejected"]


async def test_whoever_has_two_rights_uses_the_one_that_does(world: World) -> None:
    """A batch tries each right of whoever asks: a verifier who is an administrator as well reviews any record."""
    member = await world.member("verifier")
    await world.administrator.post("/v1/appointments", {"volunteer_id": member.id, "office": "administrator"})
    elsewhere = await world.body("别处")
    somebody = await world.somebody()
    there = (await world.administrator.post(
        f"/v1/organisations/{elsewhere}/service-records", service(somebody.id), expect=201
    ))["record_id"]  # fmt: skip
    here = await world.log(somebody.id, hour=12)
    decided = await member.post(
        "/v1/service-records/review", {"decisions": [confirm(there), confirm(here)]}, expect=200
    )
    assert [each["status"] for each in decided["results"]] == ["confirmed", "confirmed"]


async def test_a_review_counts_as_its_decisions(url: str) -> None:
    """More decisions than one may ask for in a minute are refused as too much, in a dry run too."""
    async with served(url, rate_per_principal=30) as (app, http):
        world = World(app, http)
        await world.settle()
        body = {"decisions": [confirm("rec_0")] * 31}
        refused = await world.verifier.post("/v1/service-records/review", body, expect=413, dry_run=True)
        assert refused["type"] == "/problems/too-much-at-once"


async def test_what_waits_is_amended_and_withdrawn(world: World) -> None:
    """Until somebody decides, whoever may log puts a record right or takes it back; then it says what it says."""
    somebody = await world.somebody()
    record_id, other = await world.log(somebody.id), await world.log(somebody.id, hour=14)
    path = f"/v1/service-records/{record_id}"
    before = await world.recorder.get(path)
    amended = await world.recorder.patch(path, {"activity": "公园清扫", **hours_of(2, 9, 3)}, expect=200)
    assert amended == {
        "record_id": record_id, "status": "logged", "minutes": 180, "is_late": False, "position": amended["position"]
    }  # fmt: skip
    now = await world.recorder.get(path)
    changed = {name for name, value in now.items() if value != before[name]}
    assert changed == {"activity", "started_at", "ended_at", "minutes", "local_date", "position", "digest"}
    for stranger, status in ((world.verifier, 403), (somebody, 404), (world.volunteer, 404)):
        await stranger.patch(path, {"minutes": 5}, expect=status)
    gone = await world.organisation.post(f"/v1/service-records/{other}/withdraw", {"reason": "录错了人"}, expect=200)
    assert (gone["record_id"], gone["status"]) == (other, "withdrawn")
    seen = nameless(await somebody.get(f"/v1/service-records/{other}"))
    assert (seen["status"], seen["decided_by"], seen["reason"]) == ("withdrawn", world.garden, "录错了人")
    assert await world.log(somebody.id, hour=14) != other
    await world.verifier.post(f"{path}/confirm", expect=200)
    decided = await world.recorder.patch(path, {"minutes": 5}, expect=409)
    assert decided["type"] == "/problems/record-not-pending"
    (line,) = (await somebody.get("/v1/me/statement"))["lines"]
    assert "公园清扫" in line["words"]

import asyncio
from datetime import timedelta
from typing import Any

from tests.api.people.test_proxies import today
from tests.api.world import World, service

FIRST = {
    "resolution": "社区大会决议2026-1号",
    "effective_from": "2020-01-01",
    "rules": {"credit_percent": {"公益慈善": 150, "文体娱乐": 50}, "cap_per_day_minutes": 200},
}


async def test_without_a_rule_book_a_minute_is_a_minute(own_world: World) -> None:
    """Where nothing was adopted nothing is listed, and records say that they were credited under version 0."""
    assert await own_world.volunteer.get("/v1/policies") == []
    record_id = await own_world.confirmed(own_world.volunteer.id)
    seen = await own_world.volunteer.get(f"/v1/service-records/{record_id}")
    assert (seen["credited_minutes"], seen["policy_version"], seen["rules_applied"]) == (120, 0, [])


async def test_a_version_is_adopted_and_used(own_world: World) -> None:
    """From then on records say under which version they were credited, and which rule did what, to the minute."""
    world = own_world
    before = await world.confirmed(world.volunteer.id, days_ago=3)
    adopted = await world.administrator.post("/v1/policies", FIRST, expect=201)
    assert adopted == {
        "version": 1,
        "effective_from": "2020-01-01",
        "effective_until": None,
        "position": adopted["position"],
    }
    (seen,) = await world.organisation.get("/v1/policies")
    assert (seen["version"], seen["resolution"]) == (1, FIRST["resolution"])
    assert seen["rules"]["credit_percent"] == {"公益慈善": 150, "文体娱乐": 50}
    assert (seen["rules"]["reservation_hours"], seen["rules"]["gifts"]["allowed"]) == (72, True)
    first = await world.confirmed(world.volunteer.id, hour=8)
    second = await world.confirmed(world.volunteer.id, hour=12)
    halved = await world.confirmed(world.volunteer.id, days_ago=2, hours=1.75, category="文体娱乐")
    told = {}
    for record_id in (before, first, second, halved):
        record = await world.volunteer.get(f"/v1/service-records/{record_id}")
        effects = {each["rule"]: each["minutes"] for each in record["rules_applied"]}
        assert record["minutes"] + sum(effects.values()) == record["credited_minutes"]
        told[record_id] = (record["policy_version"], record["credited_minutes"], effects)
    assert told == {
        before: (0, 120, {}),
        first: (1, 180, {"coefficient": 60}),
        second: (1, 20, {"coefficient": 60, "cap-per-day": -160}),
        halved: (1, 52, {"coefficient": -53}),
    }
    balance = await world.balance(world.volunteer.id)
    assert (balance["credited_minutes"], balance["service_minutes"]) == (372, 465)


async def test_history_is_not_credited_again(own_world: World) -> None:
    """A second version is for days to come only, and what was confirmed, or happened before, stays under the first."""
    world = own_world
    await world.administrator.post("/v1/policies", FIRST, expect=201)
    await world.confirmed(world.volunteer.id)
    second = FIRST | {"effective_from": str(today()), "rules": {"other_percent": 0}}
    refused = await world.administrator.post("/v1/policies", second, expect=422)
    assert refused["type"] == "/problems/policy-not-ahead"
    second["effective_from"] = str(today() + timedelta(days=1))
    assert (await world.administrator.post("/v1/policies", second, expect=201))["version"] == 2
    assert (await world.balance(world.volunteer.id))["credited_minutes"] == 180
    record_id = await world.confirmed(world.volunteer.id, days_ago=2)
    seen = await world.volunteer.get(f"/v1/service-records/{record_id}")
    assert (seen["policy_version"], seen["credited_minutes"]) == (1, 180)
    assert [each["version"] for each in await world.volunteer.get("/v1/policies")] == [1, 2]


async def test_versions_are_numbered_once(own_world: World) -> None:
    """Of versions adopted at the same moment each gets a number of its own."""
    later = FIRST | {"effective_from": "2190-01-01"}
    answers = await asyncio.gather(*(own_world.administrator.ask("POST", "/v1/policies", json=later) for _ in range(5)))
    assert sorted(each.json()["version"] for each in answers if each.status_code == 201) == [1, 2, 3, 4, 5]


async def test_a_draft_is_tried_and_nothing_is_written(own_world: World) -> None:
    """Whom a draft would have given more or less, and how much; an auditor may ask, the sums fit, the log stays."""
    world = own_world
    people = [await world.with_credit(60 * hours) for hours in (1, 2, 3)]
    await world.confirmed(people[0].id, capacity="staff-on-duty", days_ago=4)
    auditor, head = await world.appointed("auditor"), await world.services.ledger.store.head(world.bank_id)
    numbers = [(await each.get(f"/v1/volunteers/{each.id}"))["number"] for each in people]
    draft = {"rules": {"credit_percent": {"公益慈善": 50}, "cap_per_day_minutes": 80}, "largest": 2}
    effects = await auditor.post("/v1/policies/preview", draft, expect=200)
    assert {each["rule"]: (each["before"], each["after"]) for each in effects.pop("differences")} == {
        "credit_percent.公益慈善": (None, 50),
        "cap_per_day_minutes": (None, 80),
    }
    assert effects.pop("rules")["credit_percent"] == {"公益慈善": 50}
    assert effects == {
        "based_on": 0,
        "position": head,
        "people": 3,
        "people_changed": 3,
        "records": 4,
        "records_changed": 3,
        "minutes_before": 360,
        "minutes_gained": 0,
        "minutes_lost": 30 + 60 + 100,
        "minutes_after": 30 + 60 + 80,
        "largest_changes": [
            {
                "volunteer_id": people[2].id,
                "volunteer_name": None,
                "volunteer_number": numbers[2],
                "minutes_before": 180,
                "minutes_after": 80,
            },
            {
                "volunteer_id": people[1].id,
                "volunteer_name": None,
                "volunteer_number": numbers[1],
                "minutes_before": 120,
                "minutes_after": 60,
            },
        ],
    }
    same = await world.administrator.post("/v1/policies/preview", {"rules": {}}, expect=200)
    assert (same["people_changed"], same["records_changed"], same["largest_changes"]) == (0, 0, [])
    assert await world.services.ledger.store.head(world.bank_id) == head
    assert await world.volunteer.get("/v1/policies") == []
    for caller in (world.volunteer, world.organisation, world.coordinator):
        await caller.post("/v1/policies/preview", draft, expect=403)
    await auditor.post("/v1/policies", FIRST, expect=403)


async def test_what_no_rule_book_says(world: World) -> None:
    """Rules that contradict themselves, or are none, are neither adopted nor tried."""
    cases: list[tuple[dict[str, Any], int]] = [
        ({"star_minutes": [60, 60]}, 422),
        ({"star_minutes": [120, 60]}, 422),
        ({"other_percent": 1001}, 400),
        ({"other_percent": -1}, 400),
        ({"cap_per_day_minutes": -1}, 400),
        ({"direct_confirm_roles": ["member"]}, 400),
        ({"direct_confirm_roles": []}, 400),
        ({"reservation_hours": 0}, 400),
        ({"gifts": {"minutes_max": 0}}, 400),
        ({"money": 1}, 400),
        ({"gifts": {"money": 1}}, 400),
        ({"credit_percent": {"": 100}}, 400),
        ({"credit_percent": {"公益\x00慈善": 100}}, 400),
    ]
    for rules, status in cases:
        body = FIRST | {"rules": rules, "effective_from": "2190-01-01"}
        await world.administrator.post("/v1/policies", body, expect=status)
        await world.administrator.post("/v1/policies/preview", {"rules": rules}, expect=status)


async def test_who_confirms_is_for_the_rule_book(own_world: World) -> None:
    """Where it says that coordinators only confirm for their organisation, a verifier does not."""
    world = own_world
    body = FIRST | {"rules": {"direct_confirm_roles": ["coordinator"]}}
    await world.administrator.post("/v1/policies", body, expect=201)
    logged = await world.organisation.post(world.records, service(world.volunteer.id), expect=201)
    path = f"/v1/service-records/{logged['record_id']}/confirm"
    assert (await world.verifier.post(path, expect=403))["type"] == "/problems/role-missing"
    await world.coordinator.post(path, expect=200)


async def test_a_draft_can_be_told_as_changes(own_world: World) -> None:
    """What is not said stays as it is in force, and null takes away; the whole draft can be adopted as it is told."""
    world, path = own_world, "/v1/policies/preview"
    await world.administrator.post("/v1/policies", FIRST, expect=201)
    await world.confirmed(world.volunteer.id)
    changes = {"credit_percent": {" 公益慈善 ": 100, "文体娱乐": None, "讲座": 70}, "gifts": {"minutes_max": 60}}
    draft = {"changes": changes | {"cap_per_day_minutes": None}}
    told = await world.administrator.post(path, draft, expect=200)
    assert {each["rule"]: (each["before"], each["after"]) for each in told["differences"]} == {
        "credit_percent.公益慈善": (150, 100),
        "credit_percent.文体娱乐": (50, None),
        "credit_percent.讲座": (None, 70),
        "cap_per_day_minutes": (200, None),
        "gifts.minutes_max": (None, 60),
    }
    assert (told["based_on"], told["minutes_before"], told["minutes_after"]) == (1, 180, 120)
    tomorrow = str(today() + timedelta(days=1))
    second = {"resolution": "决议二", "effective_from": tomorrow, "rules": told["rules"]}
    await world.administrator.post("/v1/policies", second, expect=201)
    nothing = await world.administrator.post(path, {"changes": {}, "effective_from": tomorrow}, expect=200)
    assert (nothing["based_on"], nothing["differences"], nothing["rules"]) == (2, [], told["rules"])
    both = {"rules": FIRST["rules"], "changes": {"other_percent": 80}}
    (other,) = (await world.administrator.post(path, both, expect=200))["differences"]
    assert (other["rule"], other["before"], other["after"]) == ("other_percent", 100, 80)
    same = await world.administrator.post(path, {"rules": FIRST["rules"]}, expect=200)
    assert (same["based_on"], same["differences"], same["people_changed"]) == (1, [], 0)


async def test_what_is_no_draft(own_world: World) -> None:
    """What the changes of a draft come to has to be rules."""
    world, path = own_world, "/v1/policies/preview"
    await world.administrator.post(path, {"changes": {"reservation_hours": None}}, expect=400)
    await world.administrator.post(path, {"changes": {"coefficient": 2}}, expect=400)
    many = {f"类别{n}": 50 for n in range(300)}
    first = {"resolution": "决议一", "effective_from": "2020-01-01", "rules": {"credit_percent": many}}
    await world.administrator.post("/v1/policies", first, expect=201)
    more = {"changes": {"credit_percent": {f"别的{n}": 50 for n in range(300)}}}
    problem = await world.administrator.post(path, more, expect=400)
    assert problem["errors"][0]["field"] == "changes.credit_percent"


async def test_what_has_not_begun_is_withdrawn(own_world: World) -> None:
    """A version is withdrawn before its first day: what was in force goes on, and the list says why."""
    world = own_world
    await world.administrator.post("/v1/policies", FIRST, expect=201)
    second = FIRST | {"effective_from": str(today() + timedelta(days=1)), "rules": {"other_percent": 0}}
    await world.administrator.post("/v1/policies", second, expect=201)
    assert (await world.volunteer.get("/v1/policies"))[0]["effective_until"] == str(today())
    withdrawn = await world.administrator.post("/v1/policies/2/withdraw", {"reason": "决议已撤销"}, expect=200)
    first, gone = await world.volunteer.get("/v1/policies")
    assert (first["effective_until"], first["withdrawn_at"]) == (None, None)
    assert (gone["withdrawn_reason"], gone["effective_until"]) == ("决议已撤销", None)
    assert withdrawn["version"] == 2
    ahead = {"changes": {}, "effective_from": second["effective_from"]}
    assert (await world.administrator.post("/v1/policies/preview", ahead, expect=200))["based_on"] == 1

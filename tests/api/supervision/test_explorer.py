"""The history as administrators and auditors ask it: by all that is known of a fact, as of a moment, as it happens."""

import asyncio
import csv
import json
from datetime import UTC
from types import SimpleNamespace
from typing import Any

import pytest

from tests.api.world import Caller, World, service
from tests.controls import GARDENERS
from timebank.api.supervision import live
from timebank.api.supervision.history import Asked
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, new_volunteer_id, new_volunteer_number
from timebank.domain.people.volunteers import RegisterVolunteer
from timebank.projections.supervision.history import Span, Wanted
from timebank.proofs.checkpoints import encoded
from timebank.runtime.clock import utc_now


async def positions(caller: Caller, **params: Any) -> list[int]:
    """Where the facts are that are asked for, over all pages."""
    pages = await caller.pages("/v1/audit/events", **params)
    return [each["position"] for page in pages for each in page]


async def ndjson(caller: Caller, path: str, **params: Any) -> list[dict[str, Any]]:
    """The lines of an answer."""
    answer = await caller.ask("GET", path, params=params)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_history_is_asked_by_all_that_is_known_of_a_fact(world: World) -> None:
    """By person (a number does), organisation, right, request, the day it was about and the time it was recorded."""
    somebody = await world.somebody()
    began = utc_now()
    record_id = await world.log(somebody.id, days_ago=20)
    answer = await world.verifier.ask("POST", f"/v1/service-records/{record_id}/confirm")
    confirmed, request_id = answer.json()["position"], answer.headers["x-request-id"]
    ended = utc_now()
    other = await world.log(somebody.id, days_ago=2)
    auditor = await world.appointed("auditor")
    everything = await world.administrator.get("/v1/audit/events", tag=[somebody.id], limit=500)
    number = (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["number"]
    by_person = await positions(auditor, volunteer_id=number)
    assert by_person == [each["position"] for each in everything["items"]]
    assert await positions(auditor, volunteer_id=number, order="newest", limit=2) == by_person[::-1]
    theirs = {"volunteer_id": somebody.id, "organisation_id": world.garden}
    assert await positions(auditor, **theirs) == [confirmed - 1, confirmed, by_person[-1]]
    assert await positions(auditor, authority="volunteer", **theirs) == [confirmed]
    assert await positions(auditor, request_id=request_id) == [confirmed]
    assert await positions(auditor, tag=[record_id, somebody.id], topic="service-logged") == [confirmed - 1]
    assert await positions(auditor, tag=[record_id, other]) == []
    between = {"recorded_from": began.isoformat(), "recorded_until": ended.isoformat()}
    assert await positions(auditor, **between) == [confirmed - 1, confirmed]
    assert await positions(auditor, order="newest", **between) == [confirmed, confirmed - 1]
    day = (await world.administrator.get(f"/v1/service-records/{record_id}"))["local_date"]
    assert await positions(auditor, happened_from=day, happened_until=day, **theirs) == [confirmed - 1, confirmed]
    assert confirmed not in await positions(auditor, happened_from=began.date().isoformat(), **theirs)
    assert await positions(auditor, recorded_until="0001-01-01T00:00:00+14:00", **theirs) == []
    assert await positions(auditor, recorded_from="9999-12-31T23:59:59-12:00", **theirs) == []
    for spoilt in (
        {"recorded_from": "2026-01-01T00:00:00"},
        {"tag": ["a", "b\0"]},
        {"order": "best"},
        {"happened_from": "x"},
    ):
        assert (await auditor.ask("GET", "/v1/audit/events", params=spoilt)).status_code == 400


async def test_everything_a_request_did(world: World) -> None:
    """All facts that came of one request, and what was written down at the door under its id."""
    somebody, before = await world.somebody(), await world.services.ledger.store.head(world.bank_id)
    batch = {"records": [service(somebody.id, days_ago=n) for n in (3, 4)]}
    answer = await world.recorder.ask("POST", f"/v1/organisations/{world.garden}/service-records/batch", json=batch)
    assert answer.status_code == 200, answer.text
    found = await world.administrator.get(f"/v1/audit/requests/{answer.headers['x-request-id']}")
    assert [each["position"] for each in found["events"]] == [before + 1, before + 2]
    login = {"bank_id": str(world.bank_id), "login": "13900001111", "password": "wrong"}
    refused = await world.http.post("/v1/sessions", json=login)
    found = await world.administrator.get(f"/v1/audit/requests/{refused.headers['x-request-id']}")
    assert (found["events"], [each["kind"] for each in found["security"]]) == ([], ["sign-in-refused"])
    assert (await world.administrator.ask("GET", "/v1/audit/requests/nothing")).status_code == 404


async def test_what_a_fact_changed(world: World) -> None:
    """What was said of a record before a correction and after it, and which of its fields differ."""
    somebody = await world.somebody()
    record_id = await world.confirmed(somebody.id, days_ago=3)
    corrected = {"minutes": 45, "reason": "早退"}
    done = await world.coordinator.post(f"/v1/service-records/{record_id}/correct", corrected, expect=200)
    change = await world.administrator.get(f"/v1/audit/events/{done['position']}/change")
    assert (change["topic"], change["about"]) == ("service-corrected", record_id)
    assert change["before"]["topic"] == "service-confirmed"
    assert change["changed"]["minutes"] == {"before": 120, "after": 45}
    assert change["changed"]["reason"]["after"] == "早退"
    assert not {"record_id", "volunteer_id", "local_date"} & change["changed"].keys()
    first = await world.administrator.get("/v1/audit/events", tag=[record_id], limit=1)
    logged = await world.administrator.get(f"/v1/audit/events/{first['items'][0]['position']}/change")
    assert logged["before"] is None
    assert logged["after"]["data"]["record_id"] == record_id
    for none in (1, 2**40):
        assert (await world.administrator.ask("GET", f"/v1/audit/events/{none}/change")).status_code == 404


async def test_all_is_as_it_was_at_a_moment(world: World) -> None:
    """A person, an organisation, a record and the whole bank as of a moment are what they were, whatever came after."""
    somebody, auditor = await world.somebody(), await world.appointed("auditor")
    record_id = await world.confirmed(somebody.id, days_ago=3)
    paths = {
        "bank": "/v1/audit/as-of",
        "person": f"/v1/audit/as-of/volunteers/{somebody.id}",
        "organisation": f"/v1/audit/as-of/organisations/{world.garden}",
        "record": f"/v1/audit/as-of/things/{record_id}",
    }
    moment = utc_now().isoformat()
    then = {name: await auditor.get(path) for name, path in paths.items()}
    balance = await world.administrator.get(f"/v1/volunteers/{somebody.id}/balance")
    assert then["person"]["accounts"] == {k: balance[k] for k in then["person"]["accounts"]}
    assert then["record"]["topic"] == "service-confirmed"
    assert {each["data"].get("role") for each in then["organisation"]["belonging"]} >= {"recorder", "verifier"}
    position = then["bank"]["position"]
    assert position == sum(then["bank"]["facts"].values())
    root = await world.services.signer.tiles.root(world.bank_id, position)
    assert then["bank"]["root"] == encoded(root)
    # Then something happens to all of them.
    await world.administrator.post(f"/v1/service-records/{record_id}/void", {"reason": "重复"}, expect=200)
    await world.administrator.post(f"/v1/volunteers/{somebody.id}/suspend", {"reason": "x"}, expect=200)
    await world.member("member")
    for name, path in paths.items():
        now = await auditor.get(path)
        assert now != then[name], name
        assert await auditor.get(path, at=moment) == then[name], name
        assert await auditor.get(path, position=position) == then[name], name
    now = await auditor.get(paths["bank"])
    sums = await world.services.pool.fetchrow(
        "select sum(available_minutes)::int, sum(credited_minutes)::int from balance where bank_id = $1", world.bank_id
    )
    assert (now["accounts"]["available_minutes"], now["accounts"]["issued_minutes"]) == tuple(sums)
    early = await auditor.get(paths["bank"], position=position // 3)
    assert sum(early["facts"].values()) == position // 3
    assert (await auditor.ask("GET", paths["person"], params={"position": 1})).status_code == 404


async def test_the_history_is_streamed_as_lines(world: World) -> None:
    """All facts that are asked for, a line of JSON each, are those of the pages; it is written down who took them."""
    lines = await ndjson(world.administrator, "/v1/audit/events.ndjson", topic="service-logged")
    pages = await world.administrator.pages("/v1/audit/events", topic="service-logged")
    assert lines == [each for page in pages for each in page]
    read = await world.administrator.get("/v1/audit/security", kind="data-exported", limit=1)
    assert read["items"][0]["actor"] == world.administrator.id


async def test_names_are_shown_to_whoever_may_see_them(world: World) -> None:
    """An administrator who asks for names gets them, and that is written down; an auditor gets numbers; else nobody."""
    somebody = await world.somebody("欧阳修远")
    record_id = await world.log(somebody.id)
    asked = {"tag": record_id, "names": True}
    (event,) = (await world.administrator.get("/v1/audit/events", **asked))["items"]
    assert (event["volunteer_name"], event["organisation_id"]) == ("欧阳修远", world.garden)
    read = await world.administrator.get("/v1/audit/security", kind="people-read", limit=1)
    assert read["items"][0]["actor"] == world.administrator.id
    (event,) = (await (await world.appointed("auditor")).get("/v1/audit/events", **asked))["items"]
    assert "volunteer_name" not in event
    assert event["volunteer_number"]
    (event,) = (await world.administrator.get("/v1/audit/events", tag=record_id))["items"]
    assert not {"volunteer_name", "volunteer_number"} & event.keys()


async def test_each_id_in_a_fact_has_a_name(world: World) -> None:
    """Of one fact it is said what its ids stand for: people, bodies, rewards, activities and places; if one asks."""
    community, somebody = await world.node(name="映山红社区"), await world.somebody("司马青衫")
    activity_id = await world.activity(name="义剪", node_id=community, starts_in=30)
    await somebody.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    reward_id = await world.reward(name="剪发")

    async def names(of: str, topic: str, by: Caller = world.administrator) -> dict[str, str]:
        (event,) = (await by.get("/v1/audit/events", tag=of, topic=topic))["items"]
        path = f"/v1/audit/events/{event['position']}"
        assert "names" not in await by.get(path)
        found: dict[str, str] = (await by.get(path, names=True))["names"]
        return found

    garden = (world.garden, GARDENERS["name"])
    planned = {(activity_id, "义剪"), (community, "映山红社区"), garden}
    assert planned <= (await names(activity_id, "activity-planned")).items()
    assert {(reward_id, "剪发"), garden} <= (await names(reward_id, "reward-published")).items()
    assert (await names(activity_id, "sign-up-made"))[somebody.id] == "司马青衫"
    number = (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["number"]
    auditor = await world.appointed("auditor")
    assert (await names(activity_id, "sign-up-made", auditor))[somebody.id] == number
    (event,) = (await auditor.get("/v1/audit/events", tag=reward_id))["items"]
    change = f"/v1/audit/events/{event['position']}/change"
    assert (await auditor.get(change))["names"] == {}
    assert garden in (await auditor.get(change, names=True))["names"].items()


async def test_the_history_is_a_table(world: World) -> None:
    """What is asked for is had as CSV, the newest first if wanted so; names are in it where they are asked for."""
    somebody = await world.somebody("东方未明")
    records = [await world.log(somebody.id, days_ago=n) for n in (2, 3)]
    asked = {"tag": somebody.id, "topic": "service-logged", "order": "newest", "format": "csv"}
    answer = await world.administrator.ask("GET", "/v1/audit/events", params=asked)
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    rows = [*csv.DictReader(answer.content.decode("utf-8-sig").splitlines())]
    assert [next(each for each in records if each in str(row.values())) for row in rows] == records[::-1]
    named = await world.administrator.ask("GET", "/v1/audit/events", params=asked | {"names": True})
    assert "东方未明" not in answer.text
    assert named.text.count("东方未明") == 2


@pytest.mark.drill
async def test_the_history_is_followed_as_it_happens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fact is told once, with its position, also to whoever comes back; what is not asked for is not told."""
    monkeypatch.setattr(live, "LIVE_SECONDS", 1.5)
    somebody, begin = await world.somebody(), await world.services.ledger.store.head(world.bank_id)

    async def follow(headers: dict[str, str] | None = None, **params: Any) -> list[int]:
        answer = await world.administrator.ask("GET", "/v1/audit/events/live", params=params, headers=headers or {})
        assert answer.headers["content-type"].startswith("text/event-stream")
        messages = [
            dict(line.split(": ", 1) for line in part.splitlines()) for part in answer.text.split("\n\n") if part
        ]
        told = [each for each in messages if "id" in each]
        assert [json.loads(each["data"])["topic"] for each in told] == [each["event"] for each in told]
        return [int(each["id"]) for each in told]

    following = [asyncio.create_task(follow()), asyncio.create_task(follow(topic="service-logged"))]
    await asyncio.sleep(0.3)
    record_id = await world.log(somebody.id)
    done = await world.verifier.post(f"/v1/service-records/{record_id}/confirm", expect=200)
    assert await asyncio.gather(*following) == [[begin + 1, done["position"]], [begin + 1]]
    assert await follow(headers={"Last-Event-ID": str(begin + 1)}) == [done["position"]]
    assert await follow(after=begin - 1) == [begin, begin + 1, done["position"]]


async def test_whoever_knows_facts_that_are_gone_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes back with a position that the log has no more is told so, and goes on from its last fact."""
    monkeypatch.setattr(live, "LIVE_SECONDS", 600.0)
    head = await world.services.ledger.store.head(world.bank_id)
    request: Any = SimpleNamespace(pool=world.services.pool, bank_id=world.bank_id, services=world.services, zone=UTC)
    told = live._live(request, Asked(Wanted(), Span()), head + 5)
    await anext(told)
    assert await anext(told) == f'id: {head}\nevent: log-went-back\ndata: {{"head":{head}}}\n\n'.encode()
    await world.somebody()
    assert (await anext(told)).startswith(f"id: {head + 1}\nevent: volunteer-registered\n".encode())
    await told.aclose()  # type: ignore[attr-defined]


async def test_what_was_recorded_a_moment_ago_has_a_root(own_world: World) -> None:
    """The bank as of its very last fact is told also where a tile of its tree was filled and is not kept yet."""
    world = own_world
    office = Acting(ActorId("operator"), "operator")
    joining = [
        RegisterVolunteer(
            by=office, at=utc_now(), volunteer_id=new_volunteer_id(), number=new_volunteer_number(), name="某某"
        )
        for _ in range(300)
    ]
    await world.services.ledger.submit(world.bank_id, joining)
    then = await world.administrator.get("/v1/audit/as-of")
    assert then["position"] > 300
    signed = await world.services.signer.exactly(world.bank_id, then["position"])
    assert then["root"] == encoded(signed.root)

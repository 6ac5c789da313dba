"""What callers can rely on: an act is done once, what was answered is seen, and pages miss nothing."""

import asyncio
import re
from uuid import uuid4

import pytest

from tests.api.http.test_by_number import NOBODY
from tests.api.world import Caller, World, served, service
from timebank.api.http import requests
from timebank.projections.machinery.runner import Runner

OF_STRANGERS = {
    "get_registration", "get_checkpoint", "get_consistency", "get_log_keys", "get_tile", "get_witness_key",
    "get_witnessed_checkpoint",
}  # fmt: skip
"""Questions that are answered from no read model."""


async def test_the_same_key_and_body_are_one_act(world: World) -> None:
    """Repeated requests with a key get the first answer, byte for byte, and do nothing more."""
    somebody = await world.somebody()
    record = service(somebody.id)
    acts: list[tuple[Caller, str, object]] = [
        (world.administrator, "/v1/volunteers", {"name": "某某"}),
        (world.administrator, "/v1/organisations", {"name": "某某", "kind": "enterprise"}),
        (somebody, f"/v1/volunteers/{somebody.id}/consents", {"purpose": "leaderboard", "granted": True}),
        (somebody, f"/v1/organisations/{world.garden}/members", {"volunteer_id": somebody.id}),
        (world.coordinator, f"/v1/organisations/{world.garden}/members/{somebody.id}/approve", None),
        (somebody, f"/v1/organisations/{world.garden}/members/{somebody.id}/end", None),
        (world.organisation, world.records, record),
        (world.organisation, f"{world.records}/batch", {"records": [service(somebody.id, hour=20), record, {"a": 1}]}),
        (world.administrator, f"/v1/volunteers/{somebody.id}/suspend", {"reason": "x"}),
    ]
    for caller, path, body in acts:
        key = {"Idempotency-Key": uuid4().hex}
        first = await caller.ask("POST", path, json=body, headers=key)
        assert first.is_success, first.text
        assert "idempotency-replayed" not in first.headers
        head = await world.services.ledger.store.head(world.bank_id)
        for _ in range(2):
            again = await caller.ask("POST", path, json=body, headers=key)
            assert (again.status_code, again.content) == (first.status_code, first.content)
            assert again.headers["idempotency-replayed"] == "true"
        assert await world.services.ledger.store.head(world.bank_id) == head


async def test_decisions_are_repeated_like_everything_else(world: World) -> None:
    """Confirming, correcting and voiding under a key are done once, and the answers stay as they were."""
    record_id = await world.log((await world.somebody()).id)
    path = f"/v1/service-records/{record_id}"
    answers = []
    acts = (("confirm", {"minutes": 30}), ("correct", {"minutes": 60, "reason": "x"}), ("void", {"reason": "x"}))
    for act, body in acts:
        answers.append(
            await world.verifier.ask("POST", f"{path}/{act}", json=body, headers={"Idempotency-Key": act + record_id})
        )
    for (act, body), first in zip(acts, answers, strict=True):
        again = await world.verifier.ask(
            "POST", f"{path}/{act}", json=body, headers={"Idempotency-Key": act + record_id}
        )
        assert (again.status_code, again.content) == (200, first.content)


async def test_many_at_once_with_one_key_are_one_act(world: World) -> None:
    """Sent twenty times at the same moment, one thing happens, and all get the same answer."""
    key = {"Idempotency-Key": uuid4().hex}
    name = f"同时{key['Idempotency-Key'][:6]}"
    answers = await asyncio.gather(
        *(world.administrator.ask("POST", "/v1/volunteers", json={"name": name}, headers=key) for _ in range(20))
    )
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}
    assert sum("idempotency-replayed" in each.headers for each in answers) == 19
    assert len((await world.administrator.get("/v1/volunteers", query=name))["items"]) == 1


async def test_a_key_is_for_one_request_only(world: World) -> None:
    """Another body, path or query under a used key is refused; a batch is refused row by row."""
    key = uuid4().hex
    await world.administrator.post("/v1/volunteers", {"name": "甲"}, key=key)
    for path, body in (("/v1/volunteers", {"name": "乙"}), ("/v1/organisations", {"name": "甲", "kind": "enterprise"})):
        refused = await world.administrator.post(path, body, key=key, expect=422)
        assert refused["type"] == "/problems/idempotency-key-reused"
    key, somebody = uuid4().hex, await world.somebody()
    await world.organisation.post(f"{world.records}/batch", {"records": [service(somebody.id)]}, key=key)
    other = {"records": [service(somebody.id, hour=12), service(somebody.id, hour=15)]}
    for params in ({}, {"dry_run": "true"}):
        refused = await world.organisation.post(f"{world.records}/batch", other, key=key, **params)
        assert [each["problem"]["type"] for each in refused["results"]] == ["/problems/idempotency-key-reused"] * 2


async def test_keys_of_different_callers_are_different(world: World) -> None:
    """Two callers can use the same key for different things."""
    key = uuid4().hex
    one = await world.administrator.post("/v1/volunteers", {"name": "甲"}, key=key, expect=201)
    two = await world.organisation.post("/v1/volunteers", {"name": "乙"}, key=key, expect=201)
    assert one["volunteer_id"] != two["volunteer_id"]


async def test_a_refused_request_leaves_its_key_free(world: World) -> None:
    """What was refused can be mended and sent under the same key."""
    key, somebody = uuid4().hex, await world.somebody()
    await world.organisation.post(world.records, service(somebody.id, minutes=121), key=key, expect=422)
    await world.organisation.post(world.records, service(somebody.id), key=key, expect=201)


async def test_keys_are_remembered_across_a_restart(own_world: World, url: str) -> None:
    """Another process, started later, gives the same answer to the same request."""
    key = {"Idempotency-Key": "restart"}
    administrator = own_world.administrator
    first = await administrator.ask("POST", "/v1/volunteers", json={"name": "甲"}, headers=key)
    rows = {"records": [service(own_world.volunteer.id), service("vol_0"), {}]}
    batch = await own_world.organisation.ask("POST", f"{own_world.records}/batch", json=rows, headers=key)
    async with served(url) as (_, http):
        again = await Caller(http, "", administrator.token).ask(
            "POST", "/v1/volunteers", json={"name": "甲"}, headers=key
        )
        assert (again.status_code, again.content) == (201, first.content)
        organisation = Caller(http, "", own_world.organisation.token)
        again = await organisation.ask("POST", f"{own_world.records}/batch", json=rows, headers=key)
        assert (again.status_code, again.content) == (200, batch.content)
        refused = await Caller(http, "", administrator.token).post(
            "/v1/volunteers", {"name": "乙"}, key="restart", expect=422
        )
        assert refused["type"] == "/problems/idempotency-key-reused"


@pytest.mark.parametrize("key", ["", " ", "a b", "钥匙".encode(), "x" * 201])
async def test_what_is_no_key_is_refused(world: World, key: str | bytes) -> None:
    """A key is up to 200 visible ASCII characters; the problem names the header."""
    response = await world.administrator.ask(
        "POST", "/v1/volunteers", json={"name": "甲"}, headers={"Idempotency-Key": key}
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"].lower() == "idempotency-key"


async def test_one_reads_what_one_wrote(world: World) -> None:
    """A GET right after a POST shows it, on every list, again and again."""
    for _ in range(10):
        somebody = await world.somebody("刚来的")
        assert (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["name"] == "刚来的"
        record_id = await world.log(somebody.id)
        assert (await somebody.get("/v1/service-records"))["items"][0]["record_id"] == record_id
        await world.verifier.post(f"/v1/service-records/{record_id}/confirm")
        assert (await somebody.get(f"/v1/service-records/{record_id}"))["status"] == "confirmed"


async def test_an_answer_is_at_least_as_new_as_asked_for(own_world: World, url: str) -> None:
    """Another process, told the position, waits until its answer has it."""
    async with served(url, project=False) as (_, http):
        elsewhere = Caller(http, "", own_world.administrator.token)
        for n in range(10):
            made = await own_world.administrator.post("/v1/organisations", {"name": f"第{n}", "kind": "enterprise"})
            found = await elsewhere.get(
                f"/v1/organisations/{made['organisation_id']}", min_position=made["position"]
            )  # fmt: skip
            assert found["name"] == f"第{n}"


async def test_a_position_that_is_not_there_yet_is_refused(world: World) -> None:
    """One can only wait for what has happened."""
    refused = await world.administrator.get("/v1/volunteers", expect=400, min_position=10**9)
    assert refused["errors"][0]["field"] == "min_position"
    await world.administrator.get("/v1/volunteers", min_position=0)


async def test_every_question_takes_a_position(world: World) -> None:
    """Every question of somebody known takes `min_position`, is described so, and heeds it before it does anything."""
    description = (await world.http.get("/schema/openapi.json")).json()
    questions = {
        path: methods["get"]
        for path, methods in description["paths"].items()
        if path.startswith("/v1") and "get" in methods
    }
    takes = {
        path
        for path, each in questions.items()
        if any(one["name"] == "min_position" for one in each.get("parameters", ()))
    }
    assert {questions[path]["operationId"] for path in questions.keys() - takes} == OF_STRANGERS
    for path in takes:
        asked = re.sub(r"\{\w+\}", "1", path.replace("{volunteer_id}", world.administrator.id))
        refused = await world.administrator.get(asked, expect=400, min_position=10**9)
        assert [each["field"] for each in refused["errors"]] == ["min_position"], path


async def test_a_read_model_that_stands_still_is_told(
    own_world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where projections stand still, a read that asks for a position gets 503; another gets what is there."""
    monkeypatch.setattr(requests, "READ_PATIENCE_SECONDS", 0.1)
    position = await own_world.services.ledger.store.head(own_world.bank_id)

    async def stuck(self: Runner, bank_id: object, position: int, seconds: float) -> bool:
        return False

    monkeypatch.setattr(Runner, "reach", stuck)
    monkeypatch.setattr(Runner, "is_at", lambda *_: False)
    response = await own_world.administrator.ask("GET", "/v1/organisations", params={"min_position": position})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["type"] == "/problems/projection-behind"
    await own_world.administrator.get("/v1/organisations")


async def test_whoever_has_no_right_is_told_at_once(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights come before any wait: what may not be asked is refused, however far the read models are behind."""
    elder, stranger = own_world.volunteer, await own_world.somebody()
    number = (await elder.get(f"/v1/volunteers/{elder.id}"))["number"]
    nobody_may_wait(monkeypatch)
    far = {"min_position": 10**9}
    for path in ("/v1/audit/events", "/v1/audit/security", "/v1/registrations", "/v1/merges", "/v1/appointments"):
        refused = await stranger.get(path, expect=403, **far)
        assert refused["detail"].startswith("This is for"), path
    for who in (elder.id, number, NOBODY):
        refused = await stranger.get(f"/v1/volunteers/{who}/memberships", expect=404, **far)
        assert refused["type"] == "/problems/volunteer-unknown", who


async def test_what_no_read_model_says_is_not_waited_for(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions, second factors, rules, keys and whom a number means are told though the read models stand still."""
    elder = own_world.volunteer
    number = (await elder.get(f"/v1/volunteers/{elder.id}"))["number"]
    nobody_may_wait(monkeypatch)
    for path in ("sessions", "me/second-factor", "me/phone", "policies", "categories", f"volunteers/{number}/balance"):
        await elder.get(f"/v1/{path}")


def nobody_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read models stand still from now on, and whoever waits for one fails."""

    async def waits(*_: object) -> bool:
        pytest.fail("somebody waits for a read model")

    monkeypatch.setattr(Runner, "is_at", lambda *_: False)
    monkeypatch.setattr(Runner, "reach", waits)


async def test_all_pages_together_are_everything_once(own_world: World) -> None:
    """Whatever the size of a page, going through them meets every item once, in the same order."""
    world = own_world
    for n in range(7):
        await world.body(f"第{n}")
        somebody = await world.member("member")
        await world.log(somebody.id, days_ago=n + 1)
    members = f"/v1/organisations/{world.garden}/members"
    for path in ("/v1/volunteers", "/v1/organisations", members, "/v1/service-records", "/v1/audit/events"):
        (everything,) = await world.administrator.pages(path, limit=500)
        assert len(everything) >= 7
        for limit in (1, 2, 3, len(everything), len(everything) - 1):
            pages = await world.administrator.pages(path, limit=limit)
            assert [each for page in pages for each in page] == everything
            assert {len(page) for page in pages[:-1]} <= {limit}
            assert pages[-1]


async def test_a_page_has_one_to_five_hundred_items(world: World) -> None:
    """Other sizes are refused, naming the parameter."""
    for limit in ("0", "501", "-1", "x", "1.5", ""):
        refused = await world.administrator.get("/v1/volunteers", expect=400, limit=limit)
        assert refused["errors"][0]["field"] == "limit"

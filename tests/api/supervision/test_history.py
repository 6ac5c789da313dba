from typing import Any
from uuid import UUID

from tests.api.world import World
from timebank.ledger.codec import Event, leaf


async def test_events_carry_all_that_is_known(world: World) -> None:
    """An event has its fact, who did it by which right, under which request and command, when, and its seal."""
    somebody = await world.somebody()
    record_id = await world.log(somebody.id)
    confirm = f"/v1/service-records/{record_id}/confirm"
    response = await world.verifier.ask("POST", confirm, headers={"X-Request-Id": "ask-1"})
    (logged, confirmed) = (await world.administrator.get("/v1/audit/events", tag=record_id))["items"]
    assert set(confirmed) == {
        "position", "event_id", "topic", "data", "tags", "actor", "authority", "request_id", "command_id",
        "recorded_at", "leaf", "on_behalf_of",
    }  # fmt: skip
    assert (logged["topic"], confirmed["topic"]) == ("service-logged", "service-confirmed")
    assert (logged["actor"], logged["authority"]) == (world.garden, "organisation")
    assert (confirmed["actor"], confirmed["authority"]) == (world.verifier.id, "volunteer")
    assert confirmed["request_id"] == response.headers["x-request-id"] == "ask-1"
    assert confirmed["position"] == response.json()["position"]
    assert confirmed["data"]["credited_minutes"] == 120
    assert set(confirmed["tags"]) >= {record_id, somebody.id, world.garden}
    row = await world.services.pool.fetchrow(
        "select * from event where bank_id = $1 and position = $2", world.bank_id, confirmed["position"]
    )
    event = Event(
        UUID(confirmed["event_id"]),
        confirmed["topic"],
        row["data"],
        tuple(confirmed["tags"]),
        confirmed["actor"],
        confirmed["authority"],
        confirmed["request_id"],
        UUID(confirmed["command_id"]),
    )
    assert leaf(world.bank_id, confirmed["position"], row["recorded_at"], event).hex() == confirmed["leaf"]


async def test_events_are_filtered(world: World) -> None:
    """By topic, by any id, by both, or by actor; after a position; always in order."""
    somebody = await world.somebody()
    first = await world.confirmed(somebody.id, hour=1)
    second = await world.confirmed(somebody.id, hour=4)

    async def found(**params: Any) -> list[dict[str, Any]]:
        pages = await world.administrator.pages("/v1/audit/events", **params)
        items = [each for page in pages for each in page]
        assert [each["position"] for each in items] == sorted(each["position"] for each in items)
        return items

    assert [each["topic"] for each in await found(tag=first)] == ["service-logged", "service-confirmed"]
    assert len(await found(tag=somebody.id)) == 5
    theirs = await found(tag=somebody.id, topic="service-confirmed")
    assert [each["data"]["record_id"] for each in theirs] == [first, second]
    for other in ({"tag": somebody.id}, {"topic": "service-confirmed"}):
        await world.administrator.get("/v1/audit/events", expect=400, actor=world.verifier.id, **other)
    assert await found(tag=somebody.id, topic="service-confirmed", after=theirs[0]["position"]) == theirs[1:]
    everything = await found()
    assert [each["position"] for each in everything] == list(range(1, len(everything) + 1))
    assert await found(actor=world.garden) == [each for each in everything if each["actor"] == world.garden]
    assert await found(topic="bank-opened") == everything[:1]
    assert await found(tag="nobody") == await found(after=2**53) == []
    refused = await world.administrator.get("/v1/audit/events", expect=400, topic="nothing")
    assert refused["errors"][0]["field"] == "topic"
    assert "service-confirmed" in refused["errors"][0]["allowed"]


async def test_no_fact_tells_who_somebody_is(world: World) -> None:
    """Names, phones, skills and aliases are in no event."""
    personal = {"phone": "13912345678", "skills": ["非常特别的手艺"]}
    somebody = await world.somebody("慕容复兴", **personal)
    consent = {"purpose": "leaderboard", "granted": True, "alias": "隐姓埋名客"}
    await somebody.post(f"/v1/volunteers/{somebody.id}/consents", consent)
    events = str(await world.administrator.pages("/v1/audit/events"))
    rows = await world.services.pool.fetch("select convert_from(data, 'UTF8') as data, tags from event")
    stored = events + str([tuple(row) for row in rows])
    for secret in ("慕容复兴", "13912345678", "非常特别的手艺", "隐姓埋名客"):
        assert secret not in stored

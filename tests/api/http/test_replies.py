"""What all answers have in common."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.api.http.test_guard import OPERATIONS, nobody, things_of
from tests.api.world import World
from timebank.api.http.replies import in_zone

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def times_in(value: Any) -> Iterator[str]:
    """All times that an answer says itself; facts are shown word for word as they are stored, and sealed."""
    if isinstance(value, str):
        yield from [value] if TIME.match(value) else []
    elif isinstance(value, list):
        for each in value:
            yield from times_in(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in {"data", "detail"}:
                yield from times_in(each)


async def test_times_are_local_with_their_offset(own_world: World) -> None:
    """In whatever zone a time came in and was kept, every answer says it in the bank's zone, with the offset."""
    world = own_world
    slot = {"starts_at": (datetime.now(UTC) + timedelta(days=3)).isoformat(), "places": 2}
    ids = nobody() | await things_of(world) | {"volunteer_id": world.volunteer.id, "organisation_id": world.garden}
    ids["reward_id"] = await world.reward(slots=[slot])
    reserved = await world.redeem(await world.with_credit(), ids["reward_id"], {"slot": slot["starts_at"]})
    code = await world.administrator.post(f"/v1/volunteers/{world.volunteer.id}/codes", expect=201)
    seen = {"redeem_reward": [*times_in(reserved)], "issue_one_time_code": [*times_in(code)]}
    for name, (method, path) in OPERATIONS.items():
        caller = world.volunteer if name == "get_my_data" else world.administrator
        answer = await caller.ask(method, path.format(**ids)) if method == "GET" and "oidc" not in path else None
        if answer is not None and "json" in answer.headers["content-type"]:
            lines = answer.text.splitlines() if "ndjson" in answer.headers["content-type"] else [answer.text]
            seen[name] = [*times_in([msgspec.json.decode(line) for line in lines])]
    assert {"list_service_records", "get_my_data", "list_rewards", "list_events", "list_sessions"} <= seen.keys()
    assert len([name for name, times in seen.items() if times]) >= 12
    for name, times in seen.items():
        assert all(time.endswith("+08:00") for time in times), f"{name}: {times}"


async def test_a_refusal_says_times_in_local_time_too(world: World) -> None:
    """A slot that does not exist is named in the bank's time, however it was asked for."""
    slot = {"starts_at": "2190-03-01T08:00:00+08:00", "places": 1}
    somebody, reward_id = await world.with_credit(), await world.reward(slots=[slot])
    refused = await world.redeem(somebody, reward_id, {"slot": "2190-03-01T01:00:00Z"}, expect=422)
    assert refused["detail"] == "This reward has no slot at 2190-03-01T09:00:00+08:00."


class Leaf(msgspec.Struct):
    """A time among other things."""

    name: str
    at: datetime | None


class Tree(msgspec.Struct):
    """Times below others."""

    leaves: list[Leaf]
    by_name: dict[str, Leaf]
    raw: msgspec.Raw
    one: Leaf | None = None


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=-11), timedelta(hours=5, minutes=45)])
def test_times_keep_their_moment(offset: timedelta) -> None:
    """Wherever a time is in an answer, another offset is all that changes; what is stored word for word stays so."""
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone(offset))
    tree = Tree([Leaf("a", moment), Leaf("b", None)], {"c": Leaf("c", moment)}, msgspec.Raw(b'"2026-03-01T12:00:00Z"'))
    shown = in_zone(tree, ZoneInfo("Asia/Shanghai"))
    assert shown == tree
    assert shown.raw == tree.raw
    assert {each.at.utcoffset() for each in (shown.leaves[0], shown.by_name["c"]) if each.at} == {timedelta(hours=8)}

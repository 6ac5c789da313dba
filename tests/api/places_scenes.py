# ruff: noqa: D103  # a scene is named after the refusal it leads to
"""Scenes that lead to the refusals about places."""

from typing import Any

import httpx

from tests.api.credit_scenes import Scene
from tests.api.world import World

FAR = "2190-01-01"


async def change(world: World, node_id: str, how: str, **said: Any) -> httpx.Response:
    body = {"from_day": FAR} | said if how != "close" else {"until_day": FAR}
    return await world.administrator.ask("POST", f"/v1/nodes/{node_id}/{how}", json=body)


async def opening(world: World, **said: Any) -> httpx.Response:
    body = {"level": "社区", "name": "某社区", "from_day": "2026-01-01"} | said
    return await world.administrator.ask("POST", "/v1/nodes", json=body)


async def settling(world: World, volunteer_id: str, **said: Any) -> httpx.Response:
    path = f"/v1/volunteers/{volunteer_id}/residences"
    return await world.administrator.ask("POST", path, json={"from_day": "2026-01-01"} | said)


async def node_unknown(world: World) -> httpx.Response:
    return await world.volunteer.ask("GET", "/v1/nodes/nod_0")


async def from_day_too_far_ahead(world: World) -> httpx.Response:
    return await settling(world, (await world.somebody()).id, node_id=await world.node(), from_day="2199-01-01")


async def not_within_your_node(world: World) -> httpx.Response:
    leader = await world.leader(await world.node())
    return await leader.ask("GET", f"/v1/nodes/{await world.node()}/people")


async def node_not_open(world: World) -> httpx.Response:
    return await opening(world, parent_id=await world.node(), level="片区", from_day="2025-12-31")


async def node_name_taken(world: World) -> httpx.Response:
    top = await world.node()
    await world.node("片区", parent_id=top, name="东区")
    return await opening(world, parent_id=top, level="片区", name="东区")


async def node_has_people(world: World) -> httpx.Response:
    node_id = await world.node()
    await world.lives((await world.somebody()).id, node_id)
    return await change(world, node_id, "close")


async def level_unknown(world: World) -> httpx.Response:
    return await opening(world, level="省")


async def level_not_below(world: World) -> httpx.Response:
    return await opening(world, level="片区")


async def levels_differ(world: World) -> httpx.Response:
    node_id = await world.node()
    return await change(world, node_id, "merge", into_id=node_id)


async def node_change_not_ahead(world: World) -> httpx.Response:
    return await change(world, await world.node(), "rename", name="新名", from_day="2026-01-02")


async def from_day_before_last(world: World) -> httpx.Response:
    somebody, node_id = await world.somebody(), await world.node()
    await world.lives(somebody.id, node_id, "2026-03-01")
    return await settling(world, somebody.id, node_id=None)


async def door_needs_node(world: World) -> httpx.Response:
    return await settling(world, (await world.somebody()).id, node_id=None, door="302室")


PLACES_SCENES: dict[str, tuple[int, Scene]] = {
    "node-unknown": (404, node_unknown),
    "not-within-your-node": (403, not_within_your_node),
    "node-not-open": (409, node_not_open),
    "node-name-taken": (409, node_name_taken),
    "node-has-people": (409, node_has_people),
    "level-unknown": (422, level_unknown),
    "level-not-below": (422, level_not_below),
    "levels-differ": (422, levels_differ),
    "node-change-not-ahead": (422, node_change_not_ahead),
    "from-day-too-far-ahead": (422, from_day_too_far_ahead),
    "from-day-before-last": (422, from_day_before_last),
    "door-needs-node": (422, door_needs_node),
}

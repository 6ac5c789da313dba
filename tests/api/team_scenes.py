# ruff: noqa: D103  # a scene is named after the refusal it leads to
"""Scenes that lead to the refusals about teams."""

from typing import Any
from unittest.mock import patch

import httpx

from tests.api.credit_scenes import Scene
from tests.api.world import Caller, World
from timebank.domain.organisations import membership_invitations, rotas


def at(world: World, team_id: str, what: str = "") -> str:
    return f"/v1/organisations/{world.garden}/teams/{team_id}{what}"


async def invite(world: World, team_id: str, whom: Caller) -> httpx.Response:
    return await world.coordinator.ask("POST", at(world, team_id, "/members"), json={"volunteer_id": whom.id})


async def put_on_duty(world: World, team_id: str, whom: Caller, **said: Any) -> httpx.Response:
    body = {"volunteer_id": whom.id, "from_day": "2026-03-05", "from_minute": 1170, "minutes": 150} | said
    return await world.coordinator.ask("POST", at(world, team_id, "/shifts"), json=body)


async def team_unknown(world: World) -> httpx.Response:
    return await world.coordinator.ask("GET", at(world, "tea_0"))


async def team_not_active(world: World) -> httpx.Response:
    team_id = await world.team()
    await world.coordinator.post(at(world, team_id, "/dissolve"), {"reason": "人太少"}, expect=200)
    return await world.coordinator.ask("POST", at(world, team_id, "/rename"), json={"name": "x"})


async def team_takes_members(world: World) -> httpx.Response:
    return await invite(world, await world.team(is_guided=False), await world.somebody())


async def in_team_already(world: World) -> httpx.Response:
    captain = await world.somebody()
    return await invite(world, await world.team(captain), captain)


async def not_in_team(world: World) -> httpx.Response:
    return await put_on_duty(world, await world.team(), await world.somebody())


async def not_asked(world: World) -> httpx.Response:
    somebody = await world.somebody()
    return await somebody.ask("POST", at(world, await world.team(), f"/members/{somebody.id}/approve"))


async def shift_unknown(world: World) -> httpx.Response:
    captain = await world.somebody()
    path = at(world, await world.team(captain), "/shifts/shf_0/end")
    return await captain.ask("POST", path, json={"volunteer_id": captain.id})


async def shifts_overlap(world: World) -> httpx.Response:
    captain = await world.somebody()
    team_id = await world.team(captain)
    assert (await put_on_duty(world, team_id, captain, until_day="2026-03-05")).status_code == 201
    return await put_on_duty(world, team_id, captain)


async def too_many_shifts(world: World) -> httpx.Response:
    captain = await world.somebody()
    team_id = await world.team(captain)
    with patch.object(rotas, "MOST_SHIFTS", 0):
        return await put_on_duty(world, team_id, captain)


async def invited_in_vain(world: World) -> httpx.Response:
    somebody = await world.somebody()
    path = f"/v1/organisations/{world.garden}/members"
    for _ in range(membership_invitations.MOST_IN_VAIN):
        await world.coordinator.post(path, {"volunteer_id": somebody.id, "role": "member"}, expect=201)
        await somebody.post(f"{path}/{somebody.id}/decline", {}, expect=200)
    return await world.coordinator.ask("POST", path, json={"volunteer_id": somebody.id, "role": "member"})


async def too_many_invitations(world: World) -> httpx.Response:
    team_id = await world.team()
    with patch.object(membership_invitations, "MOST_INVITATIONS", 0):
        return await invite(world, team_id, await world.somebody())


TEAM_SCENES: dict[str, tuple[int, Scene]] = {
    "team-unknown": (404, team_unknown),
    "team-not-active": (409, team_not_active),
    "team-takes-members": (409, team_takes_members),
    "in-team-already": (409, in_team_already),
    "not-in-team": (409, not_in_team),
    "not-asked": (409, not_asked),
    "shift-unknown": (404, shift_unknown),
    "shifts-overlap": (409, shifts_overlap),
    "too-many-shifts": (409, too_many_shifts),
    "invited-in-vain": (409, invited_in_vain),
    "too-many-invitations": (409, too_many_invitations),
}

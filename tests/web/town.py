"""A world with something on every page, and an address of each page in it."""

from typing import Any, NamedTuple

from tests.api.merge_scenes import proposed
from tests.api.world import Caller, World
from tests.web.reader import Reader, signed_in
from timebank.web.app import every_page
from timebank.web.http.pages import Page

PAGES = sorted(every_page(), key=lambda page: page.path)

FOREIGN = "<script>alert(1)</script>'\"&{{7*7}}"
"""What somebody writes who means harm."""


class Town(NamedTuple):
    """Whom and what pages are about."""

    world: World
    volunteer: Caller
    record_id: str
    waiting_id: str
    reward_id: str
    redemption_id: str
    activity_id: str
    node_id: str
    team_id: str
    merge_id: str

    def address(self, page: Page) -> str:
        """Where a page is, in this world."""
        meant = {
            "organisation_id": self.world.garden,
            "volunteer_id": self.volunteer.id,
            "record_id": self.record_id,
            "reward_id": self.reward_id,
            "redemption_id": self.redemption_id,
            "activity_id": self.activity_id,
            "node_id": self.node_id,
            "team_id": self.team_id,
            "merge_id": self.merge_id,
            "position": "5",
        }
        path = page.path
        for name, value in meant.items():
            path = path.replace(f"{{{name}:str}}", value)
        assert "{" not in path, f"say what {path} is about"
        return path

    async def readers(self, language: str = "zh-CN") -> dict[str, Reader]:
        """Somebody of each audience."""
        world = self.world
        people = {
            "volunteer": self.volunteer,
            "recorder": world.recorder,
            "verifier": world.verifier,
            "coordinator": world.coordinator,
            "administrator": world.administrator,
            "auditor": await world.appointed("auditor"),
            "node-leader": await world.leader(await world.node()),
        }
        leader = {"volunteer_id": people["node-leader"].id, "source": "recommended", "duties": [FOREIGN]}
        await world.administrator.post(f"/v1/nodes/{self.node_id}/leaders", leader, expect=201)
        found = {name: await signed_in(world, each.id, language) for name, each in people.items()}
        return {"stranger": Reader(world, language)} | found


async def town_of(world: World) -> Town:
    """Somebody who served, redeemed, gave and was named; all of it with names that mean harm."""
    volunteer = await world.with_credit(600, name=FOREIGN)
    foreign: dict[str, Any] = {"place": FOREIGN, "content": FOREIGN, "activity": FOREIGN}
    record_id = await world.confirmed(volunteer.id, days_ago=3, **foreign)
    waiting_id = await world.log(volunteer.id, days_ago=4, **foreign)
    reward_id = await world.reward(name=FOREIGN, description=FOREIGN)
    reserved = await world.redeem(volunteer, reward_id)
    await world.fund(name=FOREIGN)
    await volunteer.post(f"/v1/volunteers/{volunteer.id}/consents", {"purpose": "leaderboard", "granted": True})
    activity_id = await world.activity(name=FOREIGN, content=FOREIGN, place=FOREIGN)
    await volunteer.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    node_id = await world.node(name=FOREIGN)
    await world.node("楼栋", parent_id=node_id, name=FOREIGN)
    await world.lives(volunteer.id, node_id)
    team_id = await world.team(volunteer, name=FOREIGN, from_day="2026-01-01")
    await world.confirmed(volunteer.id, days_ago=5, team_id=team_id)
    merge_id = await proposed(world, volunteer, await world.somebody(FOREIGN))
    for _ in range(2):
        await world.somebody("某某", birth_year=1951)
    redemption_id = reserved["redemption_id"]
    about = record_id, waiting_id, reward_id, redemption_id, activity_id, node_id, team_id, merge_id
    return Town(world, volunteer, *about)

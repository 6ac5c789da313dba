"""A team on pages: a group asks for guidance, people join it, and are put on duty."""

import pytest

from tests.api.world import World
from tests.web.reader import signed_in
from tests.web.test_activities import form_with, world

pytestmark = pytest.mark.drill

__all__ = ["world"]


async def test_a_group_gathers_and_is_on_duty(world: World) -> None:
    """Somebody has a group guided, a coordinator agrees, the captain invites and sets the rota, the member sees it."""
    somebody, friend = await world.somebody("陈静"), await world.somebody("李兰")
    captain, coordinator = await signed_in(world, somebody.id), await signed_in(world, world.coordinator.id)
    page = await captain.get("/more/teams")
    await captain.send(form_with(page, "propose"), name="合唱队", organisation_id=world.garden, what="propose")
    page = await coordinator.get(f"/o/{world.garden}/teams")
    (link,) = [each for each in page.links if each.startswith("/teams/")]
    page = await coordinator.get(link)
    await coordinator.send(form_with(page, "accept"), what="accept")
    page = await captain.get(link)
    assert "陈静" in page.text
    number = (await friend.get("/v1/volunteers/me"))["number"]
    await captain.send(form_with(page, "invite"), volunteer_id=number, what="invite")
    joiner = await signed_in(world, friend.id)
    page = await joiner.get("/more/teams")
    page = await joiner.send(form_with(page, "approve"), what="approve")
    page = await captain.get(link)
    times = {"from_day": "2026-03-05", "start": "22:30", "end": "0:30", "weekly": "1"}
    page = await captain.send(form_with(page, "set-shift"), volunteer_id=number, what="set-shift", **times)
    assert "22:30 · 2小时" in page.text
    (shift,) = await friend.get("/v1/volunteers/me/shifts")
    assert (shift["from_minute"], shift["minutes"], shift["until_day"]) == (22 * 60 + 30, 120, None)
    page = await joiner.get("/more/teams")
    assert "每周" in page.text
    page = await coordinator.get(f"/o/{world.garden}/activities/new")
    plan = {"name": "合唱", "category": "文体", "content": "排练", "place": "礼堂", "day": "2190-01-01"}
    plan |= {"start": "9:00", "end": "10:00", "team_id": link.rpartition("/")[2]}
    await coordinator.send(page.form(f"/o/{world.garden}/activities/new"), **plan)
    (planned,) = (await world.coordinator.get(f"/v1/organisations/{world.garden}/activities"))["items"]
    assert planned["team_id"] == plan["team_id"]
    desk = f"/o/{world.garden}"
    body = {"name": "巡逻队", "from_day": "2026-01-01"}
    patrol = await world.coordinator.post(f"/v1/organisations/{world.garden}/teams", body)
    done = {"activity": "巡逻", "category": "治安", "day": "2026-03-04", "team_id": patrol["team_id"]}
    for way, who, start in (("log", {"volunteer_id": number}, "9:00"), ("roster", {"others": number}, "14:00")):
        page = await coordinator.get(f"{desk}/{way}")
        assert "巡逻队" in page.text
        await coordinator.send(page.form(f"{desk}/{way}"), **done, **who, start=start, end=start.replace("00", "30"))
        page = await coordinator.get(f"{desk}/records")
        shown = next(each for each in page.links if each.startswith(f"{desk}/records/rec_"))
        assert "巡逻队" in (await coordinator.get(shown)).text
    recorded = (await world.coordinator.get("/v1/service-records", organisation_id=world.garden))["items"]
    assert [each["team_id"] for each in recorded] == [patrol["team_id"]] * 2
    waiting = f"{desk}/records/{recorded[0]['record_id']}"
    page = await coordinator.get(waiting)
    changed = {"team_id": "", "hours": "0", "minutes": "20", "reason": "不是队里的", "what": "amend"}
    await coordinator.send(page.form(waiting), **changed)
    path = f"/v1/service-records/{recorded[0]['record_id']}"
    seen = await world.coordinator.get(path)
    assert (seen["team_id"], seen["minutes"], seen["status"]) == (None, 20, "logged")
    office = await signed_in(world, world.administrator.id)
    page = await office.get(f"/admin/history/{seen['position']}")
    assert "队伍巡逻队 → –" in " ".join(page.text.partition("改变了什么")[2].split())
    await world.administrator.post(f"{path}/confirm", expect=200)
    page = await office.get(waiting)
    page = await office.send(page.form(waiting), team_id=patrol["team_id"], reason="对照签到表", what="correct")
    seen = await world.coordinator.get(path)
    assert (seen["team_id"], seen["minutes"], seen["status"]) == (patrol["team_id"], 20, "corrected")
    page = await office.get(f"/admin/history/{seen['position']}")
    assert "队伍巡逻队" in "".join(page.text.partition("改变了什么")[2].split())
    page = await joiner.get("/more/teams")
    page = await joiner.send(form_with(page, "end"), what="end")
    assert "您还没有加入队伍" in page.text


async def test_whose_membership_is_over_is_offered_nothing_of_a_captain(world: World) -> None:
    """They see that there is the team, and neither its people nor forms that would be refused."""
    somebody = await world.member("member")
    team_id = await world.team(somebody, is_guided=False)
    captain, link = await signed_in(world, somebody.id), f"/teams/{world.garden}/{team_id}"
    assert form_with(await captain.get(link), "rename")
    term = {"role": "member", "valid_until": "2020-12-31"}
    await world.coordinator.patch(f"/v1/organisations/{world.garden}/members/{somebody.id}", term, expect=200)
    page = await captain.get(link)
    assert page.status == 200
    assert [each for each in page.forms if each.action == link] == [form_with(page, "ask")]

"""The duty register on pages: hours of duty as they are typed, leave, and the end of somebody's work."""

import pytest

from tests.api.world import World
from tests.web.reader import signed_in


async def test_the_register_is_kept_on_the_page(world: World) -> None:
    """A coordinator adds somebody with the hours of a week, notes a leave, and until when they work there."""
    path = f"/o/{world.garden}/staff"
    desk, somebody = await signed_in(world, world.coordinator.id), await world.somebody("孙门卫")
    await world.joins(somebody)
    number = (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["number"]
    hours = {"day-1": "8:30-12:00，14:00-17:30", "day-6": "9:00至11:00"}
    form = (await desk.get(f"{path}/new")).form(f"{path}/new")
    page = await desk.send(form, volunteer_id=number, kind="contract", from_day="2026-01-01", **hours)
    assert page.path == path
    assert "孙门卫" in page.text
    for said in ("8:30–12:00, 14:00–17:30", "9:00–11:00", "星期六", "合同聘用"):
        assert said in page.text
    leave = next(each for each in page.forms if "first_day" in each.fields)
    page = await desk.send(leave, what="leave", first_day="2199-02-01", last_day="2199-02-05")
    assert "2199年2月5日" in page.text
    end = next(each for each in page.forms if "until_day" in each.fields)
    refused = await desk.send(end, what="end", until_day="2026-03-31")
    assert (refused.status, "须由管理员办理" in refused.text) == (403, True)
    office = await signed_in(world, world.administrator.id)
    end = next(each for each in (await office.get(path)).forms if "until_day" in each.fields)
    page = await office.send(end, what="end", until_day="2026-03-31")
    assert "2026年3月31日" in page.text
    assert not [each for each in page.forms if "until_day" in each.fields]
    kept = await world.coordinator.get(f"/v1/organisations/{world.garden}/employments")
    theirs = next(each for each in kept["items"] if each["volunteer_id"] == somebody.id)
    assert {"weekday": 6, "from_minute": 540, "until_minute": 660} in theirs["hours"]


async def test_administrators_add_anybody(world: World) -> None:
    """The members are offered to choose from; whoever is none is added by an administrator only, who is told so."""
    path = f"/o/{world.garden}/staff/new"
    stranger = await world.somebody("周外人")
    number = (await world.administrator.get(f"/v1/volunteers/{stranger.id}"))["number"]
    desk, office = await signed_in(world, world.coordinator.id), await signed_in(world, world.administrator.id)
    assert f"/o/{world.garden}" in (await office.get("/admin/organisations")).links
    theirs, anybody = await desk.get(path), await office.get(path)
    verifier = (await world.administrator.get(f"/v1/volunteers/{world.verifier.id}"))["number"]
    assert f'<option value="{verifier}">' in theirs.response.text
    assert ("选择成员" in theirs.text, "本时间银行的任何人" in anybody.text) == (True, True)
    work = {"volunteer_id": number, "kind": "seconded", "from_day": "2026-01-01", "day-2": "8:30-12:00"}
    assert (await desk.send(theirs.form(path), **work)).status in (404, 409)
    page = await office.send(anybody.form(path), **work)
    assert "周外人" in page.text
    kept = await world.administrator.get(f"/v1/organisations/{world.garden}/employments")
    (job,) = (each["employment_id"] for each in kept["items"] if each["volunteer_id"] == stranger.id)
    end = {"volunteer_id": stranger.id, "until_day": "2026-01-02"}
    await world.administrator.post(f"/v1/organisations/{world.garden}/employments/{job}/end", end, expect=200)


@pytest.mark.parametrize("said", ["早上", "8:30", "12:00-8:30", "8:30-12:00, 11:00-13:00"])
async def test_hours_that_are_none_are_told(world: World, said: str) -> None:
    """What are no hours of duty, or some that overlap, is told on the form, with what was typed still there."""
    path = f"/o/{world.garden}/staff/new"
    desk, somebody = await signed_in(world, world.coordinator.id), await world.member("member")
    number = (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["number"]
    form = (await desk.get(path)).form(path)
    page = await desk.send(form, volunteer_id=number, kind="contract", from_day="2026-01-01", **{"day-1": said})
    assert page.status in (400, 409, 422)
    assert page.form(path).fields["day-1"] == said

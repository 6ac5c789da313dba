"""Planning an activity in all its parts, and calling people up to it; who comes new says what they can do."""

from datetime import datetime, timedelta

import pytest

from tests.api.people.test_registrations import Outbox, open_to_all
from tests.api.world import World
from tests.controls import ZONE
from tests.web.reader import Reader, signed_in
from tests.web.test_activities import PASSWORD, form_with, world
from timebank.runtime.clock import utc_now

pytestmark = pytest.mark.drill

__all__ = ["world"]

FUTURE = {"day": "2190-01-01", "start": "9:00", "end": "10:00"}


async def test_everything_of_a_plan_is_said_on_its_page(world: World) -> None:
    """For whom it is, which skills are looked for, its programmes, its place, and whether people sign out."""
    place = await world.node(name="阳光社区")
    organiser, path = await signed_in(world, world.coordinator.id), f"/o/{world.garden}/activities/new"
    page = await organiser.get(path)
    more = {
        "members_only": "1",
        "stays": "1",
        "skills": "护理、 理发, ",
        "programmes": "红细胞，讲座",
        "node_id": place,
    }
    plan = {"name": "义诊", "category": "公益慈善", "content": "量血压", "place": "广场", "publish": "1"}
    await organiser.send(page.form(path), **plan, **FUTURE, **more)
    (made,) = (await world.coordinator.get(f"/v1/organisations/{world.garden}/activities"))["items"]
    assert (made["open_to"], made["signs_out"], made["node_id"]) == ("members", False, place)
    assert (made["skills"], made["programmes"]) == (["护理", "理发"], ["红细胞", "讲座"])
    stranger = await signed_in(world, (await world.somebody()).id)
    page = await stranger.get(f"/activities/{made['activity_id']}")
    assert "仅限本组织成员" in page.text
    assert "护理 · 理发" in page.text
    page = await stranger.send(page.form(page.path), what="sign-up")
    assert page.status == 403


async def test_an_activity_is_changed_on_its_page(world: World) -> None:
    """What it was stands in the form; what is said otherwise changes, the rest stays, and whoever signed up is told."""
    house = await world.node("楼栋", parent_id=await world.node())
    activity_id = await world.activity(starts_in=30, node_id=house, seats=2, skills=["护理"], is_insured=True)
    before = await world.coordinator.get(f"/v1/activities/{activity_id}")
    people = [await world.somebody() for _ in range(3)]
    for each in people:
        await each.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    organiser = await signed_in(world, world.recorder.id)
    page = await organiser.get(f"/activities/{activity_id}/lead")
    (link,) = [each for each in page.links if each.endswith("/change")]
    page = await organiser.get(link)
    await organiser.send(page.form(link), place="东门", skills="护理、急救")
    after = await world.coordinator.get(f"/v1/activities/{activity_id}")
    differs = {name for name in after if after[name] != before[name]}
    assert differs == {"place", "skills", "signed_up", "waiting", "position"}
    assert after["skills"] == ["护理", "急救"]
    told = (await people[0].get("/v1/me/notices"))["items"]
    assert "activity-changed" in {each["kind"] for each in told}
    page = await organiser.get(f"/activities/{activity_id}/lead")
    page = await organiser.send(form_with(page, "off"), what="off", who=[people[0].id, people[1].id])
    assert "递补" in page.text
    after = await world.coordinator.get(f"/v1/activities/{activity_id}")
    assert (after["signed_up"], after["waiting"]) == (1, 0)


async def test_what_was_written_down_is_entered_afterwards(world: World) -> None:
    """Where there was no network the leader enters later who came and when; the list marks it."""
    activity_id = await world.activity(starts_in=-3, hours=6)
    people = [await world.somebody() for _ in range(2)]
    for each in people:
        await each.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    leader, path = await signed_in(world, world.coordinator.id), f"/activities/{activity_id}/lead"
    came = utc_now().astimezone(ZONE) - timedelta(hours=2)
    page = await leader.get(path)
    page = await leader.send(form_with(page, "in"), what="in", who=[each.id for each in people], at=f"{came:%H:%M}")
    assert page.response.text.count(">事后补录<") == 2
    roll = await world.coordinator.get(f"/v1/activities/{activity_id}/roll")
    assert {datetime.fromisoformat(each["since"]) for each in roll} == {came.replace(second=0, microsecond=0)}
    page = await leader.send(form_with(page, "out"), what="out", who=[people[0].id], at="一早")
    assert page.status == 422
    assert "8:30" in page.text
    assert any(said.get("id") == "at" for _, said in page.tags), "the error on top leads to it"


async def test_people_are_called_up_on_a_page(world: World) -> None:
    """A coordinator sees whom to call, of those who agreed, by place and skill, so many at once; nobody else does."""
    place = await world.node(name="阳光社区")
    nurse, other = await world.somebody("陈静", phone="13800003333", skills=["护理"]), await world.somebody("李兰")
    for each in (nurse, other):
        await world.lives(each.id, place)
        own = await signed_in(world, each.id)
        page = await own.send((await own.get("/more/data")).form("/more/asked"), granted="yes")
        assert "不再召集我" in page.text
        assert (await each.get(f"/v1/volunteers/{each.id}/consents"))["be_asked"]
    activity_id = await world.activity()
    leader = await signed_in(world, world.coordinator.id)
    page = await leader.get(f"/activities/{activity_id}")
    (link,) = [each for each in page.links if each.endswith("/call")]
    page = await leader.get(link)
    assert (await leader.send(page.form(link), node_id=place, people="101", reason="暴雨转移")).status == 422
    page = await leader.send(page.form(link), node_id=place, skill="护理", reason="暴雨转移")
    assert "陈静" in page.text
    assert "tel:13800003333" in page.links
    assert "李兰" not in page.text
    own = await signed_in(world, nurse.id)
    await own.send((await own.get("/more/data")).form("/more/asked"), granted="no")
    page = await leader.get(link)
    page = await leader.send(page.form(link), node_id=place, reason="暴雨转移")
    assert "陈静" not in page.text
    assert "李兰" in page.text
    stranger = await signed_in(world, other.id)
    assert link not in (await stranger.get(f"/activities/{activity_id}")).links
    page = await stranger.get(link)
    page = await stranger.send(page.form(link), node_id=place, reason="好奇")
    assert page.status == 404
    assert "陈静" not in page.text
    recorder = await signed_in(world, world.recorder.id)
    assert link not in (await recorder.get(f"/activities/{activity_id}")).links


async def test_who_comes_new_says_what_they_can_and_where_they_live(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registering oneself, and one's child, one chooses a neighbourhood, and says what one can do."""
    outbox = Outbox()
    monkeypatch.setattr(world.services.registrations, "_sender", outbox)
    await open_to_all(world)
    place = await world.node(name="阳光社区")
    newcomer = Reader(world)
    page = await newcomer.get("/register")
    page = await newcomer.send(page.form("/register/code"), phone="13811112222")
    assert "阳光社区" in page.text
    who = {"code": outbox.sent["13811112222"], "name": "王五", "birth_year": "1960", "agreed_to": "2026-11"}
    more = {"password": PASSWORD, "again": PASSWORD, "skills": "理发、修伞", "node_id": place}
    page = await newcomer.send(page.form("/register"), **who, **more)
    assert page.path == "/home"
    (found,) = (await world.administrator.get("/v1/volunteers", query="13811112222"))["items"]
    assert found["skills"] == ["理发", "修伞"]
    page = await newcomer.get("/more/child")
    await newcomer.send(page.form("/more/child"), name="王小", birth_year="2020", agreed_to="2026-11", node_id=place)
    told = await world.administrator.get(f"/v1/nodes/{place}/people")
    assert len(told["items"]) == 2

"""Places on pages: the tree and its changes, leaders and vacancies, who lives where, and hours by place."""

from datetime import timedelta

import pytest

from tests.api.world import World
from tests.controls import ZONE
from tests.web.reader import Form, Reader, Seen, signed_in
from timebank.projections.machinery.periods import last_over
from timebank.runtime.clock import utc_now

pytestmark = pytest.mark.drill


@pytest.fixture
async def office(world: World) -> Reader:
    """An administrator."""
    return await signed_in(world, world.administrator.id)


def form_with(page: Seen, field: str) -> Form:
    """The form that has a field, or a button, of some name."""
    return next(
        each for each in page.forms if field in each.fields or field in each.typed or field in dict(each.buttons)
    )


def ahead(days: int = 1) -> str:
    """A day that has not begun."""
    return f"{utc_now().astimezone(ZONE).date() + timedelta(days=days)}"


async def opened(office: Reader, name: str, below: str = "", level: str | None = None) -> str:
    """The address of a place that was opened on the page."""
    form = form_with(await office.get(f"/places/new?below={below}"), "name")
    page = await office.send(form, name=name, **({"level": level} if level else {}))
    assert page.path.startswith("/places/nod_"), page.text
    return page.path


async def test_the_tree_is_made_and_changed(office: Reader) -> None:
    """An administrator opens places below each other, renames, moves and merges one, and closes an empty one."""
    east = await opened(office, "东社区")
    west = await opened(office, "西社区")
    court = await opened(office, "一号院", east.rpartition("/")[2], "楼院")
    assert "一号院" in (await office.get(east)).text
    page = await office.send(form_with(await office.get(f"{court}/change"), "name"), name="红砖院", what="rename")
    assert "新名称" in page.text
    way = await office.get(f"{court}/where?at={west.rpartition('/')[2]}")
    page = await office.send(form_with(way, "at"), what="move", from_day=ahead(2))
    assert page.path == court
    refused = await office.send(form_with(way, "at"), what="move", from_day=ahead(2), once="another")
    assert refused.status == 422
    way = await office.get(f"{west}/where?at={east.rpartition('/')[2]}")
    page = await office.send(form_with(way, "at"), what="merge", from_day=ahead(3))
    assert page.path == west
    empty = await opened(office, "空社区")
    closing = next(each for each in (await office.get(f"{empty}/change")).forms if "until_day" in each.fields)
    page = await office.send(closing, until_day=ahead(), what="close")
    assert page.path == empty
    assert "当日结束后撤销" in page.text


async def test_a_leader_is_appointed_and_knows_their_people(world: World, office: Reader) -> None:
    """A vacant place gets a leader with duties, who sees who lives there, notes who moves in, and changes nothing."""
    community = await world.node(name="百步社区")
    resident, leader = await world.somebody("李婶", phone="13800004422"), await world.somebody("张楼长")
    await world.lives(resident.id, community)
    vacant = await office.get("/places/vacant")
    assert f"/places/{community}" in vacant.links
    number = (await world.administrator.get(f"/v1/volunteers/{leader.id}"))["number"]
    form = form_with(await office.get(f"/places/{community}/lead"), "volunteer_id")
    page = await office.send(form, volunteer_id=number, source="recommended", duties="走访独居老人\n报告隐患")
    assert "张楼长" in page.text
    assert "报告隐患" in page.text
    assert "推荐" in page.text
    assert f"/places/{community}" not in (await office.get("/places/vacant")).links
    closing = next(
        each for each in (await office.get(f"/places/{community}/change")).forms if "until_day" in each.fields
    )
    refused = await office.send(closing, until_day=ahead(), what="close")
    assert refused.status == 409
    assert "nod_" not in refused.text
    own = await signed_in(world, leader.id)
    people = await own.get(f"/places/{community}/people")
    assert "李婶" in people.text
    assert "138 0000 4422" in people.text
    newcomer = await world.somebody("赵叔")
    await world.lives(newcomer.id, community)
    theirs = (await world.administrator.get(f"/v1/volunteers/{newcomer.id}"))["number"]
    page = await own.send(form_with(people, "volunteer_id"), volunteer_id=theirs, tie="works", from_day="2026-01-02")
    assert "赵叔" in page.text
    assert (await own.get(f"/places/{community}")).text.count("改名或撤销") == 0
    assert (await (await signed_in(world, resident.id)).get(f"/places/{community}/people")).status == 403
    ending = form_with(await office.get(f"/places/{community}"), "appointment_id")
    assert "还没有网格长" in (await office.send(ending)).text


async def test_a_volunteer_says_where_they_live(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the tree, from the top down; then their service counts for the place, and stays there as they move."""
    monkeypatch.setattr("timebank.api.places.hours.LEAST_PEOPLE", 1)
    community = await world.node(name="青山社区")
    court = await world.node("楼院", parent_id=community, name="九号院")
    somebody = await world.somebody()
    reader = await signed_in(world, somebody.id)
    page = await reader.get("/more/places")
    assert f"/more/places?at={community}" in page.links
    page = await reader.get(f"/more/places?at={community}")
    page = await reader.get(next(each for each in page.links if each.endswith(court)))
    page = await reader.send(form_with(page, "tie"), tie="lives", from_day="2026-01-01", door="302室")
    assert "青山社区 九号院" in page.text
    assert "302室" in (await reader.get("/more/data")).text
    today = utc_now().astimezone(ZONE).date()
    served = last_over(today)
    await world.lives((await world.somebody()).id, court)
    await world.confirmed(somebody.id, days_ago=(today - served).days)
    for path in ("/places/hours", f"/places/{community}/hours"):
        for asked in ("", f"?month={served:%Y-%m}", f"?month={today:%Y-%m}"):
            page = await reader.get(f"{path}{asked}")
            assert "2小时" in page.text
            assert f"{path}?month={today:%Y-%m}" not in page.links
    new = await world.node(name="新社区", from_day=str(today))
    assert "结束后才显示" in (await reader.get(f"/places/{new}/hours")).text
    page = await reader.send(form_with(await reader.get("/more/places"), "what"), what="nowhere", from_day=ahead())
    assert "未登记" in page.text
    assert "2小时" in (await reader.get(f"/places/{community}/hours?month={served:%Y-%m}")).text

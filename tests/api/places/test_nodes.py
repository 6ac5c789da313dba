import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.api.people.test_proxies import today
from tests.api.world import World
from timebank.api.places import hours as hours_of_places
from timebank.domain.acting import Acting
from timebank.domain.identifiers import ActorId, new_volunteer_id, new_volunteer_number
from timebank.domain.registering import RegisterOneself
from timebank.projections.machinery.periods import last_over, month_end

RESOLUTION = {"resolution": "决议", "effective_from": "2020-01-01"}
YEAR = {"from": "2026-01-01", "until": "2199-12-31"}


def _days_ago(day: date) -> int:
    return (today() - day).days


@pytest.fixture
def of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three people are many."""
    monkeypatch.setattr("timebank.api.places.hours.LEAST_PEOPLE", 3)


async def test_a_tree_is_seen_at_a_glance(world: World) -> None:
    """A node tells who leads it with which duties, how many live at it or below it, and what is above."""
    top = await world.node(name="安居社区")
    court = await world.node("楼院", parent_id=top, name="东院")
    house = await world.node("楼栋", parent_id=court, name="3栋")
    somebody = await world.somebody("王芳")
    await world.lives(somebody.id, house)
    leader = await world.leader(court, duties=["每周走访"], valid_until="2199-12-31")
    seen = await world.volunteer.get(f"/v1/nodes/{court}")
    assert (seen["node"]["name"], [each["name"] for each in seen["path"]]) == ("东院", ["安居社区"])
    (led,) = seen["leaders"]
    assert (led["volunteer_id"], led["duties"], led["source"]) == (leader.id, ["每周走访"], "recommended")
    assert led["volunteer_name"] is None
    assert (await world.administrator.get(f"/v1/nodes/{court}"))["leaders"][0]["volunteer_name"] == "某某"
    (below,) = (await world.volunteer.get("/v1/nodes", below=court))["items"]
    assert (below["node_id"], below["level"]) == (house, "楼栋")
    assert top in {each["node_id"] for page in await world.volunteer.pages("/v1/nodes") for each in page}
    vacant = {
        each["node_id"] for page in await world.volunteer.pages("/v1/nodes/vacant", level="楼栋") for each in page
    }
    led_ones = {each["node_id"] for each in (await world.volunteer.get("/v1/nodes/vacant", level="楼院"))["items"]}
    assert house in vacant
    assert court not in led_ones


async def test_how_many_live_there_tells_nothing_about_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaders and administrators know how many live at a place, on any day; others in whole tens, from ten on."""
    monkeypatch.setattr("timebank.api.places.nodes.LEAST_PEOPLE", 2)
    court = await world.node("楼院", parent_id=await world.node())
    leader = await world.leader(court)
    told: list[int | None] = []
    for many in range(1, 6):
        await world.lives((await world.somebody()).id, court)
        for one in (leader, world.administrator):
            assert (await one.get(f"/v1/nodes/{court}"))["people"] == many
        told.append((await world.volunteer.get(f"/v1/nodes/{court}", on=str(today())))["people"])
    assert told == [None, 2, 2, 4, 4]


@pytest.mark.usefixtures("of_three")
async def test_whom_one_spends_for_makes_no_crowd(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has registered children settles them beside somebody, and learns no more of that person's hours by it."""
    monkeypatch.setattr("timebank.api.places.nodes.LEAST_PEOPLE", 3)
    world = own_world
    house = await world.node("楼栋", parent_id=await world.node())
    elder, guardian = await world.somebody(), await world.somebody()
    await world.lives(elder.id, house)
    await world.confirmed(elder.id, days_ago=_days_ago(last_over(today())))
    for settled in range(3):
        child = await world.somebody()
        spends = {"proxy_volunteer_id": guardian.id, "scopes": ["give"], "acts_per_day": 5}
        await child.post(f"/v1/volunteers/{child.id}/proxies", spends, expect=201)
        await world.lives(child.id, house)
        if settled:  # nor once it is said that they do not act for them any more
            await guardian.post(f"/v1/volunteers/{child.id}/proxies/{guardian.id}/end")
    await guardian.get(f"/v1/nodes/{house}/hours", expect=403, **YEAR)
    assert (await guardian.get(f"/v1/nodes/{house}"))["people"] is None
    assert (await world.administrator.get(f"/v1/nodes/{house}"))["people"] == 4
    for _ in range(2):
        await world.lives((await world.somebody()).id, house)
    assert (await guardian.get(f"/v1/nodes/{house}/hours", **YEAR))["minutes"] == 120
    assert (await guardian.get(f"/v1/nodes/{house}"))["people"] == 3


@pytest.mark.usefixtures("of_three")
async def test_who_says_that_they_lived_there_makes_no_crowd_of_months_before(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dates their own residence back, or a leader of whom they registered, has nobody counted there before."""
    monkeypatch.setattr("timebank.api.places.nodes.LEAST_PEOPLE", 3)
    world, over, long_ago = own_world, last_over(today()), "2026-01-01"
    court = await world.node("楼院", parent_id=await world.node())
    house = await world.node("楼栋", parent_id=court)
    leader = await world.leader(court)
    elder, neighbour = await world.somebody(), await world.somebody()
    await world.lives(elder.id, house)
    await world.confirmed(elder.id, days_ago=_days_ago(over))
    there = {"node_id": house, "from_day": long_ago}
    await neighbour.post(f"/v1/volunteers/{neighbour.id}/residences", there, expect=201)
    new = await leader.post("/v1/volunteers", {"name": "陈新", "phone": "13800002222"}, expect=201)
    await leader.post(f"/v1/volunteers/{new['volunteer_id']}/residences", there, expect=201)
    refused = await neighbour.get(f"/v1/nodes/{house}/hours", expect=403, **YEAR)
    assert "people are there" in refused["detail"]
    assert (await neighbour.get(f"/v1/nodes/{house}", on=str(over)))["people"] is None
    assert (await neighbour.get(f"/v1/nodes/{house}"))["people"] == 3
    for _ in range(2):
        await world.lives((await world.somebody()).id, house)
    assert (await neighbour.get(f"/v1/nodes/{house}/hours", **YEAR))["minutes"] == 120


@pytest.mark.usefixtures("of_three")
async def test_who_was_not_taken_in_makes_no_crowd(own_world: World) -> None:
    """Whoever registered themselves counts among the many of a place once they were taken in, and not before."""
    world = own_world
    house = await world.node("楼栋", parent_id=await world.node())
    adopted = {"registration": "open", "registration_waits": True}
    await world.administrator.post("/v1/policies", {**RESOLUTION, "rules": adopted}, expect=201)
    elder, applied = await world.somebody(), [new_volunteer_id() for _ in range(2)]
    at = world.services.ledger.clock()
    registering = [
        RegisterOneself(
            by=Acting(ActorId(each), "volunteer"),
            at=at,
            volunteer_id=each,
            number=new_volunteer_number(),
            name="某某",
            phone="13800001234",
            birth_year=1960,
            agreed_to="2026-11",
        )
        for each in applied
    ]
    await world.services.ledger.submit(world.bank_id, registering)
    for each in (elder.id, *applied):
        await world.lives(each, house)
    await world.confirmed(elder.id, days_ago=_days_ago(last_over(today())))
    path = f"/v1/nodes/{house}/hours"
    for each in applied:
        refused = await world.volunteer.get(path, expect=403, **YEAR)
        assert "people are there" in refused["detail"]
        await world.administrator.post(f"/v1/registrations/{each}/accept")
    assert (await world.volunteer.get(path, **YEAR))["minutes"] == 120


async def test_a_leader_sees_their_own_people_and_nobody_else(world: World) -> None:
    """Whoever leads a node sees who lives there, with phones, which is noted; beside it and above they see nobody."""
    top = await world.node()
    court, other = [await world.node("楼院", parent_id=top) for _ in range(2)]
    house = await world.node("楼栋", parent_id=court)
    somebody = await world.somebody("陈静", phone="13800002222")
    await world.lives(somebody.id, house)
    leader = await world.leader(court)
    (seen,) = (await leader.get(f"/v1/nodes/{court}/people"))["items"]
    assert (seen["volunteer_name"], seen["phone"], seen["node_id"]) == ("陈静", "13800002222", house)
    for node_id in (top, other):
        await leader.get(f"/v1/nodes/{node_id}/people", expect=403)
    await world.recorder.get(f"/v1/nodes/{court}/people", expect=403)
    (home,) = await leader.get(f"/v1/volunteers/{somebody.id}/residences")
    assert home == {"from_day": "2026-01-01", "node_id": house, "tie": "lives"}
    stranger = await world.somebody()
    await leader.get(f"/v1/volunteers/{stranger.id}/residences", expect=404)
    here = {"node_id": court, "from_day": today().isoformat()}
    await leader.post(f"/v1/volunteers/{stranger.id}/residences", here, expect=403)
    new = await leader.post("/v1/volunteers", {"name": "新来的"}, expect=201)
    await leader.post(f"/v1/volunteers/{new['volunteer_id']}/residences", here, expect=201)
    moved = {"node_id": court, "from_day": today().isoformat()}
    await leader.post(f"/v1/volunteers/{somebody.id}/residences", moved, expect=201)
    await leader.post(f"/v1/volunteers/{somebody.id}/residences", moved | {"node_id": other}, expect=403)


async def test_a_door_is_personal(world: World) -> None:
    """The door is shown to whoever sees the phone, goes with a move or with the person, and is in no fact."""
    court = await world.node("楼院", parent_id=await world.node())
    houses = [await world.node("楼栋", parent_id=court) for _ in range(2)]
    somebody, leader = await world.somebody("陈静", phone="13800044447"), await world.leader(court)
    where = f"/v1/volunteers/{somebody.id}/residences"

    async def seen() -> set[str | None]:
        (there,) = (await leader.get(f"/v1/nodes/{court}/people"))["items"]
        own, office = [await each.get(f"/v1/volunteers/{somebody.id}") for each in (somebody, world.administrator)]
        return {there["door"], own["door"], office["door"]}

    lives = {"node_id": houses[0], "from_day": "2026-01-01"}
    await somebody.post(where, lives | {"door": " 第４４７ 室"}, expect=201)
    assert await seen() == {"第447 室"}
    await leader.post(where, lives, expect=422)
    await leader.post(where, lives | {"door": "448室"}, expect=201)
    assert await seen() == {"448室"}
    members = f"/v1/organisations/{world.garden}/members"
    await world.administrator.post(members, {"volunteer_id": somebody.id}, expect=201)
    await somebody.post(f"{members}/{somebody.id}/approve", expect=200)
    (found,) = (await world.coordinator.get("/v1/volunteers", query="13800044447"))["items"]
    assert (found["name"], found["phone"], found["door"]) == ("陈静", None, None)
    facts = await world.administrator.get("/v1/audit/events", tag=somebody.id, limit=100)
    assert [each["topic"] for each in facts["items"]].count("personal-data-changed") == 2
    logged = await world.services.pool.fetch("select convert_from(data, 'UTF8') as said from event")
    assert not [each["said"] for each in logged if any(door in each["said"] for door in ("447 室", "448室"))]
    await somebody.post(where, {"node_id": houses[1], "from_day": today().isoformat()}, expect=201)
    assert await seen() == {None}
    await somebody.post(where, {"node_id": houses[1], "from_day": today().isoformat(), "door": "9室"}, expect=201)
    assert await world.services.people.one(world.services.pool, world.bank_id, somebody.id)
    await world.administrator.post(f"/v1/volunteers/{somebody.id}/erase", {"rest": "hold"}, expect=200)
    assert (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["door"] is None
    assert await world.services.people.one(world.services.pool, world.bank_id, somebody.id) is None


async def test_people_are_listed_place_by_place(world: World) -> None:
    """However the list is cut into pages, everybody at a node or below it is on it once, those of a node together."""
    top = await world.node()
    houses = [await world.node("楼栋", parent_id=top) for _ in range(3)]
    lives = {(await world.somebody()).id: houses[n % 3] for n in range(7)}
    for volunteer_id, node_id in lives.items():
        await world.lives(volunteer_id, node_id)
    leader = await world.leader(top)
    for limit in (1, 2, 50):
        pages = await leader.pages(f"/v1/nodes/{top}/people", limit=limit)
        seen = [(each["node_id"], each["volunteer_id"]) for page in pages for each in page]
        assert seen == sorted((node_id, volunteer_id) for volunteer_id, node_id in lives.items())


async def test_vacant_nodes_are_found_a_few_at_a_time(world: World) -> None:
    """However many nodes have a leader and however small a page is, all that have none are found."""
    level = "单元"
    top = await world.node()
    units = [await world.node(level, parent_id=top) for _ in range(13)]
    for node_id in units[:12]:
        await world.leader(node_id)
    pages = await world.volunteer.pages("/v1/nodes/vacant", level=level, limit=1)
    found = [each["node_id"] for page in pages for each in page]
    assert units[12] in found
    assert not set(found) & set(units[:12])
    assert len(found) == len(set(found))


async def test_hours_stay_where_people_lived(own_world: World) -> None:
    """What somebody served counts where they lived then, after they moved, and after the tree changed."""
    world = own_world
    east, west = await world.node(name="东社区"), await world.node(name="西社区")
    house = await world.node("楼栋", parent_id=east, name="1栋")
    somebody, nowhere = await world.somebody(), await world.somebody()
    await world.lives(somebody.id, house)
    await world.confirmed(somebody.id, days_ago=3)
    await world.confirmed(nowhere.id, days_ago=3)
    await world.lives(somebody.id, west, today().isoformat())
    tomorrow = (today() + timedelta(days=1)).isoformat()
    moved = {"parent_id": west, "from_day": tomorrow}
    await world.administrator.post(f"/v1/nodes/{house}/move", moved, expect=200)
    told: dict[str, Any] = await world.administrator.get("/v1/nodes/hours", level="社区", **YEAR)
    assert (told["minutes"], told["elsewhere_minutes"]) == (240, 120)
    assert told["places"] == [{"node_id": east, "minutes": 120}, {"node_id": west, "minutes": 0}]
    told = await world.administrator.get(f"/v1/nodes/{east}/hours", **YEAR)
    assert (told["minutes"], told["places"], told["elsewhere_minutes"]) == (
        120,
        [{"node_id": house, "minutes": 120}],
        0,
    )
    before = await world.volunteer.get("/v1/nodes", below=east)
    after = await world.volunteer.get("/v1/nodes", below=east, on=tomorrow)
    assert ([each["node_id"] for each in before["items"]], after["items"]) == ([house], [])


@pytest.mark.usefixtures("of_three")
async def test_hours_of_few_people_are_told_to_those_who_lead_them(own_world: World) -> None:
    """A volunteer sees those of many; neither of a few, nor what tells it. Who leads there and auditors see all."""
    world = own_world
    community = await world.node(name="东社区")
    few, many = [await world.node("楼栋", parent_id=community, name=name) for name in ("1栋", "2栋")]
    for node_id, people in ((few, 2), (many, 3)):
        lived = [await world.somebody() for _ in range(people)]
        for each in lived:
            await world.lives(each.id, node_id)
        await world.confirmed(lived[0].id, days_ago=_days_ago(last_over(today())))
    by_volunteer, by_office = world.volunteer, (await world.leader(community), await world.appointed("auditor"))
    refused = await by_volunteer.get(f"/v1/nodes/{many}/hours", expect=403, **YEAR)
    assert "beside it" in refused["detail"]  # what all served without that is what few did
    await by_volunteer.get(f"/v1/nodes/{few}/hours", expect=403, **YEAR)
    told = await by_volunteer.get(f"/v1/nodes/{community}/hours", **YEAR)
    assert (told["minutes"], told["places"], told["elsewhere_minutes"]) == (240, [], 240)
    told = await by_volunteer.get("/v1/nodes/hours", level="社区", **YEAR)
    assert (told["places"], told["elsewhere_minutes"]) == ([{"node_id": community, "minutes": 240}], 0)
    await by_volunteer.get("/v1/nodes/hours", level="楼栋", expect=403, **YEAR)
    for office in by_office:
        assert (await office.get(f"/v1/nodes/{few}/hours", **YEAR))["minutes"] == 120
        told = await office.get(f"/v1/nodes/{community}/hours", **YEAR)
        assert {each["node_id"]: each["minutes"] for each in told["places"]} == {few: 120, many: 120}
    day = str(last_over(today()))
    for path, level in ((f"/v1/nodes/{many}/hours", {}), ("/v1/nodes/hours", {"level": "社区"})):
        refused = await by_volunteer.get(path, expect=403, **{"from": day, "until": day}, **level)
        assert "whole months" in refused["detail"]  # who served on that day is no secret to who saw them
        await by_office[0].get(path, **{"from": day, "until": day}) if not level else None
    for _ in range(2):
        await world.lives((await world.somebody()).id, few, str(last_over(today()) + timedelta(days=1)))
    came_later = await by_volunteer.get(f"/v1/nodes/{few}/hours", expect=403, **YEAR)
    assert "people are there" in came_later["detail"]
    for _ in range(2):
        await world.lives((await world.somebody()).id, few)
    assert len((await by_volunteer.get(f"/v1/nodes/{community}/hours", **YEAR))["places"]) == 2


async def _house(world: World, served: date, *stays: tuple[date | None, ...]) -> str:
    """A house where somebody lives for each of some stays: from a day on, and away and back from other days on.

    The first of them served on a day.
    """
    house = await world.node("楼栋", parent_id=await world.node())
    lived = [await world.somebody() for _ in stays]
    for somebody, days in zip(lived, stays, strict=True):
        for n, day in enumerate(days):
            await world.lives(somebody.id, None if n % 2 else house, str(day))
    await world.confirmed(lived[0].id, days_ago=_days_ago(served))
    return house


@pytest.mark.usefixtures("of_three")
async def test_hours_of_a_month_in_which_few_were_there_are_not_told(own_world: World) -> None:
    """However long the span: neither before many came nor while many were away. Other months hide nothing."""
    last = last_over(today())
    before, long_ago = last_over(last), date(2026, 1, 1)
    then, later = before.replace(day=1), last.replace(day=1)
    hidden = (
        await _house(own_world, before, (then,), (later,), (later,)),
        await _house(own_world, before, (long_ago,), (long_ago, then, later), (long_ago, then, later)),
    )
    besides = await _house(own_world, before, (long_ago,), (long_ago,), (long_ago,))
    told = (
        await _house(own_world, last, (then,), (later,), (later,)),
        await _house(own_world, before, (long_ago,), (long_ago,), (long_ago,)),
    )
    for house in hidden:
        refused = await own_world.volunteer.get(f"/v1/nodes/{house}/hours", expect=403, **YEAR)
        assert "people are there" in refused["detail"]
    refused = await own_world.volunteer.get(f"/v1/nodes/{besides}/hours", expect=403, **YEAR)
    assert "beside it" in refused["detail"]  # the bank's sum without it and the others would be that of few
    for house in told:
        assert (await own_world.volunteer.get(f"/v1/nodes/{house}/hours", **YEAR))["minutes"] == 120


@pytest.mark.usefixtures("of_three")
async def test_two_spans_leave_out_the_same_places(own_world: World) -> None:
    """What is left out beside a place of few is that of the month, in longer spans too: nothing is told by both."""
    world, last = own_world, last_over(today())
    before, long_ago, community = last_over(last), date(2026, 1, 1), await own_world.node()
    then, later = before.replace(day=1), last.replace(day=1)
    houses = [await world.node("楼栋", parent_id=community) for _ in range(3)]
    for house, hours, stays in zip(
        houses, ((1, 1), (2, 3), (3, 1)), ((then, later, later), *[(long_ago,) * 3] * 2), strict=True
    ):
        lived = [await world.somebody() for _ in stays]
        for somebody, since in zip(lived, stays, strict=True):
            await world.lives(somebody.id, house, str(since))
        for day, served in zip((before, last), hours, strict=True):
            await world.confirmed(lived[0].id, days_ago=_days_ago(day), hours=served)
    month, path = {"from": str(then), "until": str(before)}, f"/v1/nodes/{community}/hours"
    for span in (month, month | {"until": str(last)}):
        assert [each["node_id"] for each in (await world.volunteer.get(path, **span))["places"]] == [houses[2]]


@pytest.mark.usefixtures("of_three")
async def test_hours_of_few_who_live_at_no_place_below_are_not_told(own_world: World) -> None:
    """What remains of a sum without the places that are told is not that of one who lives above them, or nowhere."""
    world, long_ago, served = own_world, "2026-01-01", _days_ago(last_over(today()))
    community = await world.node()
    house = await world.node("楼栋", parent_id=community)
    whole, path = {"level": "社区", **YEAR}, f"/v1/nodes/{community}/hours"
    lived = [await world.somebody() for _ in range(4)]
    for each, node_id in zip(lived, (house, house, house, community), strict=True):
        await world.lives(each.id, node_id, long_ago)
    await world.confirmed(lived[0].id, days_ago=served)
    assert len((await world.volunteer.get(path, **YEAR))["places"]) == 1
    await world.confirmed(lived[3].id, days_ago=served)
    told = await world.volunteer.get(path, **YEAR)
    assert (told["places"], told["elsewhere_minutes"]) == ([], 240)
    refused = await world.volunteer.get(f"/v1/nodes/{house}/hours", expect=403, **YEAR)
    assert "beside it" in refused["detail"]
    everybody = (await world.administrator.get("/v1/volunteers", limit="500"))["items"]
    for each in everybody:
        if each["volunteer_id"] not in {one.id for one in lived}:
            await world.lives(each["volunteer_id"], community, long_ago)
    assert len((await world.volunteer.get(path, **YEAR))["places"]) == 1
    assert len((await world.volunteer.get("/v1/nodes/hours", **whole))["places"]) == 1
    nowhere = await world.somebody()
    await world.confirmed(nowhere.id, days_ago=served)
    assert (await world.volunteer.get("/v1/nodes/hours", **whole))["places"] == []


@pytest.mark.usefixtures("of_three")
async def test_levels_that_are_called_otherwise_hide_as_much(own_world: World) -> None:
    """A place of few at the top is none less where the rule book has other names for the levels by now."""
    world, served = own_world, _days_ago(last_over(today()))
    few, many = await world.node(), await world.node()
    lived = [await world.somebody() for _ in range(4)]
    for each, node_id in zip(lived, (few, many, many, many), strict=True):
        await world.lives(each.id, node_id)
    for each in lived[:2]:
        await world.confirmed(each.id, days_ago=served)
    rules = {"rules": {"place_levels": ["居委会", "楼栋"]}}
    await world.administrator.post("/v1/policies", {**RESOLUTION, **rules}, expect=201)
    refused = await world.volunteer.get(f"/v1/nodes/{many}/hours", expect=403, **YEAR)
    assert "beside it" in refused["detail"]


@pytest.mark.usefixtures("of_three")
async def test_nobody_chooses_what_is_left_out(own_world: World) -> None:
    """Whoever moves, with what they served, is told of the same places as before: both would tell what few served."""
    world, long_ago, community = own_world, "2026-01-01", await own_world.node()
    houses = [await world.node("楼栋", parent_id=community) for _ in range(3)]
    lived = [await world.somebody() for _ in range(7)]
    for each, house in zip(lived, (0, 1, 1, 1, 2, 2, 2), strict=True):
        await world.lives(each.id, houses[house], long_ago)
    asks = lived[6]
    for each, hours in ((lived[0], 1), (lived[1], 2), (lived[4], 1), (asks, 3)):
        await world.confirmed(each.id, days_ago=_days_ago(last_over(today())), hours=hours)
    await world.lives((await world.somebody()).id, houses[2], long_ago)
    for at_home in (houses[2], houses[1]):
        if at_home == houses[1]:
            await asks.post(
                f"/v1/volunteers/{asks.id}/residences", {"node_id": at_home, "from_day": long_ago}, expect=201
            )
        told = await asks.get(f"/v1/nodes/{community}/hours", **YEAR)
        assert [each["node_id"] for each in told["places"]] == houses[2:]


@pytest.mark.usefixtures("of_three")
async def test_nobody_chooses_by_logging_what_is_left_out(own_world: World) -> None:
    """A place is left out though nothing was served there: else the first hour logged there had another left out."""
    world, long_ago, community = own_world, "2026-01-01", await own_world.node()
    houses = [await world.node("楼栋", parent_id=community) for _ in range(4)]
    lived = [await world.somebody() for _ in range(10)]
    for each, house in zip(lived, (0, 1, 1, 1, 2, 2, 2, 3, 3, 3), strict=True):
        await world.lives(each.id, houses[house], long_ago)
    for each, hours in ((lived[0], 1), (lived[4], 2), (lived[7], 3)):
        await world.confirmed(each.id, days_ago=_days_ago(last_over(today())), hours=hours)
    for logs in (None, lived[1]):
        if logs:
            await world.confirmed(logs.id, days_ago=_days_ago(last_over(today())), hours=3)
        told = await lived[9].get(f"/v1/nodes/{community}/hours", **YEAR)
        assert {each["node_id"] for each in told["places"]} == {*houses[2:]}


@pytest.mark.usefixtures("of_three")
async def test_hours_of_a_place_that_moved_tell_nothing_of_where_it_was(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even over a span at whose end it is beside others: less those of the months since, its hours would tell."""
    world, served = own_world, last_over(today())
    before, after = [await world.node(name=name) for name in ("东社区", "西社区")]
    few, many = [await world.node("楼栋", parent_id=before, name=name) for name in ("1栋", "2栋")]
    for house, people in ((few, 1), (many, 3)):
        lived = [await world.somebody() for _ in range(people)]
        for each in lived:
            await world.lives(each.id, house)
        await world.confirmed(lived[0].id, days_ago=_days_ago(served))
    tomorrow = today() + timedelta(days=1)
    moved = {"parent_id": after, "from_day": str(tomorrow)}
    await world.administrator.post(f"/v1/nodes/{many}/move", moved, expect=200)
    monkeypatch.setattr("timebank.api.places.hours.last_over", lambda _: month_end(tomorrow))
    month = {"from": str(served.replace(day=1)), "until": str(served)}
    assert (await world.volunteer.get(f"/v1/nodes/{before}/hours", **month))["minutes"] == 240
    for span in (month, YEAR):
        refused = await world.volunteer.get(f"/v1/nodes/{many}/hours", expect=403, **span)
        assert "beside it" in refused["detail"]


async def test_who_asks_for_hours_has_turns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one person one question is answered at a time, and of all two: each looks at many months of many places."""
    node_id, running, most = await world.node(), list[str](), dict[str, int]()
    told = hours_of_places._told_below

    async def slowly(request: Any, *given: Any) -> Any:
        running.append(request.user.actor)
        most["all"] = max(most.get("all", 0), len(running))
        most["one"] = max(most.get("one", 0), running.count(request.user.actor))
        await asyncio.sleep(0.02)
        running.remove(request.user.actor)
        return await told(request, *given)

    monkeypatch.setattr(hours_of_places, "_told_below", slowly)
    monkeypatch.setattr(hours_of_places, "_must_tell_of_many", nothing)
    whoever = [world.volunteer, *[await world.somebody() for _ in range(2)]]
    asked = [("/v1/nodes/hours", YEAR | {"level": "社区"}), (f"/v1/nodes/{node_id}/hours", YEAR)]
    answers = await asyncio.gather(
        *(each.ask("GET", path, params=said) for each in whoever for path, said in asked * 2)
    )
    assert {each.status_code for each in answers} == {200}
    assert most == {"all": 2, "one": 1}


async def nothing(*_: Any) -> None:
    """Refuse nobody."""


@pytest.mark.usefixtures("of_three")
async def test_hours_of_a_month_are_told_when_it_is_over(own_world: World) -> None:
    """What is served in the present month changes no answer, so two of them do not tell what was served in between."""
    world, last = own_world, last_over(today())
    house = await _house(world, last, *[(date(2026, 1, 1),)] * 3)
    path, whole = f"/v1/nodes/{house}/hours", {"level": "社区", **YEAR}
    somebody = (await (await world.appointed("administrator")).get(f"/v1/nodes/{house}/people"))["items"][0]
    before = [await world.volunteer.get(path, **YEAR), await world.volunteer.get("/v1/nodes/hours", **whole)]
    assert [each["last_day"] for each in before] == [str(last)] * 2
    await world.confirmed(somebody["volunteer_id"], days_ago=0 if today().day == 1 else 1, hours=0.5, hour=0)
    assert [await world.volunteer.get(path, **YEAR), await world.volunteer.get("/v1/nodes/hours", **whole)] == before
    assert (await world.administrator.get(path, **YEAR))["minutes"] == 150
    present = {"from": str(today().replace(day=1)), "until": "2199-12-31"}
    refused = await world.volunteer.get(path, expect=403, **present)
    assert "when it is over" in refused["detail"]


async def test_the_tree_is_changed_ahead(own_world: World) -> None:
    """Nodes are renamed, merged and closed from tomorrow on, and are today what they were."""
    world, tomorrow = own_world, (today() + timedelta(days=1)).isoformat()
    top, other = await world.node(name="甲"), await world.node(name="乙")
    await world.administrator.post(f"/v1/nodes/{top}/rename", {"name": "丙", "from_day": tomorrow}, expect=200)
    await world.administrator.post(f"/v1/nodes/{other}/merge", {"into_id": top, "from_day": tomorrow}, expect=200)
    for day, name, into in ((today().isoformat(), "甲", None), (tomorrow, "丙", top)):
        assert (await world.volunteer.get(f"/v1/nodes/{top}", on=day))["node"]["name"] == name
        assert (await world.volunteer.get(f"/v1/nodes/{other}", on=day))["node"]["into_id"] == into
    gone = await world.node(name="丁")
    await world.administrator.post(f"/v1/nodes/{gone}/close", {"until_day": today().isoformat()}, expect=200)
    for day, is_there in ((today().isoformat(), True), (tomorrow, False)):
        there = {each["node_id"] for each in (await world.volunteer.get("/v1/nodes", on=day))["items"]}
        assert (gone in there) == is_there

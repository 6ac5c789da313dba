"""The tree of places and who lives where come in as lists that offices have."""

import asyncio
from typing import Any

import pytest

from tests.api.world import World
from timebank.api.http.uploads import CHUNK
from timebank.exchange.imports import places
from timebank.projections.places import nodes

TREE = (
    "社区,片区,楼院,楼栋,单元,起始日期\n"
    "阳光社区,东区,1号院,1栋,1单元,2026/1/1\n"
    "阳光社区,东区,1号院,1栋,2单元,2026/1/1\n"
)


async def sent(world: World, what: str, text: str, **params: Any) -> dict[str, Any]:
    """What becomes of a list."""
    answer = await world.administrator.ask("POST", f"/v1/nodes/{what}", content=text.encode(), params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def statuses(told: dict[str, Any]) -> list[str]:
    """What became of each row."""
    return [each["status"] for each in told["verdicts"]]


async def tops(world: World) -> dict[str, str]:
    """What is at the top, by name."""
    return {each["name"]: each["node_id"] for each in (await world.administrator.get("/v1/nodes"))["items"]}


async def test_a_tree_comes_in_once(own_world: World) -> None:
    """Each row opens what of it is not there yet, from the top down; again it opens nothing, however it is spelt."""
    world = own_world
    for dry_run in ("true", "false"):
        told = await sent(world, "import", TREE, dry_run=dry_run)
        assert statuses(told) == ["registered", "registered"]
        assert ("阳光社区" in await tops(world)) == (dry_run == "false")
    assert statuses(await sent(world, "import", TREE.replace("1号院", " 1号院 "))) == ["same", "same"]
    unit = await world.administrator.get(f"/v1/nodes/{told['verdicts'][1]['id']}")
    assert [each["name"] for each in unit["path"]] == ["阳光社区", "东区", "1号院", "1栋"]
    assert unit["node"]["name"] == "2单元"
    assert unit["node"]["from_day"] == "2026-01-01"
    more = "社区,片区,楼院\n阳光社区,东区,1号院\n阳光社区,西区,\n月光社区,,9号院\n"
    assert statuses(await sent(world, "import", more)) == ["same", "registered", "registered"]


async def test_every_row_comes_back_as_it_was_understood(own_world: World) -> None:
    """Places and residents are told by the names that the bank has for its levels, also in English."""

    async def back(what: str, text: str, language: str) -> list[str]:
        answer = await own_world.administrator.ask(
            "POST", f"/v1/nodes/{what}", content=text.encode(), params={"answer": "understood"},
            headers={"Accept-Language": language},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer.content.decode("utf-8-sig").splitlines()

    assert await back("import", TREE, "zh") == [
        "行号,结果,原因,社区,片区,楼院,楼栋,单元,起始日期",
        "2,已登记,,阳光社区,东区,1号院,1栋,1单元,2026-01-01",
        "3,已登记,,阳光社区,东区,1号院,1栋,2单元,2026-01-01",
    ]
    number = (await own_world.administrator.get(f"/v1/volunteers/{own_world.volunteer.id}"))["number"]
    residents = f"编号,社区,片区,住/工作,门牌\n{number},阳光社区,东区,住,302室\n0,阳光社区,,住,\n"
    head, first, second = await back("import-residents", residents, "en")
    assert head == "line,result,reason,number,phone,name,社区,片区,楼院,楼栋,单元,from_day,tie,door"
    assert first == f"2,registered,,'{number},,,阳光社区,东区,,,,,lives,302室"
    assert second.startswith("3,refused,")


async def test_lists_that_come_at_once_open_each_place_once(own_world: World) -> None:
    """Two administrators send the same tree in one moment: there is one of it."""
    office = await own_world.appointed("administrator")
    asked = (each.ask("POST", "/v1/nodes/import", content=TREE.encode()) for each in (own_world.administrator, office))
    told = [statuses(answer.json()) for answer in await asyncio.gather(*asked)]
    assert sorted(told) == [["registered", "registered"], ["same", "same"]]
    found = (await own_world.administrator.get("/v1/nodes"))["items"]
    assert [each["name"] for each in found] == ["阳光社区"]


async def test_the_tree_is_looked_at_again_where_somebody_else_changed_it(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long list learns the tree once, however often others get their turn; what they open meanwhile is there."""
    world, every = own_world, nodes.every
    looked: list[str] = []
    judged: list[int] = []
    opened_beside: list[str] = []

    async def looking(pool: Any, bank_id: Any, day: Any, after: str, limit: int) -> Any:
        looked.append(after)
        return await every(pool, bank_id, day, after, limit)

    async def judging(self: Any, entries: Any, *more: Any) -> Any:
        judged.append(len(entries))
        verdicts = await judge(self, entries, *more)
        if len(judged) == 3 and opened_beside:
            await world.node(name=opened_beside.pop())
        return verdicts

    judge = places.PlacesImport._judge
    monkeypatch.setattr(nodes, "every", looking)
    monkeypatch.setattr(places.PlacesImport, "_judge", judging)
    rows = [f"阳光社区,{n // 100}区" for n in range(4 * CHUNK)]
    for beside, last, learned in (([], "阳光社区,1区", 1), (["月光社区"], "月光社区,", 2)):
        judged.clear()
        looked.clear()
        opened_beside[:] = beside
        told = await sent(world, "import", "\n".join(["社区,片区", *rows[:-1], last]))
        assert (len(judged), looked.count("")) == (4, learned)
        assert statuses(told)[-1] == "same"


async def test_what_cannot_be_opened_is_refused_alone(own_world: World) -> None:
    """A row below what is not open yet, or that names no place, is told why; the others come in."""
    world = own_world
    text = "社区,片区,起始日期\n阳光社区,,2026/3/1\n阳光社区,东区,2026/1/1\n,,2026/1/1\n阳光社区,西区,2026/3/1\n"
    told = await sent(world, "import", text)
    assert statuses(told) == ["registered", "refused", "refused", "registered"]
    assert "2026-01-01" in told["verdicts"][1]["reason"]
    assert told["verdicts"][2]["reason"] == "no place is named"


async def test_a_place_that_was_refused_is_not_there(own_world: World) -> None:
    """Rows that count on a place whose opening was refused open it themselves, or are told why it cannot be."""
    world = own_world
    early, later = "2026/1/1", "2026/4/1"
    rows = [
        ("阳光社区", "", "", "2026/3/1"),
        ("阳光社区", "东区", "", early),
        ("阳光社区", "东区", "", early),
        ("阳光社区", "东区", "1号院", early),
        ("阳光社区", "东区", "2号院", later),
        ("阳光社区", "东区", "3号院", later),
        ("阳光社区", "西区", "1号院", early),
    ]
    text = "社区,片区,楼院,起始日期\n" + "".join(",".join(row) + "\n" for row in rows)
    wanted = ["registered", "refused", "refused", "refused", "registered", "registered", "refused"]
    for dry_run in ("true", "false"):
        told = await sent(world, "import", text, dry_run=dry_run)
        assert statuses(told) == wanted
        reasons = {each["reason"] for each in told["verdicts"] if each["status"] == "refused"}
        assert len(reasons) == 1
        assert "2026-01-01" in reasons.pop()
    again = await sent(world, "import", text)
    assert statuses(again) == ["same", "same", "same", "refused", "same", "same", "refused"]
    below = (await world.administrator.get("/v1/nodes", below=(await tops(world))["阳光社区"]))["items"]
    assert [each["name"] for each in below] == ["东区"]


async def test_residents_come_in(own_world: World) -> None:
    """Volunteers, by number or phone, live where the row says; what is unknown is told, and again nothing happens."""
    world = own_world
    await sent(world, "import", TREE)
    somebody, other = await world.somebody("张三", phone="13900005555"), await world.somebody("李四")
    number = (await world.administrator.get(f"/v1/volunteers/{other.id}"))["number"]
    text = (
        "志愿者编号,手机,姓名,社区,片区,楼院,楼栋,单元,起始日期,居住或工作\n"
        ",13900005555,张三,阳光社区,东区,1号院,1栋,1单元,2026/1/1,\n"
        f"{number},,李四,阳光社区,东区,1号院,,,2026/2/1,工作\n"
        ",13900005555,张三,阳光社区,东区,7号院,,,,\n"
        ",13900009999,王五,阳光社区,,,,,,\n"
    )
    for dry_run in ("true", "false"):
        told = await sent(world, "import-residents", text, dry_run=dry_run)
        assert statuses(told) == ["registered", "registered", "refused", "refused"]
    assert told["verdicts"][2]["reason"] == 'there is no "7号院" there: import the places first'
    assert statuses(await sent(world, "import-residents", text)) == ["same", "same", "refused", "refused"]
    (lives,) = await somebody.get(f"/v1/volunteers/{somebody.id}/residences")
    (works,) = await other.get(f"/v1/volunteers/{other.id}/residences")
    assert (lives["from_day"], lives["tie"], works["from_day"], works["tie"]) == (
        "2026-01-01", "lives", "2026-02-01", "works"
    )  # fmt: skip
    court = (await tops(world))["阳光社区"]
    people = (await world.administrator.get(f"/v1/nodes/{court}/people"))["items"]
    assert {each["volunteer_id"] for each in people} == {somebody.id, other.id}


async def test_doors_come_in_with_residents(own_world: World) -> None:
    """A list says the door too; the one that is on file already changes nothing, another one does."""
    world = own_world
    await sent(world, "import", TREE)
    somebody = await world.somebody("张三", phone="13900005555")
    text = "手机,社区,片区,楼院,楼栋,单元,门牌,起始日期\n13900005555,阳光社区,东区,1号院,1栋,1单元,302室,2026/1/1\n"
    for said, status in ((text, "registered"), (text, "same"), (text.replace("302", "303"), "registered")):
        assert statuses(await sent(world, "import-residents", said)) == [status]
    assert (await somebody.get("/v1/volunteers/me"))["door"] == "303室"
    assert statuses(
        await sent(world, "import-residents", text.replace("1单元,302室,2026/1/1", "2单元,302室,2026/2/1"))
    ) == ["registered"]
    assert (await somebody.get("/v1/volunteers/me"))["door"] == "302室"
    assert len(await somebody.get("/v1/volunteers/me/residences")) == 2


@pytest.mark.parametrize("what", ["import", "import-residents"])
async def test_the_columns_are_the_bank_s_levels(own_world: World, what: str) -> None:
    """In a bank with other levels the list has other columns."""
    world = own_world
    rules = {"place_levels": ["街道", "小组"]}
    body = {"resolution": "决议", "effective_from": "2020-01-01", "rules": rules}
    await world.administrator.post("/v1/policies", body, expect=201)
    somebody = await world.somebody("张三", phone="13900006666")
    assert somebody.id
    assert statuses(await sent(world, "import", "街道,小组\n和平街道,一组\n")) == ["registered"]
    text = "手机,街道,小组\n13900006666,和平街道,一组\n" if what == "import-residents" else "街道,小组\n和平街道,二组\n"
    assert statuses(await sent(world, what, text)) == ["registered"]
    answer = await world.administrator.ask("POST", f"/v1/nodes/{what}", content="社区\n阳光社区\n".encode())
    assert answer.status_code == 422

"""Lists of people, places and residents on the administration's pages; rows that a sheet hides are asked about."""

import io
from typing import Any

import pytest
import xlsxwriter

from tests.api.world import World
from tests.web.reader import Reader, Seen, signed_in
from tests.web.test_activities import world

pytestmark = pytest.mark.drill

__all__ = ["world"]


async def sent(reader: Reader, address: str, content: bytes, name: str = "名单.csv") -> Seen:
    """What is said of a list before it is taken in."""
    form = (await reader.get(address)).form(address)
    return await reader.send(form, files={"file": (name, content, "application/octet-stream")})


async def test_people_places_and_residents_come_in_as_lists(world: World) -> None:
    """An administrator checks each list, and then takes it in: who is there, which places, who lives where."""
    office = await signed_in(world, world.administrator.id)
    lists = {
        "/admin/people/list": "姓名,手机,技能\n许多多,13700000001,理发\n,13700000002,\n",
        "/admin/places/list": "社区,片区,楼院\n向阳社区,东片,一号院\n向阳社区,东片,二号院\n",
        "/admin/residents/list": "姓名,手机,社区,片区,楼院,门牌\n许多多,13700000001,向阳社区,东片,二号院,302室\n",
    }
    for address, text in lists.items():
        page = await sent(office, address, text.encode("gb18030"))
        rows = text.count("\n") - 1
        assert page.headings[0].startswith(f"{rows} 行里有 "), page.text
        page = await office.send(page.form(f"{address}/confirm"))
        assert page.headings[0].startswith("记录了 "), page.text
    (person,) = (await world.administrator.get("/v1/volunteers", query="许多多"))["items"]
    (lived,) = await world.administrator.get(f"/v1/volunteers/{person['volunteer_id']}/residences")
    place = await world.administrator.get(f"/v1/nodes/{lived['node_id']}")
    assert place["node"]["name"] == "二号院"


async def test_rows_are_pasted_from_a_spreadsheet(world: World) -> None:
    """Rows as a spreadsheet copies them, parted by tabs, are checked and taken in like a file; nothing is asked for."""
    reader, address = await signed_in(world, world.recorder.id), f"/o/{world.garden}/list"
    number = (await world.administrator.get(f"/v1/volunteers/{(await world.somebody()).id}"))["number"]
    form = (await reader.get(address)).form(address)
    assert (await reader.send(form)).status == 422
    rows = [
        ["志愿者编号", "活动", "类别", "日期", "开始", "结束"],
        [number, "打扫", "公益慈善", "2026-03-01", "8:00", "9:30"],
    ]
    page = await reader.send(form, pasted="\n".join("\t".join(row) for row in rows))
    assert page.headings[0].startswith("1 行里有 1 行"), page.text
    page = await reader.send(page.form(f"{address}/confirm"))
    assert page.headings[0].startswith("记录了 1"), page.text


@pytest.mark.parametrize("address", ["/admin/people/list", "/admin/places/list", "/admin/residents/list"])
async def test_lists_of_the_bank_are_for_its_administrators(world: World, address: str) -> None:
    """An auditor and a coordinator send none: it is refused before it is read."""
    office = await signed_in(world, world.administrator.id)
    form = (await office.get(address)).form(address)
    for somebody in (await world.appointed("auditor"), world.coordinator):
        reader = await signed_in(world, somebody.id)
        assert (await reader.get(address)).status == 403
        page = await reader.send(form, files={"file": ("名单.csv", "姓名\n许多多\n".encode(), "text/csv")})
        assert page.status == 403
        assert "管理员" in page.text


async def test_rows_that_a_sheet_hides_are_asked_about(world: World) -> None:
    """Whether they are taken or left is asked with its answers in words, and the list goes on with that."""
    number = (await world.administrator.get(f"/v1/volunteers/{(await world.somebody()).id}"))["number"]
    reader, address = await signed_in(world, world.recorder.id), f"/o/{world.garden}/list"
    page = await sent(reader, address, workbook_with_a_hidden_row(number), "名单.xlsx")
    assert page.status == 422
    assert "一并读入" in page.text
    page = await reader.send(page.form(f"{address}/answers"), **{"answer-0": "hidden=leave"})
    assert page.headings[0].startswith("1 行里有 1 行"), page.text
    page = await reader.send(page.form(f"{address}/confirm"))
    assert page.headings[0].startswith("记录了 1 行"), page.text


def workbook_with_a_hidden_row(number: str) -> bytes:
    """Two rows, of which the sheet shows one."""
    file = io.BytesIO()
    workbook: Any = xlsxwriter.Workbook(file)
    sheet = workbook.add_worksheet()
    sheet.write_row(0, 0, ["志愿者编号", "活动", "类别", "日期", "开始时间", "结束时间"])
    for n in (1, 2):
        sheet.write_row(n, 0, [number, "楼道清扫", "公益慈善", f"2026/3/{n}", "8:00", "9:00"])
    sheet.set_row(2, None, None, {"hidden": True})
    workbook.close()
    return file.getvalue()

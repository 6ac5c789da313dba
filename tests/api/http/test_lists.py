"""Lists as tables for spreadsheets: whole, as they are in JSON, with everybody, and without formulas."""

import csv
import io
import json
import random
import zipfile
from collections import defaultdict
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from litestar.routes import HTTPRoute
from python_calamine import CalamineWorkbook

from tests.api.world import Caller, World, service
from tests.controls import ZONE
from timebank.api.http import lists
from timebank.api.http.lists import item_of
from timebank.api.people.registrations import TERMS
from timebank.exchange.spreadsheets.tables import columns_of
from timebank.runtime.clock import utc_now
from timebank.words import is_translated

Row = dict[str, str]


async def table(caller: Caller, path: str, **params: Any) -> list[Row]:
    """A list as CSV, read back; a guard before what is no number is taken away."""
    response = await caller.ask("GET", path, params={"format": "csv", **params})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8"), response.text
    assert response.headers["content-disposition"].endswith('.csv"')
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


async def workbook(caller: Caller, path: str, **params: Any) -> list[list[Any]]:
    """A list as a workbook, read back."""
    response = await caller.ask("GET", path, params={"format": "xlsx", **params})
    assert response.status_code == 200, response.text
    return CalamineWorkbook.from_filelike(io.BytesIO(response.content)).get_sheet_by_index(0).to_python()


def every_list(world: World) -> dict[str, type]:
    """The path of every list there is, and what it lists."""
    return {
        route.path_format: kind
        for route in world.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if (kind := item_of(handler))
    }


async def busy(world: World) -> dict[str, str]:
    """A bank in which every list has something in it; returns what the blanks of paths are filled with."""
    somebody = await world.with_credit(600, name="=cmd|' /C calc'!A0", skills=["+86", "-1+1"])
    await somebody.post(f"/v1/volunteers/{somebody.id}/consents", {"purpose": "leaderboard", "granted": True})
    fund = await world.fund("@基金")
    for day, rules in (("2020-01-01", {"registration": "open"}), ("2199-01-01", {})):
        await world.administrator.post(
            "/v1/policies", {"resolution": "决议一", "effective_from": day, "rules": rules}, expect=201
        )
    ward = {"name": "=1+1", "birth_year": 2020, "agreed_to": TERMS}
    await somebody.post("/v1/me/wards", ward, expect=201)
    await world.invitation()
    await somebody.post("/v1/gifts", {"to_volunteer_id": world.volunteer.id, "minutes": 5}, expect=201)
    await somebody.post("/v1/donations", {"fund_id": fund, "minutes": 50}, expect=201)
    grant = {"to_volunteer_id": world.volunteer.id, "minutes": 5, "reason": "慰问"}
    await world.administrator.post(f"/v1/funds/{fund}/grants", grant, expect=201)
    await world.redeem(somebody, await world.reward())
    await somebody.post("/v1/me/proxies", {"proxy_volunteer_id": world.volunteer.id}, expect=201)
    members = f"/v1/organisations/{world.garden}/members"
    await world.administrator.post(members, {"volunteer_id": somebody.id, "role": "member"})
    await world.appointed("auditor")
    for n in range(4):
        await world.log(somebody.id, days_ago=20 + n, activity="+1-1", programmes=["红细胞", "讲座"])
    node_id, activity_id = await world.node(), await world.activity()
    await world.lives(somebody.id, node_id)
    await world.administrator.post(f"/v1/volunteers/{world.administrator.id}/residences", LIVING | {"node_id": node_id})
    for each in (somebody, world.administrator):
        await each.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
        await world.proposal(each, activity="+1-1")
    kept, merged = [(await world.somebody("@双", birth_year=1950)).id for _ in range(2)]
    same = {"kept_volunteer_id": kept, "merged_volunteer_id": merged, "reason": "+同一人"}
    await world.administrator.post("/v1/merges", same, expect=201)
    team_id = await world.team(somebody, name="@队", from_day="2026-01-01")
    await world.confirmed(somebody.id, days_ago=30, team_id=team_id)
    await world.employed(somebody, hours=[])
    duty = {"volunteer_id": somebody.id, "from_day": "2190-01-01", "from_minute": 0, "minutes": 60}
    shifts = f"/v1/organisations/{world.garden}/teams/{team_id}/shifts"
    await world.administrator.post(shifts, duty, expect=201)
    filled = {"volunteer_id": somebody.id, "team_id": team_id, "organisation_id": world.garden, "fund_id": fund}
    return filled | {"node_id": node_id, "activity_id": activity_id}


LIVING = {"from_day": "2026-01-01"}


async def in_json(caller: Caller, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items of a list as JSON."""
    page = await caller.get(path, **params)
    if isinstance(page, list):
        return page
    items: list[dict[str, Any]] = page["items"]
    while page.get("next") is not None:
        page = await caller.get(path, after=page["next"], **params)
        items += page["items"]
    return items


@pytest.mark.drill
async def test_every_list_is_a_table(own_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list comes as CSV and as a workbook: a row for each item, with what JSON says of it, however it is read."""
    monkeypatch.setattr(lists, "STRETCH", 2)
    world = own_world
    filled = await busy(world)
    for path, kind in every_list(world).items():
        caller, where = world.administrator, path.format(**filled)
        wanted = {"level": "社区"} if path.endswith("/vacant") else {}
        items = await in_json(caller, where, **wanted)
        rows, (head, *cells) = await table(caller, where, **wanted), await workbook(caller, where, **wanted)
        if path.endswith("statistics"):
            where = "organisation_name" if "service-records" in path else "month"
            assert rows.pop()[where] == cells.pop()[head.index(where)] == "Total"
        if "audit/security" in path or "notices" in path:  # what was read meanwhile is on top
            rows, cells = rows[-len(items) :], cells[-len(items) :]
        assert len(rows) == len(items) == len(cells) > 0, path
        for item, row, line in zip(items, rows, cells, strict=True):
            values = flat(item)
            assert list(row) == list(values), (path, kind)
            assert [each.removesuffix(f" ({ZONE})") for each in head] == list(values), (path, kind)
            for (name, value), cell in zip(values.items(), line, strict=True):
                text = row[name].removeprefix("'")
                is_json = isinstance(value, dict) or (isinstance(value, list) and not is_texts(value))
                assert (json.loads(text) if is_json else text) == (value if is_json else as_text(value)), (path, name)
                assert not isinstance(value, int) or isinstance(value, bool) or cell == value, (path, name)


def flat(item: dict[str, Any], above: str = "") -> dict[str, Any]:
    """An item's fields, and those of the structs in it."""
    found: dict[str, Any] = {}
    for name, value in item.items():
        if isinstance(value, dict) and name in {"volunteer", "eligibility", "rules", "gifts", "earlier", "later"}:
            found |= flat(value, f"{above}{name}.")
        else:
            found[above + name] = value
    return found


def as_text(value: Any) -> str:
    """What a cell says of a value that JSON has."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return "; ".join(value) if isinstance(value, list) else str(value)


def is_texts(value: list[Any]) -> bool:
    """Whether a list is shown as its texts, and not as JSON."""
    return all(isinstance(each, str) for each in value)


async def test_no_cell_is_a_formula(own_world: World) -> None:
    """What somebody wrote stays text: no cell of a table begins like a formula, and numbers stay numbers."""
    world = own_world
    filled = await busy(world)
    for path in ("/v1/volunteers", "/v1/service-records", "/v1/funds"):
        rows = await table(world.administrator, path)
        cells = {cell for row in rows for cell in row.values() if cell}
        assert not {each for each in cells if each[0] in "=+-@\t\r"}, path
    assert "'=cmd|' /C calc'!A0" in {each["name"] for each in await table(world.administrator, "/v1/volunteers")}
    response = await world.administrator.ask("GET", "/v1/volunteers", params={"format": "xlsx"})
    with zipfile.ZipFile(io.BytesIO(response.content)) as parts:
        assert "<f>" not in parts.read("xl/worksheets/sheet1.xml").decode()
    assert filled


async def test_tables_are_read_in_chinese(world: World) -> None:
    """Headings and words of ours are in the language of whoever reads; every heading there is has a Chinese one."""
    for kind in every_list(world).values():
        for column in columns_of(kind):
            assert all(is_translated(part, "column") for part in column.path), column
    somebody = await world.with_credit(60, name="张三")
    headers = {"Accept-Language": "zh-CN"}
    response = await somebody.ask("GET", "/v1/service-records", params={"format": "csv"}, headers=headers)
    (row,) = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline=""))
    assert (row["志愿者姓名"], row["状态"], row["身份"], row["补录"]) == ("张三", "已确认", "居民", "否")


async def test_what_is_no_format_is_refused(world: World) -> None:
    """A list has three forms, and says so; what is no list has none."""
    problem = await world.volunteer.get("/v1/service-records", expect=400, format="pdf")
    assert problem["errors"][0]["allowed"] == ["json", "csv", "xlsx"]
    assert "format" in (await world.volunteer.get("/v1/me", expect=400, format="csv"))["detail"]


async def test_everybody_is_in_a_table(own_world: World) -> None:
    """Who is suspended, has left, or is erased is in the list like everybody else, with how they stand."""
    world = own_world
    suspended, left, erased = [await world.with_credit(60, days_ago=n + 1) for n in range(3)]
    for somebody in (suspended, left):
        members = f"/v1/organisations/{world.garden}/members"
        await world.administrator.post(members, {"volunteer_id": somebody.id, "role": "member"})
        await somebody.post(f"{members}/{somebody.id}/approve")
    await world.administrator.post(f"/v1/volunteers/{suspended.id}/suspend", {"reason": "核查"})
    for somebody in (left, erased):
        await somebody.post(f"/v1/volunteers/{somebody.id}/leave", {"rest": "hold"})
    await world.administrator.post(f"/v1/volunteers/{erased.id}/erase")
    people = {row["volunteer_id"]: row["status"] for row in await table(world.administrator, "/v1/volunteers")}
    assert [people[each.id] for each in (suspended, left, erased)] == ["suspended", "left", "erased"]
    assert len(people) == 5 + 3
    members = {row["volunteer_id"]: row["status"] for row in await table(world.coordinator, members)}
    assert (members[suspended.id], members[left.id]) == ("approved", "ended")
    path = "/v1/service-records"
    served = {
        row["volunteer_id"]: row["minutes"] for row in await table(world.verifier, path, organisation_id=world.garden)
    }
    assert [served[each.id] for each in (suspended, left, erased)] == ["60"] * 3


FATES = ([], ["reject"], ["confirm"], ["confirm"], ["confirm", "void"], ["confirm", "correct"])
"""What may become of a record."""


async def at_random(world: World, chance: random.Random, bodies: list[str]) -> None:
    """Records of several people, organisations and months, of which some were decided on, corrected or voided."""
    people = [await world.somebody() for _ in range(4)]
    for body in bodies:
        rows = [
            service(
                chance.choice(people).id,
                days_ago=1 + n * 2 + bodies.index(body),
                hours=chance.choice([0.5, 1, 7]),
                category=chance.choice(["公益慈善", "治安巡逻"]),
                capacity=chance.choice(["resident", "staff-off-duty", "staff-on-duty"]),
                programmes=chance.sample(["红细胞", "讲座", "邻里守望"], chance.randrange(3)),
            )
            for n in range(24)
        ]
        path, program = f"/v1/organisations/{body}/service-records/batch", await world.program(body)
        logged = await program.post(path, {"records": rows})
        verifier = await world.member("verifier", body)
        for each in logged["results"]:
            for act in chance.choice(FATES):
                said = {"minutes": chance.randrange(1, 30)} if act == "correct" else {}
                said |= {"reason": "对照签到表"} if act != "confirm" else {}
                await verifier.post(f"/v1/service-records/{each['record_id']}/{act}", said)


def summed(rows: list[Row], *by: str) -> dict[tuple[str, ...], tuple[int, ...]]:
    """What records in a table come to: people, records, minutes, those on duty, and credited minutes."""
    groups = defaultdict(list)
    for row in rows:
        month, programmes = row["local_date"][:7], "; ".join(sorted(filter(None, row["programmes"].split("; "))))
        known = row | {"month": month, "programmes": programmes}
        groups[tuple(known[each] for each in by)].append(row)
    return {
        group: (
            len({row["volunteer_id"] for row in of}),
            len(of),
            sum(int(row["minutes"]) for row in of),
            sum(int(row["minutes"]) for row in of if row["capacity"] == "staff-on-duty"),
            sum(int(row["credited_minutes"] or 0) for row in of),
        )
        for group, of in groups.items()
    }


@pytest.mark.drill
@pytest.mark.parametrize("seed", [1])
async def test_statistics_are_the_sum_of_their_list(own_world: World, seed: int) -> None:
    """Whatever is asked for, in whatever parts, statistics are what the table of the same records sums to."""
    world = own_world
    bodies = [world.garden, await world.body("别处")]
    await at_random(world, random.Random(seed), bodies)  # a seed, so that it can be repeated
    middle = (utc_now().astimezone(ZONE) - timedelta(days=25)).date()
    for status, organisation, period, late in product(
        ("counted", "logged", "confirmed", "corrected", "voided", "rejected"),
        (None, bodies[1]),
        ({}, {"from": middle}, {"until": middle}),
        (None, True),
    ):
        if late and status not in ("counted", "logged", "confirmed"):
            continue  # these are not to be had together
        wanted = {"status": status, **period}
        wanted |= {"organisation_id": organisation} if organisation else {}
        wanted |= {"late": late} if late else {}
        rows = await table(world.administrator, "/v1/service-records", **wanted)
        for by, more in (("month", ()), ("category", ("category",)), ("programme", ("programmes",))):
            *parts, total = await table(world.administrator, "/v1/service-records/statistics", by=by, **wanted)
            names = ("organisation_id", "month", *more)
            figures = ("people", "records", "minutes", "duty_minutes", "credited_minutes")
            told = {tuple(part[name] for name in names): tuple(int(part[each]) for each in figures) for part in parts}
            assert told == summed(rows, *names), (wanted, by)
            assert tuple(int(total[each]) for each in figures) == summed(rows).get((), (0,) * 5), (wanted, by)


async def test_statistics_are_of_what_one_sees(own_world: World) -> None:
    """A volunteer sees their own figures, an organisation its own, and nobody those of others."""
    world = own_world
    somebody, elsewhere = await world.with_credit(60), await world.body("别处")
    await world.with_credit(30)
    path = "/v1/service-records/statistics"
    own, gardens = await somebody.get(path), await world.verifier.get(path, organisation_id=world.garden)
    assert (own["total"]["minutes"], gardens["total"]["minutes"]) == (60, 90)
    assert [each["organisation_name"] for each in gardens["items"]] == ["百花园物业"]
    await world.verifier.get(path, expect=404, organisation_id=elsewhere)

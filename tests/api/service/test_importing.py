"""Lists over HTTP: as a body or in a form, with verdicts as JSON, line by line, or the rows that were not taken."""

import base64
import json
from typing import Any

import pytest

from tests.api.world import Caller, World, settled
from tests.exchange.imports.office import people_of, records_of
from tests.exchange.spreadsheets.files import ods_cell, ods_of, xlsx

HEADER = "手机,活动,类别,开始,结束"
PHONE = "13800001111"
GOOD = f"{PHONE},清扫,公益,2026/3/1 8:30,2026/3/1 9:30"
BAD = "13900009999,清扫,公益,2026/3/2 8:30,2026/3/2 9:30"
LIST = "\n".join([HEADER, GOOD, BAD]).encode("gb18030")


async def sent(caller: Caller, path: str, data: bytes, expect: int = 200, **params: Any) -> Any:
    """The answer to a list that is sent as a body."""
    answer = await caller.ask("POST", f"{path}/import", content=data, params=params)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def test_a_list_is_logged_with_a_verdict_a_row(world: World) -> None:
    """A dry run writes nothing and says the same; then each row is logged or refused, and told what it is again."""
    head = await world.services.ledger.store.head(world.bank_id)
    dry = await sent(world.recorder, world.records, LIST, dry_run=True)
    assert await world.services.ledger.store.head(world.bank_id) == head
    assert (dry["dry_run"], dry["counts"]) == (True, {"logged": 1, "refused": 1})
    done = await sent(world.recorder, world.records, LIST)
    assert [{**verdict, "id": None} for verdict in done["verdicts"]] == [
        {**verdict, "id": None} for verdict in dry["verdicts"]
    ]
    assert done["as_read"]["encoding"] == "gb18030"
    assert done["as_read"]["first"][0]["said"]["started_at"] == "2026-03-01 08:30"
    good, bad = done["verdicts"]
    assert (good["line"], good["status"]) == (2, "logged")
    assert bad == {"line": 3, "status": "refused", "reason": '手机: "13900009999" is no volunteer of this bank'}
    record = await world.recorder.get(f"/v1/service-records/{good['id']}", min_position=done["position"])
    assert (record["recorder_id"], record["minutes"], record["status"]) == (world.recorder.id, 60, "logged")
    again = await sent(world.recorder, world.records, LIST)
    assert again["counts"] == {"waiting": 1, "refused": 1}


async def test_nobody_is_meant_by_a_phone_that_they_say_is_theirs(world: World) -> None:
    """Whoever enters another's phone as their own neither gets the rows with it, nor keeps its owner from them."""
    owner, thief = await world.somebody("老李", phone="13500001111"), await world.somebody("贼")

    async def of(phone: str) -> Any:
        text = f"手机,活动,类别,开始时间,结束时间\n{phone},a,公益慈善,2026-03-05 08:00,2026-03-05 09:00\n"
        (verdict,) = (await sent(world.recorder, world.records, text.encode(), dry_run=True))["verdicts"]
        return verdict

    for phone in ("13500001111", "13500002222"):
        await thief.patch(f"/v1/volunteers/{thief.id}", {"phone": phone}, expect=200)
        assert (await of("13500001111"))["status"] == "logged", "for its owner"
    assert "neither verified nor entered by an office" in (await of("13500002222"))["reason"]
    assert (await owner.get("/v1/me/data"))["person"]["phone_is_claimed"] is None
    await world.verify_phone(thief.id)
    assert (await of("13500002222"))["status"] == "logged"
    await thief.patch(f"/v1/volunteers/{thief.id}", {"phone": "13500003333"}, expect=200)
    assert "neither verified nor entered by an office" in (await of("13500003333"))["reason"]
    await world.administrator.patch(f"/v1/volunteers/{thief.id}", {"phone": "13500003333"}, expect=200)
    assert (await of("13500003333"))["status"] == "logged"


async def test_what_a_program_enters_is_a_claim(world: World) -> None:
    """A key registers nobody into the phone of somebody else, nor into one that nobody has verified."""
    owner = await world.somebody("老王", phone="13500004444")
    await world.verify_phone(owner.id)
    made_up = {phone: {"name": "虚构", "phone": phone} for phone in ("13500004444", "13500005555")}
    for each in made_up.values():
        await world.organisation.post("/v1/volunteers", each, expect=201)

    async def of(phone: str) -> Any:
        text = f"手机,活动,类别,开始时间,结束时间\n{phone},a,公益慈善,2026-03-06 08:00,2026-03-06 09:00\n"
        (verdict,) = (await sent(world.recorder, world.records, text.encode(), dry_run=True))["verdicts"]
        return verdict

    assert (await of("13500004444"))["status"] == "logged", "for its owner"
    assert "neither verified nor entered by an office" in (await of("13500005555"))["reason"]


async def test_the_rows_that_were_not_taken_come_back_as_a_file(world: World) -> None:
    """Within the answer, or alone; mended it is imported like any list; where all rows are in there is none."""
    done = await sent(world.recorder, world.records, LIST, dry_run=True)
    rejected = done["rejected"]
    assert (rejected["name"], rejected["media_type"]) == ("list.rejected.csv", "text/csv")
    content = base64.b64decode(rejected["content_base64"])
    (row,) = records_of(content).rows()
    assert row.original[1:] == BAD.split(",")
    answer = await world.recorder.ask(
        "POST", f"{world.records}/import", content=LIST, params={"dry_run": True, "answer": "rejected"}
    )
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''list.rejected.csv"
    somebody = await world.somebody(phone="13700000001")
    assert somebody.id
    mended = content.replace(b"13900009999", b"13700000001")
    assert (await sent(world.recorder, world.records, mended))["counts"] == {"logged": 1}
    answer = await world.recorder.ask("POST", f"{world.records}/import", content=mended, params={"answer": "rejected"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_every_row_comes_back_as_it_was_understood(world: World) -> None:
    """In the language of whoever asks, beside its verdict, in a dry run too; hidden rows are taken or left."""
    good, bad = (each.replace("2026/3/", "2026/1/") for each in (GOOD, BAD))
    rows = [each.split(",") for each in (HEADER, good, good, bad)]
    text = "\n".join([HEADER, good, bad])
    params = {"dry_run": True, "answer": "understood"}
    asked, path = {"Accept-Language": "zh"}, f"{world.records}/import"
    answer = await world.recorder.ask("POST", path, content=text, params=params, headers=asked)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''list.understood.csv"
    head, first, second = answer.content.decode("utf-8-sig").splitlines()
    assert head.startswith("行号,结果,原因,志愿者编号,手机,姓名,活动")
    assert first == f"2,待确认,,,{PHONE},,清扫,公益,居民,2026-01-01 08:30,2026-01-01 09:30,60,,,,,"
    assert second.startswith("3,未接受,")
    answer = await world.recorder.ask("POST", path, content=text, params={"dry_run": True}, headers=asked)
    assert answer.json()["verdicts"][1]["reason"] == '手机: "13900009999" 在库中找不到'
    data = xlsx(rows, hidden=(2,))
    problem = await sent(world.recorder, world.records, data, 422, dry_run=True)
    assert problem["errors"][0]["allowed"] == ["hidden=take", "hidden=leave"]
    for hidden, counts in (("take", {"logged": 1, "same": 1, "refused": 1}), ("leave", {"logged": 1, "refused": 1})):
        done = await sent(world.recorder, world.records, data, dry_run=True, hidden=hidden)
        assert done["counts"] == counts


async def test_a_workbook_comes_in_a_form(world: World) -> None:
    """As a browser sends it, under the name it has; rows that are not taken go back in a workbook."""
    rows = [HEADER.split(","), [PHONE, "讲座", "公益", "2026/4/1 8:30", "2026/4/1 9:30"], BAD.split(",")]
    files = {"file": ("三月.xlsx", xlsx(rows, "三月"), "application/octet-stream")}
    answer = await world.coordinator.ask("POST", f"{world.records}/import", files=files)
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["as_read"]["form"], done["as_read"]["sheet"]) == ("xlsx", "三月")
    assert done["counts"] == {"logged": 1, "refused": 1}
    assert done["rejected"]["name"] == "三月.rejected.xlsx"
    (row,) = records_of(base64.b64decode(done["rejected"]["content_base64"])).rows()
    assert row.original[1:] == BAD.split(",")


async def test_verdicts_come_line_by_line(world: World) -> None:
    """For a long list: first how it is understood, then how many rows are done with their verdicts, then the rest."""
    rows = [f"{PHONE},清扫,公益,2026/5/{1 + n // 20} {n % 20}:00,2026/5/{1 + n // 20} {n % 20}:30" for n in range(450)]
    data = "\n".join([HEADER, *rows, BAD]).encode()
    async with world.http.stream(
        "POST",
        f"{world.records}/import",
        content=data,
        params={"answer": "lines"},
        headers={"Authorization": f"Bearer {world.organisation.token}"},
    ) as answer:
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [json.loads(line) async for line in answer.aiter_lines()]
    first, *steps, last = lines
    assert first["as_read"]["rows"] == 451
    assert [step["done"] for step in steps] == [200, 400, 451]
    assert sum(len(step["verdicts"]) for step in steps) == 451
    assert (last["counts"], last["rejected"]["name"]) == ({"logged": 450, "refused": 1}, "list.rejected.csv")


async def test_people_are_registered_from_a_list(world: World) -> None:
    """By an administrator, or an organisation's program that may; whoever is there already stays one person."""
    data = "姓名,手机\n某甲,13612340001\n某甲,+86 136 1234 0001\n".encode()
    dry = await sent(world.organisation, "/v1/volunteers", data, dry_run=True)
    assert dry["counts"] == {"registered": 1, "same": 1}
    done = await sent(world.organisation, "/v1/volunteers", data)
    (first, _) = done["verdicts"]
    found = await world.administrator.get(f"/v1/volunteers/{first['id']}", min_position=done["position"])
    assert (found["name"], found["number"]) == ("某甲", first["number"])
    assert (await sent(world.organisation, "/v1/volunteers", data))["counts"] == {"same": 2}
    asked = await sent(world.administrator, "/v1/volunteers", data)
    assert asked["counts"] == {"refused": 2}, "what a program enters is a claim"
    assert "is there already, with a phone: is it the same person?" in asked["verdicts"][0]["reason"]
    await world.verify_phone(first["id"])
    assert (await sent(world.administrator, "/v1/volunteers", data))["counts"] == {"same": 2}
    assert people_of(data).as_read.rows == 2


@pytest.mark.parametrize(
    ("data", "params", "kind", "told"),
    [
        (b"", {}, "list-unreadable", "The list is empty."),
        (b"PK\x03\x04", {}, "list-unreadable", "The workbook is damaged"),
        (LIST, {"ignore": "备注"}, "list-unreadable", "no column"),
        (f"{HEADER},电话\n{GOOD},1\n".encode(), {}, "list-not-clear", "Say ignore=手机 or ignore=电话."),
        (f"{HEADER.replace('结束', '时长')}\n{GOOD[:-13]}2\n".encode(), {}, "list-not-clear", "unit=时长=hours"),
        (LIST, {"unit": "x"}, "list-unreadable", "not of the form HEADING=VALUE"),
        (LIST, {"answer": "x"}, "invalid-request", ""),
    ],
)
async def test_what_is_no_clear_list_is_a_problem(
    world: World, data: bytes, params: dict[str, str], kind: str, told: str
) -> None:
    """What cannot be read, and what has to be said first, is told before anything is written."""
    head = await world.services.ledger.store.head(world.bank_id)
    problem = await sent(world.recorder, world.records, data, 400 if kind == "invalid-request" else 422, **params)
    assert problem["type"] == f"/problems/{kind}"
    assert told in problem["detail"] + str(problem.get("errors"))
    assert await world.services.ledger.store.head(world.bank_id) == head
    if kind == "list-not-clear":
        (error,) = problem["errors"]
        assert error["field"] in {"电话", "时长"}


async def test_what_was_asked_is_answered_by_parameters(world: World) -> None:
    """The answers that a question has are the parameters that settle it."""
    data = f"{HEADER.replace('结束', '时长')},电话\n{GOOD[:-13]}2,1\n".replace("3/1", "6/1").encode()
    params = {"unit": "时长=hours", "ignore": "电话"}
    done = await sent(world.recorder, world.records, data, **params)
    assert done["counts"] == {"logged": 1}


async def test_only_whoever_logs_for_an_organisation_learns_who_is_there(world: World) -> None:
    """Nobody finds out by a list of service whose phone is known: strangers have no organisation, members no role."""
    for caller, status in ((await world.somebody(), 404), (world.verifier, 403), (world.administrator, 200)):
        answer = await caller.ask("POST", f"{world.records}/import", content=LIST, params={"dry_run": True})
        assert answer.status_code == status
        assert status == 200 or "no volunteer" not in answer.text


async def test_lists_are_limited_by_their_rows(url: str) -> None:
    """So many rows a minute, in a dry run too; a list that has more is refused whole, before it is looked at."""
    async with settled(url, rows_per_minute=5) as world:
        rows = [GOOD.replace("3/1", f"3/{day}") for day in range(1, 8)]
        small, large = ("\n".join([HEADER, *some]).encode() for some in (rows[:3], rows))
        assert (await sent(world.recorder, world.records, large, 413))["type"] == "/problems/too-much-at-once"
        says_many = f'<table:table-row table:number-rows-repeated="6">{ods_cell("x") * 5}</table:table-row>'
        headings = f"<table:table-row>{''.join(map(ods_cell, HEADER.split(',')))}</table:table-row>"
        light = await sent(world.recorder, world.records, ods_of(headings + says_many), 413)
        assert light["type"] == "/problems/too-much-at-once"
        await sent(world.recorder, world.records, small, dry_run=True)
        refused = await world.recorder.ask("POST", f"{world.records}/import", content=small)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert (await sent(world.coordinator, world.records, small))["counts"] == {"logged": 3}
        heavy = await world.coordinator.ask("POST", f"{world.records}/import", content=b"x" * 17_000_000)
        assert heavy.status_code == 413

"""What people come for, done on pages without JavaScript, from the first page to the fact in the log."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.api.credit_scenes import governed
from tests.api.world import World, reward, service
from tests.controls import ZONE
from tests.web.reader import Form, Reader, Seen, signed_in
from timebank.domain.acting import Acting
from timebank.domain.credit.policies import AdoptPolicy, WithdrawPolicy
from timebank.domain.facts.credit import Rules
from timebank.domain.identifiers import ActorId
from timebank.ledger.submission import Receipt
from timebank.runtime.clock import utc_now
from timebank.web.http import keeping
from timebank.web.http.telling.saying import duration
from timebank.web.service.importing import LONG

DAY = "2026-11-02"


async def test_a_gift_shows_who_gets_it_before_it_is_final(world: World) -> None:
    """The receiver's masked name is shown first; nothing is given until that was seen; sent twice it is one gift."""
    giver, receiver = await world.with_credit(240), await world.somebody("欧阳小红")
    number = (await world.administrator.get(f"/v1/volunteers/{receiver.id}"))["number"]
    reader = await signed_in(world, giver.id)
    page = await reader.send((await reader.get("/give")).form("/give"), to_volunteer_id=number, hours="1", minutes="30")
    assert "欧***" in page.text
    assert "欧阳" not in page.text
    assert "1小时30分" in page.text
    assert (await world.balance(receiver.id))["available_minutes"] == 0
    final = page.form("/give/final")
    for _ in range(2):
        page = await reader.send(final)
        assert page.path == "/gifts"
    assert (await world.balance(receiver.id))["available_minutes"] == 90
    assert (await world.balance(giver.id))["available_minutes"] == 150


async def test_what_is_wrong_stands_beside_its_field(world: World) -> None:
    """A gift that is too large is refused with the reason, on top and where it belongs, and what was typed is kept."""
    giver, receiver = await world.with_credit(60), await world.somebody()
    number = (await world.administrator.get(f"/v1/volunteers/{receiver.id}"))["number"]
    reader = await signed_in(world, giver.id)
    page = await reader.send((await reader.get("/give")).form("/give"), to_volunteer_id=number, hours="9")
    page = await reader.send(page.form("/give/final"))
    assert page.status == 409
    assert any(said.get("id") == "errors" for _, said in page.tags)
    assert page.form("/give").fields["hours"] == "9"


async def test_a_roster_is_logged_and_confirmed(world: World) -> None:
    """Who was ticked is recorded, each for their own time; another person confirms all of it at once."""
    people = [await world.member("member") for _ in range(3)]
    recorder, verifier = await signed_in(world, world.recorder.id), await signed_in(world, world.verifier.id)
    desk = f"/o/{world.garden}"
    assert f'{desk}/roster"' not in (await verifier.get(desk)).response.text, "what they may not do is not offered"
    assert f'{desk}/roster"' in (await recorder.get(desk)).response.text
    page = await recorder.get(f"{desk}/roster")
    page = await recorder.send(
        page.form(f"{desk}/roster"),
        **{
            "who": [each.id for each in people],
            f"minutes-{people[0].id}": "45",
            "activity": "楼道清扫",
            "category": "公益慈善",
            "day": DAY,
            "start": "8:30",
            "end": "上午10点",
        },
    )
    assert page.headings[0].startswith("办好 3 个"), page.text
    queue = await verifier.get(f"{desk}/queue")
    ids = re.findall(r'name="record_id" value="(rec_[0-9a-f]+)"', queue.response.text)
    page = await verifier.send(queue.form(f"{desk}/queue"), record_id=ids, what="confirm")
    assert page.path == f"{desk}/queue", page.text
    served = [(await world.balance(each.id))["service_minutes"] for each in people]
    assert served == [45, 90, 90]


async def test_what_was_not_on_the_page_is_not_decided(world: World) -> None:
    """A form that names a record without saying how it was seen gets a verdict on it, like any other."""
    verifier, path = await signed_in(world, world.verifier.id), f"/o/{world.garden}/queue"
    record_id = await world.log((await world.member("member")).id)
    form = (await verifier.get(path)).form(path)
    form.fields.pop(f"digest-{record_id}")
    page = await verifier.send(form, record_id=[record_id], what="confirm")
    assert page.status == 200, page.text
    assert (await world.administrator.get(f"/v1/service-records/{record_id}"))["status"] == "logged"


async def test_nothing_typed_is_not_nought(world: World) -> None:
    """Nought minutes are no service: they are refused, and not taken for the whole time."""
    somebody, recorder = await world.member("member"), await signed_in(world, world.recorder.id)
    page = await recorder.get(f"/o/{world.garden}/roster")
    said = {"activity": "楼道清扫", "category": "公益慈善", "day": DAY, "start": "8:30", "end": "10:00"}
    form = page.form(f"/o/{world.garden}/roster")
    await recorder.send(form, who=[somebody.id], **{f"minutes-{somebody.id}": "0"}, **said)
    assert not (await world.administrator.get("/v1/service-records", volunteer_id=somebody.id))["items"]


async def test_another_role_leaves_the_term_as_it_is(world: World) -> None:
    """Whoever gives a member another role says nothing of until when, unless they mean to."""
    last = (utc_now() + timedelta(days=90)).date().isoformat()
    somebody = await world.member("recorder", valid_until=last)
    coordinator, path = await signed_in(world, world.coordinator.id), f"/o/{world.garden}/members"
    number = (await somebody.get("/v1/volunteers/me"))["number"]
    page = await coordinator.get(f"{path}?query={number}")
    await coordinator.send(page.form(f"{path}/answer"), what="role", role="member")
    (theirs,) = (await somebody.get("/v1/volunteers/me/memberships"))["items"]
    assert (theirs["role"], theirs["valid_until"]) == ("member", last)


async def test_a_reward_costs_what_was_seen(world: World) -> None:
    """What became dearer while somebody looked at it is not reserved by their click: they see what it takes now."""
    somebody = await world.with_credit(240)
    path, dearer = f"/rewards/{await world.reward(cost_minutes=60)}", reward(world.garden, cost_minutes=180)
    reader = await signed_in(world, somebody.id)
    page = await reader.get(path)
    assert (await world.administrator.ask("PUT", f"/v1{path}", json=dearer)).status_code == 200
    page = await reader.send(page.form(path), beneficiary_id="")
    assert (page.status, page.form(path).fields["cost_minutes"]) == (409, "180")
    assert (await world.balance(somebody.id))["reserved_minutes"] == 0
    assert (await reader.send(page.form(path))).status == 200
    assert (await world.balance(somebody.id))["reserved_minutes"] == 180


async def test_a_request_is_let_in_as_it_was_seen(world: World) -> None:
    """Who asks for another term after a coordinator has looked at the page is not let in by that page."""
    somebody, members = await world.somebody(), f"/v1/organisations/{world.garden}/members"
    coordinator, path = await signed_in(world, world.coordinator.id), f"/o/{world.garden}/members"
    last = (utc_now() + timedelta(days=30)).date().isoformat()
    asked = {"volunteer_id": somebody.id, "role": "verifier"}
    await somebody.post(members, {**asked, "valid_until": last}, expect=201)

    async def waits() -> Form:
        page = await coordinator.get(f"{path}?status=requested")
        return next(each for each in page.forms if each.fields.get("volunteer_id") == somebody.id)

    of_before = await waits()
    await somebody.post(f"{members}/{somebody.id}/decline", expect=200)
    await somebody.post(members, asked, expect=201)
    for form, status in ((of_before, 409), (await waits(), 200)):
        assert (await coordinator.send(form, what="approve")).status == status


async def test_a_record_says_what_a_certificate_needs(world: World) -> None:
    """Place, details and who was in charge are said where service is recorded; then a certificate lacks nothing."""
    somebody = await world.somebody()
    number = (await somebody.get("/v1/volunteers/me"))["number"]
    leader = (await world.coordinator.get("/v1/volunteers/me"))["number"]
    recorder, path = await signed_in(world, world.recorder.id), f"/o/{world.garden}/log"
    page = await recorder.get(path)
    said = {
        "activity": "楼道清扫",
        "category": "公益慈善",
        "day": DAY,
        "start": "8:30",
        "end": "10:00",
        "place": "三号楼",
    }
    more = {"content": "擦洗一至六层扶手", "person_in_charge_id": f"{leader[:4]} {leader[4:]}"}
    await recorder.send(page.form(path), volunteer_id=number, **said, **more)
    (record,) = (await world.administrator.get("/v1/service-records", volunteer_id=somebody.id))["items"]
    assert (record["person_in_charge_id"], record["certificate_lacks"]) == (world.coordinator.id, [])


async def test_what_was_amended_since_the_queue_was_shown_is_not_confirmed(world: World) -> None:
    """Whoever ticks a record confirms what they were shown of it."""
    verifier, somebody = await signed_in(world, world.verifier.id), await world.somebody()
    record_id = await world.log(somebody.id, days_ago=9)
    queue = await verifier.get(f"/o/{world.garden}/queue")
    await world.organisation.ask("PATCH", f"/v1/service-records/{record_id}", json={"minutes": 1})
    page = await verifier.send(queue.form(f"/o/{world.garden}/queue"), record_id=record_id, what="confirm")
    assert "已被修改" in page.text
    assert (await somebody.get(f"/v1/service-records/{record_id}"))["status"] == "logged"


async def test_nobody_confirms_what_they_recorded(world: World) -> None:
    """What a coordinator recorded they cannot tick, and who sends it nevertheless is told why, record by record."""
    coordinator = await signed_in(world, world.coordinator.id)
    somebody = await world.somebody()
    record_id = await world.log(somebody.id, by=world.coordinator, days_ago=9)
    queue = await coordinator.get(f"/o/{world.garden}/queue")
    box = next(said for tag, said in queue.tags if tag == "input" and said.get("value") == record_id)
    assert "disabled" in box
    form = queue.form(f"/o/{world.garden}/queue")
    page = await coordinator.send(form, record_id=[record_id], what="confirm")
    assert "没办成 1 个" in page.text


async def test_a_list_is_checked_and_then_recorded(world: World) -> None:
    """The columns as they were understood and a verdict for each row come first; then the good rows are recorded."""
    somebody = await world.somebody("钱多多")
    number = (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["number"]
    text = (
        "志愿者编号,姓名,活动,类别,身份,开始时间,结束时间\n"
        f"{number},钱多多,楼道清扫,公益慈善,居民,2026/11/3 8:00,2026/11/3 10:00\n"
        "999999999999,没有人,楼道清扫,公益慈善,居民,2026/11/3 8:00,2026/11/3 10:00\n"
    )
    reader, desk = await signed_in(world, world.recorder.id), f"/o/{world.garden}"
    form = (await reader.get(f"{desk}/list")).form(f"{desk}/list")
    page = await reader.send(form, files={"file": ("名单.csv", text.encode("gb18030"), "text/csv")})
    assert page.headings[0].startswith("2 行里有 1 行可以记录"), page.text
    assert "志愿者编号" in page.text
    records = await world.administrator.get("/v1/service-records", volunteer_id=somebody.id)
    assert records["items"] == []
    page = await reader.send(page.form(f"{desk}/list/confirm"))
    assert page.headings[0].startswith("记录了 1 行"), page.text
    rejected = await reader.send(page.form(f"{desk}/list/rejected"))
    assert "没有人" in rejected.response.content.decode("gb18030")
    records = await world.administrator.get("/v1/service-records", volunteer_id=somebody.id)
    assert len(records["items"]) == 1


async def test_lists_that_wait_are_nobody_elses_to_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lists somebody chooses, that of another still waits; of one's own the latest."""
    monkeypatch.setattr(keeping, "KEPT_FILES", 4)
    desk, heading = f"/o/{world.garden}", "志愿者编号,活动,类别,身份,开始时间,结束时间\n"
    one, other = await signed_in(world, world.recorder.id), await signed_in(world, world.coordinator.id)

    async def chosen(reader: Reader, n: int) -> Seen:
        row = f"99999999999{n},楼道清扫,公益慈善,居民,2026/11/3 8:00,2026/11/3 10:00\n"
        form = (await reader.get(f"{desk}/list")).form(f"{desk}/list")
        return await reader.send(form, files={"file": ("a.csv", (heading + row).encode(), "text/csv")})

    waits = await chosen(one, 0)
    many = [await chosen(other, n) for n in range(6)]
    for page, status in ((waits, 200), (many[0], 409), (many[-1], 200)):
        reader = one if page is waits else other
        assert (await reader.send(page.form(f"{desk}/list/rejected"))).status == status


async def test_no_list_is_kept_of_whoever_may_not_send_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger and a member without the role push out nobody's list: theirs is refused before it is read."""
    monkeypatch.setattr(keeping, "KEPT_FILES", 1)
    desk, text = (
        f"/o/{world.garden}",
        "志愿者编号,活动,类别,身份,开始时间,结束时间\n9,a,b,居民,2026/11/3 8:00,2026/11/3 9:00\n",
    )

    async def chosen(reader: Reader) -> Seen:
        form = (await reader.get(f"{desk}/list")).form(f"{desk}/list")
        return await reader.send(form, files={"file": ("a.csv", text.encode(), "text/csv")})

    recorder = await signed_in(world, world.recorder.id)
    waits = await chosen(recorder)
    for caller, status in ((await world.somebody(), 404), (world.verifier, 403)):
        assert (await chosen(await signed_in(world, caller.id))).status == status
    assert (await recorder.send(waits.form(f"{desk}/list/rejected"))).status == 200


async def test_what_is_not_clear_about_a_list_is_asked(world: World) -> None:
    """Each question is asked with its answers in words; the list goes on with them without being chosen again."""
    number = (await world.administrator.get(f"/v1/volunteers/{(await world.somebody()).id}"))["number"]
    text = (
        f"志愿者编号,活动,类别,日期,开始时间,时长,备注电话\n{number},楼道清扫,公益慈善,2026/11/4,8:00,2,13800000000\n"
    )
    reader, desk = await signed_in(world, world.recorder.id), f"/o/{world.garden}"
    form = (await reader.get(f"{desk}/list")).form(f"{desk}/list")
    page = await reader.send(form, files={"file": ("名单.csv", text.encode(), "text/csv")})
    assert page.status == 422
    assert "“时长”里的数字是小时" in page.text
    assert "不读“备注电话”这一列" in page.text
    asked = page.form(f"{desk}/list/answers")
    page = await reader.send(asked)
    assert page.headings[0].startswith("1 行里有 1 行"), page.text
    page = await reader.send(asked, **{"answer-0": "unit=时长=hours"})
    page = await reader.send(page.form(f"{desk}/list/confirm"))
    assert page.headings[0].startswith("记录了 1 行"), page.text
    (record,) = (await world.administrator.get("/v1/service-records", volunteer_id=number))["items"]
    assert record["minutes"] == 120


async def test_a_long_list_tells_how_far_it_is(world: World) -> None:
    """While a long list is read the page says how many rows are done; then it is a page as any other."""
    number = (await world.administrator.get(f"/v1/volunteers/{(await world.somebody()).id}"))["number"]
    rows = [f"{number},活动{n},公益慈善,2026/{n % 9 + 1}/{n % 28 + 1},8:00,9:00" for n in range(LONG)]
    text = "\n".join(["志愿者编号,活动,类别,日期,开始时间,结束时间", *rows])
    reader, desk = await signed_in(world, world.recorder.id), f"/o/{world.garden}"
    form = (await reader.get(f"{desk}/list")).form(f"{desk}/list")
    page = await reader.send(form, files={"file": ("长.csv", text.encode(), "text/csv")})
    done = [int(said["value"] or 0) for tag, said in page.tags if tag == "progress"]
    assert done[-1] == LONG
    assert len(done) > 1
    assert re.match(rf"{LONG} 行里有 \d+ 行", page.headings[0])
    assert [tag for tag, _ in page.tags].count("main") == 1
    assert page.form(f"{desk}/list/rejected").fields["kept"] == page.form(f"{desk}/list/confirm").fields["kept"]


async def test_a_code_is_looked_at_and_then_accepted_once(world: World) -> None:
    """At the counter one sees what a code is for before it is used up; a second time it is refused."""
    somebody = await world.with_credit(120, name="赵大妈")
    reward_id = await world.reward(name="量血压")
    reserved = await world.redeem(somebody, reward_id)
    reader, desk = await signed_in(world, world.coordinator.id), f"/o/{world.garden}/counter"
    form = (await reader.get(desk)).form(desk)
    page = await reader.send(form, redemption_code=reserved["redemption_code"])
    assert page.headings[0] == "量血压", page.text
    assert (await world.balance(somebody.id))["reserved_minutes"] > 0
    page = await reader.send(page.form(f"{desk}/accept"))
    assert "已核销" in page.text
    assert (await world.balance(somebody.id))["reserved_minutes"] == 0
    page = await reader.send(form, redemption_code=reserved["redemption_code"])
    assert page.status in (404, 409)


async def test_the_board_says_ones_own_place(world: World) -> None:
    """Whoever served sees their rank, named or not, and nobody who is not named; who did not serve has none."""
    first, second = await world.with_credit(1200, name="排第一的人"), await world.with_credit(600, name="排后面的人")
    named = await signed_in(world, (await world.with_credit(1140, name="列名的人")).id)
    await named.send((await named.get("/board?period=all")).form("/board?period=all"), granted="yes")
    told = await second.get("/v1/leaderboards/bank/me", period="all")
    reader = await signed_in(world, second.id)
    page = await reader.get("/board?period=all")
    assert f"您的名次：第 {told['rank']} 名，服务 10小时" in page.text
    assert "就追上前一名" in page.text
    assert "只有您自己看得到" in page.text
    assert "排第一的人" not in page.text
    await reader.send(page.form("/board?period=all"), granted="yes")
    assert "您的名次" in (await reader.get("/board?period=all")).text
    assert "只有您自己看得到" not in (await reader.get("/board?period=all")).text
    assert "排后面的人" in (await (await signed_in(world, first.id)).get("/board?period=all")).text
    assert "您的名次" not in (await (await signed_in(world, (await world.somebody()).id)).get("/board")).text


async def test_codes_that_expire_next_come_first(world: World) -> None:
    """On one's own pages and on the administrator's, whichever was redeemed last."""
    somebody = await world.with_credit(240, name="两张券的人")
    soon = (utc_now() + timedelta(hours=2)).isoformat()
    tasting = await world.reward(name="先到期", slots=[{"starts_at": soon, "places": 3}], cost_minutes=10)
    made = [await world.redeem(somebody, tasting, {"slot": soon})]
    made.append(await world.redeem(somebody, await world.reward(name="后到期", cost_minutes=10)))
    reader, office = await signed_in(world, somebody.id), await signed_in(world, world.administrator.id)
    for each, path, address in (
        (reader, "/rewards", "/redemptions/"),
        (reader, "/home", "/redemptions/"),
        (office, "/admin/codes", "/admin/history?about="),
    ):
        ours = [f"{address}{one['redemption_id']}" for one in made]
        page = await each.get(path)
        assert [link for link in page.links if link in ours] == ours, path


async def test_registered_at_the_office_and_signed_in_at_home(world: World) -> None:
    """An administrator registers somebody and hands out a code; with it they choose a password and are in."""
    office = await signed_in(world, world.administrator.id)
    page = await office.send((await office.get("/admin/people/new")).form("/admin/people/new"), name="新来的")
    who = page.path.rpartition("/")[2]
    page = await office.send(page.form(f"/admin/people/{who}/code"))
    code = re.search(r'class="big-code">([^<]+)<', page.response.text)
    assert code
    home = Reader(world)
    form = (await home.get("/code")).form("/code")
    words = "四个不相干的词 horse staple"
    page = await home.send(form, one_time_code=code[1], password=words, again="not the same at all")
    assert page.status == 422
    page = await home.send(page.form("/code"), one_time_code=code[1], password=words, again=words)
    assert page.path == "/home", page.text
    assert "新来的" in page.text


async def test_a_proxy_sees_for_whom_they_act(world: World) -> None:
    """Whoever acts for somebody sees it at the top of every page, sees their time, and goes back to their own."""
    elder, child = await world.with_credit(180, name="老奶奶"), await world.somebody("小孙女")
    await elder.post(
        f"/v1/volunteers/{elder.id}/proxies", {"proxy_volunteer_id": child.id, "scopes": ["view", "redeem"]}
    )
    reader = await signed_in(world, child.id)
    page = await reader.send((await reader.get("/more")).form("/act-for"), volunteer_id=elder.id)
    assert "您正在代办老" in page.text.replace("\uff1a", "").replace(" ", "")
    assert "3小时" in page.text
    page = await reader.send(page.form("/act-for"), volunteer_id="")
    assert "小孙女的时间" in page.text


async def test_an_administrator_finds_out_why(world: World) -> None:
    """From somebody's name to the reason of their balance, and on to the fact with its seal."""
    somebody = await world.with_credit(150, name="有疑问的人")
    office = await signed_in(world, world.administrator.id)
    page = await office.get("/admin/people?query=有疑问的人")
    person = next(each for each in page.links if each == f"/admin/people/{somebody.id}")
    page = await office.get(person)
    assert "2小时30分" in page.text
    fact = next(each for each in page.links if re.fullmatch(r"/admin/history/[0-9]+", each))
    page = await office.get(fact)
    assert "确认了服务" in page.headings[0]
    assert re.search(r"<code>[0-9a-f]{64}</code>", page.response.text)


async def test_an_organisation_s_month_is_a_spreadsheet_too(world: World) -> None:
    """The confirmed service of a month is summed by category, and handed out as CSV and as a workbook."""
    somebody = await world.somebody("统计的人")
    await world.confirmed(somebody.id, days_ago=1)
    reader, desk = await signed_in(world, world.coordinator.id), f"/o/{world.garden}"
    (record,) = (await world.administrator.get("/v1/service-records", volunteer_id=somebody.id))["items"]
    month = record["local_date"][:7]
    page = await reader.get(f"{desk}/statistics?month={month}")
    assert record["category"] in page.text
    answer = await reader.get(f"{desk}/statistics.csv?month={month}")
    assert answer.response.headers["content-type"].startswith("text/csv")
    assert answer.response.content.startswith(b"\xef\xbb\xbf")
    assert "统计的人" in answer.response.text
    workbook = await reader.get(f"{desk}/statistics.xlsx?month={month}")
    assert workbook.response.content.startswith(b"PK")
    for wrong in ("2026-13", "0000-01", "9999-12", "x"):
        assert (await reader.get(f"{desk}/statistics?month={wrong}")).status == 200


async def test_what_came_of_a_month_is_on_a_page(world: World) -> None:
    """An organisation and the bank see what came of a month, by kind and by team, and take the year home as a table."""
    somebody = await world.somebody("队里的人")
    team_id = await world.team(name="理发队", from_day="2026-01-01")
    record_id = await world.confirmed(somebody.id, days_ago=1, team_id=team_id)
    month = (await world.administrator.get(f"/v1/service-records/{record_id}"))["local_date"][:7]
    desk, office = await signed_in(world, world.coordinator.id), await signed_in(world, world.administrator.id)
    page = await desk.get(f"/o/{world.garden}/statistics?month={month}")
    (link,) = [each for each in page.links if "/activities/month?" in each]
    page = await desk.get(link)
    assert "其中以队伍名义" in page.text
    assert "理发队" in page.text
    bank = await office.get(f"/admin/month?month={month}")
    assert "缺席人次" in bank.text
    for reader, path in ((desk, f"/o/{world.garden}/activities"), (office, "/admin")):
        answer = await reader.get(f"{path}/months.csv?month={month}")
        assert f"{month}," in answer.response.text
        assert (await reader.get(f"{path}/months.xlsx?month={month}")).response.content.startswith(b"PK")


async def test_how_things_stood_on_a_day(world: World) -> None:
    """An auditor sees what somebody had at the end of a day, then and as is known now, and the history until then."""
    somebody = await world.somebody("某一天的人")
    await world.confirmed(somebody.id, days_ago=2)
    office, today = (
        await signed_in(world, (await world.appointed("auditor")).id),
        f"{utc_now().astimezone(ZONE):%Y-%m-%d}",
    )
    minutes = (await world.balance(somebody.id))["available_minutes"]
    page = await office.get(f"/admin/then?about={somebody.id}&day={today}")
    said = re.findall(r"<dd>([^<]+)</dd>", page.response.text)
    assert said[1] == said[4] == duration(minutes, "zh")
    page = await office.get(f"/admin/then?about={somebody.id}&day=2020-01-01")
    assert "没有关于它的记载" in page.text
    for until, count in (("", 3), (today, 3), ("2020-01-01", 0)):
        page = await office.get(f"/admin/history?about={somebody.id}&until={until}")
        assert len(re.findall(r'<li><p><b><a href="/admin/history/[0-9]+">', page.response.text)) == count


async def test_what_a_request_did(world: World) -> None:
    """The page of a fact names all else that its request did, and nothing of other requests."""
    people = [await world.member("member") for _ in range(3)]
    rows = [service(each.id, days_ago=5) for each in people]
    done = await world.recorder.post(f"/v1/organisations/{world.garden}/service-records/batch", {"records": rows})
    positions = [each["position"] for each in done["results"]]
    office = await signed_in(world, world.administrator.id)
    page = await office.get(f"/admin/history/{positions[1]}")
    same = re.findall(r'<li><p><a href="/admin/history/([0-9]+)">', page.response.text)
    assert same == [str(positions[0]), str(positions[2])]


async def test_who_may_be_registered_twice(world: World) -> None:
    """An administrator sees who has the same phone, or the same name and year of birth, and nobody else."""
    first = await world.somebody("双双", birth_year=1950)
    same = await world.somebody("双双", birth_year=1950)
    other = await world.somebody("双双", birth_year=1951)
    page = await (await signed_in(world, world.administrator.id)).get(f"/admin/people/{first.id}")
    named = re.findall(r'<li><a href="/admin/people/(vol_[0-9a-f]+)">', page.response.text)
    assert named == [same.id]
    page = await (await signed_in(world, world.administrator.id)).get(f"/admin/people/{other.id}")
    assert "可能重复登记了" not in page.text


async def test_rules_keep_what_their_form_does_not_ask(world: World) -> None:
    """What a page adopts differs from the rules in force by what was typed: lists of names, say, stay."""
    rules = {"activities": ["清扫"], "presence_days": 7, "open_reservations": 9, "star_minutes": [60]}
    other = await governed(world, **rules)
    reader, day = await signed_in(other, other.administrator.id), (utc_now() + timedelta(days=3)).date().isoformat()
    form = (await reader.get("/admin/rules")).form("/admin/rules")
    page = await reader.send(form, reservation_hours="5", resolution="决议二", effective_from=day, what="adopt")
    assert page.status == 200, page.text
    books = await other.administrator.get("/v1/policies")
    kept = next(each["rules"] for each in books if each["resolution"] == "决议二")
    assert {name: kept[name] for name in rules} == rules
    assert kept["reservation_hours"] == 5


async def test_a_draft_is_based_on_the_rules_that_hold(world: World) -> None:
    """A version that was withdrawn before it began is none: what the form does not ask would have come from it."""
    rules = {"activities": ["清扫"], "presence_days": 7}
    other, before = await governed(world, **rules), utc_now().astimezone(ZONE) - timedelta(days=3)
    (held,) = await other.administrator.get("/v1/policies")
    then: Any = {"by": Acting(ActorId("operator"), "operator"), "at": before}
    commands = [
        AdoptPolicy(**then, resolution="误", effective_from=before.date() + timedelta(days=1), rules=Rules()),
        WithdrawPolicy(**then, version=held["version"] + 1, reason="误"),
    ]
    outcomes = await other.services.ledger.submit(other.bank_id, commands)
    assert all(isinstance(each, Receipt) for each in outcomes), outcomes
    reader, day = await signed_in(other, other.administrator.id), (utc_now() + timedelta(days=3)).date().isoformat()
    page = await reader.get("/admin/rules")
    assert f"以现行第 {held['version']} 版为基础" in page.text
    await reader.send(page.form("/admin/rules"), resolution="决议三", effective_from=day, what="adopt")
    adopted = (await other.administrator.get("/v1/policies"))[-1]
    assert {name: adopted["rules"][name] for name in rules} == rules

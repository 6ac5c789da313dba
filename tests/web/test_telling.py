"""What pages say is said to people: names instead of ids, what happened to oneself, what waits and nothing else."""

import json
import re
from zoneinfo import ZoneInfo

import pytest

from tests.api.world import World, hours_of
from tests.controls import GARDENERS
from tests.domain.test_golden_facts import GOLDEN
from tests.web.reader import signed_in
from timebank.identity.security_log import Visit
from timebank.runtime.founding import OPERATOR
from timebank.web.http.telling.facts import Teller
from timebank.web.http.telling.words import Language

ID = re.compile(r"\b[a-z]{3}_[0-9a-f]{32}\b")


async def test_refusals_say_names(world: World) -> None:
    """What is refused says what the organisation is called that it is about, and no id."""
    refused = await (await signed_in(world, world.recorder.id)).get(f"/o/{world.garden}/keys")
    assert refused.status == 403
    assert GARDENERS["name"] in refused.headings[0]
    assert not ID.search(refused.text)


async def test_what_happened_to_oneself_is_said_so(world: World) -> None:
    """Whoever is invited reads that they were; a proxy that they may act for another, and the other that they may."""
    invited, elder = await world.somebody("被邀请人"), await world.somebody("老人")
    await world.coordinator.post(f"/v1/organisations/{world.garden}/members", {"volunteer_id": invited.id})
    scopes = {"proxy_volunteer_id": invited.id, "scopes": ["view"]}
    await world.administrator.post(f"/v1/volunteers/{elder.id}/proxies", scopes, expect=201)
    text = (await (await signed_in(world, invited.id)).get("/more/notices")).text
    assert "您被邀请加入组织" in text
    assert "您可以代别人办理" in text
    assert "有人可以代您办理" in (await (await signed_in(world, elder.id)).get("/more/notices")).text


async def test_notices_say_what_they_are_about(world: World) -> None:
    """Whose service is confirmed reads by whom, masked, how long it was, and gets to the record; and reads no id."""
    somebody = await world.somebody()
    record_id = await world.confirmed(somebody.id)
    page = await (await signed_in(world, somebody.id)).get("/more/notices")
    assert f"{GARDENERS['name']} · 2小时" in page.text
    assert "志愿者 某*" in page.text
    assert f"/records/{record_id}" in page.links
    assert not ID.search(page.text)


async def test_whose_signature_was_said_reads_how_much_and_by_whom(world: World) -> None:
    """A list that was entered as signed by somebody: for whom it is, its rows, and that the operator entered it."""
    visit, log = Visit(world.services.ledger.clock(), "", "test"), world.services.security_log
    said = {"actor": OPERATOR.actor, "subject": world.verifier.id, "organisation_id": world.garden, "rows": 48}
    await log.record(world.bank_id, "list-signed", visit, **said)
    text = (await (await signed_in(world, world.verifier.id)).get("/more/notices")).text
    assert f"{GARDENERS['name']} · 48 行" in text
    assert re.search(r"\d · 运维", text)


async def test_one_s_service_is_in_the_order_of_days(world: World) -> None:
    """Whatever was entered last: the latest day of service comes first."""
    somebody = await world.somebody()
    for days_ago in (3, 9, 1, 5):
        await world.log(somebody.id, days_ago=days_ago, activity=f"{days_ago}天前")
    page = await (await signed_in(world, somebody.id)).get("/records")
    assert re.findall(r"\d天前", page.text) == ["1天前", "3天前", "5天前", "9天前"]


@pytest.mark.parametrize("office", ["administrator", "auditor"])
async def test_what_waits_is_what_the_overview_leads_to(world: World, office: str) -> None:
    """The overview leads to records and codes that wait, and to none that are done with."""
    somebody = await world.with_credit(300)
    waits, done = f"等待确认{office}", f"已经确认{office}"
    await world.log(somebody.id, days_ago=12, activity=waits)
    await world.confirmed(somebody.id, days_ago=13, activity=done)
    reward_id = await world.reward(name=f"兑换{office}", cost_minutes=10)
    code = await world.redeem(somebody, reward_id)
    reader = await signed_in(world, (await world.appointed(office)).id)
    await world.services.signer.sign(world.bank_id)
    overview = await reader.get("/admin")
    assert "最近一次签名" in overview.text
    assert {"/admin/records", "/admin/codes"} <= set(overview.links)
    page = await reader.get("/admin/records")
    assert waits in page.text
    assert done not in page.text
    assert f"兑换{office}" in (await reader.get("/admin/codes")).text
    await somebody.post(f"/v1/redemptions/{code['redemption_id']}/cancel", {"reason": "不去了"})
    assert f"兑换{office}" not in (await reader.get("/admin/codes")).text


async def test_the_security_log_names_people(world: World) -> None:
    """An administrator reads names and numbers there, an auditor numbers; nobody reads ids."""
    somebody = await world.somebody("登录的人")
    await world.services.sign_in.let_in(
        world.bank_id, somebody.id, Visit(world.services.ledger.clock(), "", "test"), "test"
    )
    number = (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["number"]
    seen = await (await signed_in(world, world.administrator.id)).get("/admin/security")
    assert "登录的人" in seen.text
    audited = await (await signed_in(world, (await world.appointed("auditor")).id)).get("/admin/security")
    assert "登录的人" not in audited.text
    assert number in audited.text.replace(" ", "")
    for page in (seen, audited):
        assert not ID.search(page.text)


async def test_whoever_signed_up_reads_what_became_of_it(world: World) -> None:
    """That it is changed or does not take place, why, and which activity it is; whoever moved up, that they did."""
    first, waiting = await world.somebody(), await world.somebody()
    activity_id = await world.activity(starts_in=30, seats=1)
    for each in (first, waiting):
        await each.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    await first.post(f"/v1/activities/{activity_id}/sign-ups/withdraw", {}, expect=200)
    await world.coordinator.post(f"/v1/activities/{activity_id}/cancel", {"reason": "暴雨红色预警"}, expect=200)
    page = await (await signed_in(world, waiting.id)).get("/more/notices")
    assert "您已递补为活动的正式报名者" in page.text
    assert "您报名的活动已取消" in page.text
    assert "暴雨红色预警" in page.text
    assert f"/activities/{activity_id}" in page.links


@pytest.mark.parametrize("language", ["zh", "en"])
def test_facts_are_told_in_words(language: Language) -> None:
    """Whatever a stored fact says is said without names of fields, times of machines, or minutes as bare numbers."""
    for path in GOLDEN.glob("*.json"):
        data = json.loads(path.read_text(encoding="utf8"))
        for label, lines in Teller(language, ZoneInfo("Asia/Shanghai"), {}).rows(data.get("data", data)):
            assert "_" not in label
            assert (language == "zh") == any(letter > "\u2e7f" for letter in label), (path.name, label)
            assert not [each for each in lines if re.search(r"\d{4}-\d\d-\d\d|^(True|False|None|[{\[].*)$", each.text)]


def test_a_fact_says_time_as_people_do() -> None:
    """Minutes are hours and minutes, moments are local, days have their weekday, and words are words of people."""
    names = {"vol_" + "1" * 32: "张三"}
    data = {
        "volunteer_id": "vol_" + "1" * 32,
        "minutes": 90,
        "minutes_by_day": {"2026-03-01": 60, "2026-03-02": 30},
        "started_at": "2026-03-01T00:30:00Z",
        "capacity": "staff-off-duty",
        "hours": [{"weekday": 1, "from_minute": 510, "until_minute": 1020}],
        "rules": {"gifts": {"allowed": False}, "star_minutes": [6000], "credit_percent": {"调解": 150}},
        "present": ["vol_" + "1" * 32] * 22,
    }
    rows = {
        label: [each.text for each in lines]
        for label, lines in Teller("zh", ZoneInfo("Asia/Shanghai"), names).rows(data)
    }
    assert rows["志愿者"] == ["张三"]
    assert rows["时长"] == ["1小时30分"]
    assert rows["每天的时长"] == ["2026年3月1日 星期日 · 1小时", "2026年3月2日 星期一 · 30分"]
    assert rows["开始时间"] == ["2026年3月1日 星期日 上午8:30"]
    assert rows["身份"] == ["工作人员，下班以后"]
    assert rows["在岗时间"] == ["星期一 · 上午8:30 · 下午5:00"]
    assert (rows["允许转赠"], rows["各星级所需时长"], rows["各类别系数"]) == (["否"], ["100小时"], ["调解 · 150 %"])
    assert rows["到场"][-1] == "还有 2 条"


@pytest.mark.parametrize("office", ["administrator", "auditor"])
async def test_the_history_names_whom_a_fact_is_about(world: World, office: str) -> None:
    """Who people are the history says by name to an administrator, by number to an auditor; and names of all else."""
    somebody = await world.with_credit(300)
    reward_id = await world.reward(name="体检一次", cost_minutes=90)
    await world.redeem(somebody, reward_id)
    known = await world.administrator.get(f"/v1/volunteers/{somebody.id}")
    shown = known["name"] if office == "administrator" else known["number"]
    reader = await signed_in(world, (await world.appointed(office)).id)
    listed = await reader.get(f"/admin/history?about={somebody.id}&topic=reward-reserved")
    assert shown in listed.text.replace(" ", "")
    (path,) = {each for each in listed.links if re.fullmatch(r"/admin/history/\d+", each)}
    page = (await reader.get(path)).text.partition("存储的原文")[0]
    assert shown in page.replace(" ", "")
    assert GARDENERS["name"] in page
    assert "体检一次" in page
    assert "1小时30分" in page
    assert not ID.search(page)
    if office == "auditor":
        assert known["name"] not in page


async def test_what_is_emptied_is_a_change_too(world: World) -> None:
    """A record of a programme that is put right to be of none: what changed is said so, waiting or confirmed."""
    somebody, reader = await world.somebody("丙某"), await signed_in(world, world.administrator.id)
    waiting = await world.log(somebody.id, days_ago=2, programmes=["红细胞"])
    confirmed = await world.confirmed(somebody.id, days_ago=3, programmes=["红细胞"])
    change = {"programmes": [], "reason": "不属于项目"}
    for who, record_id, verb in ((world.recorder, waiting, "amend"), (world.verifier, confirmed, "correct")):
        path, method = (record_id, "PATCH") if verb == "amend" else (f"{record_id}/correct", "POST")
        done = (await who.ask(method, f"/v1/service-records/{path}", json=change)).json()
        told = await world.administrator.get(f"/v1/audit/events/{done['position']}/change")
        assert told["changed"]["programmes"] == {"before": ["红细胞"], "after": None}
        assert told["after"]["data"].keys() >= {"activity", "category", "minutes"}
        said = (await reader.get(f"/admin/history/{done['position']}")).text.partition("改变了什么")[2]
        assert "红细胞 → –" in " ".join(said.split())


async def test_what_a_fact_changed_is_said_of_that_alone(world: World) -> None:
    """A correction says what was so before; that somebody else signed up before changed nothing of whoever does now."""
    somebody, other = await world.somebody("甲某"), await world.somebody("乙某")
    record_id = await world.confirmed(somebody.id)
    change = hours_of(1, 8, 1.5) | {"minutes": 90, "reason": "对照签到表"}
    corrected = await world.verifier.post(f"/v1/service-records/{record_id}/correct", change, expect=200)
    reader = await signed_in(world, world.administrator.id)
    said = (await reader.get(f"/admin/history/{corrected['position']}")).text.partition("改变了什么")[2]
    assert "时长2小时 → 1小时30分" in " ".join(said.split())
    activity_id = await world.activity(starts_in=30)
    for each in (somebody, other):
        await each.post(f"/v1/activities/{activity_id}/sign-ups", {}, expect=201)
    listed = await reader.get(f"/admin/history?about={activity_id}&topic=sign-up-made")
    path = next(each for each in listed.links if re.fullmatch(r"/admin/history/\d+", each))
    assert "改变了什么" not in (await reader.get(path)).text

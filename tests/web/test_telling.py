"""What pages say is said to people: names instead of ids, what happened to oneself, what waits and nothing else."""

import re

import pytest

from tests.api.world import World
from tests.controls import GARDENERS
from tests.web.reader import signed_in
from timebank.identity.security_log import Visit

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
    overview = await reader.get("/admin")
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

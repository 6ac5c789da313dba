"""What an administrator comes for."""

import re
from datetime import timedelta

from tests.api.identity.door import sign_in, use_code
from tests.api.world import Caller, World, said
from tests.controls import ZONE
from tests.web.jobs.people import Job, Person, number_of, with_password
from timebank.runtime.clock import utc_now

OFFICE = "/admin"


async def administrator(world: World) -> Caller:
    """An administrator, of a bank where some have served."""
    await world.with_credit(600, name="有时间的人")
    return await with_password(world, (await world.appointed("administrator")).id)


async def approves_an_organisation(me: Person) -> None:
    """What waits is seen on the first page, and an organisation is approved; then nothing waits."""
    organisation_id = await me.world.body("新来的合唱团", approved=False)
    await me.begin(OFFICE)
    await me.press("main a[href='/admin/organisations?status=registered']")
    assert "新来的合唱团" in await me.reads("main table")
    await me.press("main button[value=approve]")
    organisation = await me.world.administrator.get(f"/v1/organisations/{organisation_id}")
    assert organisation["status"] == "approved"
    await me.begin(OFFICE)
    assert await me.reads("main .count") == "0"


async def registers_somebody(me: Person) -> None:
    """Somebody is registered, and given a code: with it they choose a password, and sign in."""
    await me.begin(OFFICE)
    await me.press("main a[href='/admin/people/new']")
    await me.type(name="新来的人", phone="138 0000 4444", birth_year="1950")
    await me.press("main form button")
    await me.press("form[action$='/code'] button")
    code = await me.reads("main .big-code")
    await me.press("main a.button[href^='/admin/people/']")
    number = "".join(re.findall(r"\b\d{4}\b", await me.reads("main .hint .n")))
    said(await use_code(me.world, code), 201)
    said(await sign_in(me.world, number), 201)


async def finds_out_why(me: Person) -> None:
    """From a name to the reasons of a balance, a line of it, its seal, and the proof."""
    somebody = await me.world.with_credit(150, name="有疑问的人")
    await me.begin(OFFICE)
    await me.press(".head a[href='/admin/people']")
    await me.find("有疑问", f"main a[href='/admin/people/{somebody.id}']")
    assert re.findall(r"\d+", await me.reads("main .sum > div:last-child .n")) == ["2", "30"]
    line = "tbody a[href^='/admin/history/']"
    await me.unfold(line)
    await me.press(line)
    await me.unfold("code")
    assert re.fullmatch("[0-9a-f]{64}", await me.reads("main details code"))
    await me.press("main a[href^='/proofs/']")
    assert await me.page.locator("main .panel.done").is_visible()


async def suspends_and_reinstates(me: Person) -> None:
    """Somebody is suspended with a reason, and it is taken back with another."""
    somebody = await me.world.somebody("停用的人")
    await me.begin(OFFICE)
    await me.press(".head a[href='/admin/people']")
    await me.find(await number_of(me.world, somebody), f"main a[href='/admin/people/{somebody.id}']")
    for what, status in (("suspend", "suspended"), ("reinstate", "active")):
        await me.type(reason="核对身份")
        await me.press(f"main button[value={what}]")
        assert (await me.world.administrator.get(f"/v1/volunteers/{somebody.id}"))["status"] == status


async def appoints_an_auditor(me: Person) -> None:
    """The password is asked for once more; then somebody has the office, until a day."""
    somebody = await me.world.somebody("审计的人")
    await me.came_long_ago()
    await me.begin(OFFICE)
    await me.press("main a[href='/admin/offices']")
    await me.press("main a[href='/admin/offices/new']")
    await me.prove()
    await me.type(volunteer_id=await number_of(me.world, somebody), valid_until="2099-12-31")
    await me.tick("[name=office][value=auditor]")
    await me.press("main form button")
    held = (await me.world.administrator.get("/v1/appointments"))["items"]
    (office,) = [each for each in held if each["volunteer_id"] == somebody.id]
    assert (office["office"], office["status"], office["valid_until"]) == ("auditor", "in force", "2099-12-31")


async def adopts_rules(me: Person) -> None:
    """A draft is looked at, and has changed nothing; adopted, it is what was looked at, from the day that was typed."""
    day = utc_now().astimezone(ZONE) + timedelta(days=3)
    before = await me.world.administrator.get("/v1/policies")
    await me.begin(OFFICE)
    await me.press(".head a[href='/admin/rules']")
    await me.type(credit_percent="公益慈善: 150", cap_per_day_minutes="480")
    await me.press("main button[value=preview]")
    assert await me.page.locator("main .panel.done .minus, main .panel.done .plus").count() == 2
    assert await me.world.administrator.get("/v1/policies") == before
    await me.unfold("button[value=adopt]")
    await me.type(resolution="居民代表大会第五号决议", effective_from=f"{day:%m-%d}")
    await me.press("main button[value=adopt]")
    adopted = await me.world.administrator.get("/v1/policies")
    (new,) = [each for each in adopted if each["resolution"] == "居民代表大会第五号决议"]
    assert new["effective_from"] == f"{day:%Y-%m-%d}"
    assert new["rules"]["credit_percent"] == {"公益慈善": 150}
    assert new["rules"]["cap_per_day_minutes"] == 480


async def offers_a_reward(me: Person) -> None:
    """Something new can be redeemed, for so much time, at an organisation, so many times."""
    await me.begin(OFFICE)
    await me.press("main a[href='/admin/rewards']")
    await me.press("main a[href='/admin/rewards/new']")
    await me.type(name="健康体检", hours="2", minutes="30", quota="20")
    await me.choose("provider_id", me.world.garden)
    await me.press("main form button")
    assert "健康体检" in await me.reads()
    offered = (await (await me.world.somebody()).get("/v1/rewards"))["items"]
    (reward,) = [each for each in offered if each["name"] == "健康体检"]
    assert (reward["cost_minutes"], reward["provider_id"], reward["remaining"]) == (150, me.world.garden, 20)


async def grants_from_a_fund(me: Person) -> None:
    """Somebody in need is given time of a fund, for a reason; of a slip only the number is typed once more."""
    donor, somebody = await me.world.with_credit(300), await me.world.somebody("困难的人")
    fund_id = await me.world.fund("帮困基金")
    await donor.post("/v1/donations", {"fund_id": fund_id, "minutes": 200}, expect=201)
    await me.begin(OFFICE)
    await me.press("main a[href='/admin/funds']")
    await me.unfold("form[action='/admin/funds/grant']")
    await me.type(to_volunteer_id="1234 5678 9012", hours="1", minutes="30", reason="住院")
    await me.press("form[action='/admin/funds/grant'] button")
    assert await me.page.locator("#errors").is_visible()
    await me.type(to_volunteer_id=await number_of(me.world, somebody))
    await me.press("form[action='/admin/funds/grant'] button")
    assert (await me.world.balance(somebody.id))["available_minutes"] == 90
    (fund,) = (await me.world.administrator.get("/v1/funds"))["items"]
    assert fund["minutes"] == 110


async def looks_at_a_day(me: Person) -> None:
    """From a person to how things stood with them today, and on a day before there was anything of them."""
    somebody = await me.world.with_credit(180, name="某一天的人")
    await me.begin(OFFICE)
    await me.press(".head a[href='/admin/people']")
    await me.find("某一天", f"main a[href='/admin/people/{somebody.id}']")
    await me.press("main a[href^='/admin/then']")
    assert (await me.page.locator("main .sum dd").all_inner_texts())[1].startswith("3")
    until = "main a[href^='/admin/history?']"
    await me.press(until)
    assert await me.page.locator("#events li").count() == 3
    await me.page.go_back()
    await me.type(day="2020-01-01")
    await me.press("main form button")
    assert await me.page.locator("main .empty").is_visible()
    assert not await me.page.locator(until).count()


async def verifies_the_history(me: Person) -> None:
    """What is signed holds and goes on from what was kept; the security log says who came in."""
    kept = await me.world.services.signer.sign(me.world.bank_id)
    assert kept
    await me.world.somebody("后来的人")
    await me.world.services.signer.sign(me.world.bank_id)
    await me.begin(OFFICE)
    await me.press("main a[href='/admin/checkpoint']")
    assert await me.page.locator("main section.done").is_visible()
    await me.type(kept=kept.note)
    await me.press("main form button")
    assert await me.page.locator("main .done[role=status]").is_visible()
    assert str(kept.size) in await me.reads("main .done[role=status]")
    await me.begin(OFFICE)
    await me.press("main a[href='/admin/security']")
    await me.choose("kind", "signed-in")
    await me.press("main form button")
    assert await me.page.locator(f"main tbody a[href='/admin/history?actor={me.id}']").count()


JOBS: list[Job] = [
    approves_an_organisation,
    registers_somebody,
    finds_out_why,
    suspends_and_reinstates,
    appoints_an_auditor,
    adopts_rules,
    offers_a_reward,
    grants_from_a_fund,
    looks_at_a_day,
    verifies_the_history,
]

"""What whoever works at the desk of an organisation comes for."""

from datetime import timedelta
from pathlib import Path

from playwright.async_api import FilePayload

from tests.api.world import Caller, World
from tests.controls import ZONE
from tests.web.jobs.people import Job, Person, number_of, with_password
from timebank.runtime.clock import utc_now

FORM = "main form:not(.filter):not([action]) button"


async def coordinator(world: World) -> Caller:
    """The coordinator of the garden."""
    return await with_password(world, world.coordinator.id)


async def minutes_of(me: Person, somebody: Caller) -> list[int]:
    """How long each record of somebody is."""
    records = (await me.world.administrator.get("/v1/service-records", volunteer_id=somebody.id))["items"]
    return [each["minutes"] for each in records]


def on(days_ago: int) -> str:
    """A day as people type it, without its year."""
    return f"{utc_now().astimezone(ZONE) - timedelta(days=days_ago):%m-%d}"


async def records_one(me: Person) -> None:
    """The service of one person is recorded by their number, as it is on their card."""
    somebody = await me.world.somebody("钱大爷")
    await me.begin(me.desk)
    await me.press(f"main a[href='{me.desk}/log']")
    await me.type(volunteer_id=await number_of(me.world, somebody), activity="楼道清扫", category="公益慈善")
    await me.type(day=on(3), start="8:30", end="10:00")
    await me.press(FORM)
    assert await me.page.locator("main .done[role=status]").is_visible()
    assert await minutes_of(me, somebody) == [90]


async def records_a_roster(me: Person) -> None:
    """Who was there is ticked, and one of them was there for less."""
    first, second, absent = [await me.world.member("member") for _ in range(3)]
    await me.begin(me.desk)
    await me.press(f"main a[href='{me.desk}/roster']")
    await me.type(activity="楼道清扫", category="公益慈善", day=on(2), start="8:30", end="10:00")
    for each in (first, second):
        await me.tick(f"[name=who][value={each.id}]")
    await me.type(**{f"minutes-{first.id}": "45"})
    await me.press(FORM)
    assert [await minutes_of(me, each) for each in (first, second, absent)] == [[45], [90], []]


async def brings_a_list(me: Person) -> None:
    """A list is chosen: each row gets its verdict before anything is recorded, and then the good ones are."""
    somebody = await me.world.somebody("钱多多")
    number = (await number_of(me.world, somebody)).replace(" ", "")
    row = "楼道清扫,公益慈善,居民,2026/3/3 8:00,2026/3/3 10:00\n"
    text = f"志愿者编号,姓名,活动,类别,身份,开始时间,结束时间\n{number},钱多多,{row}999999999999,没有人,{row}"
    await me.begin(me.desk)
    await me.press(f"main a[href='{me.desk}/list']")
    chosen: FilePayload = {"name": "名单.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")}
    await me.page.locator("[name=file]").set_input_files(chosen)
    await me.press(FORM)
    assert await me.page.locator("main table.cards tbody tr").count() == 1
    assert await minutes_of(me, somebody) == []
    await me.press("form[action$='/list/confirm'] button")
    assert await minutes_of(me, somebody) == [120]
    async with me.page.expect_download() as rejected:
        await me.page.locator("form[action$='/list/rejected'] button").click()
    kept = Path(await (await rejected.value).path()).read_bytes().decode("gb18030")
    assert "没有人" in kept
    assert "钱多多" not in kept


async def confirms_many(me: Person) -> None:
    """What others recorded is ticked in the queue, and confirmed at once; what one recorded oneself cannot be."""
    people = [await me.world.somebody() for _ in range(3)]
    waiting = [await me.world.log(each.id) for each in people]
    own = await me.world.log(people[0].id, by=me.caller, days_ago=4)
    await me.begin(me.desk)
    await me.press(f"main a[href='{me.desk}/queue']")
    assert await me.page.locator(f"[name=record_id][value={own}]").is_disabled()
    for each in waiting:
        await me.tick(f"[name=record_id][value={each}]")
    await me.press("main button[value=confirm]")
    assert [(await me.world.balance(each.id))["available_minutes"] for each in people] == [120] * 3


async def rejects_one(me: Person) -> None:
    """A record that is not right is rejected with the reason, which is the volunteer's to read."""
    record_id = await me.world.log((await me.world.somebody()).id, days_ago=5)
    await me.begin(me.desk)
    await me.press(f"main a[href='{me.desk}/queue']")
    await me.tick(f"[name=record_id][value={record_id}]")
    await me.unfold("button[value=reject]")
    await me.type(reason="那天没有活动")
    await me.press("main button[value=reject]")
    record = await me.world.administrator.get(f"/v1/service-records/{record_id}")
    assert (record["status"], record["reason"]) == ("rejected", "那天没有活动")
    assert not await me.page.locator(f"[name=record_id][value={record_id}]").count()


async def corrects_and_voids(me: Person) -> None:
    """A confirmed record is found, made shorter, and then void, with a reason each time: the time goes with it."""
    somebody = await me.world.with_credit(120, days_ago=6)
    (record,) = (await me.world.administrator.get("/v1/service-records", volunteer_id=somebody.id))["items"]
    link = f"main a[href='{me.desk}/records/{record['record_id']}']"
    for what, left in (("correct", 75), ("void", 0)):
        await me.begin(me.desk)
        await me.press(f"main .row a[href='{me.desk}/records']")
        await me.press(link)
        await me.type(reason="记错了")
        if what == "correct":
            await me.type(hours="1", minutes="15")
        await me.press(f"main button[value={what}]")
        assert (await me.world.balance(somebody.id))["available_minutes"] == left


async def invites_a_member(me: Person) -> None:
    """A member is found by name; somebody else is invited by their number, with a role."""
    await me.world.joins(await me.world.somebody("找得到的人"))
    invited = await me.world.somebody("受邀的人")
    await me.begin(me.desk)
    await me.press(f".head a[href='{me.desk}/members']")
    await me.type(query="找得到")
    await me.press("main form.filter button")
    assert "找得到的人" in await me.reads("main tbody")
    assert await me.page.locator("main tbody tr").count() == 1
    await me.type(volunteer_id=await number_of(me.world, invited), valid_until="2099-12-31")
    await me.page.locator("main select#role").select_option("member")
    await me.press(FORM)
    (held,) = (await me.world.administrator.get(f"/v1/volunteers/{invited.id}/memberships"))["items"]
    assert (held["status"], held["role"]) == ("invited", "member")


async def makes_a_key(me: Person) -> None:
    """The password is asked for once more; the key is shown once, and lets a program in for what was ticked."""
    await me.came_long_ago()
    await me.begin(me.desk)
    await me.press(f"main a[href='{me.desk}/keys']")
    await me.press("main a[href$='/keys/new']")
    await me.prove()
    await me.type(label="考勤机")
    await me.tick("[name=permissions] >> nth=0")
    await me.press(FORM)
    key = await me.reads("main .panel code")
    found = await Caller(me.world.http, me.world.garden, key).get("/v1/me")
    assert me.world.garden in str(found)
    await me.press("main a[href$='/keys']")
    said = await me.reads()
    assert "考勤机" in said
    assert key not in said


async def accepts_a_code(me: Person) -> None:
    """One sees what a code is for before it is accepted, and for whom."""
    somebody = await me.world.with_credit(120, name="赵大妈")
    reserved = await me.world.redeem(somebody, await me.world.reward(name="量血压", cost_minutes=30))
    await me.begin(me.desk)
    await me.press(f".head a[href='{me.desk}/counter']")
    await me.type(redemption_code=reserved["redemption_code"].replace("-", " ").lower())
    await me.press(FORM)
    assert "量血压" in await me.reads("main h1")
    assert (await me.world.balance(somebody.id))["reserved_minutes"] == 30
    await me.press("form[action$='/counter/accept'] button")
    has = await me.world.balance(somebody.id)
    assert (has["reserved_minutes"], has["available_minutes"]) == (0, 90)


async def counts_a_month(me: Person) -> None:
    """What was confirmed in a month is summed, and taken home as a table."""
    somebody = await me.world.somebody("统计的人")
    record_id = await me.world.confirmed(somebody.id, days_ago=40, category="治安巡逻")
    month = (await me.world.administrator.get(f"/v1/service-records/{record_id}"))["local_date"][:7]
    await me.begin(me.desk)
    await me.press(f"main a[href='{me.desk}/statistics']")
    for _ in range(2):
        if month not in me.page.url:
            await me.press("main .pager a")
    assert "治安巡逻" in await me.reads("main tbody")
    async with me.page.expect_download() as taken:
        await me.page.locator(f"main a[href='{me.desk}/statistics.csv?month={month}']").click()
    assert "统计的人" in Path(await (await taken.value).path()).read_text(encoding="utf-8-sig")


JOBS: list[Job] = [
    records_one,
    records_a_roster,
    brings_a_list,
    confirms_many,
    rejects_one,
    corrects_and_voids,
    invites_a_member,
    makes_a_key,
    accepts_a_code,
    counts_a_month,
]

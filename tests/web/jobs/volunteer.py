"""What a volunteer comes for."""

from datetime import timedelta

from tests.api.world import Caller, World
from tests.controls import ZONE
from tests.web.jobs.people import Job, Person, number_of, with_password
from timebank.runtime.clock import utc_now

HOME, MORE = "/home", "/more"


async def volunteer(world: World) -> Caller:
    """Somebody who served ten hours."""
    somebody = await world.with_credit(600, name="王阿姨", phone="13800002222")
    return await with_password(world, somebody.id)


async def sees_their_time_and_why(me: Person) -> None:
    """From the time one has to the statement, the reason of a line, and the proof of it."""
    await me.begin(HOME)
    assert "10" in await me.reads(".balance .big")
    await me.press("main a[href='/statement']")
    if not await me.page.locator("tbody.line").count():
        await me.press("main .pager a")
    proof = "a[href^='/proofs/']"
    await me.unfold(proof)
    assert await me.reads("tbody.line .why dd") == await me.reads("tbody.line .plus")
    await me.press(proof)
    assert await me.page.locator("main .panel.done").is_visible()


async def redeems(me: Person) -> None:
    """From one's time to a code on the screen in three presses, large enough to be scanned."""
    reward_id = await me.world.reward(name="理发", cost_minutes=30)
    await me.begin(HOME)
    await me.press("main a[href='/rewards']")
    await me.press(f"main .do a[href='/rewards/{reward_id}']")
    await me.press("main form button")
    assert me.presses == 3
    drawn = await me.page.locator(".ticket img.qr").bounding_box()
    assert drawn
    assert drawn["width"] > 250
    assert len(await me.reads(".ticket .code")) == 14
    assert (await me.world.balance(me.id))["reserved_minutes"] == 30


async def cancels(me: Person) -> None:
    """The code is found again on the first page, and cancelled: all of the time comes back."""
    await me.begin(HOME)
    await me.press("main .done a[href^='/redemptions/']")
    await me.press("main a[href$='/cancel']")
    await me.type(reason="来不了")
    await me.press("main form button")
    has = await me.world.balance(me.id)
    assert (has["reserved_minutes"], has["available_minutes"]) == (0, 600)


async def gives(me: Person) -> None:
    """The masked name of whoever gets the gift is shown before it is given, and nothing is given until then."""
    receiver = await me.world.somebody("欧阳小红")
    await me.begin(HOME)
    await me.press("main a[href='/give']")
    await me.type(to_volunteer_id=await number_of(me.world, receiver), hours="1", minutes="30")
    await me.press("main form button")
    shown = await me.reads()
    assert "欧***" in shown
    assert "欧阳" not in shown
    assert (await me.world.balance(receiver.id))["available_minutes"] == 0
    await me.press("form[action='/give/final'] button")
    assert (await me.world.balance(receiver.id))["available_minutes"] == 90
    assert "欧***" in await me.reads()


async def donates(me: Person) -> None:
    """A fund is chosen of several, and gets the time."""
    await me.world.fund("第一个基金")
    fund_id = await me.world.fund("第二个基金")
    await me.begin(HOME)
    await me.press("main a[href='/give']")
    await me.press("main a[href='/donate']")
    await me.tick(f"[name=fund_id][value={fund_id}]")
    await me.type(hours="1")
    await me.press("main form button")
    funds = (await me.world.administrator.get("/v1/funds"))["items"]
    assert {each["fund_id"]: each["minutes"] for each in funds if each["minutes"]} == {fund_id: 60}


async def joins_and_leaves(me: Person) -> None:
    """One asks to join an organisation, is taken in by it, and leaves it."""
    standing = [f"/v1/volunteers/{me.id}/memberships", "status"]

    async def is_now() -> str:
        (held,) = (await me.world.administrator.get(standing[0]))["items"]
        return str(held["status"])

    await me.begin(MORE)
    await me.press("main a[href='/more/organisations']")
    await me.choose("organisation_id", me.world.garden)
    await me.press("main form:not([action]) button")
    assert await is_now() == "requested"
    await me.world.coordinator.post(f"/v1/organisations/{me.world.garden}/members/{me.id}/approve", expect=200)
    await me.begin(MORE)
    await me.press("main a[href='/more/organisations']")
    await me.press("main button[value=end]")
    assert await is_now() == "ended"


async def agrees_to_the_board(me: Person) -> None:
    """One is named on the board once one agrees, under the name that one chose, until one does not any more."""
    await me.begin(MORE)
    await me.press("main a[href='/board']")
    assert "夕阳红" not in await me.reads()
    await me.type(alias="夕阳红")
    await me.press("main button[name=granted][value=yes]")
    await me.press("main a[href='/board?period=all']")
    assert "夕阳红" in await me.reads("main tr.own")
    await me.press("main button[name=granted][value=no]")
    assert not (await me.caller.get("/v1/volunteers/me"))["on_leaderboards"]


async def changes_their_data(me: Person) -> None:
    """Phone and skills are changed; the name stays as it is."""
    await me.begin(MORE)
    await me.press("main a[href='/more/data']")
    await me.type(phone="138 0000 3333", skills="理发, 做饭")
    await me.press("main form:not([action]) button")
    person = await me.caller.get("/v1/volunteers/me")
    assert (person["name"], person["phone"], person["skills"]) == ("王阿姨", "13800003333", ["理发", "做饭"])


async def appoints_a_proxy(me: Person) -> None:
    """The password is asked for once more; then somebody may act for one, for what was ticked, until a day."""
    child = await me.world.somebody("小孙女")
    await me.came_long_ago()
    await me.begin(MORE)
    await me.press("main a[href='/more/proxies']")
    await me.press("main a[href='/more/proxies/new']")
    await me.prove()
    await me.type(proxy_volunteer_id=await number_of(me.world, child), hours="2", valid_until="2099-12-31")
    await me.tick("[name=scopes][value=redeem]")
    await me.press("main form:not([action]) button")
    (proxy,) = await me.caller.get(f"/v1/volunteers/{me.id}/proxies")
    assert (proxy["proxy_volunteer_id"], proxy["minutes_per_day"]) == (child.id, 120)
    assert set(proxy["scopes"]) == {"view", "redeem"}
    assert "小**" in await me.reads()


async def tells_of_service(me: Person) -> None:
    """Service that nobody recorded is told of, and waits for the organisation."""
    yesterday = utc_now().astimezone(ZONE) - timedelta(days=1)
    await me.begin(HOME)
    await me.press(".head a[href='/records']")
    await me.press("main a[href='/proposals']")
    await me.press("main a[href='/proposals/new']")
    await me.choose("organisation_id", me.world.garden)
    await me.type(activity="陪邻居看病", category="邻里守望", day=f"{yesterday:%m-%d}", start="18:30", end="20:00")
    await me.press("main form button")
    (told,) = (await me.caller.get("/v1/proposals"))["items"]
    assert (told["activity"], told["minutes"], told["status"]) == ("陪邻居看病", 90, "proposed")
    assert "陪邻居看病" in await me.reads()


JOBS: list[Job] = [
    sees_their_time_and_why,
    redeems,
    cancels,
    gives,
    donates,
    joins_and_leaves,
    agrees_to_the_board,
    changes_their_data,
    appoints_a_proxy,
    tells_of_service,
]

"""From a plan to the balance, as new users do it in a browser: how many steps each job takes, and how long."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.api.people.test_registrations import Outbox, open_to_all
from tests.api.world import World
from tests.controls import ZONE
from tests.web.chromium import DESKTOP, PHONE
from tests.web.hands import hands_of
from tests.web.serving import at_an_address
from tests.web.test_activities import PASSWORD, world
from timebank.runtime.clock import utc_now

pytestmark = pytest.mark.drill

__all__ = ["world"]

AUDIENCES = pytest.mark.parametrize(
    ("viewport", "locale"),
    [
        pytest.param(PHONE, "zh-CN", id="phone, in Chinese"),
        pytest.param(DESKTOP, "en-GB", id="desktop, in English", marks=pytest.mark.release),
    ],
)


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:
    """Where the world is served."""
    async with at_an_address(world.app) as address:
        yield address


@AUDIENCES
async def test_from_a_plan_to_signing_out(
    browser: Browser, address: str, world: World, monkeypatch: pytest.MonkeyPatch, viewport: Any, locale: str
) -> None:
    """An organiser publishes an activity; somebody new registers, signs up, in and out: each within two minutes."""
    outbox = Outbox()
    monkeypatch.setattr(world.services.registrations, "_sender", outbox)
    await open_to_all(world)
    how: dict[str, Any] = {"viewport": viewport, "locale": locale}
    organiser = await hands_of(browser, address, world.coordinator, f"/o/{world.garden}", **how)
    now = utc_now().astimezone(ZONE)
    start = now + timedelta(minutes=5) if now.hour < 23 else now.replace(hour=23, minute=58)
    await organiser.press(f'a[href="/o/{world.garden}/activities"]')
    await organiser.press('a[href$="/activities/new"]')
    await organiser.type(name="楼道清扫", content="擦洗扶手和窗台", place="三号楼")
    if await organiser.page.locator("select[name=category]").count():
        await organiser.choose("category", "公益慈善")
    else:
        await organiser.type(category="公益慈善")
    await organiser.type(day=f"{start.month}月{start.day}日", start=f"{start:%H:%M}", end="23:59")
    await organiser.press("main form button:not([type=button])")
    organiser.have_done("an organiser publishes an activity")
    newcomer = await hands_of(browser, address, None, "/", **how)
    await newcomer.press('a[href="/register"]')
    await newcomer.type(phone="13811112222")
    await newcomer.press("form[action='/register/code'] button")
    await newcomer.type(code=outbox.sent["13811112222"], name="王五", birth_year="1960")
    await newcomer.type(password=PASSWORD, again=PASSWORD)
    await newcomer.tick("[name=agreed_to]")
    await newcomer.press("form[action='/register'] button")
    newcomer.have_done("a volunteer registers")
    await newcomer.press('main a[href="/activities"]')
    await newcomer.press('main a[href^="/activities/act_"]')
    await newcomer.press("button[value=sign-up]")
    newcomer.have_done("a volunteer signs up")
    activity = re.sub(r"\?.*", "", newcomer.page.url)
    await organiser.page.goto(f"{activity}/code")
    (digits,) = re.findall(r"\b\d{3} \d{3}\b", await organiser.page.locator("main").inner_text())
    await newcomer.type(code=digits)
    await newcomer.press("button[value=check-in]")
    newcomer.have_done("a volunteer signs in")
    await newcomer.type(code=digits)
    await newcomer.press("button[value=check-out]")
    newcomer.have_done("a volunteer signs out")
    (entry,) = await world.coordinator.get(f"/v1{activity.removeprefix(address)}/roll")
    assert entry["since"] is not None
    assert entry["until"] is not None
    for each in (organiser, newcomer):
        await each.page.context.close()


@AUDIENCES
async def test_from_the_roll_to_the_balance(
    browser: Browser, address: str, world: World, viewport: Any, locale: str
) -> None:
    """The leader closes what is over, a verifier confirms all forty at once, and it is on their accounts."""
    people = [await world.somebody() for _ in range(40)]
    activity_id = await world.past_activity(*people, led=True)
    how: dict[str, Any] = {"viewport": viewport, "locale": locale}
    leader = await hands_of(browser, address, world.coordinator, f"/o/{world.garden}", **how)
    await leader.press(f'a[href="/o/{world.garden}/activities"]')
    await leader.press(f'a[href="/activities/{activity_id}/lead"]')
    await leader.press("button[value=close]")
    leader.have_done("a leader closes an activity")
    verifier = await hands_of(browser, address, world.verifier, f"/o/{world.garden}", **how)
    await verifier.press(f'a[href="/o/{world.garden}/activities"]')
    await verifier.press(f'a[href^="/activities/{activity_id}"]')
    await verifier.press("button[value=confirm]")
    verifier.have_done("a verifier confirms forty at once")
    for each in (people[0], people[-1]):
        volunteer = await hands_of(browser, address, each, "/home", **how)
        said = await volunteer.page.locator("main").inner_text()
        assert ("2小时" if locale == "zh-CN" else "2 h") in said
        volunteer.have_done("a volunteer sees the balance")
        await volunteer.page.context.close()
    for hands in (leader, verifier):
        await hands.page.context.close()

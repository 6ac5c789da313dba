"""Pages as people use them: in Chromium, on a phone and on a desktop, with and without JavaScript."""

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.api.world import World
from tests.web.chromium import DESKTOP, PHONE, SMALLEST, holds, opened
from tests.web.serving import at_an_address
from tests.web.town import Town, town_of

pytestmark = pytest.mark.drill

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {
    "runOnly": {"type": "tag", "values": WCAG},
    "rules": {"color-contrast-enhanced": {"enabled": True}},
    "resultTypes": ["violations"],
}
"""What axe looks for: WCAG 2.2 at AA, and contrast at AAA."""

OF_VOLUNTEER = (
    *("/home", "/statement", "/rewards", "/records", "/more", "/give", "/donate", "/gifts", "/redemptions", "/board"),
    *("/more/data", "/more/notices", "/more/safety", "/more/proxies", "/more/organisations", "/more/leave"),
    *("/more/places", "/places", "/places/hours", "/places/vacant", "/proposals", "/proposals/new"),
)
OF_DESK = (
    *("", "/queue", "/roster", "/log", "/list", "/members", "/records", "/counter", "/statistics", "/keys"),
    *("/proposals", "/staff", "/staff/new", "/activities", "/activities/new", "/activities/month", "/teams"),
)
OF_OFFICE = (
    *("/admin", "/admin/people", "/admin/organisations", "/admin/offices", "/admin/rules", "/admin/rewards"),
    *("/admin/funds", "/admin/history", "/admin/security", "/admin/people/new", "/admin/records", "/admin/codes"),
    *("/admin/month", "/admin/people/list", "/admin/places/list", "/admin/residents/list"),
)


@pytest.fixture(scope="module")
async def town(world: World) -> Town:
    """A world with something on every page."""
    return await town_of(world)


@pytest.fixture(scope="module")
async def address(town: Town) -> AsyncIterator[str]:
    """Where it is served."""
    async with at_an_address(town.world.app) as address:
        yield address


async def is_accessible(page: Page) -> None:
    """Nothing that axe finds."""
    found = (await Axe().run(page, options=RULES)).response["violations"]
    told = [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]
    assert not told, (page.url, told)


EVEN = """() => [...document.querySelectorAll(".filters, .filter")].every(list => {
  const whole = list.getBoundingClientRect(), rows = new Map();
  for (const each of list.querySelectorAll(":scope > .tool, :is(input, select, button)")) {
    const box = each.getBoundingClientRect(), at = Math.round(box.bottom / 4);
    rows.set(at, [...(rows.get(at) ?? []), box]);
  }
  return [...rows.values()].every(row => {
    const [lefts, rights, widths] = ["left", "right", "width"].map(side => row.map(each => each[side]));
    const isFull = Math.min(...lefts) - whole.left < 2 && whole.right - Math.max(...rights) < 2;
    return isFull && Math.max(...widths) - Math.min(...widths) < 2;
  });
})"""


async def are_even(page: Page) -> None:
    """Filters of a list fill their rows, and those of a row are of one width."""
    assert await page.evaluate(EVEN), page.url


async def look_at(page: Page, paths: tuple[str, ...]) -> None:
    """Look at pages: accessible on a phone, holding at 320 px (which is 400 % zoom of 1280 px) and in large letters."""
    for path in paths:
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        await is_accessible(page)
        await are_even(page)
        await page.set_viewport_size(SMALLEST)
        await holds(page)
        await are_even(page)
        await page.evaluate("document.documentElement.classList.add('large')")
        await holds(page)
        await page.set_viewport_size(PHONE)


async def test_pages_of_a_volunteer_are_for_everybody(browser: Browser, address: str, town: Town) -> None:
    """A volunteer's pages pass WCAG 2.2 at AA and contrast at AAA, hold at 400 % zoom, and in large letters."""
    page = await opened(browser, address, town.volunteer)
    details = (f"/records/{town.record_id}", f"/redemptions/{town.redemption_id}", f"/rewards/{town.reward_id}")
    await look_at(page, ("/rules", "/forgotten", "/code", *OF_VOLUNTEER, *details))
    await page.context.close()


@pytest.mark.release
async def test_pages_of_a_desk_are_for_everybody(browser: Browser, address: str, town: Town) -> None:
    """An organisation's pages pass the same."""
    page = await opened(browser, address, town.world.coordinator)
    desk, activity = f"/o/{town.world.garden}", f"/activities/{town.activity_id}"
    of_activity = (f"{desk}{activity}/change", activity, f"{activity}/lead", f"{activity}/call")
    await look_at(page, (*(f"{desk}{each}" for each in OF_DESK), *of_activity))
    await page.context.close()


@pytest.mark.release
async def test_pages_of_an_office_are_for_everybody(browser: Browser, address: str, town: Town) -> None:
    """An administrator's pages pass the same."""
    page = await opened(browser, address, town.world.administrator)
    place = f"/places/{town.node_id}"
    places = tuple(f"{place}{each}" for each in ("", "/people", "/lead", "/change", "/where", "/hours"))
    await look_at(page, (*OF_OFFICE, *places, "/places/new", f"/admin/people/{town.volunteer.id}", "/admin/history/5"))
    await page.context.close()


async def test_dark_pages_have_contrast_too(browser: Browser, address: str, town: Town) -> None:
    """In the dark, and on a desktop, contrast is as good."""
    page = await opened(browser, address, town.volunteer, color_scheme="dark", viewport=DESKTOP)
    for path in ("/home", "/statement", "/rewards", "/give", "/board"):
        await page.goto(path)
        await is_accessible(page)
        await holds(page)
    await page.context.close()


async def test_by_keyboard_alone(browser: Browser, address: str, town: Town) -> None:
    """The first Tab leads past the head, what is wrong takes the focus, and its links lead to the fields."""
    page = await opened(browser, address, town.volunteer, viewport=DESKTOP)
    await page.goto("/give")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    await page.locator("#to_volunteer_id").fill("123")
    await page.keyboard.press("Enter")
    await page.locator("#errors").wait_for()
    assert await page.evaluate("document.activeElement.id") == "errors"
    await page.context.close()


@pytest.mark.parametrize(("path", "boxes"), [("queue", "record_id"), ("roster", "who")])
async def test_all_are_ticked_at_once(browser: Browser, address: str, town: Town, path: str, boxes: str) -> None:
    """One tick above a list ticks all that may be ticked, and takes all of them back."""
    await town.world.member("member")
    page = await opened(browser, address, town.world.coordinator)
    await page.goto(f"/o/{town.world.garden}/{path}")
    every, ticked = page.locator(f"input[name={boxes}]:enabled"), page.locator(f"input[name={boxes}]:checked")
    await page.get_by_label("全选").check()
    assert await ticked.count() == await every.count() > 0
    await page.get_by_label("全选").uncheck()
    assert await ticked.count() == 0
    await page.context.close()


@pytest.mark.parametrize("asked", ["", "?topic=service-logged"], ids=["all of it", "of one kind"])
async def test_the_history_follows_what_happens(browser: Browser, address: str, town: Town, asked: str) -> None:
    """What happens while one looks at the history is there a moment later, without anything being pressed."""
    page = await opened(browser, address, town.world.administrator)
    await page.goto(f"/admin/history{asked}")
    for days_ago, activity in ((20, "刚刚发生"), (21, "接着发生")):
        await town.world.log((await town.world.somebody()).id, activity=activity, days_ago=days_ago)
        await page.locator("#events").get_by_text(activity).first.wait_for(timeout=20_000)
    assert await page.locator("#events").count() == 1
    await page.context.close()


async def test_in_english_on_a_desktop(browser: Browser, address: str, town: Town) -> None:
    """A browser that wants English is spoken to in English; the switch changes it, and large letters, for good."""
    page = await opened(browser, address, town.volunteer, locale="en-GB", viewport=DESKTOP)
    await page.goto("/home")
    await page.get_by_role("heading", name="The time you can use now").wait_for()
    await page.get_by_role("button", name="中文").click()
    await page.get_by_role("button", name="大字").click()
    await page.get_by_role("heading", name="现在可以用的时间").wait_for()
    assert await page.evaluate("getComputedStyle(document.documentElement).fontSize") == "30px"
    await page.context.close()


async def test_printed_pages_are_plain(browser: Browser, address: str, town: Town) -> None:
    """On paper there is whose statement it is, and nothing to press."""
    page = await opened(browser, address, town.volunteer)
    await page.goto("/statement")
    await page.emulate_media(media="print")
    assert await page.locator(".only-print").is_visible()
    assert not await page.locator("nav").is_visible()
    await page.context.close()

"""The pictures of docs/pages.md, taken of a served demo world: `uv run python -m tests.web.pictures URL`."""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.web.test_browser import ARGUMENTS, CHROMIUM, PHONE

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DESK = {"width": 1100, "height": 760}
OF = {
    "nobody": {"front": "/"},
    "volunteer": {"time": "/home", "statement": "/statement", "rewards": "/rewards", "board": "/board"},
    "coordinator": {"queue": "{desk}/queue", "roster": "{desk}/roster"},
    "administrator": {"today": "/admin", "history": "/admin/history"},
}


async def take(browser: Browser, address: str, who: str, paths: dict[str, str]) -> None:
    """Pictures of what somebody of the demo world sees."""
    size = DESK if who == "administrator" else PHONE
    page = await browser.new_page(viewport=size, locale="zh-CN", base_url=address)  # type: ignore[arg-type]
    await page.goto("/")
    if who != "nobody":
        await page.click(f'button[value="{who}"]')
    desk = page.url.removeprefix(address)
    for name, path in paths.items():
        await page.goto(path.format(desk=desk))
        await page.screenshot(path=FOLDER / f"{name}.png")
    if who == "volunteer":
        await redeem(page)


async def redeem(page: Page) -> None:
    """A picture of a code to show, which is given back afterwards."""
    await page.goto("/rewards")
    await page.get_by_role("link", name="兑换理发").first.click()
    await page.get_by_role("button", name="兑换").click()
    await page.locator(".ticket .qr").wait_for()
    await page.goto(page.url)
    await page.screenshot(path=FOLDER / "code.png")
    await page.get_by_role("link", name="取消兑换").click()
    await page.get_by_role("button", name="取消兑换").click()


async def main(address: str) -> None:
    """Take all of them."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for who, paths in OF.items():
            await take(browser, address, who, paths)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

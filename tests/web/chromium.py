"""The browser that tries the pages, and takes their pictures: Debian's Chromium, driven through Playwright."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.api.world import Caller

NAMES = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
"""The first is without windows, which nobody sees here: the same pages take two thirds."""
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
NEEDED = f"No Chromium here: pages are not tried in a browser. Install Debian's package '{NAMES[0]}' to try them."
PHONE, SMALLEST, DESKTOP = (
    {"width": 390, "height": 844},
    {"width": 320, "height": 640},
    {"width": 1280, "height": 900},
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Browser]:
    """A browser. Where there is none, the tests that want one are skipped, but not where it has to be had."""
    if CHROMIUM is None:
        assert not os.environ.get("TIMEBANK_TEST_BROWSER"), NEEDED
        pytest.skip(NEEDED)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


async def opened(browser: Browser, address: str, caller: Caller | None, **options: Any) -> Page:
    """A window of somebody who has signed in; errors of its scripts are errors of the test."""
    context = await browser.new_context(**({"viewport": PHONE, "locale": "zh-CN", "base_url": address} | options))
    context.set_default_timeout(60_000)
    if caller:
        await context.add_cookies([{"name": "timebank_access", "value": caller.token, "url": address}])
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    return page


async def holds(page: Page) -> None:
    """Nothing has to be scrolled sideways."""
    width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{page.url} is {width} px too wide"


BROKEN = """() => [...document.querySelectorAll(".tag")].flatMap(tag => {
  const text = [...tag.childNodes].find(each => each.nodeType === Node.TEXT_NODE), range = document.createRange();
  return [...(text?.data ?? "").matchAll(/[A-Za-z]+/g)].filter(word => {
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(each => Math.round(each.top))).size > 1;
  }).map(word => word[0]);
})"""


async def is_legible(page: Page) -> None:
    """No word of a state is broken."""
    broken = await page.evaluate(BROKEN)
    assert not broken, f"{page.url}: {broken}"

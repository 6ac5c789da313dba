"""Somebody at a window, who presses and types by names that are the same in every language."""

import time
from typing import Any

from playwright.async_api import Browser, Page

from tests.api.world import Caller
from tests.web.chromium import holds, opened

PRESS_SECONDS, KEY_SECONDS = 3.0, 0.5
"""So long somebody who does it for the first time looks before they press something, and for each key."""
HANDS_SECONDS, MOST_SECONDS = 90, 120


class Hands:
    """Somebody at a window: what they press and type is counted, and what the pages take is measured."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses, self.keys = page, 0, 0
        self._began = time.perf_counter()

    async def press(self, what: str) -> None:
        """Press a link or a button, which leads on to another page; it has to be there to be seen."""
        self.presses += 1
        async with self.page.expect_navigation():
            await self.page.locator(what).filter(visible=True).first.click()
        await holds(self.page)

    async def tick(self, what: str) -> None:
        """Tick a box."""
        self.presses += 1
        await self.page.locator(what).check()

    async def choose(self, name: str, value: str) -> None:
        """Choose one of several."""
        self.presses += 1
        await self.page.locator(f"[name={name}]").select_option(value)

    async def type(self, **fields: str) -> None:
        """Type into fields, by their names."""
        for name, text in fields.items():
            self.presses += 1
            self.keys += len(text)
            await self.page.locator(f"main [name={name}]:visible").first.fill(text)

    async def unfold(self, what: str) -> None:
        """Open what something is folded away in."""
        fold = self.page.locator("main details").filter(has=self.page.locator(what)).first
        if await fold.get_attribute("open") is None:
            self.presses += 1
            await fold.locator("> summary").click()

    async def reads(self, where: str = "main") -> str:
        """What is said there."""
        return await self.page.locator(where).first.inner_text()

    def have_done(self, job: str) -> None:
        """The job is done: what it took is told. Hands leave the pages some of the two minutes."""
        pages = time.perf_counter() - self._began
        hands = PRESS_SECONDS * self.presses + KEY_SECONDS * self.keys
        told = (
            f"{job}: {self.presses} steps, {self.keys} keys, {hands:.0f} s for the hands, {pages:.1f} s for the pages"
        )
        print(told)
        assert hands < HANDS_SECONDS, told
        assert pages < MOST_SECONDS, told
        self._began, self.presses, self.keys = time.perf_counter(), 0, 0


async def hands_of(browser: Browser, address: str, caller: Caller | None, path: str, **how: Any) -> Hands:
    """Somebody, on the page where their job begins."""
    page = await opened(browser, address, caller, **how)
    await page.goto(path)
    return Hands(page)

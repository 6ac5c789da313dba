"""The pictures of docs/pages.md, taken of the demo world: `uv run python -m tests.web.pictures` writes them anew."""

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page

from tests.cli.program import Program
from tests.web.chromium import PHONE, running

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
DESK = {"width": 1100, "height": 760}
COLOURS = 160
MOST_BYTES = 60_000
OF = {
    "nobody": {"front": "/"},
    "volunteer": {"time": "/home", "statement": "/statement", "rewards": "/rewards", "board": "/board"},
    "coordinator": {"queue": "{desk}/queue", "roster": "{desk}/roster"},
    "administrator": {"today": "/admin", "history": "/admin/history"},
}
"""The pages, by who of the demo world sees them; the code to show comes after a volunteer's."""


async def taken(browser: Browser, address: str) -> AsyncIterator[tuple[str, bytes]]:
    """Each picture with its name, small."""
    for who, paths in OF.items():
        size = DESK if who == "administrator" else PHONE
        page = await browser.new_page(viewport=size, locale="zh-CN", base_url=address)  # type: ignore[arg-type]
        await page.goto("/")
        if who != "nobody":
            await page.click(f'button[value="{who}"]')
        desk = page.url.removeprefix(address)
        for name, path in paths.items():
            await page.goto(path.format(desk=desk))
            yield name, small(await page.screenshot())
        if who == "volunteer":
            yield "code", small(await redeemed(page))
        await page.context.close()


async def redeemed(page: Page) -> bytes:
    """A picture of a code to show, which is given back afterwards."""
    await page.goto("/rewards")
    await page.get_by_role("link", name="兑换理发").first.click()
    await page.get_by_role("button", name="兑换").click()
    await page.locator(".ticket .qr").wait_for()
    await page.goto(page.url)
    picture = await page.screenshot()
    await page.get_by_role("link", name="取消兑换").click()
    await page.get_by_role("button", name="取消兑换").click()
    return picture


def small(picture: bytes) -> bytes:
    """The same picture with few colours."""
    made = BytesIO()
    with Image.open(BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return made.getvalue()


@contextlib.contextmanager
def demo_world() -> Iterator[str]:
    """The address of a demo world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        program = Program(Path(folder), home=f"{folder}/home")
        with program.serving("demo", "--json", "--port", "0") as served:
            yield served.url


async def main(address: str) -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    async with running() as browser:
        async for name, picture in taken(browser, address):
            (FOLDER / f"{name}.png").write_bytes(picture)


if __name__ == "__main__":
    with contextlib.nullcontext(sys.argv[1]) if sys.argv[1:] else demo_world() as where:
        asyncio.run(main(where))

"""Somebody at a window of a world: who they are there, and their password, which is asked for where it matters."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Page

from tests.api.identity.door import PASSWORD, code_for, use_code
from tests.api.world import Caller, World, said
from tests.web.hands import Hands


class Person(Hands):
    """Somebody with a password, at their window."""

    def __init__(self, page: Page, world: World, caller: Caller, *, has_scripts: bool) -> None:
        super().__init__(page)
        self.world, self.caller, self.id, self._has_scripts = world, caller, caller.id, has_scripts

    @property
    def desk(self) -> str:
        """Where the organisation is that all of this is about."""
        return f"/o/{self.world.garden}"

    async def begin(self, path: str) -> None:
        """Begin on a page, with nothing pressed yet."""
        self.presses = 0
        await self.page.goto(path)

    async def came_long_ago(self) -> None:
        """They signed in so long ago that they are asked once more who they are."""
        long_ago = "update session set proved_at = now() - interval '1 hour' where session_id = $1"
        await self.world.services.pool.execute(long_ago, self.caller.session_id)

    async def prove(self) -> None:
        """Say their password once more, where the page asks for it."""
        await self.type(password=PASSWORD)
        await self.press("form[action='/prove'] button")

    async def find(self, text: str, link: str) -> None:
        """Look for somebody in the register, and go on to them; with scripts they are there while one types."""
        await self.type(query=text)
        if not self._has_scripts:
            await self.press("main form button")
        await self.page.locator(link).wait_for()
        await self.press(link)


Job = Callable[[Person], Awaitable[None]]


async def with_password(world: World, volunteer_id: str) -> Caller:
    """Somebody who has chosen a password, and signed in."""
    said(await use_code(world, await code_for(world, volunteer_id)), 201)
    return await world.caller(volunteer_id)


async def number_of(world: World, somebody: Caller) -> str:
    """Somebody's number, as it is on their card: in groups of four."""
    number: str = (await world.administrator.get(f"/v1/volunteers/{somebody.id}"))["number"]
    return f"{number[:4]} {number[4:8]} {number[8:]}"

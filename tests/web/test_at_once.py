"""How much of one person pages do at once, and what they do for a browser that has gone."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.world import World
from tests.helpers.patience import PATIENCE_SECONDS, until
from tests.web.reader import Reader, signed_in
from timebank.api.http.answering.in_progress import QUESTIONS_AT_ONCE
from timebank.identity.limits.at_once import AtOnce

MANY = 20
SLOW = "statement_checkpoint"


def places(world: World) -> AtOnce:
    """The places that pages have."""
    found: AtOnce = world.app.state.pages.state.questions
    return found


class Held:
    """Commands that wait until they are let go on."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.done, self.go_on = 0, 0, asyncio.Event()
        execute = world.services.ledger.execute

        async def held(*arguments: Any, **more: Any) -> Any:
            self.begun += 1
            await self.go_on.wait()
            receipt = await execute(*arguments, **more)
            self.done += 1
            return receipt

        monkeypatch.setattr(world.services.ledger, "execute", held)


async def board_form(reader: Reader) -> dict[str, Any]:
    """What the form says by which somebody agrees to be on boards."""
    fields = (await reader.get("/board")).form("/board").fields
    return fields | {"granted": "yes", "alias": "某某"}


async def test_forms_of_one_person_wait_for_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many forms of one person a few are done at once, the others after them; somebody else is shown their page."""
    somebody, other = await world.somebody(), await world.somebody()
    reader, others = await signed_in(world, somebody.id), await signed_in(world, other.id)
    fields = await board_form(reader)
    held = Held(world, monkeypatch)
    sending = [
        asyncio.create_task(reader.http.post("/board", data=fields | {"once": f"once-{n}"}, follow_redirects=False))
        for n in range(MANY)
    ]

    async def all_have_come() -> bool:
        return held.begun == MANY or [each.begun for each in places(world)._of.values()] == [MANY]

    await until(all_have_come)
    assert (await asyncio.wait_for(others.get("/more"), PATIENCE_SECONDS)).status == 200
    assert held.begun == QUESTIONS_AT_ONCE
    held.go_on.set()
    assert [each.status_code for each in await asyncio.gather(*sending)] == [303] * MANY
    assert (held.done, places(world).people) == (MANY, 0)


async def test_a_page_that_waited_is_for_whoever_is_signed_in_still(world: World) -> None:
    """What waited for a place is not shown to a session that has ended meanwhile."""
    somebody = await world.somebody()
    reader = await signed_in(world, somebody.id)
    for _ in range(QUESTIONS_AT_ONCE):
        await places(world).begin(somebody.id)
    looking = asyncio.create_task(reader.get("/more"))

    async def waits() -> bool:
        return places(world)._of[somebody.id].begun > QUESTIONS_AT_ONCE

    await until(waits)
    assert (await somebody.ask("DELETE", "/v1/sessions/all")).is_success
    for _ in range(QUESTIONS_AT_ONCE):
        places(world).end(somebody.id)
    assert (await looking).path == "/sign-in"
    assert places(world).people == 0


class Browser:
    """A browser of which it is said when it hangs up."""

    def __init__(self, world: World, reader: Reader, method: str, path: str, body: bytes = b"") -> None:
        self._world, self._reader, self.gone = world, reader, asyncio.Event()
        self._parts = [{"type": "http.request", "body": body, "more_body": False}]
        self._scope = self._request(method, path, body)
        self.told: list[int] = []

    def _request(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._reader.http.cookies.items())
        said = {"cookie": cookies, "accept": "text/html", "content-length": str(len(body))}
        said["content-type"] = "application/x-www-form-urlencoded"
        return {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in said.items()],
            "client": ("192.0.2.1", 1), "server": ("127.0.0.1", 8000), "state": {},
        }  # fmt: skip

    async def ask(self) -> None:
        """Ask, until that ends."""

        async def receive() -> Any:
            if self._parts:
                return self._parts.pop()
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.told.append(message["status"])

        await self._world.app(self._scope, receive, send)  # type: ignore[arg-type]


async def test_a_page_ends_when_the_browser_is_gone(world: World) -> None:
    """What a page asks ends with it once nobody waits for the page: no question goes on, and no place is kept."""
    reader = await signed_in(world, (await world.somebody()).id)
    questions: AtOnce = world.app.state.questions
    browser = Browser(world, reader, "GET", "/statement")
    async with world.services.pool.acquire() as apart, apart.transaction():
        await apart.execute(f"lock table {SLOW} in access exclusive mode")
        asking = asyncio.create_task(browser.ask())
        await until(_is_waited_for(world))
        browser.gone.set()
        await asyncio.wait_for(asking, PATIENCE_SECONDS / 4)

        async def nothing_goes_on() -> bool:
            return questions.people == 0 == places(world).people

        await until(nothing_goes_on)
    assert browser.told == [499]


def _is_waited_for(world: World) -> Callable[[], Any]:
    """Whether somebody waits for what is locked."""
    waiting = "select exists (select from pg_locks where relation = $1::text::regclass and not granted)"

    async def is_so() -> Any:
        return await world.services.pool.fetchval(waiting, SLOW)

    return is_so


async def test_what_was_begun_is_done_though_the_browser_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that a form has begun is finished, and answered, though whoever sent it has hung up."""
    somebody = await world.somebody()
    reader = await signed_in(world, somebody.id)
    fields = await board_form(reader)
    held = Held(world, monkeypatch)
    browser = Browser(world, reader, "POST", "/board", urlencode(fields).encode())
    asking = asyncio.create_task(browser.ask())

    async def has_begun() -> bool:
        return held.begun == 1

    await until(has_begun)
    browser.gone.set()
    await asyncio.wait([asking], timeout=0.1)
    held.go_on.set()
    await asking
    assert (browser.told, held.done) == ([303], 1)
    assert (await somebody.get("/v1/volunteers/me/consents"))["leaderboard"]

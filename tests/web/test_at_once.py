"""Nobody keeps others waiting with pages: what one session asks for at once, from one address, is bounded."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.api.conftest import kept
from tests.api.world import World, settled
from tests.helpers.patience import until
from tests.web.reader import Reader, signed_in
from timebank.web.app import create_app
from timebank.web.http import pages
from timebank.web.http.at_once import OF_AN_ADDRESS, PAGES_AT_ONCE
from timebank.web.http.visitors import Visitor

MORE = 7
HERE, ELSEWHERE = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}


@pytest.fixture(scope="module")
async def world(module_url: str) -> AsyncIterator[World]:
    """A bank behind a reverse proxy, so that everybody can come from an address of their own."""
    async with kept(settled(module_url, create_app, trusted_proxies="127.0.0.1")) as world:
        yield world


@asynccontextmanager
async def asked_for(
    reader: Reader, path: str, most: int, monkeypatch: pytest.MonkeyPatch, *, made_up: bool = False
) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """As many pages as may be made at once are being made, from one address, and take their time."""
    may_go_on, begun, come_in = asyncio.Event(), 0, Visitor.come_in

    async def slowly(visitor: Visitor) -> None:
        nonlocal begun
        begun += 1
        await may_go_on.wait()
        await come_in(visitor)

    async def are_begun() -> bool:
        return begun == most

    monkeypatch.setattr(Visitor, "come_in", slowly)
    cookies = [{"cookie": f"timebank_access={n}"} if made_up else {} for n in range(most)]
    asking = [asyncio.create_task(reader.http.get(path, headers=HERE | each)) for each in cookies]
    try:
        await until(are_begun)
        monkeypatch.setattr(Visitor, "come_in", come_in)
        yield asking
    finally:
        may_go_on.set()
        await asyncio.gather(*asking)


@pytest.mark.parametrize("who", ["volunteer", "stranger", "whoever makes up cookies"])
async def test_more_at_once_is_refused(world: World, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a line that costs next to nothing; once those are made there is room for as many again."""
    is_volunteer, made_up = who == "volunteer", who == "whoever makes up cookies"
    reader = await signed_in(world, world.volunteer.id) if is_volunteer else Reader(world)
    path, most = ("/home", PAGES_AT_ONCE) if is_volunteer else ("/sign-in", OF_AN_ADDRESS)
    for _ in range(2):
        async with asked_for(reader, path, most, monkeypatch, made_up=made_up) as asking:
            refused = [await reader.http.get(path, headers=HERE) for _ in range(MORE)]
            assert Counter(each.status_code for each in refused) == {429: MORE}
            assert {each.headers["retry-after"] for each in refused} == {"1"}
            assert all(len(each.content) < 200 for each in refused)
        assert 429 not in {each.result().status_code for each in asking}


async def test_whoever_sends_slowly_keeps_nobody_out(world: World) -> None:
    """Forms of strangers that are still being sent, however many, leave room for others of their address."""
    may_go_on, begun = asyncio.Event(), 0

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal begun
        begun += 1
        await may_go_on.wait()
        yield b"login=x"

    async def are_begun() -> bool:
        return begun == OF_AN_ADDRESS

    reader = Reader(world)
    said = HERE | {"content-type": "application/x-www-form-urlencoded"}
    forms = [reader.http.post("/sign-in", content=slowly(), headers=said) for _ in range(OF_AN_ADDRESS)]
    sending = [asyncio.create_task(each) for each in forms]
    await until(are_begun)
    assert (await reader.http.get("/sign-in", headers=HERE)).status_code == 200
    may_go_on.set()
    assert 429 not in {each.status_code for each in await asyncio.gather(*sending)}


async def test_what_was_held_back_is_not_all_made_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of forms whose last bytes come together no more are looked at than of any pages; the others wait for a place."""
    may_go_on, begun, looked_at, read_form = asyncio.Event(), 0, Counter[str](), pages._read_form

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal begun
        begun += 1
        await may_go_on.wait()
        yield b"login=x"

    async def counted(visitor: Visitor, most: int) -> None:
        await read_form(visitor, most)
        looked_at["now"] += 1
        looked_at["most"] = max(looked_at.values())
        await asyncio.sleep(0.01)
        looked_at["now"] -= 1

    monkeypatch.setattr(pages, "_read_form", counted)
    reader, said = Reader(world), HERE | {"content-type": "application/x-www-form-urlencoded"}
    sending: list[asyncio.Task[httpx.Response]] = []

    async def are_begun() -> bool:
        return begun == len(sending)

    for _ in range(3):
        forms = [reader.http.post("/sign-in", content=slowly(), headers=said) for _ in range(OF_AN_ADDRESS)]
        sending += [asyncio.create_task(each) for each in forms]
        await until(are_begun)
    may_go_on.set()
    assert 429 not in {each.status_code for each in await asyncio.gather(*sending)}
    assert looked_at["most"] == OF_AN_ADDRESS


async def test_from_elsewhere_it_is_another_matter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thief's pages do not keep the owner of a session out, nor anybody else at the same address."""
    owner, neighbour = [await signed_in(world, world.volunteer.id) for _ in range(2)]
    async with asked_for(owner, "/home", PAGES_AT_ONCE, monkeypatch):
        for reader, address in ((owner, ELSEWHERE), (neighbour, HERE)):
            assert (await reader.http.get("/home", headers=address)).status_code == 200

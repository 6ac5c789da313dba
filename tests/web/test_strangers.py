"""What strangers are answered: the page, and little of what they sent."""

import html
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.conftest import kept
from tests.api.people.test_registrations import Outbox, open_to_all
from tests.api.world import World, settled
from tests.web.reader import Reader
from tests.web.town import PAGES
from timebank.web.app import create_app
from timebank.web.http.pages import Page
from timebank.web.http.safe import LONGEST

MOST_BYTES = 20_000
"""The page, and a little."""

LONG = '"' * 15_000
SENT = [page for page in PAGES if page.public and page.act]
NAMES = ["phone", "login", "name", "code", "invitation", "next", "from", "bank_id", "birth_year", "skills", "csrf"]
"""Fields of forms that strangers send."""

KINDS = {"page": {"accept": "text/html"}, "program": {"accept": "application/json"}}


@pytest.fixture(scope="module")
async def world(module_url: str) -> AsyncIterator[World]:
    """A bank in which people register by themselves."""
    async with kept(settled(module_url, create_app)) as world:
        world.services.registrations._sender = Outbox()
        await open_to_all(world)
        yield world


def parts(said: dict[str, Any]) -> dict[str, Any]:
    """The fields of a form in parts: each character takes one byte there."""
    return {name: (None, value) for name, value in said.items()}


async def secret(reader: Reader) -> dict[str, Any]:
    """What a form has to carry."""
    return {"csrf": (await reader.get("/sign-in")).form("/sign-in").fields["csrf"]}


@pytest.mark.parametrize("page", SENT, ids=lambda page: page.path)
async def test_what_is_too_long_is_not_shown_again(world: World, page: Page) -> None:
    """A field as long as may be sent at all is refused, and is no part of the answer."""
    reader = Reader(world)
    own = await secret(reader)
    for name in NAMES:
        for kind in KINDS.values():
            told = await reader.http.post(page.path, files=parts(own | {name: LONG}), headers=kind)
            assert len(told.content) < MOST_BYTES, name
            assert LONG[:LONGEST] not in html.unescape(told.text.replace("\\", ""))  # as it was, of pages and of JSON


@pytest.mark.parametrize("page", SENT, ids=lambda page: page.path)
async def test_what_may_be_sent_is_shown_again_in_few_bytes(world: World, page: Page) -> None:
    """Nor is the answer long where each field is as long as it may be."""
    reader = Reader(world)
    own = await secret(reader)
    told = await reader.http.post(page.path, files=parts(dict.fromkeys(NAMES, LONG[:LONGEST]) | own))
    assert len(told.content) < 2 * MOST_BYTES


ASKED = [
    *("/sign-in?next=", "/register?invitation=", "/register?", "/prove?next=", "/", "/home?x=", "/rules?x="),
    *("/v1/registration?", "/v1/registration?bank_id=", "/v1/me?", "/v1/", "/problems/", "/schema/", "/static/x/"),
]


@pytest.mark.parametrize("asked", ASKED)
async def test_an_address_is_not_said_at_length(world: World, asked: str) -> None:
    """What stands in an address is no great part of the answer either, nor of where it leads to."""
    reader = Reader(world)
    for kind in KINDS.values():
        told = await reader.http.get(asked + "%22" * 4_500, headers=kind, follow_redirects=False)
        assert len(told.content) + len(told.headers.get("location", "")) < MOST_BYTES


async def test_a_long_address_is_no_reason_not_to_sign_in(world: World) -> None:
    """Whoever was on a page with a very long address signs in, and goes on from the first page."""
    reader = Reader(world)
    page = await reader.get("/home?x=" + "y" * 3_000)
    assert page.path == "/sign-in"
    assert page.form("/sign-in").fields["next"] == "/"

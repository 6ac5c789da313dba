from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.api.conftest import kept
from tests.api.world import World, settled
from tests.helpers.databases import database
from tests.web.chromium import running
from timebank.web.app import create_app


@pytest.fixture(scope="package")
def shared_url(cluster: str, template: str) -> Iterator[str]:
    """The URL of a database that the tests here share."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture(scope="package")
async def world(shared_url: str) -> AsyncIterator[World]:
    """A served bank with its pages and somebody in each role, shared."""
    async with kept(settled(shared_url, create_app)) as world:
        yield world


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a module."""
    async with kept(running()) as browser:
        yield browser

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.api.conftest import kept
from tests.api.world import World, settled
from tests.helpers.databases import database
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

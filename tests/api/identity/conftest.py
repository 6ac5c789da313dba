from collections.abc import AsyncIterator, Iterator

import pytest

from tests.api.conftest import kept
from tests.api.identity.door import Clock
from tests.api.world import World, settled
from tests.helpers.databases import database


@pytest.fixture(scope="package")
def door_url(cluster: str, template: str) -> Iterator[str]:
    """The URL of a database for all tests here."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture(scope="package")
async def door(door_url: str) -> AsyncIterator[World]:
    """A bank behind a reverse proxy, so that everybody can come from an address of their own."""
    async with kept(settled(door_url, trusted_proxies="127.0.0.1")) as world:
        yield world


@pytest.fixture
def clock(door: World, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The service's clock, which stands still unless told to go on."""
    clock = Clock()
    monkeypatch.setattr(door.services.ledger, "clock", clock)
    return clock

"""A bank whose clocks change, to import lists into."""

from collections.abc import AsyncIterator

import pytest

from tests.controls import KEY_FILE
from tests.exchange.imports.office import BERLIN, NOW, Office
from timebank.runtime.composition import running_services
from timebank.runtime.settings import Settings


@pytest.fixture
async def berlin(url: str) -> AsyncIterator[Office]:
    """A bank where clocks change, with an organisation, at a known time."""
    settings = Settings(database_url=url, key_file=str(KEY_FILE))
    async with running_services(settings, follow=False, clock=lambda: NOW) as services:
        office = Office(services)
        await office.open(str(BERLIN))
        yield office

"""A bank whose clocks change, to import lists into."""

from collections.abc import AsyncIterator

import pytest

from tests.controls import KEY_FILE
from tests.exchange.imports.office import BERLIN, NOW, Office
from timebank.runtime.composition import running_services
from timebank.runtime.settings import Settings


@pytest.fixture
async def berlin(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """A bank where clocks change, with an organisation, at a known time."""
    monkeypatch.setattr("timebank.runtime.composition.utc_now", lambda: NOW)
    async with running_services(Settings(database_url=url, key_file=str(KEY_FILE)), follow=False) as services:
        office = Office(services)
        await office.open(str(BERLIN))
        yield office

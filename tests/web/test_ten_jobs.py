"""Ten jobs of each audience, in a browser: on phone and desktop, with and without JavaScript, in both languages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import product
from typing import Any, NamedTuple

import pytest
from playwright.async_api import Browser

from tests.api.conftest import kept
from tests.api.world import Caller, World, settled
from tests.web.chromium import DESKTOP, PHONE, opened
from tests.web.jobs import administrator, organisation, volunteer
from tests.web.jobs.people import Job, Person
from tests.web.serving import at_an_address
from timebank.web.app import create_app

pytestmark = pytest.mark.drill

SIZES = {"phone": PHONE, "desktop": DESKTOP}


class Audience(NamedTuple):
    """Who comes, and for what."""

    who: Callable[[World], Awaitable[Caller]]
    jobs: list[Job]


AUDIENCES = {
    "volunteer": Audience(volunteer.volunteer, volunteer.JOBS),
    "organisation": Audience(organisation.coordinator, organisation.JOBS),
    "administrator": Audience(administrator.administrator, administrator.JOBS),
}


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    """A bank of the test's own: rules are adopted in it, and people suspended."""
    async with kept(settled(url, create_app)) as world:
        yield world


WAYS = list(product(AUDIENCES, SIZES, ("zh-CN", "en-GB"), (False, True)))


@pytest.mark.release
@pytest.mark.parametrize(("audience", "size", "locale", "javascript"), WAYS)
async def test_ten_jobs(
    browser: Browser, world: World, audience: str, size: str, locale: str, javascript: bool
) -> None:
    """Each of ten jobs is done by pressing and typing, from a page that everybody finds; and it is so in the bank."""
    who, jobs = AUDIENCES[audience]
    how: dict[str, Any] = {"viewport": SIZES[size], "locale": locale, "java_script_enabled": javascript}
    async with at_an_address(world.app) as address:
        caller = await who(world)
        page = await opened(browser, address, caller, **how)
        for job in jobs:
            await _do(job, Person(page, world, caller, has_scripts=javascript), locale)
        await page.context.close()


async def _do(job: Job, somebody: Person, locale: str) -> None:
    """Have a job done; the failure names it, and where it stopped."""
    try:
        await job(somebody)
        assert await somebody.page.locator("html").get_attribute("lang") == locale[:2].replace("zh", "zh-CN")
    except Exception as failed:
        raise AssertionError(f"{job.__name__} stopped at {somebody.page.url}: {job.__doc__}") from failed

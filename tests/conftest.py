"""One embedded cluster for the whole run, a database cloned from a migrated template for each test that wants one."""

import asyncio
import contextlib
import gc
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from uuid import UUID

import asyncpg
import hypothesis
import pytest
import structlog
from argon2 import PasswordHasher

from tests.controls import ADMINISTRATOR, KEY_FILE, NOON, ZONE
from tests.helpers import pools, watchdog
from tests.helpers.databases import administer, database, database_name, leave
from tests.helpers.effort import Effort, add_option, effort_of
from tests.helpers.folders import watched_folder
from tests.helpers.loading import load_in_turn
from tests.helpers.own import made_here
from tests.helpers.patience import PATIENCE_SECONDS
from tests.helpers.slow import name_of, written_down
from timebank.db.connections import Pool
from timebank.db.migrations import migrate
from timebank.domain.bank import OpenBank
from timebank.domain.identifiers import new_bank_id
from timebank.identity import passwords
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.projections import FOLLOWING
from timebank.projections.machinery.runner import Runner
from timebank.runtime.composition import hooks
from timebank.runtime.database.roles import role_to_act_as
from timebank.runtime.embedded import EmbeddedPostgres
from timebank.vault.keyring import keyring_for
from timebank.vault.people import People

# Tests start many programs: each would be compiled anew where Python is told to keep nothing.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says only what else the machine does.
hypothesis.settings.register_profile("usual", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("usual")
USUAL_HASHER = passwords._hasher

hypothesis.settings.register_profile("thorough", max_examples=1_000)
"""Ten times as many histories and examples, for a night."""

# Tracebacks as Python writes them: those with all variables take longer to draw than most tests take to run.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much effort to make."""
    add_option(parser)


def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores: tests wait for PostgreSQL, and for programs they start, a third of their time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + (cores + 1) // 2


def pytest_configure(config: pytest.Config) -> None:
    """Have somebody end what we started, should we be killed before we do."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Who starts the tests in the background has them ignore Ctrl-C; what they start would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    watchdog.start()
    for folder in made_here():
        watchdog.watch(folder)
    if effort_of(config) == "night":
        hypothesis.settings.load_profile("thorough")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Thirds of the tests are compiled, and not three times all of them."""
    load_in_turn(session.config)


DRILLS = {"backups", "cli", "containers", "drills"}


def pytest_report_header(config: pytest.Config) -> str:
    """What is left out is said."""
    effort = effort_of(config)
    return f"effort: {effort}" + ("; what is marked 'release' is left out" if effort == "quick" else "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is for a release is left out every day; what is slow, or runs programs or other servers, is a drill."""
    if effort_of(config) == "quick":
        config.hook.pytest_deselected(items=[each for each in items if each.get_closest_marker("release")])
        items[:] = [each for each in items if not each.get_closest_marker("release")]
    slow = written_down()
    for item in items:
        if name_of(item.nodeid) in slow or DRILLS & set(item.path.relative_to(config.rootpath).parts):
            item.add_marker("drill")


def pytest_collection_finish() -> None:
    """Thousands of tests stay in memory to the end: looking through them for garbage took a quarter of the time."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Everything has ended, or is ended now."""
    watchdog.stop()


@pytest.fixture(scope="session")
def _asyncio_loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Tests run on the loop that the service runs on, of which there is none on Windows.

    In the place of the fixture of pytest-asyncio, whose hook would give tests that are no coroutines another loop.
    """
    with contextlib.suppress(ImportError):
        return import_module("uvloop").new_event_loop  # type: ignore[no-any-return]
    return asyncio.new_event_loop


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Nobody gives up because the machine is busy; tests of giving up make it quick for themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("timebank.ledger.writer.PATIENCE_SECONDS", PATIENCE_SECONDS)
        patch.setattr("timebank.ledger.ledger.WAIT_SECONDS", PATIENCE_SECONDS)
        patch.setattr("timebank.api.http.requests.READ_PATIENCE_SECONDS", PATIENCE_SECONDS)
        yield


@pytest.fixture(scope="session", autouse=True)
def authorities_once() -> Iterator[None]:
    """The certificates of authorities are loaded once, and not for each of thousands of requests to ourselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ssl.create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def light_passwords() -> Iterator[None]:
    """Hashing passwords takes a hundredth of the usual work; a program of its own does the usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=256, parallelism=1))
        yield


@pytest.fixture
def usual_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hashing passwords takes the work that it takes outside of tests."""
    monkeypatch.setattr(passwords, "_hasher", USUAL_HASHER)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture(scope="session")
def effort(pytestconfig: pytest.Config) -> Effort:
    """How much effort to make."""
    return effort_of(pytestconfig)


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The URL of a PostgreSQL server: the one named by TIMEBANK_TEST_DATABASE_URL, or an embedded one of our own."""
    given = os.environ.get("TIMEBANK_TEST_DATABASE_URL")
    if given:
        yield given
        leave(given)
        return
    with watched_folder() as root, EmbeddedPostgres(root).running() as url:
        # Nothing here outlives the machine, and each database that is dropped would wait for all files to be written.
        for setting in ("fsync", "full_page_writes"):
            administer(url, f"alter system set {setting} = off")
        administer(url, "select pg_reload_conf()")
        yield url
        leave(url)


@pytest.fixture(scope="session")
def template(cluster: str) -> Iterator[str]:
    """The name of a database that others are cloned from: migrated, with the roles' rights, as after a first start."""
    with database(cluster) as url:
        with asyncio.Runner() as runner:
            runner.run(migrate(url))
            runner.run(role_to_act_as(url, sees_standbys=False))
        yield database_name(url)


@pytest.fixture
def url(cluster: str, template: str) -> Iterator[str]:
    """The URL of a migrated, empty database for one test."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture(scope="module")
def module_url(cluster: str, template: str) -> Iterator[str]:
    """The URL of a migrated, empty database for all tests of a module."""
    with database(cluster, template) as url:
        yield url


@pytest.fixture
def emptied(cluster: str) -> Iterator[list[str]]:
    """The URLs of two databases with nothing in them."""
    with database(cluster) as one, database(cluster) as another:
        yield [one, another]


@pytest.fixture
def empty(emptied: list[str]) -> str:
    """The URL of a database with nothing in it."""
    return emptied[0]


@pytest.fixture(scope="session", autouse=True)
async def connections_that_stay() -> AsyncIterator[None]:
    """Connections to databases that are taken again are kept, where they are opened on the loop of all tests."""
    with pools.at_home():
        yield


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    """Connections to the test's database."""
    async with pools.kept(url, "pool", lambda: asyncpg.create_pool(url, min_size=1, max_size=10)) as pool:
        yield pool


@pytest.fixture
async def people(pool: Pool) -> People:
    """What seals and opens personal data of the test's database."""
    return await people_of(pool)


async def people_of(pool: Pool) -> People:
    """What seals and opens personal data of a test's database, in whatever process."""
    async with pool.acquire() as connection:
        return People(await keyring_for(connection, KEY_FILE))


@pytest.fixture
async def store(pool: Pool) -> Store:
    """The log of the test's database."""
    return Store(pool, Waker())


@pytest.fixture
async def bank_id(store: Store) -> UUID:
    """A bank without any event."""
    bank_id = UUID(new_bank_id())
    await store.open_bank(bank_id, "Test bank", str(ZONE))
    return bank_id


@pytest.fixture
async def ledger(store: Store, people: People, bank_id: UUID) -> AsyncIterator[Ledger]:
    """A ledger with inline balances, its bank opened."""
    ledger = Ledger(store, people, clock=lambda: datetime.now(UTC), hooks=hooks(people))
    await ledger.execute(bank_id, OpenBank(by=ADMINISTRATOR, at=NOON, name="Test bank", timezone=str(ZONE)))
    yield ledger
    await ledger.close()


@pytest.fixture
async def runner(store: Store) -> Runner:
    """What moves the following projections on, when told to."""
    return Runner(store, FOLLOWING)

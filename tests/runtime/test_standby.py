"""Where a standby is required nothing is written without it, and whoever writes is told so at once."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg
import pytest

from tests.api.conftest import kept
from tests.controls import KEY_FILE
from tests.controls.town import register
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, until
from timebank.domain.identifiers import new_bank_id
from timebank.ledger.submission import StandbyAwayError
from timebank.runtime.composition import Services, running_services
from timebank.runtime.database.rights import grants
from timebank.runtime.embedded import EmbeddedPostgres, _binaries, _identity
from timebank.runtime.settings import Settings

pytestmark = pytest.mark.drill


@pytest.fixture(scope="module")
def own_url() -> Iterator[str]:
    """The URL of a server that no other test uses."""
    with watched_folder() as root, EmbeddedPostgres(root).running() as url:
        yield url


@contextmanager
def standby(url: str, folder: Path) -> Iterator[None]:
    """Somebody who takes what the server writes, as a standby called `b` does."""
    (host,) = parse_qs(urlsplit(url).query)["host"]
    prefix, account = _identity()
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    whence = f"host={host} port=5432 user=timebank application_name=b"
    command = [*prefix, str(_binaries() / "pg_receivewal"), "-D", str(folder), "--synchronous", "-d", whence]
    with subprocess.Popen(command, user=account, stderr=subprocess.DEVNULL) as receiver:
        try:
            yield
        finally:
            receiver.terminate()


async def wait_for(url: str, name: str) -> None:
    """Let commits wait for a standby of this name."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"alter system set synchronous_standby_names = '{name}'")
    await connection.execute("select pg_reload_conf()")
    await connection.close()


def why_not(services: Services) -> str:
    """What readiness says of the standby; empty while it is there."""
    try:
        services.ledger.may_write()
    except StandbyAwayError as error:
        return str(error)
    return ""


async def until_told(services: Services, why: str) -> None:
    """Wait until the standby is missed for a reason."""

    async def is_told() -> bool:
        return why in why_not(services) if why else not why_not(services)

    await until(is_told)


async def test_nothing_is_written_without_it(own_url: str, tmp_path: Path) -> None:
    """Without a standby that commits wait for nothing is written; it is looked for all the time; readiness tells."""
    settings = Settings(database_url=own_url, key_file=str(KEY_FILE), require_standby=True)
    async with kept(running_services(settings, follow=False)) as services:
        bank_id = UUID(new_bank_id())
        await services.ledger.store.open_bank(bank_id, "x", "UTC")
        with pytest.raises(StandbyAwayError, match="commits wait for no standby"):
            await services.ledger.execute(bank_id, register(1))
        with standby(own_url, tmp_path / "wal"):
            await wait_for(own_url, "FIRST 1 (b)")
            await until_told(services, "")
            assert (await services.ledger.execute(bank_id, register(1))).position == 1
        await until_told(services, "is away")
        begun = time.monotonic()
        with pytest.raises(StandbyAwayError, match="is away"):
            await services.ledger.execute(bank_id, register(2))
        assert time.monotonic() - begun < 2
        (trouble,) = (await services.readiness.report()).troubles
        assert (trouble.what, "is away" in trouble.why) == ("standby", True)
        with standby(own_url, tmp_path / "wal"):
            await until_told(services, "")
            receipt = await asyncio.wait_for(services.ledger.execute(bank_id, register(2)), PATIENCE_SECONDS)
            assert receipt.position == 2
        await wait_for(own_url, "")


async def test_it_is_not_required_of_everybody(url: str) -> None:
    """Whoever does not ask for a standby writes without one."""
    async with kept(running_services(Settings(database_url=url, key_file=str(KEY_FILE)), follow=False)) as services:
        assert why_not(services) == ""


def test_a_role_needs_a_right_to_see_it() -> None:
    """Who requires a standby is given the right to see it, and nobody else is."""
    right = 'grant pg_read_all_stats to "x";'
    assert right in grants("x", sees_standbys=True)
    assert right not in grants("x", sees_standbys=False)

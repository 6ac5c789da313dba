"""pgbouncer between the service and PostgreSQL: in session mode as the example sets it, and in no other."""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from tests.containers.compose import TOP
from tests.controls import KEY_FILE
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, eventually
from tests.helpers.ports import free_port
from timebank.db.connections import NoDatabaseError, Pool, connected
from timebank.db.migrations import migrate
from timebank.db.server import must_be_fit, warn_of_settings
from timebank.runtime.composition import running_services
from timebank.runtime.embedded import _identity
from timebank.runtime.founding import found_bank
from timebank.runtime.settings import Settings

pytestmark = pytest.mark.skipif(
    shutil.which("pgbouncer") is None, reason="there is no pgbouncer: install it from the system's packages"
)

Pooled = Callable[..., str]


@pytest.fixture
def pooled(url: str) -> Iterator[Pooled]:
    """Starts pgbouncer by the example, with what is told put in instead; gives its URL."""
    with ExitStack() as stack:
        yield lambda **instead: stack.enter_context(_pooler(url, **instead))


@contextmanager
def _pooler(url: str, **instead: str) -> Iterator[str]:
    place, port = urlsplit(url), free_port()
    where = {name: values[0] for name, values in parse_qs(place.query).items()}
    host, at = (where["host"], where["port"]) if where else (place.hostname, place.port)
    name, secret = place.path.removeprefix("/"), f" password={place.password}" if place.password else ""
    given = {
        "timebank": f"host={host} port={at} dbname={name} user={place.username}{secret}",
        "listen_port": str(port), "auth_type": "any", "auth_file": "",
    }  # fmt: skip
    example = (TOP / "docker" / "examples" / "pgbouncer.ini").read_text(encoding="utf8").splitlines()
    with watched_folder() as folder:
        own = ["unix_socket_dir =", f"logfile = {folder}/log"]
        changed = [_changed(line, given | instead) for line in example]
        (folder / "pgbouncer.ini").write_text("\n".join([*changed, *own]))
        prefix, account = _identity()
        process = subprocess.Popen([*prefix, "pgbouncer", "-q", str(folder / "pgbouncer.ini")], user=account)
        try:
            assert eventually(lambda: _said(folder / "log", "process up") or process.poll() is not None)
            assert process.poll() is None
            yield f"postgresql://timebank@127.0.0.1:{port}/timebank"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_SECONDS)


def _said(log: Path, what: str) -> bool:
    return log.exists() and what in log.read_text()


def _changed(line: str, instead: dict[str, str]) -> str:
    name = line.partition(" = ")[0]
    return f"{name} = {instead[name]}" if name in instead else line


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_other_modes_are_refused(pooled: Pooled, mode: str) -> None:
    """Where transactions of a connection go to one session or another, the start ends with a sentence."""
    url = pooled(pool_mode=mode)
    with pytest.raises(NoDatabaseError, match=r"^TIMEBANK_DATABASE_URL: 127.0.0.1:\d+: .*transaction") as refused:
        await migrate(url)
    assert "\n" not in str(refused.value)


async def test_what_is_not_to_be_refused_is_named(pooled: Pooled) -> None:
    """Without the list of the example, the start ends with a sentence that has the list."""
    url = pooled(ignore_startup_parameters="extra_float_digits")
    await must_be_fit(url)
    with pytest.raises(NoDatabaseError, match="ignore_startup_parameters = plan_cache_mode,") as refused:
        await warn_of_settings(url)
    named = str(refused.value).rpartition(" = ")[2].split(",")
    example = (TOP / "docker" / "examples" / "pgbouncer.ini").read_text(encoding="utf8")
    listed = example.partition("\nignore_startup_parameters = ")[2].partition("\n")[0].split(",")
    assert set(listed) == set(named)


async def test_the_service_runs_in_session_mode(pooled: Pooled, pool: Pool, url: str) -> None:
    """As the example says, a bank is opened and written to; what pgbouncer leaves out is told, until it is set."""
    through = pooled()
    with capture_logs() as told:
        await warn_of_settings(through)
    wanted = [line["event"].partition("set it with: ")[2] for line in told if "leaves" in line["event"]]
    example = (TOP / "docker" / "examples" / "pgbouncer.ini").read_text(encoding="utf8")
    database = urlsplit(url).path.removeprefix("/")
    assert len(wanted) == 2
    for change in wanted:
        assert change.replace(database, "timebank") in example
        await pool.execute(change)
    connection = await connected(through)
    await connection.close()
    async with running_services(Settings(database_url=pooled(), key_file=str(KEY_FILE), pool_size=4)) as services:
        founded = await found_bank(services, "Pooled", "Asia/Shanghai", "甲")
        assert await services.ledger.store.head(UUID(str(founded.bank_id))) == 3
    with capture_logs() as told:
        await warn_of_settings(pooled())
    assert not [line for line in told if "leaves" in line["event"]]

"""What the PostgreSQL server has to be."""

import re
import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.helpers.folders import watched_folder
from tests.helpers.ports import free_port
from timebank.db.connections import NoDatabaseError, Pool, place_of
from timebank.db.migrations import migrate
from timebank.db.server import warn_of_settings
from timebank.runtime.embedded import _binaries, _identity

BEFORE = Path(_binaries()).parents[1] / "pginstall" / "bin"
"""The programs of an older PostgreSQL, which the same package has."""


@pytest.mark.skipif(not BEFORE.is_dir(), reason="there is no older PostgreSQL here")
async def test_an_older_version_is_refused() -> None:
    """Before anything is asked of it, the start ends with a sentence that names the host and the version."""
    prefix, account = _identity()
    with watched_folder() as folder:
        folder.chmod(0o777)
        data, port = folder / "data", free_port()

        def run(tool: str, *arguments: str) -> None:
            command = [*prefix, str(BEFORE / tool), "-D", str(data), *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd="/", user=account)

        run("initdb", "--username=timebank", "--auth=trust", "--no-sync", "--no-instructions")
        options = f"-F -c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        subprocess.run(
            [*prefix, BEFORE / "pg_ctl", "start", "-w", "-D", data, "-l", data / "log", "-o", options],
            check=True, cwd="/", user=account, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with pytest.raises(NoDatabaseError, match=rf"127.0.0.1:{port}: is PostgreSQL 1\d\.\d+; timebank needs"):
                await migrate(f"postgresql://timebank@127.0.0.1:{port}/postgres")
        finally:
            run("pg_ctl", "stop", "-m", "immediate")


async def test_what_endangers_facts_is_told(url: str, pool: Pool) -> None:
    """A database that acknowledges before it has written says so in the log, naming host and version."""
    database = url.partition("?")[0].rpartition("/")[2]
    await pool.execute(f"alter database {database} set synchronous_commit = off")
    with capture_logs() as told:
        await warn_of_settings(url)
    (line,) = [line for line in told if "synchronous_commit" in line["event"]]
    assert line["log_level"] == "warning"
    said = rf"TIMEBANK_DATABASE_URL: {re.escape(place_of(url))}: PostgreSQL 18\.\d+ runs with synchronous_commit off: "
    assert re.match(said, line["event"])

"""The embedded server: started by the first user, stopped by the last, and back after a crash."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, eventually
from timebank.runtime import embedded
from timebank.runtime.embedded import EmbeddedPostgres, EmbeddedPostgresError

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no embedded server on Windows"),
]

HOLD_UNTIL_KILLED = """
import sys
from pathlib import Path
from timebank.runtime.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def empty() -> Iterator[Path]:
    """A folder nothing was ever started in; short, for the names of sockets may not be long."""
    with watched_folder() as folder:
        yield folder / "pg"
        stop_whatever_runs(folder / "pg")


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder with data in it, made once for all tests of this file."""
    with watched_folder() as folder:
        with EmbeddedPostgres(folder / "pg").running():
            pass
        yield folder / "pg"


@pytest.fixture
def root(made: Path) -> Iterator[Path]:
    """The same folder, with no server in it before and after each test."""
    yield made
    stop_whatever_runs(made)


def stop_whatever_runs(root: Path) -> None:
    """A failed test may leave a server; being its next and last user stops it."""
    if (root / "data" / "postmaster.pid").exists():
        (root / "data" / "PG_VERSION").write_text("18\n")
        with EmbeddedPostgres(root).running():
            pass


def ask(url: str, *statements: str) -> Any:
    """The value the last statement gives, over a connection of its own."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            answers = [await connection.fetchval(statement) for statement in statements]
        finally:
            await connection.close()
        return answers[-1]

    return asyncio.run(run())


def postmaster(root: Path) -> int:
    """The process number the server wrote down."""
    return int((root / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def answers(url: str) -> bool:
    """Whether a session can be opened."""
    try:
        return bool(ask(url, "SELECT true"))
    except OSError:
        return False


def hold_in_another_process(root: Path) -> "subprocess.Popen[str]":
    """A process that holds the server until it is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_KILLED, str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd(),
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


JOIN_IN_A_FORK = """
import os, sys
from pathlib import Path
from timebank.runtime.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).acquire()
if os.fork():
    os.wait()
own = EmbeddedPostgres(Path(sys.argv[1]))
own.acquire()
print("held", os.getpid(), flush=True)
sys.stdin.read()
own.release()
"""


def kill(holder: "subprocess.Popen[str]") -> None:
    """End a holder without giving it a chance to leave."""
    holder.kill()
    holder.communicate()


def test_the_first_start_makes_a_database_that_answers(empty: Path) -> None:
    """The first use of an empty folder gives a UTF-8 database with durable commits, and leaves nothing half-made."""
    with EmbeddedPostgres(empty).running() as url:
        assert ask(url, "SELECT current_user || '@' || current_database()") == "timebank@timebank"
        assert ask(url, "SELECT current_setting('server_version_num')::int / 10000") == 18
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SELECT datlocale FROM pg_database WHERE datname = 'timebank'") == "C.UTF-8"
        assert ask(url, "SHOW fsync") == "on"
    assert not answers(url)
    assert not (empty / "data.unfinished").exists()


def test_an_interrupted_first_start_is_begun_again(empty: Path) -> None:
    """What an interrupted first start left behind is thrown away, for only complete data carries the name of data."""
    (empty / "data.unfinished").mkdir(parents=True)
    (empty / "data.unfinished" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(empty).running() as url:
        assert answers(url)


def test_what_links_lead_to_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the server gets the folder, and nothing outside of it, whatever they have put there."""
    (tmp_path / "outside").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "inner").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data")
    monkeypatch.setattr(embedded, "_identity", lambda: ((), "nobody"))
    given: set[str] = set()

    def chown(
        name: str | int, _owner: int, _group: int, *, dir_fd: int | None = None, follow_symlinks: bool = True
    ) -> None:
        if isinstance(name, int):
            given.add(Path(f"/proc/self/fd/{name}").resolve().name)
        else:
            assert dir_fd is not None
            assert not follow_symlinks
            given.add(name)

    monkeypatch.setattr(os, "chown", chown)
    embedded._hand_over(tmp_path / "elsewhere")
    assert given == {"data", "inner", "link"}


def test_the_last_of_two_holders_stops_the_server(root: Path) -> None:
    """Two holders share one server, which outlives the first to leave and not the second."""
    one, other = EmbeddedPostgres(root), EmbeddedPostgres(root)
    url = one.acquire()
    pid = postmaster(root)
    assert other.acquire() == url
    assert postmaster(root) == pid
    one.release()
    assert answers(url)
    other.release()
    assert not answers(url)
    assert not (root / "data" / "postmaster.pid").exists()


def test_releasing_twice_or_without_holding_does_nothing(root: Path) -> None:
    """Only a holder can leave, so a stray release cannot stop the server of the others."""
    with EmbeddedPostgres(root).running() as url:
        stranger = EmbeddedPostgres(root)
        stranger.release()
        assert not stranger.ensure_running()
        assert answers(url)


def test_a_killed_holder_leaks_nothing(root: Path) -> None:
    """The server of a process killed with SIGKILL is adopted by the next user and stopped when that one leaves."""
    holder = hold_in_another_process(root)
    pid = postmaster(root)
    kill(holder)
    with EmbeddedPostgres(root).running() as url:
        assert postmaster(root) == pid
        assert answers(url)
    assert not answers(url)


def test_who_was_forked_from_a_killed_holder_is_the_last_one_out(root: Path) -> None:
    """Workers go on for a moment when their parent was killed; the last that leaves stops the server."""
    parent = subprocess.Popen(
        [sys.executable, "-c", JOIN_IN_A_FORK, str(root)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd(),
    )  # fmt: skip
    assert parent.stdin
    assert parent.stdout
    assert parent.stdout.readline().startswith("held")
    parent.kill()
    parent.wait()
    assert (root / "data" / "postmaster.pid").exists()
    parent.stdin.close()
    assert eventually(lambda: not (root / "data" / "postmaster.pid").exists())
    parent.stdout.close()


def test_a_living_holder_in_another_process_keeps_the_server(root: Path) -> None:
    """Leaving does not stop the server while another process still holds it."""
    holder = hold_in_another_process(root)
    try:
        with EmbeddedPostgres(root).running() as url:
            pass
        assert answers(url)
    finally:
        kill(holder)


def test_a_killed_server_is_restarted_with_every_committed_row(root: Path) -> None:
    """After a SIGKILL of the server the watchdog's call brings it back, and what was committed is there."""
    postgres = EmbeddedPostgres(root)
    with postgres.running() as url:
        assert not postgres.ensure_running()
        ask(url, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
        killed = postmaster(root)
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: postgres.ensure_running())
        assert not postgres.ensure_running()
        assert postmaster(root) != killed
        assert ask(url, "SELECT n FROM kept") == 7


def test_a_signal_from_the_terminal_does_not_reach_the_server(root: Path) -> None:
    """The server is in a session of its own, so Ctrl-C ends its users and not the server under them."""
    with EmbeddedPostgres(root).running():
        assert os.getsid(postmaster(root)) != os.getsid(0)
        assert os.getpgid(postmaster(root)) != os.getpgid(0)


def test_a_stale_lock_file_that_names_a_stranger_is_no_obstacle(root: Path) -> None:
    """When the number in old lock files belongs to another program now, the server starts and the program lives on."""
    with EmbeddedPostgres(root).running():
        files = [root / "data" / "postmaster.pid", root / "run" / ".s.PGSQL.5432.lock"]
        contents = [file.read_text().split("\n", 1)[1] for file in files]
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        try:
            for file, content in zip(files, contents, strict=True):
                file.write_text(f"{stranger.pid}\n{content}")
                file.chmod(0o600)
            with EmbeddedPostgres(root).running() as url:
                assert answers(url)
                assert postmaster(root) != stranger.pid
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_leaving_never_signals_a_stranger(root: Path) -> None:
    """If the server is gone when the last user leaves, whoever carries its number now is left alone."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        try:
            postgres = EmbeddedPostgres(root)
            postgres.acquire()
            lock = root / "data" / "postmaster.pid"
            server, rest = lock.read_text().split("\n", 1)
            os.kill(int(server), signal.SIGKILL)
            lock.write_text(f"{stranger.pid}\n{rest}")
            postgres.release()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_path_too_long_for_a_socket_is_refused() -> None:
    """A folder whose socket could not be named is refused with the setting that helps, before anything is made."""
    root = Path(tempfile.gettempdir()) / ("long-" * 25)
    with pytest.raises(EmbeddedPostgresError, match="TIMEBANK_HOME"):
        EmbeddedPostgres(root).acquire()
    assert not root.exists()


def test_only_the_owner_reaches_the_server(root: Path) -> None:
    """The socket's folder is closed to others, as is every file, and the server listens on no TCP port."""
    (root / "postgres.log").chmod(0o644)
    with EmbeddedPostgres(root).running() as url:
        assert {stat.S_IMODE(path.stat().st_mode) for path in root.iterdir() if path.is_file()} == {0o600}
        assert stat.S_IMODE((root / "run").stat().st_mode) == 0o700
        assert stat.S_IMODE((root / "data").stat().st_mode) == 0o700
        assert ask(url, "SHOW listen_addresses") == ""
        assert (root / "data" / "postmaster.pid").read_text().split("\n")[5] == ""  # the address it listens on


def test_data_of_another_version_is_refused(root: Path) -> None:
    """Data another major version wrote is refused in a sentence that names both, and is not touched."""
    marker = root / "data" / "PG_VERSION"
    marker.write_text("17\n")
    try:
        with pytest.raises(EmbeddedPostgresError, match="version 17, and this program brings version 18"):
            EmbeddedPostgres(root).acquire()
    finally:
        marker.write_text("18\n")
    assert not (root / "data" / "postmaster.pid").exists()


def test_a_server_that_cannot_start_says_why(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that fails ends with the last lines of the server's log, and frees the folder for the next try."""
    with EmbeddedPostgres(empty).running():
        pass
    settings = empty / "data" / "postgresql.conf"
    sane = settings.read_text()
    settings.write_text(f"{sane}\nno_such_setting = 1\n")
    # Whoever is told to stop meanwhile waits no longer.
    monkeypatch.setattr("timebank.runtime.embedded.START_PATIENCE", PATIENCE_SECONDS)
    postgres = EmbeddedPostgres(empty)
    threading.Timer(0.5, postgres.give_up).start()
    with pytest.raises(EmbeddedPostgresError, match="not waited for"):
        postgres.acquire()
    monkeypatch.setattr("timebank.runtime.embedded.START_PATIENCE", 0.2)
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        EmbeddedPostgres(empty).acquire()
    settings.write_text(sane)
    with EmbeddedPostgres(empty).running() as url:
        assert answers(url)


def test_settings_of_the_environment_do_not_mislead_the_server(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables meant for another PostgreSQL change neither where ours listens nor where its users look."""
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with EmbeddedPostgres(root).running() as url:
        assert answers(url)

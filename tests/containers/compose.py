"""The compose files as `docker compose` reads them, and the services in them started as their images would be."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from tests.helpers.patience import PATIENCE_SECONDS, eventually
from tests.helpers.ports import free_port
from timebank.runtime.embedded import _binaries, _identity

TOP = Path(__file__).parents[2]
DOCKER = TOP / "docker"
ENTRYPOINT = TOP / "tests" / "data" / "postgres-18-docker-entrypoint.sh"
"""That of PostgreSQL's image, at docker-library/postgres 6edb0a8c4def40c371514b34aef9037ec82d9110."""

INIT_FOLDER = "/docker-entrypoint-initdb.d/"

AS_THE_IMAGE_STARTS = """
set -Eeo pipefail
source "$ENTRYPOINT"
docker_setup_env
docker_verify_minimum_env
docker_init_database_dir
echo "listen_addresses = 'localhost'" >> "$PGDATA/postgresql.conf"
pg_setup_hba_conf "$@"
export PGPASSWORD="$POSTGRES_PASSWORD"
docker_temp_server_start "$@"
docker_setup_db
docker_process_init_files "$INIT"/*
docker_temp_server_stop
"""
"""What its `_main` does with an empty volume, but for folders that are nowhere but in the image."""


def services(*files: str, **variables: str) -> dict[str, dict[str, Any]]:
    """The services of compose files, later ones over earlier ones, with variables put in."""
    merged: dict[str, dict[str, Any]] = {}
    for file in files:
        text = re.sub(
            r"\$\{(\w+)(?::-([^}]*))?\}",
            lambda blank: variables.get(blank[1], blank[2] or ""),
            (DOCKER / file).read_text(encoding="utf8"),
        )
        for name, service in yaml.safe_load(text)["services"].items():
            _merge(merged.setdefault(name, {}), service)
    return merged


def _merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    """As compose does it: mappings are united, volumes too, all else is replaced."""
    for key, value in other.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        elif key == "volumes":
            into[key] = [*into.get(key, []), *value]
        else:
            into[key] = value


class Postgres:
    """A service with PostgreSQL's image, on a volume of its own."""

    def __init__(self, service: dict[str, Any], folder: Path) -> None:
        self.service, self.folder, self.port = service, folder, free_port()
        self.data = folder / "18" / "docker"
        self.log = folder / "log"
        self._server: subprocess.Popen[bytes] | None = None
        (folder / "init").mkdir(parents=True)
        (folder / "bin").mkdir()
        for volume in service["volumes"]:
            source, target, *_ = volume.split(":")
            if target.startswith(INIT_FOLDER):
                shutil.copy(DOCKER / source, folder / "init" / Path(target).name)
        # Beside PostgreSQL's programs the image has its entrypoint on the path; where there are data, it only goes on.
        entrypoint = folder / "bin" / "docker-entrypoint.sh"
        entrypoint.write_text('#!/bin/sh\nexec "$@"\n')
        entrypoint.chmod(0o755)
        self.data.mkdir(parents=True, mode=0o700)
        self._hand_over(folder)

    @property
    def environment(self) -> dict[str, str]:
        """What processes in the container find set."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "POSTGRES"))}
        path = f"{self.folder / 'bin'}:{_binaries()}:{os.environ['PATH']}"
        own = {"PGDATA": str(self.data), "PG_MAJOR": "18", "PGPORT": str(self.port), "PATH": path, "LANG": "C.UTF-8"}
        files = {"ENTRYPOINT": str(ENTRYPOINT), "INIT": str(self.folder / "init")}
        return kept | self.service["environment"] | own | files

    def url(self, said: str, host: str = "database") -> str:
        """A URL from the compose file, with this server where it names the host."""
        return said.replace(f"{host}:5432", f"127.0.0.1:{self.port}")

    def make(self) -> None:
        """What the image does when the volume is empty."""
        self.run("bash", "-c", AS_THE_IMAGE_STARTS, "docker-entrypoint.sh", *self.service["command"])

    def start(self, *command: str) -> None:
        """Start the server by the command of the service, behind its entrypoint if it has one of its own."""
        self._server = self._popen(*(command or self.service["command"]))
        eventually(lambda: self._is_up() or self._server is None or self._server.poll() is not None)
        assert self._is_up(), self.log.read_text()

    def kill(self) -> None:
        """End the server at once, its children with it."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """Stop the server as the container is stopped."""
        self._end(signal.SIGINT)

    def run(self, *command: str) -> str:
        """Run something in the container; what it says."""
        process = self._popen(*command, stdout=subprocess.PIPE)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, self.log.read_text()
        return out.decode()

    def sql(self, statement: str) -> str:
        """What a statement gives, as the superuser, over the socket, where no password is asked for."""
        return self.run("psql", "-U", "postgres", "-d", "timebank", "-Atc", statement).strip()

    def _is_up(self) -> bool:
        probe = [str(_binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(probe, check=False).returncode == 0

    def _popen(self, *command: str, stdout: int | None = None) -> "subprocess.Popen[bytes]":
        prefix, account = _identity()
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*prefix, *command], env=self.environment, stdout=log if stdout is None else stdout, stderr=log,
                stdin=subprocess.DEVNULL, cwd="/", user=account, start_new_session=True,
            )  # fmt: skip

    def _end(self, number: int) -> None:
        if self._server:
            with suppress(ProcessLookupError):
                self._server.send_signal(number)
            self._server.wait(PATIENCE_SECONDS)
            self._server = None

    def _hand_over(self, folder: Path) -> None:
        if account := _identity()[1]:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, account)


@contextmanager
def postgres(service: dict[str, Any], folder: Path) -> Iterator[Postgres]:
    """A service with PostgreSQL's image, stopped in the end."""
    server = Postgres(service, folder)
    try:
        yield server
    finally:
        server.kill()

"""The program as users run it: a process of its own, in a folder of its own."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.api.world import said
from tests.cli.prepared import prepared
from tests.controls import KEY_FILE
from tests.helpers.databases import signing_key_file
from tests.helpers.patience import PATIENCE_SECONDS, eventually

PASSWORD = "zhong hua lu 17"
PROGRAM = (sys.executable, "-m", "timebank")


class Program:
    """`timebank …` with certain settings. It runs in no terminal, and anywhere but in the checkout."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        if "database_url" in settings:
            if "key_file" not in settings:
                settings.setdefault("signing_key_file", signing_key_file(settings["database_url"]))
            settings.setdefault("key_file", str(KEY_FILE))
            settings.setdefault("home", str(folder / "home"))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TIMEBANK_")}
        kept["LC_ALL"] = "C.UTF-8"  # whatever language whoever runs the tests speaks
        self.environment = kept | {f"TIMEBANK_{name.upper()}": value for name, value in settings.items()}

    def run(self, *arguments: str | Path, typed: str = "", expect: int = 0, seconds: float = PATIENCE_SECONDS) -> "Ran":
        """Run a command to its end, which has to be the one expected; what it asks for is typed."""
        told = prepared().run([*map(str, arguments)], self.environment, str(self.folder), typed, seconds)
        code, ran = told[0], Ran(*told[1:])
        assert code == expect, f"exit code {code}\n{ran.out}\n{ran.err}"
        assert "Traceback" not in ran.err, ran.err
        return ran

    async def arun(self, *arguments: str | Path, typed: str = "", expect: int = 0) -> "Ran":
        """The same beside a service in this process, which goes on meanwhile."""
        return await asyncio.to_thread(self.run, *arguments, typed=typed, expect=expect)

    def start(self, *arguments: str | Path, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
        """Start a command as the leader of a session of its own."""
        return subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            cwd=self.folder, env=self.environment, text=True, start_new_session=True,
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def serve(self, *arguments: str | Path) -> "Served":
        """The service, ready, on a free port; whoever asked for it kills it."""
        served = Served(self.start("serve", "--port", "0", *arguments))
        served.wait()
        return served

    @contextmanager
    def serving(self, *arguments: str | Path) -> Iterator["Served"]:
        """A service that is ready, until the block ends."""
        served = Served(self.start(*arguments))
        try:
            served.wait()
            yield served
        finally:
            served.kill()


class Ran:
    """What a command said."""

    def __init__(self, out: str, err: str) -> None:
        self.out, self.err = out, err

    @property
    def sentence(self) -> str:
        """What it said on standard error, in one line without its frame."""
        return " ".join(self.err.replace("│", " ").split())

    @property
    def failure(self) -> str:
        """Why it ended: the last thing it said, as a line of the log or as a sentence."""
        last = self.err.strip().splitlines()[-1]
        failure: str = json.loads(last)["error"] if last.startswith("{") else last.removeprefix("Error: ")
        return failure

    @property
    def json(self) -> Any:
        """The one line of JSON it said."""
        (line,) = self.out.splitlines()
        return json.loads(line)


class Served:
    """A running service, and what it says, line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.out: list[str] = []
        self.err: list[str] = []
        for stream, lines in ((process.stdout, self.out), (process.stderr, self.err)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it serves, once it has said so; empty before."""
        said = re.search(r"(?:Serving at |\"url\": ?\")(http://[0-9.]+:[0-9]+)", "".join([*self.out, *self.err]))
        return said[1] if said else ""

    def client(self) -> httpx.Client:
        """Somebody who asks it something."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS)

    @staticmethod
    def _read(stream: Any, lines: list[str]) -> None:
        with stream:
            for line in stream:
                lines.append(line)  # noqa: PERF402  # as they come, not when it ends

    def wait(self) -> None:
        """Wait until it serves."""
        eventually(lambda: self.url or self.process.poll() is not None)
        if not self.url:
            self.kill()
            raise AssertionError("".join([*self.out, *self.err]))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop, as a process manager does; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Kill the whole group: the service and its workers, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)


def enter(url: str, bank: dict[str, str]) -> dict[str, str]:
    """Choose a password with the code that `init` gave out; the headers of the new administrator's requests."""
    choice = {"one_time_code": bank["code"], "password": PASSWORD}
    answer = httpx.post(f"{url}/v1/passwords", json=choice, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def must_tell_no_key(ran: Ran, keys: Path) -> None:
    """Nothing of the key file was said."""
    for secret in json.loads(keys.read_text())["keys"].values():
        assert secret not in ran.out + ran.err


async def choose(http: httpx.AsyncClient, code: str, expect: int = 201) -> dict[str, Any]:
    """Choose a password with a code."""
    found: dict[str, Any] = said(
        await http.post("/v1/passwords", json={"one_time_code": code, "password": PASSWORD}), expect
    )
    return found


async def sign_in(http: httpx.AsyncClient, login: str, expect: int = 201) -> dict[str, Any]:
    """Sign in with number or phone."""
    found: dict[str, Any] = said(await http.post("/v1/sessions", json={"login": login, "password": PASSWORD}), expect)
    return found


def is_up(url: str) -> bool:
    """Whether the service answers."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=PATIENCE_SECONDS).status_code == 200
    except httpx.TransportError:
        return False


def postgres_pid(home: Path) -> int:
    """The process number of the embedded server in a folder; 0 if none runs."""
    try:
        pid = int((home / "postgres/data/postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if str(home).encode() in command else 0

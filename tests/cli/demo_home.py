"""The demo world, made once for a whole run of the tests: each that wants it gets a copy of the folder it lives in."""

import fcntl
import json
import shutil
from pathlib import Path
from typing import NamedTuple

from tests.cli.program import Program, is_up, postgres_pid
from tests.helpers.folders import watched_folder
from tests.helpers.own import folder_of_this_run


class FirstDemo(NamedTuple):
    """What was seen when the world was made: by `timebank demo`, told to end when it was ready."""

    out: list[str]
    err: list[str]
    exit_code: int
    is_gone: bool


def first_demo() -> FirstDemo:
    """How the world was made; whoever is first to ask makes it, and others wait."""
    home = folder_of_this_run() / "demo"
    seen = home.with_suffix(".json")
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not seen.exists():
            seen.write_text(json.dumps(_made(home)), encoding="utf-8")
    return FirstDemo(*json.loads(seen.read_text(encoding="utf-8")))


def copy_of_the_demo(home: Path) -> None:
    """Put the demo world into a home that is not there yet."""
    first_demo()
    shutil.copytree(folder_of_this_run() / "demo", home)


def _made(home: Path) -> FirstDemo:
    with watched_folder() as folder:  # a short path, because those of sockets are limited
        program = Program(folder, home=str(folder / "home"))
        with program.serving("demo", "--json", "--port", "0") as served:
            exit_code = served.stop()
        is_gone = not is_up(served.url) and not postgres_pid(folder / "home")
        shutil.copytree(folder / "home", home, ignore=shutil.ignore_patterns("*.lock", "run"))
    return FirstDemo(served.out, served.err, exit_code, is_gone)

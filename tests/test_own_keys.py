"""Each run of the tests has keys, and a list of who was erased, of its own: neither another run's nor the user's."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.program import Program
from tests.controls import KEY_FILE
from tests.helpers.own import VARIABLE

SHOW = "from tests.controls import KEY_FILE; print(KEY_FILE, KEY_FILE.parent.is_dir())"


def shown(environment: dict[str, str]) -> tuple[Path, str]:
    """Where the key file of a process is, and whether there is a folder for it."""
    ran = subprocess.run([sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True)
    file, is_there = ran.stdout.split()
    return Path(file), is_there


def test_runs_do_not_share_their_keys() -> None:
    """Programs of a run find its folder; other runs have others, which are gone when they end."""
    others = {name: value for name, value in os.environ.items() if name != VARIABLE}
    assert shown(dict(os.environ)) == (KEY_FILE, "True")
    first, second = shown(others), shown(others)
    assert first[1] == second[1] == "True"
    assert len({KEY_FILE.parent, first[0].parent, second[0].parent}) == 3
    assert not first[0].parent.exists()
    assert KEY_FILE.parent.exists()


def test_no_program_uses_the_home_of_the_user(tmp_path: Path) -> None:
    """Where a test says nothing of it, a program that it runs has its home in the test's folder."""
    program = Program(tmp_path, database_url="postgresql://nowhere/")
    assert program.environment["TIMEBANK_HOME"] == str(tmp_path / "home")

"""Somebody who has a copy of the verifier, and nothing of the service."""

import shutil
import subprocess
import sys
from pathlib import Path

from timebank import verifier


def verify(folder: Path, *arguments: object, expect: int = 0) -> str:
    """What the verifier says, run as a program of its own, from a copy in a folder where nothing else is."""
    place = folder / "stranger"
    shutil.copytree(Path(verifier.__file__).parent, place / "verifier", dirs_exist_ok=True)
    command = [sys.executable, "-m", "verifier", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
    assert ran.returncode == expect, ran.stdout + ran.stderr
    return ran.stdout

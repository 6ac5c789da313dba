"""The folder of one run of tests: its keys, and the list of who was erased, that all its processes share.

Another run, at the same time or before, has another one.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "FOLDER_OF_THIS_TEST_RUN"
"""Where processes that this one starts find the folder."""

_made: list[Path] = []


def folder_of_this_run() -> Path:
    """The folder; made by the first process of a run, and removed when that ends."""
    if VARIABLE not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="tb-run-"))
        os.environ[VARIABLE] = str(folder)
        _made.append(folder)
        atexit.register(_remove, folder, os.getpid())
    return Path(os.environ[VARIABLE])


def made_here() -> list[Path]:
    """The folder, if this process made it; a run within another one uses that one's."""
    return _made


def _remove(folder: Path, made_by: int) -> None:
    if os.getpid() == made_by:  # and not a fork of it
        shutil.rmtree(folder, ignore_errors=True)

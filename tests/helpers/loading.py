"""Loading the files of tests: each worker begins with other ones, so that each file is compiled by one of them.

All workers load all files, in one order. The first time nothing is compiled, and all would compile the same file at
the same time.
"""

import os
from importlib import import_module
from pathlib import Path

import pytest


def load_in_turn(config: pytest.Config) -> None:
    """Load all files of tests, from another one on in each worker; nothing where only some were asked for.

    A file that cannot be loaded, or is skipped, is told of when it is collected.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1 or config.args != config.getini("testpaths"):
        return
    files = sorted(Path(__file__).parents[1].rglob("test_*.py"))
    begin = len(files) * int(worker) // workers
    for file in [*files[begin:], *files[:begin]]:
        try:
            import_module(".".join(file.relative_to(config.rootpath).with_suffix("").parts))
        except (Exception, pytest.skip.Exception):
            continue

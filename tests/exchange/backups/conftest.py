"""Empty databases to restore into, and keys in folders of their own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import administer, database_url
from tests.controls import KEY_FILE
from tests.helpers.watchdog import watched_folder

Empty = Callable[[], str]


@pytest.fixture
def emptied(cluster: str) -> Iterator[list[str]]:
    """The URLs of two databases with nothing in them."""
    names = [f"empty_{uuid4().hex}" for _ in range(2)]
    for name in names:
        administer(cluster, f"create database {name}")
    yield [database_url(cluster, name) for name in names]
    for name in names:
        administer(cluster, f"drop database {name} with (force)")


@pytest.fixture
def empty(emptied: list[str]) -> str:
    """The URL of a database with nothing in it."""
    return emptied[0]


@pytest.fixture
def folders() -> Iterator[list[Path]]:
    """Two folders: one with a copy of the tests' key file, and one with nothing in it."""
    with ExitStack() as stack:
        folders = [stack.enter_context(watched_folder()) for _ in range(2)]
        shutil.copy(KEY_FILE, folders[0] / "keys.json")
        yield folders

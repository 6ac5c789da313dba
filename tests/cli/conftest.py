"""Folders for the program to run in, and the program itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Program, postgres_pid
from tests.helpers.folders import watched_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a short path, because those of sockets are limited."""
    with watched_folder() as folder:
        yield folder


@pytest.fixture
def home(folder: Path) -> Iterator[Path]:
    """A folder for embedded data, which nothing may go on using."""
    home = folder / "home"
    yield home
    assert not postgres_pid(home), "PostgreSQL was left running"


@pytest.fixture
def program(url: str, folder: Path) -> Program:
    """The program on the test's database."""
    return Program(folder, database_url=url)


@pytest.fixture
def keys(folder: Path) -> Path:
    """A key file of the test's own."""
    return folder / "keys.json"


@pytest.fixture
def keyed(url: str, folder: Path, keys: Path) -> Program:
    """The program on the test's database, with a key file of the test's own."""
    return Program(folder, database_url=url, key_file=str(keys))

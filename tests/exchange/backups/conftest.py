"""Keys in folders of their own."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.controls import KEY_FILE
from tests.helpers.folders import watched_folder
from timebank.vault.people import People


@pytest.fixture
def folders(people: People) -> Iterator[list[Path]]:
    """Two folders: one with a copy of the tests' key file, and one with nothing in it."""
    assert people.keyring, "there is a key file"
    with ExitStack() as stack:
        folders = [stack.enter_context(watched_folder()) for _ in range(2)]
        shutil.copy(KEY_FILE, folders[0] / "keys.json")
        yield folders

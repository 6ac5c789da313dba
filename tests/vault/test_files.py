"""Files of secrets that are reached by a link."""

from pathlib import Path

import pytest

from timebank.vault.files import alone, write
from timebank.vault.keyring import Keyring
from timebank.vault.signing import SigningKeys


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """A link to a file that is not there yet, in a folder where it is kept."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "home").mkdir()
    link = tmp_path / "home" / "keys.json"
    link.symlink_to(tmp_path / "kept" / "keys.json")
    return link


def test_keys_behind_a_link_are_rotated_where_they_are_kept(link: Path) -> None:
    """The link stays one, the new key is in the file that it leads to, and the old one is gone from there."""
    keyring = Keyring.create(link)
    old, new = keyring.current.key_id, keyring.add().key_id
    keyring.drop(old)
    assert link.is_symlink()
    assert set(Keyring(link.resolve()).keys) == {new}
    assert sorted(each.name for each in link.parent.iterdir()) == ["keys.json"]
    assert sorted(each.name for each in link.resolve().parent.iterdir()) == ["keys.json"]


def test_signing_keys_behind_a_link(link: Path) -> None:
    """They are made, and rotated, in the file that the link leads to."""
    keys = SigningKeys.found_or_made(link)
    following = keys.begin_rotation().public_key().public_bytes_raw()
    keys.finish_rotation()
    assert link.is_symlink()
    kept = SigningKeys(link.resolve()).signing
    assert [each.public_key().public_bytes_raw() for each in kept] == [following]


def test_a_file_behind_a_link_is_one_file(link: Path) -> None:
    """Whoever reaches it by the link waits for whoever reaches it by itself."""
    write(link, b"x")
    with alone(link):
        assert [each.name for each in link.parent.iterdir()] == ["keys.json"]
        assert (link.resolve().parent / "keys.json.lock").exists()

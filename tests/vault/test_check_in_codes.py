from datetime import UTC, datetime, timedelta
from pathlib import Path

from timebank.vault.check_in_codes import SECONDS, code_at, is_shown
from timebank.vault.keyring import Keyring

MOMENT = datetime(2026, 11, 20, 1, 0, 0, tzinfo=UTC)
HERE, THERE = "act_here", "act_there"


def keyring(folder: Path) -> Keyring:
    """A new key file."""
    return Keyring.create(folder / "keys.json")


def test_a_code_is_good_while_it_is_shown_and_a_while_after(tmp_path: Path) -> None:
    """Scanned or typed, a code is good for as long as it is shown and as long again, at its own activity."""
    keys = keyring(tmp_path)
    shown = code_at(keys, HERE, MOMENT)
    assert shown.until == MOMENT + timedelta(seconds=SECONDS)
    for said in (shown.code, shown.digits):
        for seconds, is_good in (
            (0, True),
            (SECONDS, True),
            (2 * SECONDS - 1, True),
            (2 * SECONDS, False),
            (-1, False),
        ):
            assert is_shown(keys, HERE, said, MOMENT + timedelta(seconds=seconds)) == is_good
        assert not is_shown(keys, THERE, said, MOMENT)
    assert len(shown.digits) == 6
    assert not is_shown(keys, HERE, "十二三四五六", MOMENT)


def test_a_code_outlives_a_new_key(tmp_path: Path) -> None:
    """Where the key is replaced while a code is shown, both are good."""
    keys = keyring(tmp_path)
    before = code_at(keys, HERE, MOMENT)
    keys.add()
    after = code_at(keys, HERE, MOMENT)
    assert before != after
    assert is_shown(keys, HERE, before.digits, MOMENT)
    assert is_shown(keys, HERE, after.code, MOMENT)

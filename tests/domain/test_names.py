"""Names have one form: what looks the same is the same."""

import pytest

from timebank.domain.text import normal


@pytest.mark.parametrize("unseen", "\u034f\u115f\u200b\u202e\u2800\u3164\ufe0f\uffa0\u180b\u2060\U000e0101")
def test_what_cannot_be_seen_makes_no_other_name(unseen: str) -> None:
    """Credit hangs on the spelling of a category, so nothing invisible may make another one of it."""
    assert normal(f"治安{unseen}巡逻{unseen}") == "治安巡逻"

"""Names have one form: what looks the same is the same."""

import msgspec
import pytest

from timebank.domain.text import Line, normal

CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
"""The characters of Unicode's category Cc."""


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_make_no_other_name(control: str) -> None:
    """A control character stands for nothing, or for a blank; and a text of one line has none."""
    for name in ("治安巡逻", "patrol"):
        assert normal(f"{name}{control}") == normal(f"{control}{name}") == name
        assert normal(f"{name[:2]}{control}{name[2:]}").replace(" ", "") == name
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(f"{name}{control}{name}", Line)


@pytest.mark.parametrize("unseen", "\u034f\u115f\u200b\u202e\u2800\u3164\ufe0f\uffa0\u180b\u2060\U000e0101")
def test_what_cannot_be_seen_makes_no_other_name(unseen: str) -> None:
    """Credit hangs on the spelling of a category, so nothing invisible may make another one of it."""
    assert normal(f"治安{unseen}巡逻{unseen}") == "治安巡逻"

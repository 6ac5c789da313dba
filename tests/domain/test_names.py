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


@pytest.mark.parametrize(
    "unseen",
    "\ufffc\u2065\ufff0\ufdd0\uffff\U000e0001\U000e0100\u034f\u115f\u200b\u202e\u2800\u3164\ufe0f\uffa0\u180b\u2060\U000e0101",
)
def test_what_cannot_be_seen_makes_no_other_name(unseen: str) -> None:
    """Credit hangs on the spelling of a category, so nothing invisible may make another one of it."""
    assert normal(f"治安{unseen}巡逻{unseen}") == "治安巡逻"


@pytest.mark.parametrize("rare", ["\U00030edd", "\U00031350", "\U0002ebf0", "\U000323b0", "\ue000", "\u9fb4"])
def test_rare_characters_are_part_of_a_name(rare: str) -> None:
    """Also those that are newer than this Python, or that only some fonts have: nobody is called otherwise for it."""
    assert normal(f"王{rare}明") == f"王{rare}明"
    assert normal(rare) == rare


@pytest.mark.parametrize(
    ("code", "rare"), [("FE59", "\u9fb4"), ("FE51", "\U00020087"), ("FEA0", "\u9fbb"), ("A6F3", "\ufe19")]
)
def test_characters_of_old_lists_are_those_of_today(code: str, rare: str) -> None:
    """What GBK had in places of private use is what Unicode has had since (GB 18030-2022)."""
    assert normal(bytes.fromhex(code).decode("gb18030")) == normal(rare)

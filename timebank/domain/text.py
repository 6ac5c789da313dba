"""Text that people write: what may be in it, how long it may be, and the one form that names are kept in."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Annotated, Any, TypeVar, cast

from msgspec import Meta

# `$` alone would let a line break pass at the end of a text.
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$(?!\n)"

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=_LINE)]
"""One line of text that says something: at most 200 characters, not all blanks, no control characters."""

Text = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$(?!\n)")]
"""Text of one or more lines: at most 2,000 characters, no control characters but tabs and line breaks."""


T = TypeVar("T")

LONGEST_KEPT = 200
"""Of texts so long what was made is remembered, if it is no longer either."""


class _TooLong(Exception):  # noqa: N818  # what is raised is not kept
    """What was made of a short text is long: one character can stand for eighteen."""

    def __init__(self, made: Any) -> None:
        self.made = made


def remembered(made_of: Callable[[str], T]) -> Callable[[str], T]:
    """A function that remembers what it made of the latest short texts; with long ones people could fill the memory."""

    @lru_cache(maxsize=10_000)
    def kept(text: str) -> T:
        made = made_of(text)
        if isinstance(made, str) and len(made) > LONGEST_KEPT:
            raise _TooLong(made)
        return made

    @wraps(made_of)
    def answered(text: str) -> T:
        if len(text) > LONGEST_KEPT:
            return made_of(text)
        try:
            return kept(text)
        except _TooLong as found:
            return cast("T", found.made)

    return answered


@remembered
def normal(name: str) -> str:
    """The one form of a name, of a category or an activity: what looks the same is the same.

    Unicode's NFKC, so full-width letters and digits are plain ones; no character that is invisible or turns the
    direction of writing; trimmed, and one blank where there were several. Credit hangs on how a category is spelt.
    """
    if name.isascii() and name.isprintable():
        return " ".join(name.split())
    # However long a text is, it is made of few characters.
    name = name.translate(_NOW_ASSIGNED)
    plain = name.translate({ord(each): _plain(each) for each in set(name)})
    return " ".join(unicodedata.normalize("NFKC", _in_order(plain)).split())


def _plain(character: str) -> str:
    """What a character stands for, without what is invisible."""
    return "".join(each for each in unicodedata.normalize("NFKD", character) if not _is_invisible(each))


def _in_order(text: str) -> str:
    """A text whose marks (as accents) are in Unicode's order, as `normalize` would have them.

    It puts each before others one by one: a run of a hundred thousand would take a minute, in which nobody is served.
    """
    marks = "".join(each for each in set(text) if unicodedata.combining(each))
    return re.sub(f"[{marks}]{{2,}}", _run_in_order, text) if len(marks) > 1 else text


def _run_in_order(run: re.Match[str]) -> str:
    return "".join(sorted(run[0], key=unicodedata.combining))


_INVISIBLE = {"Cc", "Cf", "Cs"}
"""Controls, formats (zero-width, direction), surrogates (Unicode's general categories)."""

_NO_CHARACTERS = "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffc"
    f"\U000e0000-\U000e0fff{_NO_CHARACTERS}]"
)
"""What shows nothing: Unicode's Default_Ignorable_Code_Point, the braille pattern without dots, what stands for an
object in a text, and no characters.

Others that this Python's Unicode does not know are left: characters for names of people are added every few years.
"""

_NOW_ASSIGNED = str.maketrans(
    dict(zip(range(0xE78D, 0xE797), "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19", strict=True))
    | {
        0xE816: "\U00020087",
        0xE817: "\U00020089",
        0xE818: "\U000200cc",
        0xE81E: "\u9fb4",
        0xE826: "\u9fb5",
        0xE82B: "\u9fb6",
        0xE82C: "\u9fb7",
        0xE831: "\U000215d7",
        0xE832: "\u9fb8",
        0xE83B: "\U0002298f",
        0xE843: "\u9fb9",
        0xE854: "\u9fba",
        0xE855: "\U000241fe",
        0xE864: "\u9fbb",
    }
)
"""Characters that had a place of private use, in lists in GBK, until Unicode had them (GB 18030-2022)."""


def _is_invisible(character: str) -> bool:
    is_nothing = unicodedata.category(character) in _INVISIBLE and not character.isspace()
    return is_nothing or bool(_IGNORED.match(character))

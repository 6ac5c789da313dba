"""Words: what the bank says to people, in their language. What is not translated is said in English.

The catalogues are all the `.po` files here (gettext's format), `zh.po`, `zh_pages.po` for pages, and those that nouns
bring along: the English text is its own key. Templates have blanks in braces, which are filled in after they were
translated, with values that are translated themselves where they are words of ours.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from babel.messages.pofile import read_po

Language = Literal["en", "zh"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

_AND: Final[dict[Language, tuple[str, str]]] = {"en": (", ", " and "), "zh": ("、", "和")}
_OR: Final[dict[Language, str]] = {"en": " or ", "zh": "或"}


@cache
def _catalogue() -> Mapping[tuple[str, str], str]:
    """The Chinese texts, by context and English text."""
    found: dict[tuple[str, str], str] = {}
    for path in sorted(Path(__file__).parent.glob("*.po")):
        with path.open("rb") as file:
            messages = read_po(file, locale="zh_Hans")
        found |= {(each.context or "", str(each.id)): str(each.string) for each in messages if each.id and each.string}
    return found


def translated(text: str, language: Language, context: str = "") -> str:
    """A text in a language; as it is, where the catalogue does not have it."""
    return text if language == "en" else _catalogue().get((context, text), text)


def is_translated(text: str, context: str = "") -> bool:
    """Whether the catalogue has a text."""
    return (context, text) in _catalogue()


class Phrase(NamedTuple):
    """A template and what fills its blanks, as a value within another."""

    template: str
    details: Mapping[str, Any]


class OneOf(tuple[str, ...]):
    """Several words, one of which is to be chosen, as a value within a template."""

    __slots__ = ()


class Quoted(str):
    """What somebody wrote, as a value within a template: it is said as it is, though it look like a word of ours."""

    __slots__ = ()


def told(template: str, details: Mapping[str, Any], language: Language = "en") -> str:
    """A template in a language, filled in. A value may be a template itself, with blanks for other values."""
    values = {name: _value(value, language) for name, value in details.items()}
    filled = {name: _fill(value, values) for name, value in values.items()}
    return translated(template, language).format(**filled)


def listed(words: Iterable[str], language: Language) -> str:
    """Several words as one says them: with commas, and an "and" before the last."""
    comma, conjunction = _AND[language]
    *first, last = words
    return conjunction.join([comma.join(first), last]) if first else last


def _value(value: Any, language: Language) -> str:
    """A value in a language: a phrase, several words, a word of ours (or one of several), or what somebody wrote."""
    if isinstance(value, Quoted):
        return str(value)
    if isinstance(value, Phrase):
        return told(value.template, value.details, language)
    if isinstance(value, OneOf):
        return _OR[language].join(value)
    if isinstance(value, list | tuple):
        return listed([_value(each, language) for each in value], language)
    parts = str(value).split(" or ")
    if language != "en" and all(is_translated(part, "value") for part in parts):
        return _OR[language].join(translated(part, language, "value") for part in parts)
    return translated(str(value), language)


def _fill(text: str, details: Mapping[str, Any]) -> str:
    """Blanks that are named among the details, filled in; whatever else is in braces is what somebody wrote."""
    return _BLANK.sub(lambda blank: str(details.get(blank[1], blank[0])), text)


_BLANK = re.compile(r"\{([a-z_]+)\}")


def preferred(accepted: str) -> Language:
    """The language that somebody wants most, of those there are, by `Accept-Language` (RFC 9110, section 12.5.4)."""
    wanted: list[tuple[float, Language]] = []
    for part in accepted.split(","):
        tag, _, parameters = part.strip().partition(";")
        quality = parameters.strip().removeprefix("q=")
        language = next((each for each in LANGUAGES if tag.strip().casefold().split("-")[0] == each), None)
        if language and (not quality or re.fullmatch(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", quality)):
            wanted.append((float(quality or 1), language))
    best = max(wanted, key=lambda each: each[0], default=(0.0, LANGUAGES[0]))
    return best[1] if best[0] else LANGUAGES[0]

"""The words of pages: the English is in the code and the templates, and is the key of the Chinese in the catalogue."""

from typing import Any

from timebank.words import Language, is_translated, preferred, translated

__all__ = ["Language", "is_ours", "say", "spoken"]

CONTEXT = "page"


def say(language: Language, english: str, **blanks: Any) -> str:
    """A sentence in a language, its blanks filled in."""
    said = translated(english, language, CONTEXT)
    return said.format_map(blanks) if blanks else said


def is_ours(english: str) -> bool:
    """Whether a sentence is one that pages say."""
    return is_translated(english, CONTEXT)


def spoken(accepted: str) -> Language:
    """The language that a browser wants most; Chinese, if it does not say."""
    return preferred(accepted) if accepted.strip() else "zh"

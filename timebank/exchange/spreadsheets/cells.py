"""Parsing a cell that holds text, several lines, a phone, or the capacity that somebody served in.

All parsers take what the cell says and raise `CellError` with it, if it cannot be understood.
"""

import re
import unicodedata
from typing import Any

import msgspec

from timebank.domain.facts.service import Capacity
from timebank.domain.text import Line, Text
from timebank.exchange.spreadsheets.columns import squeeze
from timebank.exchange.spreadsheets.errors import CellError

_LONGEST_VALUE = 100

_CAPACITIES: dict[Capacity, tuple[str, ...]] = {
    "resident": ("resident", "居民"),
    "staff-off-duty": ("staff-off-duty", "工作人员(非在岗)", "业余", "非工作时间"),
    "staff-on-duty": ("staff-on-duty", "在岗", "工作时间", "在岗人员"),
}


def plain(text: str) -> str:
    """Text in half-width characters without pasted invisible marks; nothing, if too long for a date or a number."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    normal = unicodedata.normalize("NFKC", visible).strip()
    return normal if len(normal) <= _LONGEST_VALUE else ""


def parse_text(text: str) -> str:
    """Text that must be there."""
    if not text.strip():
        raise CellError(text, "must be filled in")
    return text.strip()


def parse_line(text: str) -> str:
    """One line of text that must be there, within the limits of `Line`."""
    line = parse_text(text)
    _must_fit(line, Line)
    return line


def parse_content(text: str) -> str:
    """Text of one or more lines, within the limits of `Text`."""
    _must_fit(text, Text)
    return text


def parse_lines(text: str, kind: Any) -> tuple[str, ...]:
    """Several lines from one cell, each once; `kind` is the type of the field, which may say how many there can be."""
    lines = parse_list(text)
    for line in lines:
        _must_fit(line, Line)
    if not _fits(lines, kind):
        raise CellError(text, "holds too many values")
    return lines


def _must_fit(text: str, kind: Any) -> None:
    if not _fits(text, kind):
        raise CellError(text, "is too long, or holds characters that cannot be shown")


def _fits(value: Any, kind: Any) -> bool:
    """Whether a command would take a value for a field of this type."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def parse_list(text: str) -> tuple[str, ...]:
    """Several values from one cell, each once, in the order written."""
    parts = (part.strip() for part in re.split(r"[;；、,，\n\r]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def parse_phone(text: str) -> str:
    """A phone number as digits with at most a leading +, so that two spellings of one number are the same."""
    number = re.sub(r"[ \t()\-\u2010-\u2015\u2212]", "", plain(text))
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?E\+?[0-9]+", number, re.IGNORECASE):
        raise CellError(text, "has lost its last digits; format the column as text and enter the number again")
    if not re.fullmatch(r"\+?[0-9]{5,20}", number):
        raise CellError(text, "is not a phone number of 5 to 20 digits")
    return number


def parse_capacity(text: str) -> Capacity:
    """The capacity someone served in; an office that leaves it empty means residents."""
    if not text.strip():
        return "resident"
    for capacity, spellings in _CAPACITIES.items():
        if squeeze(plain(text)) in map(squeeze, spellings):
            return capacity
    raise CellError(text, "is not one of " + ", ".join(f"{name} ({said[1]})" for name, said in _CAPACITIES.items()))

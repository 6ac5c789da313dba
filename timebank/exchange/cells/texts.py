"""Cells that hold text: a name, a line, several lines, several values, or the capacity that somebody served in."""

import re
from typing import Any

import msgspec

from timebank.domain.facts.service import Capacity
from timebank.domain.text import Line, Text, normal, remembered
from timebank.exchange.cells.errors import CellError

TOO_LONG = "is too long, or holds characters that cannot be shown"

_LONGEST_VALUE = 100

_CAPACITIES: dict[Capacity, tuple[str, ...]] = {
    "resident": ("居民", "resident", "社区居民", "居民志愿者", "普通居民"),
    "staff-off-duty": (
        *("工作人员(非在岗)", "staff-off-duty", "非在岗", "非在岗人员", "不在岗", "业余", "业余时间"),
        *("非工作时间", "下班", "下班后", "off duty", "staff off duty"),
    ),
    "staff-on-duty": (
        *("在岗", "staff-on-duty", "在岗人员", "工作人员(在岗)", "工作时间", "上班", "上班时间"),
        *("on duty", "staff on duty"),
    ),
}


def plain(text: str) -> str:
    """Text in half-width characters without pasted invisible marks; nothing, if too long for a date or a number."""
    if len(text) > _LONGEST_VALUE * 2:
        return ""
    said = normal(text)
    return said if len(said) <= _LONGEST_VALUE else ""


def squeeze(text: str) -> str:
    """Text without what people vary: case, width, spaces, underscores, hyphens, stars, and the marks around it."""
    folded = normal(normal(text).casefold())
    return re.sub(r"[\s_*\-\u2010-\u2015]", "", folded).strip(":：.。,，;；")


@remembered
def parse_line(text: str) -> str:
    """One line of text that must be there, within the limits of `Line`, in the one form of a name."""
    if not text.strip():
        raise CellError(text, "must be filled in")
    _must_fit(text, text.strip(), Line)
    line = normal(text)
    _must_fit(text, line, Line)
    return line


def parse_content(text: str) -> str:
    """Text of one or more lines, within the limits of `Text`."""
    _must_fit(text, text, Text)
    return text


def parse_lines(text: str, kind: Any) -> tuple[str, ...]:
    """Several lines from one cell, each once; `kind` is the type of the field, which may say how many there can be."""
    written = parse_list(text)
    for line in written:
        _must_fit(text, line, Line)
    if not _fits(written, kind):
        raise CellError(text, "holds too many values")
    lines = tuple(dict.fromkeys(map(normal, written)))
    for line in lines:
        _must_fit(text, line, Line)
    return lines


def _must_fit(text: str, value: str, kind: Any) -> None:
    if not _fits(value, kind):
        raise CellError(text, TOO_LONG)


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


@remembered
def parse_capacity(text: str) -> Capacity:
    """The capacity someone served in; an office that leaves it empty means residents."""
    if not text.strip():
        return "resident"
    said = squeeze(plain(text))
    for capacity, spellings in _CAPACITIES.items():
        if said in map(squeeze, spellings):
            return capacity
    known = ", ".join(f"{said[0]} ({name})" for name, said in _CAPACITIES.items())
    raise CellError(text, "is not one of {known}", known=known)


def names_a_capacity(text: str) -> bool:
    """Whether a cell says in what capacity somebody served."""
    said = squeeze(plain(text))
    return any(said in map(squeeze, spellings) for spellings in _CAPACITIES.values())

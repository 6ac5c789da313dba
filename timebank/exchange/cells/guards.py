"""The guards that spreadsheets put around text so that it stays text, and ours against formulas and lost digits."""

import re

_APOSTROPHE = re.compile(r"'(?=[=+\-@＝＋－＠0-9\s]|\Z)")
_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"')
_RISKY = re.compile(r"[\t\r]|\s*[=+\-@＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,11}(?:\.[0-9]{1,4})?")
_NOTHING = frozenset({"null", "(null)", "\\n", "n/a", "-", "--", "–", "—", "——", "－", "/", "／", "无"})
_LONGEST_NOTHING = max(map(len, _NOTHING))
LONGEST_CELL = 5_000
"""No cell that can be taken has more characters. Of longer ones nothing is made out, which could take long."""

_LONG_NUMBER = re.compile(r"\s*(?:[0-9]{12,}|0[0-9]{5,}|\+[0-9]{7,})\s*")


def unwrap(cell: str) -> str:
    """The text inside ="…" or behind an apostrophe, however often the file has gone back and forth."""
    text = cell.strip()
    while text[:1] in ("=", "'") and len(text) <= LONGEST_CELL:
        if formula := _FORMULA_TEXT.fullmatch(text):
            text = formula[1].replace('""', '"').strip()
        elif _APOSTROPHE.match(text):
            text = text[1:].strip()
        else:
            break
    return text


def filled(cell: str) -> str:
    """What a cell says behind its guards; nothing, if it only says that there is nothing, as NULL, - or 无."""
    text = unwrap(cell)
    return "" if len(text) <= _LONGEST_NOTHING and text.casefold() in _NOTHING else text


def guard(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula, and of which none drops digits, a leading zero or a plus."""
    if _LONG_NUMBER.fullmatch(cell):
        return "'" + cell
    if _RISKY.match(cell) and not _PLAIN_NUMBER.fullmatch(cell):
        return "'" + cell
    return cell

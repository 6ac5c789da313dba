"""The guards that spreadsheets put around text so that it stays text, and ours against formulas."""

import re

_APOSTROPHE = re.compile(r"'(?=[=+\-@＝＋－＠0-9\s]|\Z)")
_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"')
_RISKY = re.compile(r"[\t\r]|\s*[=+\-@＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-][0-9]+(?:\.[0-9]+)?")


def unwrap(cell: str) -> str:
    """The text inside ="…" or behind an apostrophe, however often the file has gone back and forth."""
    text = cell.strip()
    while True:
        if formula := _FORMULA_TEXT.fullmatch(text):
            text = formula[1].replace('""', '"').strip()
        elif _APOSTROPHE.match(text):
            text = text[1:].strip()
        else:
            return text


def guard(cell: str) -> str:
    """A cell that no spreadsheet runs as a formula; numbers and phones stay as they are."""
    if _RISKY.match(cell) and not _PLAIN_NUMBER.fullmatch(cell):
        return "'" + cell
    return cell

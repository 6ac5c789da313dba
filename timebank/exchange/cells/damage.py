"""Cells that a spreadsheet, or an encoding, has spoiled: they look like text, and say nothing any more."""

import re

from timebank.exchange.cells.errors import CellError
from timebank.words import Phrase

_ERRORS = {
    "#N/A": "no value was found",
    "#REF!": "a cell that it was made from is gone",
    "#NAME?": "a name in the formula is not known",
    "#VALUE!": "it was calculated with something that is no number",
    "#DIV/0!": "it was divided by nothing",
    "#NUM!": "no number comes out",
    "#NULL!": "two ranges of the formula have nothing in common",
    "#SPILL!": "there was no room for the result",
    "#CALC!": "the formula has no result",
    "#GETTING_DATA": "the data had not come yet",
    "#FIELD!": "there is no such field",
    "#BLOCKED!": "the data were blocked",
    "#CONNECT!": "there was no connection",
    "#UNKNOWN!": "the result is of a kind that is not known",
    "#BUSY!": "it had not been calculated yet",
}
_ERRORS_IN_CHINESE = {
    "#名称?": "#NAME?",
    "#值!": "#VALUE!",
    "#引用!": "#REF!",
    "#数字!": "#NUM!",
    "#数值!": "#NUM!",
    "#空!": "#NULL!",
    "#空值!": "#NULL!",
    "#除以零!": "#DIV/0!",
    "#除零!": "#DIV/0!",
    "#溢出!": "#SPILL!",
    "#计算!": "#CALC!",
}
_FROM_ABOVE = re.compile(r"同(?:上|前)(?:[一]?[行条])?[。.]?|[〃″\"”]|ditto\.?", re.IGNORECASE)
_NUMBERED_ERROR = re.compile(r"err:[0-9]{3}", re.IGNORECASE)
_TOO_NARROW = re.compile(r"#{2,}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?E[+-][0-9]{1,3}", re.IGNORECASE)
_FORMULA = re.compile(r"=\s*[+\-@$(\"'A-Za-z0-9]")
_LOST = re.compile(r"\ufffd|锟斤拷|烫烫烫")
_SUSPECT = re.compile(
    r"^\s*(?:[#=?？]|err:|[+-]?[0-9]+(?:[.,][0-9]+)?E[+-]|同[上前]|[〃″\"”]|ditto)|\ufffd|锟|烫", re.IGNORECASE
)
"""One look that tells most cells from those at which a second is due."""
_QUESTION_MARKS = re.compile(r"[?？]{2,}")


def must_be_whole(text: str) -> None:
    """Refuse what does not say what somebody once wrote. Raises `CellError`, naming what has happened to it."""
    if _SUSPECT.search(text):
        problem = _what_happened(text.strip())
        if problem:
            raise CellError(text, problem)


def _what_happened(said: str) -> Phrase | None:
    if said[:1] == "#":
        error = said.upper().replace("！", "!").replace("？", "?")
        error = _ERRORS_IN_CHINESE.get(error, error)
        if error in _ERRORS:
            return Phrase("is an error of the spreadsheet, not a value: {why}", {"why": _ERRORS[error]})
        if _TOO_NARROW.fullmatch(said):
            return Phrase("is how the spreadsheet shows a column that is too narrow: widen it, and save again", {})
    if _FROM_ABOVE.fullmatch(said):
        return Phrase("says nothing by itself: fill it in from above", {})
    if _NUMBERED_ERROR.fullmatch(said):
        return Phrase("is an error of the spreadsheet, not a value", {})
    if _FORMULA.match(said):
        return Phrase("is a formula, not its result: copy the column, paste it as values, and save again", {})
    if _SCIENTIFIC.fullmatch(said):
        return Phrase(
            "is how the spreadsheet has shortened a long number, and its last digits are lost: "
            "format the column as text, and enter the number again",
            {},
        )
    if _LOST.search(said) or _QUESTION_MARKS.fullmatch(said):
        return Phrase("has lost characters: the list was saved in an encoding that has not got them", {})
    return None

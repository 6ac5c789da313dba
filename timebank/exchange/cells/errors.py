"""What cannot be read in a cell, in words for whoever has the list before them."""

from timebank.words import Phrase, told

_SHOWN_CHARACTERS = 60
_LOOKED_AT = 1_000
"""What is shown of a long cell is in its beginning."""


class CellError(Exception):
    """One cell cannot be understood: `value` is what it says, `problem` what is wrong with that."""

    def __init__(self, value: str, problem: str | Phrase, **details: object) -> None:
        wrong = problem if isinstance(problem, Phrase) else Phrase(problem, details)
        self.value, self.problem = value, wrong
        self.phrase = Phrase("{value} {problem}", {"value": shown(value), "problem": wrong})
        super().__init__(value, wrong)

    def __str__(self) -> str:
        return told(*self.phrase)


def shown(value: str) -> str:
    """What a cell says, in one line, quoted, and cut where it is long."""
    said = value.strip()
    line = "".join(char if char.isprintable() else "·" for char in " ".join(said[:_LOOKED_AT].split()))
    if not line:
        return "the empty cell"
    is_cut = len(line) > _SHOWN_CHARACTERS or len(said) > _LOOKED_AT
    return f'"{line[:_SHOWN_CHARACTERS]}…"' if is_cut else f'"{line}"'

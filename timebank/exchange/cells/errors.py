"""What cannot be read in a cell, in words for whoever has the list before them."""

from timebank.words import Phrase, told

_SHOWN_CHARACTERS = 60


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
    line = "".join(char if char.isprintable() else "·" for char in " ".join(value.split()))
    if not line:
        return "the empty cell"
    return f'"{line[:_SHOWN_CHARACTERS]}…"' if len(line) > _SHOWN_CHARACTERS else f'"{line}"'

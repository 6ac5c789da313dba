"""What cannot be read in a cell, in words for whoever has the list before them."""

_SHOWN_CHARACTERS = 60


class CellError(Exception):
    """One cell cannot be understood: `value` is what it says, `problem` what is wrong with that."""

    def __init__(self, value: str, problem: str) -> None:
        self.value, self.problem = value, problem
        super().__init__(f"{shown(value)} {problem}")


def shown(value: str) -> str:
    """What a cell says, in one line, quoted, and cut where it is long."""
    line = "".join(char if char.isprintable() else "·" for char in " ".join(value.split()))
    if not line:
        return "the empty cell"
    return f'"{line[:_SHOWN_CHARACTERS]}…"' if len(line) > _SHOWN_CHARACTERS else f'"{line}"'

"""What cannot be read: a whole file, or one cell. The messages are for whoever exported the file."""

_SHOWN_CHARACTERS = 60


class SpreadsheetError(ValueError):
    """The whole file cannot be read; the message is a sentence."""


class CellError(ValueError):
    """One cell cannot be understood.

    `value` is what the cell says, `problem` what is wrong with it. `column` is our name of the column and `header` the
    file's own; parsers know neither and leave them empty, `Table.parse` fills them in.
    """

    def __init__(self, value: str, problem: str, *, column: str = "", header: str = "") -> None:
        self.value, self.problem, self.column, self.header = value, problem, column, header
        where = header or column
        told = f"{_shown(value)} {problem}"
        super().__init__(f"{where}: {told}" if where else told)


def _shown(value: str) -> str:
    """What a cell says, in one line, quoted, and cut where it is long."""
    line = " ".join(value.split())
    if not line:
        return "the empty cell"
    return f'"{line[:_SHOWN_CHARACTERS]}…"' if len(line) > _SHOWN_CHARACTERS else f'"{line}"'

"""What keeps a whole list from being read: what is wrong with it, or what has to be said first.

What is said is a template and what fills its blanks, so that it can be told in the language of whoever asks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from timebank.words import Phrase, told


class SpreadsheetError(ValueError):
    """The whole list cannot be read; the message is a sentence."""

    def __init__(self, template: str, **details: Any) -> None:
        self.phrase = Phrase(template, details)
        super().__init__(told(*self.phrase))


class TooManyRowsError(SpreadsheetError):
    """The list has more rows than are read at once; those after them were not looked at."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__("The list has more than {most} rows: divide it.", most=most)


class Question(NamedTuple):
    """Something that cannot be told from the list: `about` what, in a sentence, and the answers there are.

    An answer is an option and its value, as `ignore=备注` or `unit=时长=hours`.
    """

    about: str
    phrase: Phrase
    answers: tuple[str, ...]

    @property
    def text(self) -> str:
        """The sentence."""
        return told(*self.phrase)


class QuestionsError(SpreadsheetError):
    """Before the list can be read, or imported, something has to be said."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        names = [f"question_{number}" for number in range(len(self.questions))]
        said = dict(zip(names, (question.phrase for question in self.questions), strict=True))
        super().__init__(" ".join(f"{{{name}}}" for name in names), **said)

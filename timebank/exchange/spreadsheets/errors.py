"""What keeps a whole list from being read: what is wrong with it, or what has to be said first."""

from collections.abc import Sequence
from typing import NamedTuple


class SpreadsheetError(ValueError):
    """The whole list cannot be read; the message is a sentence."""


class Question(NamedTuple):
    """Something that cannot be told from the list: `about` what, in a sentence, and the answers there are.

    An answer is an option and its value, as `ignore=备注` or `unit=时长=hours`.
    """

    about: str
    text: str
    answers: tuple[str, ...]


class QuestionsError(SpreadsheetError):
    """Before the list can be read, or imported, something has to be said."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = tuple(questions)
        super().__init__(" ".join(question.text for question in questions))

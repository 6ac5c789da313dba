"""What every refusal can do: say why, under a stable name. Its docstring is its message, its branch its HTTP status.

Refusal
├── NotFound    there is no such thing, or not for whoever asks (404)
├── Forbidden   whoever asks may not do this (403)
├── Conflict    not possible as things stand (409)
└── Invalid     not possible ever: it contradicts itself (422)

The refusals themselves are in `refusals.py`, and those of a subject in its folder.
"""

from typing import Any


class Refusal(Exception):  # noqa: N818  # a refusal is an answer, not an error of ours
    """The bank refuses."""

    field: str | None = None

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(str(self))

    def __str__(self) -> str:
        why = self.details.get("why")
        reason = {"why": why.format(**self.details)} if why else {}
        return self.template.format(**(self.details | reason))

    @property
    def template(self) -> str:
        """The message, with blanks for the details; `why` may have blanks itself, for other details."""
        return " ".join((type(self).__doc__ or "").split())

    @property
    def kind(self) -> str:
        """The refusal's stable name, as in `duplicate-record`."""
        return kind_of(type(self))


def kind_of(refusal: type[Refusal]) -> str:
    """The stable name of a class of refusals: its own name in kebab-case."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in refusal.__name__).lstrip("-")


def every_refusal() -> dict[str, type[Refusal]]:
    """All refusals that can happen (the leaves of the tree), by kind."""
    leaves: dict[str, type[Refusal]] = {}
    branches: list[type[Refusal]] = [Refusal]
    while branches:
        branch = branches.pop()
        children = branch.__subclasses__()
        branches += children
        if not children:
            leaves[kind_of(branch)] = branch
    return leaves


class NotFound(Refusal):
    """There is no such thing."""


class Forbidden(Refusal):
    """You may not do this."""


class Conflict(Refusal):
    """This is not possible as things stand."""


class Invalid(Refusal):
    """This contradicts itself."""

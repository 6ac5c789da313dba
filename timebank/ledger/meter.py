"""What is counted of the ledger's work, by whoever wants to know."""

from typing import Protocol


class Meter(Protocol):
    """Is told what the ledger does, as it does it; must be quick, and must not fail."""

    def waiting(self, more: int) -> None:
        """`more` commands have begun to wait; a negative number says how many wait no more."""

    def batch(self, commands: int) -> None:
        """A batch of `commands` was appended in one transaction."""

    def decided(self, command: str, outcome: str) -> None:
        """What became of a command: done, tried (in a dry run), the kind of its refusal, or why it was not decided."""


class NoMeter:
    """Counts nothing."""

    def waiting(self, more: int) -> None:
        """Not counted."""

    def batch(self, commands: int) -> None:
        """Not counted."""

    def decided(self, command: str, outcome: str) -> None:
        """Not counted."""


NO_METER = NoMeter()

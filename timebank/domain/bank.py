"""The bank itself: one ledger, and one local time."""

from collections.abc import Iterator, Sequence

from timebank.domain.facts.bank import BankOpened
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.refusals import BankAlreadyOpen
from timebank.domain.text import Line


class Bank(Memory):
    """Whether the bank is open."""

    is_open = False

    def __init__(self) -> None:
        super().__init__()

    @event(BankOpened)
    def _(self) -> None:
        self.is_open = True


class OpenBank(Command, frozen=True, kw_only=True):
    """Open the bank; its first fact. `timezone` is an IANA name: the bank's days are that zone's."""

    name: Line
    timezone: Line

    def needs(self) -> Sequence[Key]:
        return (about(Bank),)

    def decide(self, known: Known) -> Iterator[Fact]:
        if known(Bank).is_open:
            raise BankAlreadyOpen
        yield BankOpened(name=self.name, timezone=self.timezone)

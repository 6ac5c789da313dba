"""The bank itself: one ledger, one local time, and who decides for the whole of it."""

from collections.abc import Iterator, Sequence

from timebank.domain.kernel import Acting, Command, Fact, Memory, event
from timebank.domain.refusals import BankAlreadyOpen, OfficeMissing


class BankOpened(Fact, frozen=True, kw_only=True):
    """A time bank opened its ledger; its days are the days of `timezone` (an IANA name)."""

    TOPIC = "bank-opened"
    name: str
    timezone: str


class Bank(Memory):
    """Whether the bank is open."""

    is_open = False

    @event(BankOpened)
    def _(self) -> None:
        self.is_open = True


class OpenBank(Command, frozen=True, kw_only=True):
    """Open the bank; its first fact."""

    name: str
    timezone: str

    def needs(self) -> Sequence[Memory]:
        return (Bank(),)

    def decide(self, bank: Bank) -> Iterator[Fact]:
        if bank.is_open:
            raise BankAlreadyOpen
        yield BankOpened(name=self.name, timezone=self.timezone)


def must_govern(by: Acting) -> None:
    """Refuse unless it is an administrator who asks, or the operator."""
    if not by.governs:
        raise OfficeMissing(office="administrator")

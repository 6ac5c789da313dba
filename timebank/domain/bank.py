"""The bank itself: one ledger, and one local time."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from timebank.domain.facts.bank import BankOpened, SecurityLogSealed, SigningKeyAnnounced
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event
from timebank.domain.refusals import BankAlreadyOpen
from timebank.domain.text import Line

Number = Annotated[int, Meta(ge=0, le=2**53)]


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


class SigningKeys(Memory):
    """With which key the log's checkpoints are signed, as far as the log says so."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: str | None = None

    @event(SigningKeyAnnounced)
    def _(self, verifier_key: str) -> None:
        self.announced = verifier_key


class AnnounceSigningKey(Command, frozen=True, kw_only=True):
    """Say in the log that another key signs its checkpoints; said once already, it is not said again."""

    verifier_key: Line
    replaces: Line

    def needs(self) -> Sequence[Key]:
        return (about(SigningKeys),)

    def decide(self, known: Known) -> Iterator[Fact]:
        if known(SigningKeys).announced != self.verifier_key:
            yield SigningKeyAnnounced(verifier_key=self.verifier_key, replaces=self.replaces)


class SealedSecurityLog(Memory):
    """Up to which entry the security log is bound into the log."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0

    @event(SecurityLogSealed)
    def _(self, number: int) -> None:
        self.number = number


class SealSecurityLog(Command, frozen=True, kw_only=True):
    """Bind what the security log says after a number into the log; what another process has bound already is not."""

    after: Number
    number: Number
    count: Number
    digest: Line

    def needs(self) -> Sequence[Key]:
        return (about(SealedSecurityLog),)

    def decide(self, known: Known) -> Iterator[Fact]:
        if known(SealedSecurityLog).number == self.after:
            yield SecurityLogSealed(after=self.after, number=self.number, count=self.count, digest=self.digest)

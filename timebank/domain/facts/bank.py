"""Facts of the bank itself."""

from timebank.domain.kernel import Fact


class BankOpened(Fact, frozen=True, kw_only=True):
    """A time bank opened its ledger; its days are the days of `timezone` (an IANA name)."""

    TOPIC = "bank-opened"
    name: str
    timezone: str

from tests.controls import ADMINISTRATOR, NOON
from tests.given import given
from timebank.domain.bank import OpenBank
from timebank.domain.facts.bank import BankOpened
from timebank.domain.refusals import BankAlreadyOpen

OPEN = OpenBank(by=ADMINISTRATOR, at=NOON, name="百步亭时间银行", timezone="Asia/Shanghai")
OPENED = BankOpened(name="百步亭时间银行", timezone="Asia/Shanghai")


class TestOpenBank:
    """Opening the bank."""

    def test_opens_the_bank(self) -> None:
        """A new bank opens under its name and in its time zone."""
        given().when(OPEN).then(OPENED)

    def test_refused_when_it_is_open(self) -> None:
        """A bank opens once."""
        given(OPENED).when(OPEN).then_refused(BankAlreadyOpen)

import msgspec

from tests.controls import ADMINISTRATOR, NOON
from tests.given import given
from timebank.domain.bank import AnnounceSigningKey, OpenBank, SealSecurityLog
from timebank.domain.facts.bank import BankOpened, SecurityLogSealed, SigningKeyAnnounced
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


KEY = "timebank/x+00000000+AQ=="
ANNOUNCE = AnnounceSigningKey(by=ADMINISTRATOR, at=NOON, verifier_key=KEY, replaces="timebank/x+11111111+AQ==")
ANNOUNCED = SigningKeyAnnounced(verifier_key=KEY, replaces="timebank/x+11111111+AQ==")


class TestAnnounceSigningKey:
    """Another key for the checkpoints."""

    def test_says_so(self) -> None:
        """The log says which key signs from now on, and which one it replaces."""
        given().when(ANNOUNCE).then(ANNOUNCED)

    def test_says_it_once(self) -> None:
        """A rotation that was interrupted, and is done again, says nothing twice; the next one says something."""
        given(ANNOUNCED).when(ANNOUNCE).then()
        later = msgspec.structs.replace(ANNOUNCE, verifier_key=ANNOUNCE.replaces, replaces=KEY)
        given(ANNOUNCED).when(later).then(SigningKeyAnnounced(verifier_key=later.verifier_key, replaces=later.replaces))


SEAL = SealSecurityLog(by=ADMINISTRATOR, at=NOON, after=0, number=7, count=5, digest="00" * 32)
SEALED = SecurityLogSealed(after=0, number=7, count=5, digest="00" * 32)


class TestSealSecurityLog:
    """Binding the security log into the log."""

    def test_goes_on_from_the_last_time(self) -> None:
        """Each stretch of the security log is bound once, whoever tries at the same time; no stretch is left out."""
        given().when(SEAL).then(SEALED)
        given(SEALED).when(SEAL).then()
        later = msgspec.structs.replace(SEAL, after=7, number=9)
        given(SEALED).when(later).then(SecurityLogSealed(after=7, number=9, count=5, digest="00" * 32))
        given().when(later).then()

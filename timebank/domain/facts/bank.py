"""Facts of the bank itself."""

from timebank.domain.kernel import Fact


class BankOpened(Fact, frozen=True, kw_only=True):
    """A time bank opened its ledger; its days are the days of `timezone` (an IANA name)."""

    TOPIC = "bank-opened"
    SAYS = "The time bank was opened"
    name: str
    timezone: str


class SigningKeyAnnounced(Fact, frozen=True, kw_only=True):
    """The log's checkpoints are signed with another key from now on; both keys are C2SP verifier keys."""

    TOPIC = "signing-key-announced"
    SAYS = "A key that signs the history was announced"
    verifier_key: str
    replaces: str


class SecurityLogSealed(Fact, frozen=True, kw_only=True):
    """The security log had `count` entries after number `after`, up to `number`: `digest` is the SHA-256 over them.

    It is over a line for each, a JSON array of number, microseconds, kind, actor, subject, request and detail.
    """

    TOPIC = "security-log-sealed"
    SAYS = "The security log was bound into the history"
    after: int
    number: int
    count: int
    digest: str

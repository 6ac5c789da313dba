"""Refusals that belong to no subject."""

from timebank.domain.refusing import Conflict, Forbidden, Invalid, Refusal


class OfficeMissing(Forbidden):
    """This needs the office {office}, in force today."""


class NotYourOwn(Forbidden):
    """Only the volunteer can do this, and only for themselves."""


class YouAreSuspended(Forbidden):
    """You are suspended, and act for no organisation until you are reinstated."""


class NothingChanges(Invalid):
    """This would change nothing."""


class TermEndsBeforeItStarts(Invalid):
    """A term has to end after it starts."""

    field = "valid_until"


class BankAlreadyOpen(Conflict):
    """This bank has been opened already."""


class NotWellFormed(Invalid):
    """{field}: {reason}."""

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(field=field, reason=reason)
        self.field = field


class UnbelievableTime(Invalid):
    """Times of service are between 1949 and 2199."""

    field = "started_at"

    def __init__(self, *, field: str) -> None:
        super().__init__(field=field)
        self.field = field


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key was used before, for another request."""

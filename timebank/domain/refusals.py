"""Every refusal there is. Its docstring is its message; `api/problems.py` says which HTTP status it becomes.

Refusal
├── Unknown ─ VolunteerUnknown · OrganisationUnknown · RecordUnknown · MembershipUnknown
├── NotPermitted ─ NotYourOwn · YouAreSuspended · RoleMissing
│   └── RecorderIsBeneficiary · RecorderIsVerifier · VerifierIsBeneficiary
├── NotAsItStands ─ BankAlreadyOpen · VolunteerNumberTaken · VolunteerIsSuspended · VolunteerNotSuspended
│   ├── OrganisationCodeTaken · OrganisationNotRegistered · OrganisationNotApproved · OrganisationNotSuspended
│   ├── MembershipAlreadyOpen · MembershipNotPending · MembershipNotActive
│   └── RecordNotPending · RecordNotConfirmed · DuplicateRecord · OverlappingService · DayIsFull
├── NeverPossible ─ UnbelievableTime · EndsBeforeItStarts · LastsTooLong · TooFewMinutes · TooManyMinutes
│   ├── ServiceInTheFuture · NothingChanges · TermEndsBeforeItStarts
└── IdempotencyKeyReused
"""

from typing import Any


class Refusal(Exception):  # noqa: N818  # a refusal is an answer, not an error of ours
    """The bank refuses."""

    field: str | None = None

    def __init__(self, **details: Any) -> None:
        self.details = details
        super().__init__(str(self))

    def __str__(self) -> str:
        sentence = " ".join((type(self).__doc__ or "").split())
        return sentence.format(**self.details)

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


class Unknown(Refusal):
    """There is no such thing."""


class VolunteerUnknown(Unknown):
    """There is no volunteer {volunteer_id} in this bank."""

    field = "volunteer_id"


class OrganisationUnknown(Unknown):
    """There is no organisation {organisation_id} in this bank."""

    field = "organisation_id"


class RecordUnknown(Unknown):
    """There is no service record {record_id} in this bank."""

    field = "record_id"


class MembershipUnknown(Unknown):
    """Volunteer {volunteer_id} has no open membership in organisation {organisation_id}."""

    field = "volunteer_id"


class NotPermitted(Refusal):
    """You may not do this."""


class NotYourOwn(NotPermitted):
    """Only the volunteer can do this, and only for themselves."""


class YouAreSuspended(NotPermitted):
    """You are suspended, and act for no organisation until you are reinstated."""


class RoleMissing(NotPermitted):
    """This needs the role {role} in organisation {organisation_id}, approved and within its term."""


class RecorderIsBeneficiary(NotPermitted):
    """Nobody logs their own service: somebody else of the organisation has to."""

    field = "volunteer_id"


class RecorderIsVerifier(NotPermitted):
    """Whoever logged a service record may not also confirm or correct it."""


class VerifierIsBeneficiary(NotPermitted):
    """Nobody decides on a record of their own service."""


class NotAsItStands(Refusal):
    """This is not possible as things stand."""


class BankAlreadyOpen(NotAsItStands):
    """This bank has been opened already."""


class VolunteerNumberTaken(NotAsItStands):
    """The volunteer number {number} is taken."""

    field = "number"


class VolunteerIsSuspended(NotAsItStands):
    """Volunteer {volunteer_id} is suspended."""

    field = "volunteer_id"


class VolunteerNotSuspended(NotAsItStands):
    """Volunteer {volunteer_id} is not suspended."""

    field = "volunteer_id"


class OrganisationCodeTaken(NotAsItStands):
    """Another organisation of this bank has the code {code}."""

    field = "code"


class OrganisationNotRegistered(NotAsItStands):
    """Organisation {organisation_id} is {status}; only a newly registered one can be approved."""


class OrganisationNotApproved(NotAsItStands):
    """Organisation {organisation_id} is {status}; it has to be approved first."""


class OrganisationNotSuspended(NotAsItStands):
    """Organisation {organisation_id} is {status}, not suspended."""


class MembershipAlreadyOpen(NotAsItStands):
    """Volunteer {volunteer_id} already has an open membership in organisation {organisation_id}."""

    field = "volunteer_id"


class MembershipNotPending(NotAsItStands):
    """The membership is {status}; only a requested or invited one can be approved or declined."""


class MembershipNotActive(NotAsItStands):
    """The membership is {status}; only an approved one has a role."""


class RecordNotPending(NotAsItStands):
    """Service record {record_id} is {status}; only a logged one can be confirmed or rejected."""


class RecordNotConfirmed(NotAsItStands):
    """Service record {record_id} is {status}; only a confirmed one can be corrected or voided."""


class DuplicateRecord(NotAsItStands):
    """This service has been logged already, as record {record_id}."""


class OverlappingService(NotAsItStands):
    """The volunteer has confirmed service at the same time, in record {record_id}."""

    field = "started_at"


class DayIsFull(NotAsItStands):
    """The volunteer would have {minutes} minutes of service on {day}, more than the day has."""

    field = "minutes"


class NeverPossible(Refusal):
    """This contradicts itself."""


class UnbelievableTime(NeverPossible):
    """Times of service are between 1949 and 2199."""

    field = "started_at"

    def __init__(self, *, field: str) -> None:
        super().__init__(field=field)
        self.field = field


class EndsBeforeItStarts(NeverPossible):
    """Service has to end at least one minute after it started."""

    field = "ended_at"


class LastsTooLong(NeverPossible):
    """One record covers at most 24 hours; log longer service day by day."""

    field = "ended_at"


class TooFewMinutes(NeverPossible):
    """Service lasts at least one minute."""

    field = "minutes"


class TooManyMinutes(NeverPossible):
    """{minutes} minutes are more than the {interval_minutes} minutes between start and end."""

    field = "minutes"


class ServiceInTheFuture(NeverPossible):
    """Service can be logged only when it is over."""

    field = "ended_at"


class NothingChanges(NeverPossible):
    """A correction has to change something."""


class TermEndsBeforeItStarts(NeverPossible):
    """A term has to end after it starts."""

    field = "valid_until"


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key was used before, for another request."""

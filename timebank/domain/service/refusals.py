"""Refusals about service records."""

from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound


class RecordUnknown(NotFound):
    """There is no service record {record_id} in this bank."""

    field = "record_id"


class ProposalUnknown(NotFound):
    """There is no proposal {proposal_id} in this bank."""

    field = "proposal_id"


class ProposalNotOpen(Conflict):
    """The proposal is {status}, and cannot be decided on any more."""


class WitnessIsBeneficiary(Forbidden):
    """Whoever saw it is somebody else than whoever says so."""

    field = "witness_id"


class RecorderIsBeneficiary(Forbidden):
    """Nobody logs their own service, or that of whom they spend for: somebody else of the organisation has to."""

    field = "volunteer_id"


class RecorderIsVerifier(Forbidden):
    """Whoever logged a service record may not also confirm or correct it."""


class MoreThanRecorded(Forbidden):
    """Whoever decides can find less than the {recorded_minutes} minutes recorded: not more, nor what is worth more."""


class VerifierIsBeneficiary(Forbidden):
    """Nobody decides on a record of their own service, or of whom they spend for."""


class PersonInChargeNotMember(Conflict):
    """The person in charge has to be a member of the organisation, and {volunteer_id} is not."""

    field = "person_in_charge_id"


class LeaderWasAbsent(Forbidden):
    """The leader of this activity did not sign in: an administrator has to look at its records."""


class RecordNotPending(Conflict):
    """Service record {record_id} is {status}; only a logged one can be decided on, amended or withdrawn."""


class RecordAmended(Conflict):
    """Service record {record_id} was amended since: look at it again."""

    field = "digest"


class RecordNotConfirmed(Conflict):
    """Service record {record_id} is {status}; only a confirmed one can be corrected or voided."""


class DuplicateRecord(Conflict):
    """This service has been logged already, as record {record_id}."""


class RecordDiffers(Conflict):
    """This service has been logged already, as record {record_id}, but differs: {differences}."""


class OverlappingService(Conflict):
    """The volunteer has confirmed service at the same time, in record {record_id}."""

    field = "started_at"


class DayIsFull(Conflict):
    """The volunteer would have {minutes} minutes of service on {day}, more than the day has."""

    field = "minutes"


class EndsBeforeItStarts(Invalid):
    """Service has to end at least one minute after it started."""

    field = "ended_at"


class LastsTooLong(Invalid):
    """One record covers at most 24 hours; log longer service day by day."""

    field = "ended_at"


class TooFewMinutes(Invalid):
    """Service lasts at least one minute."""

    field = "minutes"


class TooManyMinutes(Invalid):
    """{minutes} minutes are more than the {interval_minutes} minutes between start and end."""

    field = "minutes"


class CapacityDiffers(Conflict):
    """At that time the volunteer has duty: it is on record as duty, or not at all."""

    field = "capacity"


class ColleagueConfirms(Forbidden):
    """Staff who served off duty are confirmed by another organisation, or by an administrator."""


class OutsideTheActivity(Invalid):
    """A record of an activity lies within it."""

    field = "started_at"


class ServiceInTheFuture(Invalid):
    """Service can be logged only when it is over."""

    field = "ended_at"


class RecordsWait(Conflict):
    """Of volunteer {volunteer_id} {records} records wait to be confirmed: they have to be decided on first."""

    field = "volunteer_id"


class ProposalsWait(Conflict):
    """Of volunteer {volunteer_id} {proposals} self-reports wait: they have to be taken up or declined first."""

    field = "volunteer_id"


class RecordsOverlap(Conflict):
    """The records {record_id} and {other_id} are of the same time: one of them has to be voided first."""

    field = "record_id"

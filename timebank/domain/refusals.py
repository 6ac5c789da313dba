"""Every refusal there is. Its docstring is its message; `api/problems.py` says which HTTP status it becomes.

Refusal
├── Unknown ─ VolunteerUnknown · OrganisationUnknown · RecordUnknown · MembershipUnknown
│   ├── AppointmentUnknown · ProxyUnknown · KeyUnknown
│   └── RewardUnknown · RedemptionUnknown · CodeUnknown · FundUnknown
├── NotPermitted ─ NotYourOwn · YouAreSuspended · RoleMissing · OfficeMissing · NotWithinYourOffice
│   ├── RecorderIsBeneficiary · RecorderIsVerifier · VerifierIsBeneficiary
│   ├── ProxyNotAllowed · ProxyLimitReached · ProxyMinutesReached · ProxyIsBeneficiary
│   └── FulfillerIsBeneficiary · GranterIsBeneficiary
├── NotAsItStands ─ BankAlreadyOpen · VolunteerNumberTaken · DocumentNumberTaken
│   ├── VolunteerIsSuspended · VolunteerNotSuspended · VolunteerIsErased
│   ├── VolunteerIsAdministrator · VolunteerHasLeft · BalanceUndecided · CannotReceive
│   ├── OrganisationCodeTaken · OrganisationNotRegistered · OrganisationNotApproved · OrganisationNotSuspended
│   ├── MembershipAlreadyOpen · MembershipNotPending · MembershipNotActive
│   ├── AppointmentAlreadyHeld · LastAdministrator · ProxyAlreadyAppointed · KeyNotInForce
│   ├── RecordNotPending · RecordNotConfirmed · DuplicateRecord · OverlappingService · DayIsFull
│   ├── RewardStatusDiffers · RewardNotOffered · RewardSoldOut · PersonalQuotaReached · SlotFull · SlotIsOver
│   ├── NotEligible · NotEnoughCredit · RedemptionNotOpen
│   └── GiftsNotAllowed · GiftTooLarge · GiftLimitReached · FundIsClosed · FundTooSmall · FundNotEmpty
├── NeverPossible ─ UnbelievableTime · EndsBeforeItStarts · LastsTooLong · TooFewMinutes · TooManyMinutes
│   ├── ServiceInTheFuture · NothingChanges · TermEndsBeforeItStarts
│   ├── OfficeHasNoScope · OfficeNeedsScope · OwnProxy · KeyTermNotPossible
│   ├── PolicyNotAhead · ThresholdsNotRising · SlotNeeded · SlotUnknown · SlotsTwice · GiftToOneself
│   └── OneRecipient · FundNeeded
└── IdempotencyKeyReused
"""

from timebank.domain.refusing import Refusal


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


class AppointmentUnknown(Unknown):
    """There is no appointment {appointment_id} in force in this bank."""


class ProxyUnknown(Unknown):
    """Volunteer {proxy_volunteer_id} is no proxy of this volunteer."""

    field = "proxy_volunteer_id"


class KeyUnknown(Unknown):
    """There is no API key {key_id} of this organisation."""


class RewardUnknown(Unknown):
    """There is no reward {reward_id} in this bank."""

    field = "reward_id"


class RedemptionUnknown(Unknown):
    """There is no redemption {redemption_id} in this bank."""

    field = "redemption_id"


class CodeUnknown(Unknown):
    """There is nothing for you under this code."""

    field = "code"


class FundUnknown(Unknown):
    """There is no fund {fund_id} in this bank."""

    field = "fund_id"


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


class OfficeMissing(NotPermitted):
    """This needs the office {office}, in force today."""


class NotWithinYourOffice(NotPermitted):
    """This is more than your office is for: plain membership of your people, or a deputy within your own term."""


class ProxyNotAllowed(NotPermitted):
    """You are not, or no longer, allowed to do this on behalf of volunteer {volunteer_id}."""


class ProxyLimitReached(NotPermitted):
    """On behalf of volunteer {volunteer_id} only {acts_per_day} acts a day are allowed."""


class ProxyMinutesReached(NotPermitted):
    """On behalf of volunteer {volunteer_id} only {minutes_per_day} minutes a day can be spent."""


class ProxyIsBeneficiary(NotPermitted):
    """Nobody spends another's credit on themselves."""


class FulfillerIsBeneficiary(NotPermitted):
    """Nobody accepts their own code, nor one they reserved for somebody: another of the provider has to."""


class GranterIsBeneficiary(NotPermitted):
    """Nobody grants credit of a fund to themselves."""

    field = "to_volunteer_id"


class NotAsItStands(Refusal):
    """This is not possible as things stand."""


class BankAlreadyOpen(NotAsItStands):
    """This bank has been opened already."""


class VolunteerNumberTaken(NotAsItStands):
    """The volunteer number {number} is taken."""

    field = "number"


class DocumentNumberTaken(NotAsItStands):
    """Another volunteer of this bank is registered with this document number."""

    field = "document_number"


class VolunteerIsSuspended(NotAsItStands):
    """Volunteer {volunteer_id} is suspended."""

    field = "volunteer_id"


class VolunteerNotSuspended(NotAsItStands):
    """Volunteer {volunteer_id} is not suspended."""

    field = "volunteer_id"


class VolunteerIsAdministrator(NotAsItStands):
    """Volunteer {volunteer_id} is an administrator: end that appointment first."""

    field = "volunteer_id"


class VolunteerIsErased(NotAsItStands):
    """Volunteer {volunteer_id} was erased; the account only says what was."""

    field = "volunteer_id"


class VolunteerHasLeft(NotAsItStands):
    """Volunteer {volunteer_id} has left the bank."""

    field = "volunteer_id"


class CannotReceive(NotAsItStands):
    """Volunteer {volunteer_id} cannot be given anything at present."""


class BalanceUndecided(NotAsItStands):
    """There are {minutes} minutes of credit left: say whether they are to be donated or kept on hold."""

    field = "rest"


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


class AppointmentAlreadyHeld(NotAsItStands):
    """Volunteer {volunteer_id} holds this office already, by appointment {appointment_id}."""

    field = "volunteer_id"


class LastAdministrator(NotAsItStands):
    """A bank cannot be without an administrator: appoint another one first, without a term."""


class ProxyAlreadyAppointed(NotAsItStands):
    """This person is a proxy of the volunteer already, as {proxy_id}."""

    field = "proxy_volunteer_id"


class KeyNotInForce(NotAsItStands):
    """The API key is {status}, and cannot be changed any more."""


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


class RewardStatusDiffers(NotAsItStands):
    """Reward {reward_id} is {status}; for this it has to be {wanted}."""


class RewardNotOffered(NotAsItStands):
    """Reward {reward_id} cannot be redeemed today: {why}."""


class RewardSoldOut(NotAsItStands):
    """There is none left of this reward to be reserved now (period: {period})."""


class PersonalQuotaReached(NotAsItStands):
    """One person can reserve {quota} of this reward (period: {period}), and has."""


class SlotFull(NotAsItStands):
    """There is no place left at {slot}."""

    field = "slot"


class SlotIsOver(NotAsItStands):
    """The appointment {slot} is over."""

    field = "slot"


class NotEligible(NotAsItStands):
    """This reward is not for you yet: {why}."""


class NotEnoughCredit(NotAsItStands):
    """This takes {minutes} minutes of credit, and {available_minutes} are available."""


class RedemptionNotOpen(NotAsItStands):
    """Redemption {redemption_id} is {status} already."""


class GiftsNotAllowed(NotAsItStands):
    """The rule book in force lets nobody give credit to others."""


class GiftTooLarge(NotAsItStands):
    """The rule book in force allows {most_minutes} minutes in one gift."""

    field = "minutes"


class GiftLimitReached(NotAsItStands):
    """The rule book in force allows gifts of {most_minutes} minutes a month; {given_minutes} were given."""

    field = "minutes"


class FundIsClosed(NotAsItStands):
    """Fund {fund_id} is closed."""

    field = "fund_id"


class FundTooSmall(NotAsItStands):
    """This takes {minutes} minutes of credit, and {fund_minutes} are in the fund."""

    field = "minutes"


class FundNotEmpty(NotAsItStands):
    """There are {fund_minutes} minutes in the fund: grant them first."""


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
    """This would change nothing."""


class TermEndsBeforeItStarts(NeverPossible):
    """A term has to end after it starts."""

    field = "valid_until"


class OfficeHasNoScope(NeverPossible):
    """The office {office} is for the whole bank, and cannot be limited to an organisation."""

    field = "organisation_id"


class OfficeNeedsScope(NeverPossible):
    """A node leader leads the people of an organisation: say of which."""

    field = "organisation_id"


class OwnProxy(NeverPossible):
    """A proxy has to be somebody else."""

    field = "proxy_volunteer_id"


class KeyTermNotPossible(NeverPossible):
    """An API key expires later than now, and within ten years."""

    field = "expires_at"


class PolicyNotAhead(NeverPossible):
    """A new version of the rule book is for days that have not begun; {effective_from} has."""

    field = "effective_from"


class ThresholdsNotRising(NeverPossible):
    """Each star has to take more minutes than the one before."""

    field = "star_minutes"


class SlotNeeded(NeverPossible):
    """This reward comes with an appointment: choose one."""

    field = "slot"


class SlotUnknown(NeverPossible):
    """This reward has no appointment at {slot}."""

    field = "slot"


class SlotsTwice(NeverPossible):
    """Two appointments start at the same time: make them one with more places."""

    field = "slots"


class GiftToOneself(NeverPossible):
    """Credit goes to somebody else."""


class OneRecipient(NeverPossible):
    """A grant goes either to a volunteer or to a fund."""


class FundNeeded(NeverPossible):
    """What is donated goes to a fund: say to which; and say it of nothing else."""


class IdempotencyKeyReused(Refusal):
    """This Idempotency-Key was used before, for another request."""

"""Refusals about people."""

from timebank.domain.refusing import Conflict, Forbidden, Invalid, NotFound


class VolunteerUnknown(NotFound):
    """There is no volunteer {volunteer_id} in this bank."""

    field = "volunteer_id"


class ProxyUnknown(NotFound):
    """Volunteer {proxy_volunteer_id} is no proxy of this volunteer."""

    field = "proxy_volunteer_id"


class ProxyNotAllowed(Forbidden):
    """You are not, or no longer, allowed to do this on behalf of volunteer {volunteer_id}."""


class ProxyLimitReached(Forbidden):
    """On behalf of volunteer {volunteer_id} only {acts_per_day} acts a day are allowed."""


class ProxyMinutesReached(Forbidden):
    """On behalf of volunteer {volunteer_id} only {minutes_per_day} minutes a day can be spent."""


class VolunteerNumberTaken(Conflict):
    """The volunteer number {number} is taken."""

    field = "number"


class DocumentNumberTaken(Conflict):
    """Another volunteer of this bank is registered with this document number."""

    field = "document_number"


class DocumentNumberNotValid(Invalid):
    """This is no number of an identity card (GB 11643): {reason}."""

    field = "document_number"


class DocumentNumberByOffice(Forbidden):
    """Document numbers are entered, changed and taken away by an office only, which has seen the document."""

    field = "document_number"


class VolunteerIsSuspended(Conflict):
    """Volunteer {volunteer_id} is suspended."""

    field = "volunteer_id"


class VolunteerNotSuspended(Conflict):
    """Volunteer {volunteer_id} is not suspended."""

    field = "volunteer_id"


class VolunteerIsAdministrator(Conflict):
    """Volunteer {volunteer_id} is an administrator: end that appointment first."""

    field = "volunteer_id"


class VolunteerIsErased(Conflict):
    """Volunteer {volunteer_id} was erased; the account only says what was."""

    field = "volunteer_id"


class VolunteerHasLeft(Conflict):
    """Volunteer {volunteer_id} has left the bank."""

    field = "volunteer_id"


class RegistrationMerged(Conflict):
    """Volunteer {volunteer_id} was registered twice: use the number {kept_number}, with which this one was merged."""

    field = "volunteer_id"


class CannotReceive(Conflict):
    """Volunteer {volunteer_id} cannot be given anything at present."""


class ProxyAlreadyAppointed(Conflict):
    """This person is a proxy of the volunteer already, as {proxy_id}."""

    field = "proxy_volunteer_id"


class OwnProxy(Invalid):
    """A proxy has to be somebody else."""

    field = "proxy_volunteer_id"


class VolunteerNotTakenIn(Conflict):
    """Volunteer {volunteer_id} registered themselves, and no office has taken them in."""

    field = "volunteer_id"


class RegistrationNotWaiting(Conflict):
    """Volunteer {volunteer_id} does not wait to be taken in."""

    field = "volunteer_id"


class RegistrationByOffice(Conflict):
    """In this bank people are registered by an office."""


class InvitationNeeded(Conflict):
    """One registers here by the invitation of an organisation: ask for one where you want to serve."""

    field = "invitation"


class GuardianNeeded(Forbidden):
    """Whoever is under {age} is registered by a parent or guardian, from the guardian's own account."""

    field = "birth_year"


class TooManyWards(Conflict):
    """One guardian registers {most} minors at most: an office registers others."""


class IsOfAge(Conflict):
    """Whoever is {age} or older registers themselves."""

    field = "birth_year"


class SameRegistration(Invalid):
    """A registration is merged with another one, not with itself."""

    field = "merged_volunteer_id"


class MergeUnknown(NotFound):
    """There is no proposal {merge_id} to merge registrations in this bank."""

    field = "merge_id"


class MergeAlreadyProposed(Conflict):
    """That these are merged is proposed already, as {merge_id}."""

    field = "merged_volunteer_id"


class MergeNotOpen(Conflict):
    """The proposal {merge_id} is {status} already."""

    field = "merge_id"


class ProposerDecides(Forbidden):
    """Whether registrations are merged is for somebody else to say than whoever proposed it."""


class ProposerBenefits(Forbidden):
    """Whoever proposed it is one of the two, or may spend the credit, by now: decline it; others may propose it."""


class MergeOfOneself(Forbidden):
    """Whose registration it is, or whoever may spend its credit, neither proposes nor approves that it is merged."""

"""Volunteers: who has an account, under which number, and what they consented to. Their names are in no fact."""

from collections.abc import Iterator, Sequence
from typing import Literal

from timebank.domain.appointments import Offices
from timebank.domain.bank import must_govern
from timebank.domain.identifiers import VolunteerId, VolunteerNumber, number_tag
from timebank.domain.kernel import Command, Fact, Memory, Person, event
from timebank.domain.refusals import (
    CannotReceive,
    NothingChanges,
    NotYourOwn,
    OfficeMissing,
    VolunteerHasLeft,
    VolunteerIsAdministrator,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerNotSuspended,
    VolunteerNumberTaken,
    VolunteerUnknown,
)

Purpose = Literal["leaderboard"]
"""What a volunteer can consent to: appearing by name, or by alias, on leaderboards."""


class VolunteerRegistered(Fact, frozen=True, kw_only=True):
    """Somebody became a volunteer of the bank, under one number for all organisations."""

    TOPIC = "volunteer-registered"
    volunteer_id: VolunteerId
    number: VolunteerNumber


class VolunteerSuspended(Fact, frozen=True, kw_only=True):
    """No new service of the volunteer is accepted until further notice."""

    TOPIC = "volunteer-suspended"
    volunteer_id: VolunteerId
    reason: str


class VolunteerReinstated(Fact, frozen=True, kw_only=True):
    """The suspension ended, or the volunteer came back."""

    TOPIC = "volunteer-reinstated"
    volunteer_id: VolunteerId
    reason: str


class ConsentGiven(Fact, frozen=True, kw_only=True):
    """The volunteer agreed to something that is off unless agreed to."""

    TOPIC = "consent-given"
    volunteer_id: VolunteerId
    purpose: Purpose


class ConsentWithdrawn(Fact, frozen=True, kw_only=True):
    """The volunteer took a consent back."""

    TOPIC = "consent-withdrawn"
    volunteer_id: VolunteerId
    purpose: Purpose


class PersonalDataChanged(Fact, frozen=True, kw_only=True):
    """What is known about the person changed: which `fields`, but neither what they were nor what they are."""

    TOPIC = "personal-data-changed"
    volunteer_id: VolunteerId
    fields: tuple[str, ...]


class VolunteerErased(Fact, frozen=True, kw_only=True):
    """All that was personal about the volunteer was erased; the account stays, with what it held, and counts."""

    TOPIC = "volunteer-erased"
    volunteer_id: VolunteerId
    held_minutes: int = 0


class VolunteerLeft(Fact, frozen=True, kw_only=True):
    """The volunteer left the bank; `held_minutes` of credit are kept for when they come back."""

    TOPIC = "volunteer-left"
    volunteer_id: VolunteerId
    held_minutes: int = 0


class Volunteer(Memory):
    """Whether a volunteer exists and may serve."""

    is_registered = False
    is_suspended = False
    is_erased = False
    has_left = False

    @event(VolunteerRegistered)
    def _(self) -> None:
        self.is_registered = True

    @event(VolunteerSuspended)
    def _(self) -> None:
        self.is_suspended = True

    @event(VolunteerReinstated)
    def _(self) -> None:
        self.is_suspended = self.has_left = False

    @event(VolunteerLeft)
    def _(self) -> None:
        self.has_left = True

    @event(VolunteerErased)
    def _(self) -> None:
        self.is_erased = True

    def must_exist(self, volunteer_id: VolunteerId) -> None:
        """Refuse for a volunteer nobody knows."""
        if not self.is_registered:
            raise VolunteerUnknown(volunteer_id=volunteer_id)

    def must_not_be_erased(self, volunteer_id: VolunteerId) -> None:
        """Refuse for a volunteer who does not exist, or of whom only the account is left."""
        self.must_exist(volunteer_id)
        if self.is_erased:
            raise VolunteerIsErased(volunteer_id=volunteer_id)

    def must_be_active(self, volunteer_id: VolunteerId) -> None:
        """Refuse for a volunteer who does not exist, was erased, has left, or is suspended."""
        self.must_not_be_erased(volunteer_id)
        if self.has_left:
            raise VolunteerHasLeft(volunteer_id=volunteer_id)
        if self.is_suspended:
            raise VolunteerIsSuspended(volunteer_id=volunteer_id)

    def must_be_able_to_receive(self, volunteer_id: VolunteerId) -> None:
        """Refuse what is given to somebody who is not there for it; whoever gives it is not told why not."""
        self.must_exist(volunteer_id)
        if self.is_erased or self.has_left or self.is_suspended:
            raise CannotReceive(volunteer_id=volunteer_id)


class Consents(Memory):
    """What a volunteer has agreed to."""

    def __init__(self, *tags: str) -> None:
        super().__init__(*tags)
        self.purposes: set[Purpose] = set()

    @event(ConsentGiven)
    def _(self, purpose: Purpose) -> None:
        self.purposes.add(purpose)

    @event(ConsentWithdrawn)
    def _(self, purpose: Purpose) -> None:
        self.purposes.discard(purpose)


class NumberHolder(Memory):
    """Whether a volunteer number is taken."""

    is_taken = False

    @event(VolunteerRegistered)
    def _(self) -> None:
        self.is_taken = True


class RegisterVolunteer(Command, frozen=True, kw_only=True):
    """Open an account for a person. The candidate `number` may turn out to be taken: try again with another."""

    volunteer_id: VolunteerId
    number: VolunteerNumber
    name: str
    phone: str | None = None
    birth_year: int | None = None
    document_number: str | None = None
    skills: tuple[str, ...] = ()

    def needs(self) -> Sequence[Memory]:
        return (NumberHolder(number_tag(self.number)),)

    def decide(self, holder: NumberHolder) -> Iterator[Fact]:
        if self.by.authority not in {"operator", "administrator", "node-leader", "organisation"}:
            raise OfficeMissing(office="administrator or node-leader")
        if holder.is_taken:
            raise VolunteerNumberTaken(number=self.number)
        yield VolunteerRegistered(volunteer_id=self.volunteer_id, number=self.number)

    def personal(self) -> Person:
        return Person(
            volunteer_id=self.volunteer_id,
            name=self.name,
            phone=self.phone,
            birth_year=self.birth_year,
            document_number=self.document_number,
            skills=self.skills,
        )


class ChangePersonalData(Command, frozen=True, kw_only=True):
    """Put right what is known about a person: their own right, and an administrator's on their request.

    What is None stays; an empty text, or the year 0, takes a value away.
    """

    volunteer_id: VolunteerId
    name: str | None = None
    phone: str | None = None
    birth_year: int | None = None
    document_number: str | None = None
    skills: tuple[str, ...] | None = None

    def needs(self) -> Sequence[Memory]:
        return (Volunteer(self.volunteer_id),)

    def decide(self, volunteer: Volunteer) -> Iterator[Fact]:
        volunteer.must_not_be_erased(self.volunteer_id)
        if not self.by.governs and self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        changed = tuple(name for name in _PERSONAL if getattr(self, name) is not None)
        if not changed:
            raise NothingChanges
        yield PersonalDataChanged(volunteer_id=self.volunteer_id, fields=changed)

    def personal(self) -> Person:
        return Person(volunteer_id=self.volunteer_id, **{name: getattr(self, name) for name in _PERSONAL})


_PERSONAL = ("name", "phone", "birth_year", "document_number", "skills")


class SuspendVolunteer(Command, frozen=True, kw_only=True):
    """Accept no new service of a volunteer for now. An administrator's appointment has to end first."""

    volunteer_id: VolunteerId
    reason: str

    def needs(self) -> Sequence[Memory]:
        return Volunteer(self.volunteer_id), Offices(self.volunteer_id)

    def decide(self, volunteer: Volunteer, offices: Offices) -> Iterator[Fact]:
        must_govern(self.by)
        volunteer.must_be_active(self.volunteer_id)
        if offices.to("administrator", None):
            raise VolunteerIsAdministrator(volunteer_id=self.volunteer_id)
        yield VolunteerSuspended(volunteer_id=self.volunteer_id, reason=self.reason)


class ReinstateVolunteer(Command, frozen=True, kw_only=True):
    """End a suspension, or take somebody in again who left."""

    volunteer_id: VolunteerId
    reason: str

    def needs(self) -> Sequence[Memory]:
        return (Volunteer(self.volunteer_id),)

    def decide(self, volunteer: Volunteer) -> Iterator[Fact]:
        must_govern(self.by)
        volunteer.must_not_be_erased(self.volunteer_id)
        if not (volunteer.is_suspended or volunteer.has_left):
            raise VolunteerNotSuspended(volunteer_id=self.volunteer_id)
        yield VolunteerReinstated(volunteer_id=self.volunteer_id, reason=self.reason)


class SetConsent(Command, frozen=True, kw_only=True):
    """Give or withdraw a consent; saying again what holds changes nothing.

    `alias` is a name to appear under; without one the alias there is stays. It goes with the consent.
    """

    volunteer_id: VolunteerId
    purpose: Purpose
    granted: bool
    alias: str | None = None

    def needs(self) -> Sequence[Memory]:
        return Volunteer(self.volunteer_id), Consents(self.volunteer_id)

    def decide(self, volunteer: Volunteer, consents: Consents) -> Iterator[Fact]:
        volunteer.must_not_be_erased(self.volunteer_id)
        if self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        if self.granted and volunteer.has_left:
            raise VolunteerHasLeft(volunteer_id=self.volunteer_id)
        if self.granted and self.purpose not in consents.purposes:
            yield ConsentGiven(volunteer_id=self.volunteer_id, purpose=self.purpose)
        if not self.granted and self.purpose in consents.purposes:
            yield ConsentWithdrawn(volunteer_id=self.volunteer_id, purpose=self.purpose)

    def personal(self) -> Person:
        return Person(volunteer_id=self.volunteer_id, alias=self.alias if self.granted else "")

"""Volunteers: who has an account, under which number, and what they consented to. Their names are in no fact."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Self

import msgspec

from timebank.domain.acting import Acting, must_govern
from timebank.domain.facts.organisations import AppointmentEnded, AppointmentMade
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    PersonalDataChanged,
    Purpose,
    RegistrationAccepted,
    RegistrationDeclined,
    RegistrationsMerged,
    VolunteerErased,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.domain.identifiers import ActorId, AppointmentId, VolunteerId, VolunteerNumber, number_tag
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event, must_fit
from timebank.domain.people import document_numbers
from timebank.domain.people.phones import Phone
from timebank.domain.people.refusals import (
    CannotReceive,
    DocumentNumberByOffice,
    RegistrationMerged,
    VolunteerHasLeft,
    VolunteerIsAdministrator,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerNotSuspended,
    VolunteerNotTakenIn,
    VolunteerNumberTaken,
    VolunteerUnknown,
)
from timebank.domain.person import BirthYear, DocumentNumber, Person, Skills
from timebank.domain.refusals import NothingChanges, NotYourOwn, OfficeMissing
from timebank.domain.text import Line, Text


class Volunteer(Memory):
    """Whether a volunteer exists and may serve, and whether they administer the bank."""

    is_registered = False
    is_suspended = False
    is_erased = False
    has_left = False
    is_waiting = False
    is_declined = False
    registered_by: ActorId | None = None
    seen_off_by: ActorId | None = None
    number = ""
    kept_id: VolunteerId | None = None
    kept_number = ""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
        self.volunteer_id = volunteer_id
        self.administers: set[AppointmentId] = set()
        self.earlier: set[VolunteerId] = set()

    @event(AppointmentMade)
    def _(self, fact: AppointmentMade) -> None:
        if fact.office == "administrator":
            self.administers.add(fact.appointment_id)

    @event(AppointmentEnded)
    def _(self, appointment_id: AppointmentId) -> None:
        self.administers.discard(appointment_id)

    @event(VolunteerRegistered)
    def _(self, fact: VolunteerRegistered) -> None:
        self.is_registered, self.is_waiting = True, fact.is_waiting
        self.number, self.registered_by = fact.number, fact.registered_by

    @event(RegistrationAccepted)
    def _(self) -> None:
        self.is_waiting = self.is_declined = False

    @event(RegistrationDeclined)
    def _(self) -> None:
        self.is_waiting, self.is_declined = False, True

    @event(VolunteerSuspended)
    def _(self) -> None:
        self.is_suspended = True

    @event(VolunteerReinstated)
    def _(self) -> None:
        self.is_suspended = self.has_left = False
        self.seen_off_by = None

    @event(VolunteerLeft)
    def _(self, seen_off_by: ActorId | None) -> None:
        self.has_left, self.seen_off_by = True, seen_off_by

    @event(VolunteerErased)
    def _(self) -> None:
        self.is_erased = True

    @event(RegistrationsMerged)
    def _(self, fact: RegistrationsMerged) -> None:
        if fact.merged_id == self.volunteer_id:
            self.kept_id, self.kept_number = fact.kept_id, fact.kept_number
        else:
            self.earlier |= {fact.merged_id, *fact.earlier_ids}

    def must_exist(self) -> None:
        """Refuse for a volunteer nobody knows."""
        if not self.is_registered:
            raise VolunteerUnknown(volunteer_id=self.volunteer_id)

    def must_not_be_erased(self) -> None:
        """Refuse for a volunteer who does not exist, or of whom only the account is left: erased, or merged."""
        self.must_exist()
        self.must_not_be_merged()
        if self.is_erased:
            raise VolunteerIsErased(volunteer_id=self.volunteer_id)

    def must_not_be_merged(self) -> None:
        """Refuse for a registration that was merged with another one of the same person."""
        if self.kept_id:
            raise RegistrationMerged(volunteer_id=self.volunteer_id, kept_number=self.kept_number)

    def must_be_active(self) -> None:
        """Refuse for a volunteer who does not exist, was erased, was not taken in, has left, or is suspended."""
        self.must_not_be_erased()
        if self.is_waiting or self.is_declined:
            raise VolunteerNotTakenIn(volunteer_id=self.volunteer_id)
        if self.has_left:
            raise VolunteerHasLeft(volunteer_id=self.volunteer_id)
        self.must_not_be_suspended()

    def must_not_be_suspended(self) -> None:
        """Refuse for a volunteer of whom no service is accepted for now."""
        if self.is_suspended:
            raise VolunteerIsSuspended(volunteer_id=self.volunteer_id)

    def must_be_able_to_receive(self) -> None:
        """Refuse a gift to somebody who is not active; the giver learns no cause but that they have another number."""
        self.must_exist()
        self.must_not_be_merged()
        if self.is_erased or self.has_left or self.is_suspended or self.is_waiting or self.is_declined:
            raise CannotReceive(volunteer_id=self.volunteer_id)


def registrations_of(known: Known, volunteer_id: VolunteerId) -> tuple[VolunteerId, ...]:
    """All registrations of one person, as far as they are known: the one that counts, then those merged with it."""
    first, volunteer = volunteer_id, known.find(Volunteer, volunteer_id)
    if volunteer is None or not (volunteer.kept_id or volunteer.earlier):
        return (volunteer_id,)
    while volunteer and volunteer.kept_id:
        first, volunteer = volunteer.kept_id, known.find(Volunteer, volunteer.kept_id)
    return (first, *sorted(volunteer.earlier)) if volunteer and volunteer.earlier else (first,)


def memories_of_eyes(by: Acting) -> list[Key]:
    """The keys of the memories by which `is_one_of` knows all numbers of the actor, and of whoever issued their key."""
    return [about(Volunteer, VolunteerId(each)) for each in sorted(by.eyes) if each.startswith("vol_")]


def is_one_of(known: Known, volunteer_id: VolunteerId, eyes: Collection[str]) -> bool:
    """Whether a volunteer is one of these people (`eyes`), under any of their numbers that are known."""
    persons = registrations_of(known, volunteer_id)
    return any(each in persons for eye in eyes for each in registrations_of(known, VolunteerId(eye)))


class Consents(Memory):
    """What a volunteer has agreed to."""

    def __init__(self, volunteer_id: VolunteerId) -> None:
        super().__init__(volunteer_id)
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

    def __init__(self, number: VolunteerNumber) -> None:
        super().__init__(number_tag(number))

    @event(VolunteerRegistered)
    def _(self) -> None:
        self.is_taken = True


class RegisterVolunteer(Command, frozen=True, kw_only=True):
    """Open an account for a person. The candidate `number` may turn out to be taken: try again with another.

    A phone that a program enters is a claim: whoever issued its key may have made it up.
    """

    volunteer_id: VolunteerId
    number: VolunteerNumber
    name: Line
    phone: Phone | None = None
    birth_year: BirthYear | None = None
    document_number: DocumentNumber | None = None
    skills: Skills = ()

    def checked(self) -> Self:
        fit = super().checked()
        return msgspec.structs.replace(fit, document_number=_checked(fit.document_number, fit.at))

    def needs(self) -> Sequence[Key]:
        return (about(NumberHolder, self.number),)

    def decide(self, known: Known) -> Iterator[Fact]:
        if self.by.authority not in {"operator", "administrator", "node-leader", "organisation"}:
            raise OfficeMissing(office="administrator or node-leader")
        if self.document_number is not None and self.by.authority == "organisation":
            raise DocumentNumberByOffice
        if known(NumberHolder, self.number).is_taken:
            raise VolunteerNumberTaken(number=self.number)
        leader = self.by.actor if self.by.node_id else None
        yield VolunteerRegistered(volunteer_id=self.volunteer_id, number=self.number, registered_by=leader)

    def personal(self) -> Person:
        return Person(
            volunteer_id=self.volunteer_id,
            name=self.name,
            phone=self.phone,
            birth_year=self.birth_year,
            document_number=self.document_number,
            skills=self.skills,
            phone_is_claimed=True if self.phone and self.by.authority == "organisation" else None,
        )


class ChangePersonalData(Command, frozen=True, kw_only=True):
    """Put right what is known about a person: their own right, and an administrator's on their request.

    What is None stays; an empty text, or the year 0, takes a value away.
    """

    proxy_scope = "personal-data"

    volunteer_id: VolunteerId
    name: Line | None = None
    phone: str | None = None
    birth_year: int | None = None
    document_number: str | None = None
    skills: Skills | None = None

    def checked(self) -> Self:
        for field, value, kind in (
            ("phone", self.phone, Phone),
            ("birth_year", self.birth_year, BirthYear),
            ("document_number", self.document_number, DocumentNumber),
        ):
            if value:
                must_fit(value, kind, field)
        fit = super().checked()
        return msgspec.structs.replace(fit, document_number=_checked(fit.document_number, fit.at))

    def needs(self) -> Sequence[Key]:
        return (about(Volunteer, self.volunteer_id),)

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Volunteer, self.volunteer_id).must_not_be_erased()
        if not self.by.governs and self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        if self.document_number is not None and not self.by.governs:
            raise DocumentNumberByOffice
        changed = tuple(name for name in _PERSONAL if getattr(self, name) is not None)
        if not changed:
            raise NothingChanges
        yield PersonalDataChanged(volunteer_id=self.volunteer_id, fields=changed)

    def personal(self) -> Person:
        given = {name: getattr(self, name) for name in _PERSONAL}
        is_claimed = None if self.phone is None else not self.by.governs
        return Person(volunteer_id=self.volunteer_id, **given, phone_is_claimed=is_claimed)


def _checked(document_number: str | None, at: datetime) -> str | None:
    """A document number, if one is said, in its one spelling. Raises `DocumentNumberNotValid`."""
    return document_numbers.checked(document_number, at.date()) if document_number else document_number


_PERSONAL = ("name", "phone", "birth_year", "document_number", "skills")


class SuspendVolunteer(Command, frozen=True, kw_only=True):
    """Accept no new service of a volunteer for now. An administrator's appointment has to end first."""

    volunteer_id: VolunteerId
    reason: Text

    def needs(self) -> Sequence[Key]:
        return (about(Volunteer, self.volunteer_id),)

    def decide(self, known: Known) -> Iterator[Fact]:
        volunteer = known(Volunteer, self.volunteer_id)
        must_govern(self.by)
        volunteer.must_be_active()
        if volunteer.administers:
            raise VolunteerIsAdministrator(volunteer_id=self.volunteer_id)
        yield VolunteerSuspended(volunteer_id=self.volunteer_id, reason=self.reason)


class ReinstateVolunteer(Command, frozen=True, kw_only=True):
    """End a suspension, or take somebody in again who left."""

    volunteer_id: VolunteerId
    reason: Text

    def needs(self) -> Sequence[Key]:
        return (about(Volunteer, self.volunteer_id),)

    def decide(self, known: Known) -> Iterator[Fact]:
        volunteer = known(Volunteer, self.volunteer_id)
        must_govern(self.by)
        volunteer.must_not_be_erased()
        if not (volunteer.is_suspended or volunteer.has_left):
            raise VolunteerNotSuspended(volunteer_id=self.volunteer_id)
        yield VolunteerReinstated(volunteer_id=self.volunteer_id, reason=self.reason)


class SetConsent(Command, frozen=True, kw_only=True):
    """Give or withdraw a consent; saying again what holds changes nothing.

    `alias` is a name to appear under; without one the alias there is stays. It goes with the consent.
    """

    proxy_scope = "consents"

    volunteer_id: VolunteerId
    purpose: Purpose
    granted: bool
    alias: Line | None = None

    def needs(self) -> Sequence[Key]:
        return about(Volunteer, self.volunteer_id), about(Consents, self.volunteer_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        volunteer, consents = known(Volunteer, self.volunteer_id), known(Consents, self.volunteer_id)
        volunteer.must_not_be_erased()
        if self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        if self.granted and volunteer.has_left:
            raise VolunteerHasLeft(volunteer_id=self.volunteer_id)
        if self.granted and self.purpose not in consents.purposes:
            yield ConsentGiven(volunteer_id=self.volunteer_id, purpose=self.purpose)
        if self.granted and self.alias is not None and self.purpose == "leaderboard":
            yield PersonalDataChanged(volunteer_id=self.volunteer_id, fields=("alias",))
        if not self.granted and self.purpose in consents.purposes:
            yield ConsentWithdrawn(volunteer_id=self.volunteer_id, purpose=self.purpose)

    def personal(self) -> Person:
        if self.purpose != "leaderboard":
            return Person(volunteer_id=self.volunteer_id)
        return Person(volunteer_id=self.volunteer_id, alias=self.alias if self.granted else "")

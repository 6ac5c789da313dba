"""Registering oneself, as the rule book allows it: openly, or invited by an organisation; minors by their guardian.

It concerns people, the rule book, organisations and places at once, which is why it stands above them.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, ClassVar, Self, get_args

from msgspec import Meta

from timebank.domain.acting import must_govern
from timebank.domain.credit.policies import RuleBook
from timebank.domain.facts.credit import Rules
from timebank.domain.facts.people import (
    ConsentGiven,
    ProxyAppointed,
    ProxyEnded,
    ProxyScope,
    Purpose,
    RegistrationAccepted,
    RegistrationDeclined,
    VolunteerRegistered,
)
from timebank.domain.facts.places import ResidenceSet
from timebank.domain.identifiers import ActorId, InvitationId, NodeId, ProxyId, VolunteerId, VolunteerNumber
from timebank.domain.kernel import Command, Fact, Key, Known, Memory, about, event, must_fit
from timebank.domain.organisations.invitations import Invitation
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import InvitationNotGood
from timebank.domain.people.phones import Phone
from timebank.domain.people.refusals import (
    GuardianNeeded,
    InvitationNeeded,
    IsOfAge,
    RegistrationByOffice,
    RegistrationNotWaiting,
    TooManyWards,
    VolunteerNumberTaken,
)
from timebank.domain.people.volunteers import NumberHolder, Volunteer
from timebank.domain.person import BirthYear, Person, Skills
from timebank.domain.places.nodes import Node, memories_of, must_be_within
from timebank.domain.places.refusals import NotWithinYourNode
from timebank.domain.places.residences import Residence
from timebank.domain.refusals import NotYourOwn
from timebank.domain.text import Line, Text

OF_AGE = 18
"""Whoever is younger is a minor (民法典, art. 17), and acts through a guardian. Only the year of birth is known, so
somebody is of age from the year on in which they turn so old."""

ACTS_A_DAY = 50
"""How often a day a guardian acts for a minor."""

Agreed = Line
"""The version of what somebody was told is kept about them, and agreed to."""


MOST_WARDS = 10
"""For how many minors at once somebody is guardian: each has an account, and what one person can have of everything."""


class Wards(Memory):
    """The minors whom one guardian has registered, until when each is one.

    Those whom the guardian gave up count on: each is an account of their making.
    """

    def __init__(self, guardian_id: VolunteerId) -> None:
        super().__init__(guardian_id)
        self.guardian_id = guardian_id
        self.until: dict[ProxyId, date] = {}

    @event(ProxyAppointed)
    def _(self, fact: ProxyAppointed) -> None:
        if fact.is_guardian and fact.proxy_volunteer_id == self.guardian_id and fact.valid_until:
            self.until[fact.proxy_id] = fact.valid_until

    @event(ProxyEnded)
    def _(self, proxy_id: ProxyId, ended_by: ActorId) -> None:
        if ended_by != ActorId(self.guardian_id):
            self.until.pop(proxy_id, None)

    def must_have_room(self, today: date) -> None:
        """Refuse one more than a guardian has."""
        if sum(today <= until for until in self.until.values()) >= MOST_WARDS:
            raise TooManyWards(most=MOST_WARDS)


class _Registering(Command, frozen=True, kw_only=True):
    """What registering oneself and one's child have in common. The `number` may be taken: try again with another."""

    volunteer_id: VolunteerId
    number: VolunteerNumber
    name: Line
    birth_year: BirthYear
    agreed_to: Agreed
    skills: Skills = ()
    node_id: NodeId | None = None
    invitation_id: InvitationId | None = None
    purposes: tuple[Purpose, ...] = ()

    def checked(self) -> Self:
        must_fit(self.birth_year, Annotated[int, Meta(le=self.at.year)], "birth_year")
        return super().checked()

    def needs(self) -> Sequence[Key]:
        return (
            about(NumberHolder, self.number),
            about(RuleBook),
            *((about(Node, self.node_id),) if self.node_id else ()),
            *((about(Invitation, self.invitation_id),) if self.invitation_id else ()),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        made = known(Invitation, self.invitation_id).made if self.invitation_id else None
        return (about(Organisation, made.organisation_id),) if made else ()

    @property
    def is_minor(self) -> bool:
        """Whether it is somebody who has a guardian."""
        return self.at.year - self.birth_year < OF_AGE

    def allowed_by(self, known: Known) -> Rules:
        """The rules of today. Refuses where they do not allow people to register themselves, or not without asking."""
        rules = known(RuleBook).on(self.at.date()).rules
        if rules.registration == "office":
            raise RegistrationByOffice
        if self.invitation_id:
            made = known(Invitation, self.invitation_id).must_be_good(self.at.date())
            if known(Organisation, made.organisation_id).status == "suspended":
                raise InvitationNotGood
        elif rules.registration == "invitation":
            raise InvitationNeeded
        return rules

    def registered(self, known: Known) -> Iterator[Fact]:
        """Somebody is a volunteer, who agreed to some things, and lives somewhere."""
        rules, today = self.allowed_by(known), self.at.date()
        if known(NumberHolder, self.number).is_taken:
            raise VolunteerNumberTaken(number=self.number)
        yield VolunteerRegistered(
            volunteer_id=self.volunteer_id,
            number=self.number,
            agreed_to=self.agreed_to,
            is_waiting=rules.registration_waits,
            invitation_id=self.invitation_id,
        )
        for purpose in dict.fromkeys(self.purposes):
            yield ConsentGiven(volunteer_id=self.volunteer_id, purpose=purpose)
        if self.node_id:
            known(Node, self.node_id).must_be_open(today)
            yield ResidenceSet(volunteer_id=self.volunteer_id, node_id=self.node_id, from_day=today, tie="lives")


class RegisterOneself(_Registering, frozen=True, kw_only=True):
    """Open an account for oneself, once it is known that the phone is one's own."""

    phone: Phone

    def decide(self, known: Known) -> Iterator[Fact]:
        if self.by.own_id != self.volunteer_id:
            raise NotYourOwn
        if self.is_minor:
            self.allowed_by(known)
            raise GuardianNeeded(age=OF_AGE)
        yield from self.registered(known)

    def personal(self) -> Person:
        return Person(
            volunteer_id=self.volunteer_id,
            name=self.name,
            phone=self.phone,
            birth_year=self.birth_year,
            skills=self.skills,
        )


class RegisterWard(_Registering, frozen=True, kw_only=True):
    """Open an account for a minor whose guardian one is. One acts for them until the year in which they are of age.

    Nothing of theirs is shown anywhere unless their guardian agrees to it.
    """

    proxy_scope: ClassVar[str | None] = None

    proxy_id: ProxyId
    guardian_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        return *super().needs(), about(Volunteer, self.guardian_id), about(Wards, self.guardian_id)

    def decide(self, known: Known) -> Iterator[Fact]:
        if self.by.authority != "volunteer" or self.by.volunteer_id != self.guardian_id:
            raise NotYourOwn
        known(Volunteer, self.guardian_id).must_be_active()
        if not self.is_minor:
            raise IsOfAge(age=OF_AGE)
        known(Wards, self.guardian_id).must_have_room(self.at.date())
        yield from self.registered(known)
        yield ProxyAppointed(
            proxy_id=self.proxy_id,
            volunteer_id=self.volunteer_id,
            proxy_volunteer_id=self.guardian_id,
            scopes=get_args(ProxyScope),
            acts_per_day=ACTS_A_DAY,
            valid_until=date(self.birth_year + OF_AGE - 1, 12, 31),
            is_guardian=True,
        )

    def personal(self) -> Person:
        return Person(volunteer_id=self.volunteer_id, name=self.name, birth_year=self.birth_year, skills=self.skills)


class _OnRegistration(Command, frozen=True, kw_only=True):
    """What taking in and declining have in common: an administrator does it, or who leads where they live."""

    volunteer_id: VolunteerId

    def needs(self) -> Sequence[Key]:
        return about(Volunteer, self.volunteer_id), *((about(Residence, self.volunteer_id),) if self.by.node_id else ())

    def also_needs(self, known: Known) -> Sequence[Key]:
        node_id = known(Residence, self.volunteer_id).node_id if self.by.node_id else None
        return memories_of(known, node_id, self.at.date()) if node_id else ()

    def must_be_theirs_to_decide(self, known: Known) -> None:
        """Refuse whoever neither governs nor leads the place where the volunteer lives, or one above it."""
        known(Volunteer, self.volunteer_id).must_not_be_erased()
        if not self.by.node_id:
            must_govern(self.by)
            return
        node_id = known(Residence, self.volunteer_id).node_id
        if node_id is None:
            raise NotWithinYourNode
        must_be_within(known, self.by, node_id, self.at.date())


class AcceptRegistration(_OnRegistration, frozen=True, kw_only=True):
    """Take in somebody who registered themselves; also one who was declined before."""

    def decide(self, known: Known) -> Iterator[Fact]:
        self.must_be_theirs_to_decide(known)
        _must_be_waiting(known, self.volunteer_id, or_declined=True)
        yield RegistrationAccepted(volunteer_id=self.volunteer_id, accepted_by=self.by.actor)


class DeclineRegistration(_OnRegistration, frozen=True, kw_only=True):
    """Do not take in somebody who registered themselves, and say why: they read it."""

    reason: Text

    def decide(self, known: Known) -> Iterator[Fact]:
        self.must_be_theirs_to_decide(known)
        _must_be_waiting(known, self.volunteer_id)
        yield RegistrationDeclined(volunteer_id=self.volunteer_id, declined_by=self.by.actor, reason=self.reason)


def _must_be_waiting(known: Known, volunteer_id: VolunteerId, *, or_declined: bool = False) -> None:
    volunteer = known(Volunteer, volunteer_id)
    if not (volunteer.is_waiting or (or_declined and volunteer.is_declined)):
        raise RegistrationNotWaiting(volunteer_id=volunteer_id)
